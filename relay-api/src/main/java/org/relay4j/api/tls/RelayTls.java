package org.relay4j.api.tls;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** The TLS settings that both ends of a control connection share: TLS 1.3 and 1.2, without resumption. */
public final class RelayTls {
    /** The ALPN name of the extended protocol. */
    public static final String ALPN = "relay/1";

    private static final String FAST = "TLS_AES_128_GCM_SHA256";
    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

    private RelayTls() {}

    /**
     * Creates a context for one connection. With a context of its own no connection can resume a session, so the certificate is
     * verified each time.
     *
     * @param keys null means none
     * @param trust null means the authorities of the JDK
     */
    public static SSLContext context(KeyManager @Nullable [] keys, TrustManager @Nullable [] trust)
            throws GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys, trust, null);
        return context;
    }

    /** Returns the parameters of an engine with the protocol versions of Relay, to be completed and set. */
    public static SSLParameters parameters(SSLEngine engine) {
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(PROTOCOLS);
        return parameters;
    }

    /**
     * Puts AES-128 before the other ciphers of TLS 1.3. The JDK prefers AES-256, which takes about a fifth more time for
     * each byte.
     *
     * @param parameters of an engine whose context is not the caller's own
     */
    public static void preferFastCipher(SSLParameters parameters) {
        List<String> suites = new ArrayList<>(List.of(parameters.getCipherSuites()));
        if (suites.remove(FAST)) suites.add(0, FAST); // absent: the JDK's security properties disable it
        parameters.setCipherSuites(suites.toArray(String[]::new));
    }

    /**
     * Returns trust in the certificates of a PEM file, and in certificates signed by them.
     *
     * @throws IOException if the file cannot be read, or contains no certificate that can be used; the message names it
     */
    public static TrustManager[] trusting(Path certificates) throws IOException {
        List<X509Certificate> trusted = Pem.certificates(certificates);
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            for (int i = 0; i < trusted.size(); i++) store.setCertificateEntry("ca" + i, trusted.get(i));
            TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(store);
            return factory.getTrustManagers();
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot use the certificates in " + certificates + ": " + e.getMessage(), e);
        }
    }
}
