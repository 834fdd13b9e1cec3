package org.relay4j.testing;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;

/**
 * A key on the curve P-256 and its self-signed certificate. They are made in this JVM: keytool takes a second.
 *
 * @param file PKCS#12
 */
public record SelfSignedKeys(Path file, KeyStore store) {
    private static final String ALIAS = "relay";
    private static final String PASSWORD = "changeit";

    /*
     * The JDK reads certificates and writes none, except in its keytool and in classes it does not export. A certificate
     * (RFC 5280, section 4.1) is a handful of DER values, so it is written here: the parts that are the same in each are
     * given as their bytes.
     */
    private static final int INTEGER = 0x02;
    private static final int BIT_STRING = 0x03;
    private static final int OCTET_STRING = 0x04;
    private static final int UTF8_STRING = 0x0C;
    private static final int UTC_TIME = 0x17;
    private static final int SEQUENCE = 0x30;
    private static final int SET = 0x31;
    private static final int DNS_NAME = 0x82;
    private static final int URI = 0x86;
    private static final int IP_ADDRESS = 0x87;

    private static final byte[] VERSION_3 = HexFormat.of().parseHex("a003020102");
    private static final byte[] ECDSA_WITH_SHA256 = HexFormat.of().parseHex("06082a8648ce3d040302");
    private static final byte[] COMMON_NAME = HexFormat.of().parseHex("0603550403");
    private static final byte[] SUBJECT_ALTERNATIVE_NAME = HexFormat.of().parseHex("0603551d11");
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

    static {
        // The usual 10 000 take a tenth of a second for each use of a file, and its password is no secret.
        for (String part : List.of("keyPbe", "certPbe", "mac")) {
            System.setProperty("keystore.pkcs12." + part + "IterationCount", "1");
        }
    }

    /** Makes a key and a certificate that is valid from now on. */
    public static SelfSignedKeys make(Path file, String name, String... hosts) throws IOException {
        return make(file, name, List.of(hosts), 0, 90);
    }

    /**
     * Makes a key and its certificate.
     *
     * @param file a PKCS#12 file that does not exist yet
     * @param name the subject CN
     * @param hosts names, IPv4 addresses and URIs that the certificate is for
     * @param from the first day of its validity, counted from today
     * @param days the number of days of its validity
     */
    public static SelfSignedKeys make(Path file, String name, List<String> hosts, int from, int days)
            throws IOException {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair pair = generator.generateKeyPair();
            Instant first = Instant.now().plus(Duration.ofDays(from)).minusSeconds(60); // for clocks that differ
            byte[] validity = der(SEQUENCE, time(first), time(first.plus(Duration.ofDays(days))));
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry(
                    ALIAS, pair.getPrivate(), password(), new Certificate[] {sign(pair, name, hosts, validity)});
            try (OutputStream out = Files.newOutputStream(file)) {
                store.store(out, password());
            }
            return new SelfSignedKeys(file, store);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static X509Certificate sign(KeyPair pair, String name, List<String> hosts, byte[] validity)
            throws GeneralSecurityException {
        byte[] algorithm = der(SEQUENCE, ECDSA_WITH_SHA256);
        byte[] subject = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, text(name)))));
        byte[] serial = der(INTEGER, new byte[] {1});
        byte[] key = pair.getPublic().getEncoded();
        byte[] extensions = hosts.isEmpty() ? new byte[0] : der(0xA3, der(SEQUENCE, alternativeNames(hosts)));
        byte[] content = der(SEQUENCE, VERSION_3, serial, algorithm, subject, validity, subject, key, extensions);
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(pair.getPrivate());
        signature.update(content);
        byte[] signed = der(SEQUENCE, content, algorithm, der(BIT_STRING, new byte[] {0}, signature.sign()));
        return (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(signed));
    }

    private static byte[] alternativeNames(List<String> hosts) {
        byte[][] names = hosts.stream().map(SelfSignedKeys::alternativeName).toArray(byte[][]::new);
        return der(SEQUENCE, SUBJECT_ALTERNATIVE_NAME, der(OCTET_STRING, der(SEQUENCE, names)));
    }

    private static byte[] alternativeName(String host) {
        if (host.contains("://")) return der(URI, text(host));
        if (!host.matches("[0-9.]+")) return der(DNS_NAME, text(host));
        byte[] address = new byte[4];
        String[] numbers = host.split("\\.", -1);
        for (int n = 0; n < address.length; n++) address[n] = (byte) Integer.parseInt(numbers[n]);
        return der(IP_ADDRESS, address);
    }

    private static byte[] time(Instant at) {
        return der(UTC_TIME, text(TIME.format(at)));
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
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

    /** Returns the password of the file and of the key. */
    public static char[] password() {
        return PASSWORD.toCharArray();
    }

    public X509Certificate certificate() {
        try {
            return (X509Certificate) store.getCertificate(ALIAS);
        } catch (KeyStoreException e) {
            throw new IllegalStateException(e); // it is loaded
        }
    }

    public KeyManager[] keyManagers() throws GeneralSecurityException {
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(store, password());
        return own.getKeyManagers();
    }

    /** Writes the certificate as PEM. */
    public Path writeCertificate(Path pem) throws IOException, GeneralSecurityException {
        return write(pem, "CERTIFICATE", certificate().getEncoded());
    }

    /** Writes the private key as PEM. */
    public Path writeKey(Path pem) throws IOException, GeneralSecurityException {
        return write(pem, "PRIVATE KEY", store.getKey(ALIAS, password()).getEncoded());
    }

    private static Path write(Path file, String what, byte[] content) throws IOException {
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
        return Files.writeString(file, "-----BEGIN " + what + "-----\n" + text + "\n-----END " + what + "-----\n");
    }
}
