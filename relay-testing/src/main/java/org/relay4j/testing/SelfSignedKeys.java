package org.relay4j.testing;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;

/**
 * A self-signed certificate and its key, made with the JDK's keytool.
 *
 * @param file PKCS#12
 */
public record SelfSignedKeys(Path file, KeyStore store) {
    private static final String ALIAS = "relay";
    private static final String PASSWORD = "changeit";

    /**
     * Makes a key and its certificate.
     *
     * @param file a PKCS#12 file that does not exist yet
     * @param name the subject CN
     * @param more further arguments of keytool, such as the validity
     */
    public static SelfSignedKeys make(Path file, String name, String... more) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of("-genkeypair", "-alias", ALIAS, "-keyalg", "EC", "-groupname", "secp256r1"));
        command.addAll(List.of("-dname", "CN=" + name, "-storetype", "PKCS12"));
        command.addAll(List.of("-storepass", PASSWORD, "-keystore", file.toString()));
        command.addAll(List.of(more));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException("keytool failed: " + command);
            }
            return new SelfSignedKeys(file, load(file));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while keytool was running", e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static KeyStore load(Path file) throws IOException, GeneralSecurityException {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        return keys;
    }

    /** Returns the password of the file and of the key. */
    public static char[] password() {
        return PASSWORD.toCharArray();
    }

    public X509Certificate certificate() {
        try {
            return (X509Certificate) store.getCertificate(ALIAS);
        } catch (KeyStoreException e) {
            throw new IllegalStateException(e); // it is loaded
        }
    }

    public KeyManager[] keyManagers() throws GeneralSecurityException {
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(store, password());
        return own.getKeyManagers();
    }

    /** Writes the certificate as PEM. */
    public Path writeCertificate(Path pem) throws IOException, GeneralSecurityException {
        return write(pem, "CERTIFICATE", certificate().getEncoded());
    }

    /** Writes the private key as PEM. */
    public Path writeKey(Path pem) throws IOException, GeneralSecurityException {
        return write(pem, "PRIVATE KEY", store.getKey(ALIAS, password()).getEncoded());
    }

    private static Path write(Path file, String what, byte[] content) throws IOException {
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
        return Files.writeString(file, "-----BEGIN " + what + "-----\n" + text + "\n-----END " + what + "-----\n");
    }
}
