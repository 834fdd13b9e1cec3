package org.relay4j.cli;

import java.io.IOException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.relay4j.api.tls.Fingerprint;
import org.relay4j.api.tls.Pem;
import org.relay4j.api.tls.SecretFile;

/** The part of {@code relay check} that looks at the certificates of this side. Their files are known to be usable. */
final class CertificateCheck {
    private static final Duration SOON = Duration.ofDays(30); // a certificate expires
    private static final String STORE_KEY = "RELAY_CLUSTER_KEY"; // a variable
    private static final int MOST_NAMES = 10; // of a certificate that are shown

    private final Arguments arguments;
    private final Findings findings;

    CertificateCheck(Arguments arguments, Findings findings) {
        this.arguments = arguments;
        this.findings = findings;
    }

    /** Looks at the certificate of the server or forwarder. */
    void own() throws IOException {
        pair("certificate", "private key", Flag.TLS_CERT, Flag.TLS_KEY);
    }

    /** Looks at the certificates with which a node of a cluster proves its name to other nodes, and itself to the store. */
    void node() throws IOException {
        pair("peer certificate", "peer private key", Flag.PEER_CERT, Flag.PEER_KEY);
        String key = arguments.variable(STORE_KEY);
        if (key != null) key("private key for the store", new Value(STORE_KEY, key));
    }

    /** Looks at the certificate for the names under the server's domain, which is needed if there is an HTTPS port. */
    void domain(String domain) throws IOException {
        pair("domain certificate", "domain private key", Flag.DOMAIN_CERT, Flag.DOMAIN_KEY);
        Value own = arguments.get(Flag.DOMAIN_CERT);
        Value file = own == null ? arguments.get(Flag.TLS_CERT) : own;
        String wildcard = "*." + domain;
        if (file == null) findings.ok("domain", wildcard + " is served without TLS, by " + Flag.HTTP_PORT);
        else if (names(leaf(file)).stream().anyMatch(name -> name.equals(wildcard))) {
            findings.ok("domain", "the certificate of " + file.name() + " is for " + wildcard);
        } else {
            findings.warning(
                    "domain",
                    "the certificate of " + file.name() + " is not for " + wildcard + ", so " + Flag.HTTPS_PORT
                            + " would need another");
        }
    }

    private void pair(String subject, String keySubject, Flag certificate, Flag key) throws IOException {
        Value chain = arguments.get(certificate);
        Value secret = arguments.get(key);
        if (chain == null || secret == null) return;
        X509Certificate leaf = leaf(chain);
        Instant end = leaf.getNotAfter().toInstant();
        String text = owner(leaf) + ", valid until " + end + ", " + Fingerprint.of(leaf);
        if (end.isBefore(Instant.now().plus(SOON))) findings.warning(subject, text + "; renew it soon");
        else findings.ok(subject, text);
        key(keySubject, secret);
    }

    /**
     * Warns if other users can read a private key. Relay itself reads it nevertheless: often a group may, such as ssl-cert of Debian, or
     * the one of a Secret in Kubernetes.
     */
    private void key(String subject, Value secret) {
        try {
            SecretFile.requireOwnerOnly("key file", secret.path());
            findings.ok(subject, "belongs to the certificate, and other users cannot read it");
        } catch (IOException e) {
            findings.warning(subject, String.valueOf(e.getMessage()));
        }
    }

    private static X509Certificate leaf(Value file) throws IOException {
        return Pem.certificates(file.path()).get(0);
    }

    /** Returns the hosts that a certificate is for, else its subject. */
    private static String owner(X509Certificate certificate) {
        List<String> names = names(certificate);
        if (names.isEmpty()) return certificate.getSubjectX500Principal().toString();
        return names.stream().limit(MOST_NAMES).collect(Collectors.joining(", ", "for ", ""));
    }

    /** Returns the alternative names of a certificate, in lower case. */
    private static List<String> names(X509Certificate certificate) {
        try {
            Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            if (names == null) return List.of();
            return names.stream()
                    .map(name -> String.valueOf(name.get(1)).toLowerCase(Locale.ROOT))
                    .toList();
        } catch (CertificateParsingException e) {
            return List.of();
        }
    }
}
