package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.relay4j.api.tls.Pem;

/**
 * A key with a certificate, made with keytool for one test, such as one that has expired.
 *
 * @param certificate a PEM file
 * @param key a PEM file
 * @param store both as PKCS#12
 */
record PemFiles(Path certificate, Path key, Path store) {
    private static final String PASSWORD = "changeit";

    /** @param more arguments of keytool */
    static PemFiles make(Path folder, String name, String... more) throws Exception {
        Path store = folder.resolve(name + ".p12");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of("-genkeypair", "-alias", "a", "-keyalg", "EC", "-groupname", "secp256r1"));
        command.addAll(List.of("-dname", "CN=" + name, "-ext", "san=dns:localhost"));
        command.addAll(List.of("-storetype", "PKCS12", "-storepass", PASSWORD, "-keystore", store.toString()));
        command.addAll(List.of(more));
        try (ChildProcess keytool = ChildProcess.start(command.toArray(String[]::new))) {
            assertEquals(0, keytool.awaitExit(), keytool::toString);
        }
        KeyStore keys = load(store);
        return new PemFiles(
                Files.writeString(
                        folder.resolve(name + "-cert.pem"),
                        Pem.encode("CERTIFICATE", keys.getCertificate("a").getEncoded())),
                Files.writeString(
                        folder.resolve(name + "-key.pem"),
                        Pem.encode(
                                "PRIVATE KEY",
                                keys.getKey("a", PASSWORD.toCharArray()).getEncoded())),
                store);
    }

    private static KeyStore load(Path store) throws Exception {
        try (InputStream in = Files.newInputStream(store)) {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(in, PASSWORD.toCharArray());
            return keys;
        }
    }

    /** A context for a server, which does not mind that the certificate has expired. */
    SSLContext context() throws Exception {
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(load(store), PASSWORD.toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }
}
