package org.relay4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ClientName;
import org.relay4j.api.control.Ed25519;
import org.relay4j.api.tls.Fingerprint;
import org.relay4j.api.tls.KeyMaterial;

/** The command {@code relay keygen}: a certificate for a relay server, a key for a client, or certificates for the nodes of a cluster. */
final class KeygenCommand {
    static final String CERTIFICATE_FILE = "relay-cert.pem";
    static final String KEY_FILE = "relay-key.pem";

    private final Arguments arguments;
    private final Output output;

    KeygenCommand(Arguments arguments, Output output) {
        this.arguments = arguments;
        this.output = output;
    }

    void run() {
        Value client = arguments.get(Flag.KEYGEN_CLIENT);
        Value hosts = arguments.get(Flag.KEYGEN_HOST);
        Value nodes = arguments.get(Flag.NODE);
        Value cluster = arguments.get(Flag.CLUSTER_NAME);
        requireOne(Stream.of(hosts, client, nodes).filter(Objects::nonNull).toList());
        if (cluster != null && nodes == null) {
            throw CommandFailure.usage(cluster.name() + " is for the certificates of nodes; add " + Flag.NODE + "=<"
                    + Flag.NODE.parameter() + ">");
        }
        if (client != null) clientKey(client);
        else if (nodes != null) nodes(cluster, nodes);
        else certificate(hosts == null ? CertificateHosts.ofThisMachine() : CertificateHosts.parse(hosts));
    }

    private static void requireOne(List<Value> given) {
        if (given.size() < 2) return;
        String both = given.get(0).name() + " and " + given.get(1).name();
        throw CommandFailure.usage(both + " are both set; use " + Flag.KEYGEN_HOST
                + " for the certificate of a server, " + Flag.KEYGEN_CLIENT + " for the key of a client, and "
                + Flag.NODE + " for the certificates of nodes");
    }

    private void certificate(List<String> hosts) {
        CertificateFiles files = CertificateFiles.claim(newFiles(), CERTIFICATE_FILE, KEY_FILE);
        try {
            KeyMaterial material = Keytool.forHosts(hosts);
            files.write(material);
            Fingerprint fingerprint = Fingerprint.of(material.chain().get(0));
            output.note("wrote " + files.certificate() + " and " + files.key() + ": a certificate for "
                    + String.join(", ", hosts) + ", valid for 10 years");
            output.note("run the server with " + Flag.TLS_CERT + "=" + files.certificate() + " " + Flag.TLS_KEY + "="
                    + files.key() + ", and forwarders with " + Flag.TLS_PIN + "=<fingerprint>:");
            output.certificate(fingerprint.toString(), files);
        } catch (IOException e) {
            throw cannotMake(e);
        }
    }

    private void nodes(@Nullable Value cluster, Value nodes) {
        String name = cluster == null ? NodeKeys.USUAL_CLUSTER : ClusterArguments.named(cluster);
        try {
            new NodeKeys(name, nodes, newFiles()).write(output);
        } catch (IOException e) {
            throw cannotMake(e);
        }
    }

    private static CommandFailure cannotMake(IOException e) {
        return new CommandFailure(ExitCode.FAILURE, "cannot make a certificate: " + e.getMessage(), e);
    }

    private void clientKey(Value client) {
        String name = client.text();
        if (!ClientName.isValid(name)) {
            throw client.mustBe(ClientName.FORM);
        }
        NewFiles files = newFiles();
        Path keyFile = files.claim(name + ".key");
        try {
            KeyPair keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
            files.writeSecret(keyFile, Ed25519.encode(keys.getPrivate()) + "\n");
            output.note("wrote " + keyFile + ": the private key of client " + name
                    + "; copy it to the client, and add these lines to the server's clients file ("
                    + Flag.CLIENTS + "):");
            output.client(name, Ed25519.encode(keys.getPublic()), keyFile);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has Ed25519
        }
    }

    private NewFiles newFiles() {
        return new NewFiles(arguments.get(Flag.KEYGEN_OUT));
    }
}
