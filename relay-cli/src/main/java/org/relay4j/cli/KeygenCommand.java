package org.relay4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.util.List;
import org.relay4j.api.control.ClientName;
import org.relay4j.api.control.Ed25519;
import org.relay4j.api.tls.Fingerprint;
import org.relay4j.api.tls.KeyMaterial;
import org.relay4j.api.tls.Pem;

/** The command {@code relay keygen}: a certificate for a relay server, or a key for a client. */
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
        if (client == null)
            certificate(hosts == null ? CertificateHosts.ofThisMachine() : CertificateHosts.parse(hosts));
        else if (hosts == null) clientKey(client);
        else {
            throw CommandFailure.usage(hosts.name() + " is for the certificate of a server, and " + client.name()
                    + " makes the key of a client; use one of them");
        }
    }

    private void certificate(List<String> hosts) {
        NewFiles files = newFiles();
        Path certificateFile = files.claim(CERTIFICATE_FILE);
        Path keyFile = files.claim(KEY_FILE);
        try {
            KeyMaterial material = SelfSignedCertificate.generate(hosts);
            byte[] certificate = material.chain().get(0).getEncoded();
            files.writeSecret(keyFile, Pem.encode("PRIVATE KEY", material.key().getEncoded()));
            files.write(certificateFile, Pem.encode("CERTIFICATE", certificate));
            Fingerprint fingerprint = Fingerprint.of(material.chain().get(0));
            output.note("wrote " + certificateFile + " and " + keyFile + ": a certificate for "
                    + String.join(", ", hosts) + ", valid for 10 years");
            output.note("run the server with " + Flag.TLS_CERT + "=" + certificateFile + " " + Flag.TLS_KEY + "="
                    + keyFile + ", and forwarders with " + Flag.TLS_PIN + "=<fingerprint>:");
            output.certificate(fingerprint.toString(), certificateFile, keyFile);
        } catch (IOException | CertificateEncodingException e) {
            throw new CommandFailure(ExitCode.FAILURE, "cannot make a certificate: " + e.getMessage(), e);
        }
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
