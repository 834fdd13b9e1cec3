package org.relay4j.client;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.tls.Fingerprint;
import org.relay4j.api.tls.Pem;

/**
 * How a relay client encrypts its connection to the server, and recognizes the server: TLS 1.3 and 1.2.
 *
 * <pre>{@code
 * RelayClientOptions options = RelayClientOptions.builder()
 *         .tls(ClientTls.pinned("sha256:6f0c...")) // as "relay keygen" has printed it
 *         .build();
 * }</pre>
 *
 * <p>The server's certificate is verified with each connection, since sessions are not resumed. Immutable.
 */
public final class ClientTls {
    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};
    private static final Pattern ADDRESS = Pattern.compile("[0-9.]+|.*:.*"); // no SNI for literal addresses (RFC 6066)

    private final @Nullable SSLContext context; // the caller's; null: made for each connection
    private final TrustManager @Nullable [] trust; // null: those of the JDK
    private final boolean checksName;

    private ClientTls(@Nullable SSLContext context, TrustManager @Nullable [] trust, boolean checksName) {
        this.context = context;
        this.trust = trust;
        this.checksName = checksName;
    }

    /** Trusts the certificate authorities of the JDK: for servers with a publicly trusted certificate. */
    public static ClientTls systemTrust() {
        return new ClientTls(null, null, true);
    }

    /**
     * Trusts the certificates of a PEM file and what they have signed. The certificate must also name the host that was
     * dialled.
     *
     * @throws IOException if the file cannot be read, or contains no certificate
     */
    public static ClientTls trusting(Path certificates) throws IOException {
        List<X509Certificate> trusted = Pem.certificates(Objects.requireNonNull(certificates, "certificates"));
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            for (int i = 0; i < trusted.size(); i++) store.setCertificateEntry("ca" + i, trusted.get(i));
            TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(store);
            return new ClientTls(null, factory.getTrustManagers(), true);
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot use the certificates in " + certificates + ": " + e.getMessage(), e);
        }
    }

    /**
     * Trusts one certificate, whoever signed it and whatever names it has.
     *
     * @param fingerprint {@code sha256:} and the 64 hexadecimal digits of the SHA-256 hash of the certificate's DER form
     * @throws IllegalArgumentException if the fingerprint has another form
     */
    public static ClientTls pinned(String fingerprint) {
        Fingerprint pin = Fingerprint.parse(Objects.requireNonNull(fingerprint, "fingerprint"));
        return new ClientTls(null, new TrustManager[] {new PinnedTrust(pin)}, false);
    }

    /** Uses a context as it is, including its trust; the certificate must also name the host that was dialled. */
    public static ClientTls of(SSLContext context) {
        return new ClientTls(Objects.requireNonNull(context, "context"), null, true);
    }

    /** An engine for one connection to a host. */
    SSLEngine engine(String host, int port) throws IOException {
        try {
            SSLContext used = context;
            if (used == null) {
                // One for each connection: a resumed session would not be verified again.
                used = SSLContext.getInstance("TLS");
                used.init(null, trust, null);
            }
            SSLEngine engine = used.createSSLEngine(host, port);
            engine.setUseClientMode(true);
            SSLParameters parameters = engine.getSSLParameters();
            parameters.setProtocols(PROTOCOLS);
            if (checksName) parameters.setEndpointIdentificationAlgorithm("HTTPS");
            List<SNIHostName> names = names(host);
            if (!names.isEmpty()) parameters.setServerNames(List.copyOf(names));
            engine.setSSLParameters(parameters);
            return engine;
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot set up TLS: " + e.getMessage(), e);
        }
    }

    private static List<SNIHostName> names(String host) {
        if (ADDRESS.matcher(host).matches()) return List.of();
        try {
            return List.of(new SNIHostName(host));
        } catch (IllegalArgumentException e) {
            return List.of(); // such as one with an underscore: nothing that a certificate could name either
        }
    }
}
