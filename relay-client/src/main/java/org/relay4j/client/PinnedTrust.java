package org.relay4j.client;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.tls.Fingerprint;

/**
 * Trusts the one certificate that has a fingerprint. It is an {@link X509ExtendedTrustManager} because the JDK adds checks of
 * names and algorithms to any other kind.
 */
final class PinnedTrust extends X509ExtendedTrustManager {
    private final Fingerprint pin;

    PinnedTrust(Fingerprint pin) {
        this.pin = pin;
    }

    private void check(X509Certificate[] chain) throws CertificateException {
        Fingerprint seen = Fingerprint.of(chain[0]);
        if (!seen.equals(pin)) throw new UnpinnedException(seen, pin);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, @Nullable SSLEngine engine)
            throws CertificateException {
        throw new CertificateException("a client accepts no client certificates");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, @Nullable Socket socket)
            throws CertificateException {
        throw new CertificateException("a client accepts no client certificates");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw new CertificateException("a client accepts no client certificates");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
