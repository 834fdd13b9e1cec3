package org.relay4j.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;

/** A key on the curve P-256 with a certificate that it has signed itself, good for one day. */
record SelfSigned(PrivateKey key, X509Certificate certificate) {
    /*
     * The JDK reads certificates and writes none, except in its keytool and in classes it does not export. A version 1
     * certificate (RFC 5280, section 4.1) is a handful of DER values, so it is written here: the parts that are the same
     * in each are given as their bytes.
     */
    private static final int INTEGER = 0x02;
    private static final int BIT_STRING = 0x03;
    private static final int UTF8_STRING = 0x0C;
    private static final int UTC_TIME = 0x17;
    private static final int SEQUENCE = 0x30;
    private static final int SET = 0x31;

    private static final byte[] ECDSA_WITH_SHA256 = {0x06, 8, 0x2A, (byte) 0x86, 0x48, (byte) 0xCE, 0x3D, 4, 3, 2};
    private static final byte[] COMMON_NAME = {0x06, 3, 0x55, 4, 3};
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

    /** Creates a key and a certificate for {@code name}. */
    static SelfSigned create(String name) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair pair = generator.generateKeyPair();
        byte[] algorithm = der(SEQUENCE, ECDSA_WITH_SHA256);
        byte[] subject = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, name.getBytes(UTF_8)))));
        byte[] serial = der(INTEGER, new byte[] {1});
        byte[] key = pair.getPublic().getEncoded();
        byte[] content = der(SEQUENCE, serial, algorithm, subject, validity(), subject, key);
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(pair.getPrivate());
        signature.update(content);
        byte[] signed = der(SEQUENCE, content, algorithm, der(BIT_STRING, new byte[] {0}, signature.sign()));
        X509Certificate certificate = (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(signed));
        return new SelfSigned(pair.getPrivate(), certificate);
    }

    private static byte[] validity() {
        Instant now = Instant.now();
        return der(SEQUENCE, time(now.minus(1, ChronoUnit.HOURS)), time(now.plus(1, ChronoUnit.DAYS)));
    }

    private static byte[] time(Instant at) {
        return der(UTC_TIME, TIME.format(at).getBytes(UTF_8));
    }

    /** One value: tag, length, and the parts of its content. */
    private static byte[] der(int tag, byte[]... parts) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (byte[] part : parts) content.writeBytes(part);
        int length = content.size();
        ByteArrayOutputStream value = new ByteArrayOutputStream();
        value.write(tag);
        if (length >= 0x100) {
            value.write(0x82); // two bytes of length follow
            value.write(length >> 8);
        } else if (length >= 0x80) value.write(0x81); // one byte of length follows
        value.write(length);
        value.writeBytes(content.toByteArray());
        return value.toByteArray();
    }
}
