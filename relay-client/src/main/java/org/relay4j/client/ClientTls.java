package org.relay4j.client;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.tls.Fingerprint;
import org.relay4j.api.tls.KeyMaterial;
import org.relay4j.api.tls.RelayTls;

/**
 * The TLS settings of a relay client, which encrypt its connection and authenticate the server: TLS 1.3 or 1.2.
 *
 * <pre>{@code
 * RelayClientOptions options = RelayClientOptions.builder()
 *         .tls(ClientTls.pinned(fingerprint)) // as printed by "relay keygen"
 *         .build();
 * }</pre>
 *
 * <p>The server's certificate is verified for each connection, because sessions are not resumed. Immutable.
 */
public final class ClientTls {
    private static final Pattern ADDRESS = Pattern.compile("[0-9.]+|.*:.*"); // no SNI for literal addresses (RFC 6066)

    private final @Nullable SSLContext context; // the caller's; null: made for each connection
    private final TrustManager @Nullable [] trust; // null: those of the JDK
    private final @Nullable KeyMaterial certificate; // the client's own
    private final boolean pinned;

    private ClientTls(
            @Nullable SSLContext context,
            TrustManager @Nullable [] trust,
            @Nullable KeyMaterial certificate,
            boolean pinned) {
        this.context = context;
        this.trust = trust;
        this.certificate = certificate;
        this.pinned = pinned;
    }

    /** Trusts the certificate authorities of the JDK: for servers with a publicly trusted certificate. */
    public static ClientTls systemTrust() {
        return new ClientTls(null, null, null, false);
    }

    /**
     * Trusts the certificates of a PEM file, and certificates signed by them. The server's certificate must also name the host
     * of the server.
     *
     * @throws IOException if the file cannot be read, or contains no certificate
     */
    public static ClientTls trusting(Path certificates) throws IOException {
        Objects.requireNonNull(certificates, "certificates");
        return new ClientTls(null, RelayTls.trusting(certificates), null, false);
    }

    /**
     * Trusts one certificate, regardless of its issuer and names, even after it has expired.
     *
     * @param fingerprint {@code sha256:} and the 64 hexadecimal digits of the SHA-256 hash of the certificate's DER form
     * @throws IllegalArgumentException if the fingerprint has another form
     */
    public static ClientTls pinned(String fingerprint) {
        Fingerprint pin = Fingerprint.parse(Objects.requireNonNull(fingerprint, "fingerprint"));
        return new ClientTls(null, new TrustManager[] {new PinnedTrust(pin)}, null, true);
    }

    /**
     * Uses a context unchanged, with its trust and its keys. The server's certificate must also name the host of the server. The
     * context determines whether sessions are resumed.
     */
    public static ClientTls of(SSLContext context) {
        return new ClientTls(Objects.requireNonNull(context, "context"), null, null, false);
    }

    /**
     * Returns the same with a certificate of this client, for servers that ask for one.
     *
     * @param chain a PEM file, the client's own certificate first
     * @param key a PEM file with an unencrypted PKCS#8 private key; may be the same file
     * @throws IOException if they cannot be used: unreadable, malformed, expired, or not matching
     * @throws IllegalStateException if this was made from a context, which has its own keys
     */
    public ClientTls withCertificate(Path chain, Path key) throws IOException {
        return withCertificate(
                KeyMaterial.ofPem(Objects.requireNonNull(chain, "chain"), Objects.requireNonNull(key, "key")));
    }

    /**
     * Returns the same with a certificate of this client from a PKCS#12 file that contains one private key.
     *
     * @throws IOException as {@link #withCertificate(Path, Path)}, and if the password is wrong
     * @throws IllegalStateException if this was made from a context, which has its own keys
     */
    public ClientTls withCertificate(Path pkcs12, char[] password) throws IOException {
        return withCertificate(KeyMaterial.ofPkcs12(
                Objects.requireNonNull(pkcs12, "pkcs12"), Objects.requireNonNull(password, "password")));
    }

    private ClientTls withCertificate(KeyMaterial own) {
        if (context != null) {
            throw new IllegalStateException("the SSLContext has its own keys; give it the certificate instead");
        }
        return new ClientTls(null, trust, own, pinned);
    }

    /** Creates an engine for one connection to a host. */
    SSLEngine engine(String host, int port) throws IOException {
        try {
            SSLContext used = context;
            if (used == null) {
                used = RelayTls.context(certificate == null ? null : certificate.keyManagers(), trust);
            }
            SSLEngine engine = used.createSSLEngine(host, port);
            engine.setUseClientMode(true);
            SSLParameters parameters = RelayTls.parameters(engine);
            if (context == null) RelayTls.preferFastCipher(parameters);
            parameters.setApplicationProtocols(new String[] {RelayTls.ALPN});
            if (!pinned) parameters.setEndpointIdentificationAlgorithm("HTTPS");
            List<SNIHostName> names = names(host);
            if (!names.isEmpty()) parameters.setServerNames(List.copyOf(names));
            engine.setSSLParameters(parameters);
            return engine;
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot set up TLS: " + e.getMessage(), e);
        }
    }

    /**
     * Verifies what the handshake did not check, and returns the SHA-256 of the server's certificate, in hexadecimal digits.
     *
     * @throws SSLException because of a {@link CertificateException}
     */
    String verified(SSLEngine engine) throws SSLException {
        X509Certificate server = (X509Certificate) engine.getSession().getPeerCertificates()[0];
        try {
            // The JDK accepts an expired certificate that is itself trusted.
            if (context == null && !pinned) server.checkValidity();
        } catch (CertificateException e) {
            throw new SSLException("the certificate is not valid now", e);
        }
        return Fingerprint.of(server).hex();
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
