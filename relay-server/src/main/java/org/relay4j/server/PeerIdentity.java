package org.relay4j.server;

import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.tls.Fingerprint;
import org.relay4j.api.tls.RelayTls;

/**
 * The result of a TLS handshake.
 *
 * @param extended whether the client speaks the extended protocol
 * @param binding the fingerprint of this server's certificate, which the client must repeat
 * @param certificateName the subject CN of the client's verified certificate; empty if it has none or several, null without a
 *     certificate
 */
record PeerIdentity(
        boolean extended, String binding, @Nullable String certificateName) {
    static PeerIdentity of(SSLEngine engine) {
        SSLSession session = engine.getSession();
        Certificate[] ours = session.getLocalCertificates();
        String binding =
                ours == null ? "" : Fingerprint.of((X509Certificate) ours[0]).hex();
        return new PeerIdentity(RelayTls.ALPN.equals(engine.getApplicationProtocol()), binding, name(session));
    }

    private static @Nullable String name(SSLSession session) {
        try {
            return commonName(((X509Certificate) session.getPeerCertificates()[0])
                    .getSubjectX500Principal()
                    .getName());
        } catch (SSLPeerUnverifiedException e) {
            return null;
        }
    }

    /** The only CN of a subject in the form of RFC 2253; empty if there is none, or several. */
    static String commonName(String subject) {
        String only = "";
        try {
            for (Rdn rdn : new LdapName(subject).getRdns()) {
                if (rdn.size() > 1 || !rdn.getType().equalsIgnoreCase("CN")) continue;
                if (!only.isEmpty()) return ""; // which one?
                only = String.valueOf(rdn.getValue());
            }
            return only;
        } catch (InvalidNameException e) {
            return "";
        }
    }
}
