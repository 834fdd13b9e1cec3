package org.relay4j.client;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Set;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.RelayCertificateException;
import org.relay4j.api.RelayException;
import org.relay4j.api.RelayProtocolException;

/** Explains a TLS failure in one sentence, with a remedy. */
final class TlsFailure {
    private static final String ALERT = "Received fatal alert: ";

    /** Alerts about the client's certificate, with the names that the JDK uses.*/
    private static final Set<String> ABOUT_THE_CLIENT = Set.of(
            "certificate_required",
            "bad_certificate",
            "unsupported_certificate",
            "certificate_revoked",
            "certificate_expired",
            "certificate_unknown",
            "unknown_ca",
            "access_denied");

    private TlsFailure() {}

    static RelayException of(String server, SSLException failure) {
        CertificateException certificate = find(failure, CertificateException.class);
        if (certificate != null) {
            return new RelayCertificateException(
                    "the certificate of " + server + " " + text(failure, certificate), failure);
        }
        String message = String.valueOf(failure.getMessage());
        int alert = message.indexOf(ALERT);
        if (alert >= 0) return refused(server, message.substring(alert + ALERT.length()), failure);
        if (message.contains("nrecognized SSL message")) {
            return new RelayProtocolException(
                    server + " does not speak TLS; remove the option tls, or use the server's TLS port", failure);
        }
        return new RelayProtocolException(server + ": the TLS handshake failed: " + message, failure);
    }

    private static RelayException refused(String server, String alert, SSLException failure) {
        if (ABOUT_THE_CLIENT.contains(alert)) {
            return new RelayCertificateException(
                    server + " did not accept this client's certificate (" + alert
                            + "); set one that it accepts with ClientTls.withCertificate",
                    failure);
        }
        if (alert.equals("no_application_protocol")) {
            return new RelayProtocolException(server + " speaks TLS, but not the relay protocol", failure);
        }
        return new RelayProtocolException(server + " refused the TLS handshake (" + alert + ")", failure);
    }

    private static String text(Throwable failure, CertificateException certificate) {
        if (certificate instanceof UnpinnedException) return String.valueOf(certificate.getMessage());
        if (find(failure, CertificateExpiredException.class) != null) {
            return "has expired; the operator must renew it";
        }
        if (find(failure, CertificateNotYetValidException.class) != null) {
            return "is not valid yet; check the clock of this machine";
        }
        if (find(failure, CertPathBuilderException.class) != null) {
            return "was not issued by a trusted authority; trust its issuer (ClientTls.trusting, --tls-ca), or"
                    + " pin the certificate (ClientTls.pinned, --tls-pin)";
        }
        String message = String.valueOf(certificate.getMessage());
        if (message.startsWith("No ")) { // the words of the JDK, which has no type for it
            return "is for another host (" + message + "); connect to a name that it has";
        }
        return "is not accepted: " + message;
    }

    private static <T extends Throwable> @Nullable T find(Throwable failure, Class<T> type) {
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < 20; depth++, cause = cause.getCause()) {
            if (type.isInstance(cause)) return type.cast(cause);
        }
        return null;
    }
}
