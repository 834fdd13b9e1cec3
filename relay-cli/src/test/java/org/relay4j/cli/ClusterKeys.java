package org.relay4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.List;
import org.relay4j.testing.SelfSignedKeys;

/** The certificates of the nodes {@code n1}, {@code n2}, ... of the cluster {@code relay}, which trust each other. */
final class ClusterKeys {
    private final Path folder;

    ClusterKeys(Path folder, int nodes) throws IOException, GeneralSecurityException {
        this.folder = folder;
        StringBuilder authority = new StringBuilder();
        for (int n = 1; n <= nodes; n++) {
            SelfSignedKeys keys = SelfSignedKeys.make(folder.resolve("n" + n + ".p12"), "n" + n, "relay://relay/n" + n);
            keys.writeKey(folder.resolve("n" + n + ".key"));
            authority.append(Files.readString(keys.writeCertificate(folder.resolve("n" + n + ".pem"))));
        }
        Files.writeString(folder.resolve("ca.pem"), authority);
    }

    /** Returns the arguments of a node that name its files. */
    List<String> arguments(int node) {
        String file = folder.resolve("n" + node).toString();
        return List.of(
                "--peer-cert=" + file + ".pem", "--peer-key=" + file + ".key", "--peer-ca=" + folder.resolve("ca.pem"));
    }
}
