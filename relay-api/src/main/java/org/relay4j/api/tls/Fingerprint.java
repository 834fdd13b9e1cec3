package org.relay4j.api.tls;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The SHA-256 hash of a certificate's DER form.
 *
 * @param hex 64 lower-case hexadecimal digits
 */
public record Fingerprint(String hex) {
    private static final String PREFIX = "sha256:";
    private static final Pattern DIGITS = Pattern.compile("[0-9a-f]{64}");

    /** Returns the fingerprint of a certificate. */
    public static Fingerprint of(X509Certificate certificate) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
            return new Fingerprint(HexFormat.of().formatHex(hash));
        } catch (CertificateEncodingException e) {
            throw new IllegalArgumentException("the certificate cannot be encoded", e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e); // every JDK has SHA-256
        }
    }

    /**
     * Parses {@code sha256:} and 64 hexadecimal digits, in upper or lower case, with or without colons between bytes.
     *
     * @throws IllegalArgumentException if the text has another form
     */
    public static Fingerprint parse(String text) {
        String lower = text.strip().toLowerCase(Locale.ROOT);
        String digits =
                lower.startsWith(PREFIX) ? lower.substring(PREFIX.length()).replace(":", "") : "";
        if (DIGITS.matcher(digits).matches()) return new Fingerprint(digits);
        throw new IllegalArgumentException(
                "fingerprint is '" + text + "', it must be sha256: followed by 64 hexadecimal digits");
    }

    @Override
    public String toString() {
        return PREFIX + hex;
    }
}
