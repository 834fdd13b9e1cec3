package org.relay4j.client;

import java.security.cert.CertificateException;
import org.relay4j.api.tls.Fingerprint;

/** The certificate of the server is not the pinned one. */
final class UnpinnedException extends CertificateException {
    private static final long serialVersionUID = 1L;

    UnpinnedException(Fingerprint seen, Fingerprint pin) {
        super("is " + seen + ", not the pinned " + pin
                + "; do not connect unless its operator confirms that the certificate was replaced");
    }
}
