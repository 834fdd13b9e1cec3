package org.relay4j.api.tls;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;

/**
 * A private key and its certificate chain.
 *
 * @param chain the leaf first, valid now, with the public key that belongs to {@code key}
 */
public record KeyMaterial(List<X509Certificate> chain, PrivateKey key) {
    private static final char[] NONE = {};

    /**
     * Reads a chain and a key from PEM files, which may be the same file.
     *
     * @throws IOException if they cannot be used: unreadable, malformed, expired, or not matching; the message says which
     */
    public static KeyMaterial ofPem(Path certificates, Path key) throws IOException {
        return checked(Pem.certificates(certificates), Pem.privateKey(key), certificates, key);
    }

    /**
     * Reads the only private key of a PKCS#12 file, with its chain.
     *
     * @throws IOException as {@link #ofPem}, and if the password is wrong
     */
    public static KeyMaterial ofPkcs12(Path file, char[] password) throws IOException {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            load(store, file, password);
            List<String> keys = Collections.list(store.aliases()).stream()
                    .filter(alias -> isKey(store, alias))
                    .toList();
            if (keys.size() != 1) {
                throw new IOException(file + " contains " + keys.size() + " private keys; there must be one");
            }
            Certificate[] chain = store.getCertificateChain(keys.get(0));
            return checked(
                    Arrays.stream(chain).map(X509Certificate.class::cast).toList(),
                    (PrivateKey) store.getKey(keys.get(0), password),
                    file,
                    file);
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot use " + file + ": " + e.getMessage(), e);
        }
    }

    private static void load(KeyStore store, Path file, char[] password) throws IOException, GeneralSecurityException {
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, password);
        } catch (NoSuchFileException e) {
            throw new IOException(file + " does not exist", e);
        } catch (AccessDeniedException e) {
            throw new IOException("no permission to read " + file, e);
        } catch (IOException e) {
            String message = e.getMessage();
            throw new IOException(
                    "cannot use " + file + ": " + (message == null ? "it is not a PKCS#12 file" : message), e);
        }
    }

    private static boolean isKey(KeyStore store, String alias) {
        try {
            return store.isKeyEntry(alias);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e); // it was loaded
        }
    }

    private static KeyMaterial checked(List<X509Certificate> chain, PrivateKey key, Path certificates, Path keyFile)
            throws IOException {
        X509Certificate leaf = chain.get(0);
        try {
            leaf.checkValidity();
        } catch (CertificateExpiredException e) {
            throw new IOException(
                    "the certificate in " + certificates + " expired on "
                            + leaf.getNotAfter().toInstant() + "; renew it",
                    e);
        } catch (CertificateNotYetValidException e) {
            throw new IOException(
                    "the certificate in " + certificates + " is not valid before "
                            + leaf.getNotBefore().toInstant() + "; check the clock of this machine",
                    e);
        }
        if (!belong(leaf.getPublicKey(), key)) {
            throw new IOException("the private key in " + keyFile + " does not belong to the first certificate in "
                    + certificates + "; the server's own certificate must come first");
        }
        return new KeyMaterial(List.copyOf(chain), key);
    }

    /** Signs a text and verifies the signature. */
    private static boolean belong(PublicKey publicKey, PrivateKey privateKey) {
        if (!publicKey.getAlgorithm().equals(privateKey.getAlgorithm())) return false;
        String algorithm = switch (publicKey.getAlgorithm()) {
            case "EC" -> "SHA256withECDSA";
            case "RSA" -> "SHA256withRSA";
            default -> publicKey.getAlgorithm();
        };
        try {
            byte[] text = {1, 2, 3};
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(privateKey);
            signature.update(text);
            byte[] signed = signature.sign();
            signature.initVerify(publicKey);
            signature.update(text);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    /** Returns the key managers for an {@link javax.net.ssl.SSLContext}. */
    public KeyManager[] keyManagers() throws GeneralSecurityException {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry("relay", key, NONE, chain.toArray(Certificate[]::new));
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(store, NONE);
            return factory.getKeyManagers();
        } catch (IOException e) {
            throw new IllegalStateException(e); // nothing is read
        }
    }

    /** Never contains the key. */
    @Override
    public String toString() {
        return "KeyMaterial[" + chain.get(0).getSubjectX500Principal() + "]";
    }
}
