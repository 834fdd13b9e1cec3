package org.relay4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.tls.KeyMaterial;

/**
 * The keys and certificates with which the nodes of a cluster prove their names to each other. The cluster's own authority signs
 * them; it is made, too, unless the folder has it.
 */
final class NodeKeys {
    /** The name of a cluster without another one, as a server has it. */
    static final String USUAL_CLUSTER = "relay";

    private static final String AUTHORITY = "ca";
    private static final List<String> OF_AUTHORITY = List.of("bc:c", "ku:c=keyCertSign,cRLSign");

    private final String cluster;
    private final Set<String> nodes;
    private final NewFiles files;
    private final Path authority;
    private final Path authorityKey;

    /**
     * @param cluster the name of the cluster
     * @param nodes the names of the nodes, with commas between them
     * @throws CommandFailure if a name cannot be that of a node
     */
    NodeKeys(String cluster, Value nodes, NewFiles files) {
        this.cluster = cluster;
        this.nodes = names(nodes);
        this.files = files;
        authority = files.path(AUTHORITY + ".pem");
        authorityKey = files.path(AUTHORITY + ".key");
    }

    private static Set<String> names(Value nodes) {
        Set<String> names = new LinkedHashSet<>();
        for (String part : nodes.list()) {
            Value node = new Value(nodes.name(), part);
            String name = ClusterArguments.named(node);
            if (name.equalsIgnoreCase(AUTHORITY))
                throw node.mustBe("another name, because the files with this one are those of the cluster's authority");
            names.add(name);
        }
        return names;
    }

    /**
     * Makes and writes them all, in about a second for each node.
     *
     * @throws IOException if keytool is missing or fails
     * @throws CommandFailure if a file exists, the authority cannot be used, or a file cannot be written
     */
    void write(Output output) throws IOException {
        KeyMaterial present = authority();
        Map<String, CertificateFiles> claimed = new LinkedHashMap<>();
        for (String node : nodes) claimed.put(node, CertificateFiles.claim(files, node + ".pem", node + ".key"));
        KeyMaterial signer =
                present == null ? Keytool.generate("relay cluster " + cluster, OF_AUTHORITY, null) : present;
        List<KeyMaterial> made = new ArrayList<>();
        for (String node : nodes) made.add(Keytool.generate(node, ofNode(node), signer)); // all, before one is written
        if (present == null) new CertificateFiles(files, authority, authorityKey).write(signer);
        int next = 0;
        for (CertificateFiles each : claimed.values()) each.write(made.get(next++));
        report(output, present == null, claimed);
    }

    private List<String> ofNode(String node) {
        return List.of(
                "san=uri:relay://" + cluster + "/" + node, // as PeerName has it
                "eku=serverAuth,clientAuth",
                "ku:c=digitalSignature");
    }

    /** Returns the authority that the folder has; null if it has none. */
    private @Nullable KeyMaterial authority() {
        boolean hasCertificate = Files.exists(authority, LinkOption.NOFOLLOW_LINKS);
        boolean hasKey = Files.exists(authorityKey, LinkOption.NOFOLLOW_LINKS);
        if (!hasCertificate && !hasKey) return null;
        if (hasCertificate != hasKey) {
            throw CommandFailure.usage((hasKey ? authorityKey : authority) + " exists without "
                    + (hasKey ? authority : authorityKey)
                    + ": both are the authority of a cluster; add the other one, or"
                    + " choose another folder with " + Flag.KEYGEN_OUT);
        }
        try {
            KeyMaterial present = KeyMaterial.ofPem(authority, authorityKey);
            if (present.chain().get(0).getBasicConstraints() >= 0) return present;
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.USAGE, "cannot use the authority of the cluster: " + e.getMessage(), e);
        }
        throw CommandFailure.usage(authority
                + " is not the certificate of an authority, which may sign those of nodes; choose another folder with "
                + Flag.KEYGEN_OUT);
    }

    private void report(Output output, boolean isNew, Map<String, CertificateFiles> written) {
        output.note(
                isNew
                        ? "wrote " + authority + " and " + authorityKey + ": the authority of cluster " + cluster
                                + ", valid for 10 years"
                        : "the certificates are signed with " + authorityKey);
        written.forEach((node, each) -> output.note("wrote " + each.certificate() + " and " + each.key()
                + ": a certificate for node " + node + ", valid for 10 years"));
        output.note("copy to each node its own two files and " + authority + "; keep " + authorityKey
                + " off the nodes, because whoever has it can join the cluster");
        output.note("run each node with the options of its line:");
        written.forEach((node, each) -> output.node(cluster, node, each, authority));
    }
}
