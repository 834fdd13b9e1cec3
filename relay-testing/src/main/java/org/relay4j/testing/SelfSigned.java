package org.relay4j.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A TLS context that uses and trusts a certificate generated for this run. */
public final class SelfSigned {
    private SelfSigned() {}

    /** Returns a context for both ends. */
    public static SSLContext context() {
        return Holder.CONTEXT;
    }

    /** Writes the certificate and its private key as PEM. */
    public static void writePem(Path certificate, Path key) throws IOException {
        try {
            Holder.KEYS.writeCertificate(certificate);
            Holder.KEYS.writeKey(key);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static SelfSignedKeys make() {
        try {
            Path folder = Files.createTempDirectory("relay-test");
            Path file = folder.resolve("keys.p12");
            try {
                return SelfSignedKeys.make(file, "localhost", "localhost", "127.0.0.1");
            } finally {
                Files.deleteIfExists(file);
                Files.delete(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static SSLContext context(SelfSignedKeys keys) {
        try {
            TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trusted.init(keys.store());
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.keyManagers(), trusted.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class Holder {
        static final SelfSignedKeys KEYS = make();
        static final SSLContext CONTEXT = context(KEYS);
    }
}
