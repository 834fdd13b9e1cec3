package org.relay4j.api.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys and certificates in files: those that can be used, and what is said of those that cannot. */
class KeyFilesTest {
    private static final char[] PASSWORD = "changeit".toCharArray();

    @TempDir
    static Path made;

    @TempDir
    Path folder;

    private static Path store; // PKCS#12 with one key
    private static X509Certificate certificate;
    private static PrivateKey key;

    @BeforeAll
    static void makeKeys() throws Exception {
        store = keytool("keys.p12", "EC", "-groupname", "secp256r1");
        KeyStore keys = load(store);
        certificate = (X509Certificate) keys.getCertificate("relay");
        key = (PrivateKey) keys.getKey("relay", PASSWORD);
    }

    private static Path keytool(String file, String algorithm, String... more) throws Exception {
        Path path = made.resolve(file);
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-J-XX:TieredStopAtLevel=1", // C2 would take most of the time
                "-J-XX:+UseSerialGC",
                "-genkeypair",
                "-alias",
                "relay"));
        command.addAll(List.of("-keyalg", algorithm, "-dname", "CN=relay", "-storetype", "PKCS12"));
        command.addAll(List.of("-storepass", "changeit", "-keystore", path.toString()));
        command.addAll(List.of(more));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue());
        return path;
    }

    private static KeyStore load(Path file) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            keys.load(in, PASSWORD);
        }
        return keys;
    }

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private Path certificateFile() throws Exception {
        return file("cert.pem", Pem.encode("CERTIFICATE", certificate.getEncoded()));
    }

    private Path keyFile() throws IOException {
        return file("key.pem", Pem.encode("PRIVATE KEY", key.getEncoded()));
    }

    private static String failure(org.junit.jupiter.api.function.Executable reading) {
        return String.valueOf(assertThrows(IOException.class, reading).getMessage());
    }

    @Test
    void pemFilesBelongTogether() throws Exception {
        KeyMaterial material = KeyMaterial.ofPem(certificateFile(), keyFile());
        assertEquals(List.of(certificate), material.chain());
        assertEquals(key, material.key());
        assertEquals(1, material.keyManagers().length);
        assertFalse(material.toString().contains(key.toString()));
    }

    @Test
    void bothMayBeInOneFileWithTextBetween() throws Exception {
        String both =
                "# my key\r\n" + Pem.encode("PRIVATE KEY", key.getEncoded()).replace("\n", "\r\n")
                        + "subject=CN=relay\n" + Pem.encode("CERTIFICATE", certificate.getEncoded());
        Path file = file("both.pem", both);
        assertEquals(key, KeyMaterial.ofPem(file, file).key());
    }

    @Test
    @Tag("slow")
    void otherAlgorithmsWorkToo() throws Exception {
        worksToo(keytool("rsa.p12", "RSA", "-keysize", "1024")); // short, because a longer one takes seconds
        worksToo(keytool("ed25519.p12", "Ed25519"));
    }

    private void worksToo(Path made) throws Exception {
        KeyStore keys = load(made);
        Path certificates = file(
                "c.pem", Pem.encode("CERTIFICATE", keys.getCertificate("relay").getEncoded()));
        Path privateKey = file(
                "k.pem",
                Pem.encode("PRIVATE KEY", keys.getKey("relay", PASSWORD).getEncoded()));
        assertEquals(1, KeyMaterial.ofPem(certificates, privateKey).chain().size());
    }

    @Test
    void pkcs12WorksWithItsPassword() throws IOException {
        assertEquals(List.of(certificate), KeyMaterial.ofPkcs12(store, PASSWORD).chain());
        assertTrue(failure(() -> KeyMaterial.ofPkcs12(store, "wrong".toCharArray()))
                .contains("password"));
    }

    @Test
    void aMissingFileIsNamed() throws Exception {
        Path missing = folder.resolve("missing.pem");
        Path present = certificateFile();
        assertThrows(NoSuchFileException.class, () -> KeyMaterial.ofPem(missing, present));
        assertTrue(failure(() -> KeyMaterial.ofPem(present, missing)).contains(missing.toString()));
    }

    @Test
    void aFolderCannotBeRead() {
        assertTrue(failure(() -> Pem.certificates(folder)).contains(folder.toString()));
    }

    @Test
    void aFileWithoutCertificateOrKeySaysWhatIsExpected() throws Exception {
        Path empty = file("empty.pem", "");
        assertTrue(failure(() -> Pem.certificates(empty)).contains("no certificate"));
        assertTrue(failure(() -> Pem.privateKey(empty)).contains("no private key"));
        assertTrue(failure(() -> Pem.certificates(keyFile())).contains("no certificate"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"})
    void aKeyOfAnotherFormComesWithTheRemedy(String type) throws IOException {
        Path file = file("old.pem", Pem.encode(type, new byte[] {1, 2, 3}));
        String message = failure(() -> Pem.privateKey(file));
        assertTrue(message.contains(type) && message.contains("openssl pkcs8"), message);
    }

    @Test
    void malformedContentIsNamed() throws IOException {
        Path noCertificate = file("c.pem", Pem.encode("CERTIFICATE", new byte[] {1, 2, 3}));
        Path noKey = file("k.pem", Pem.encode("PRIVATE KEY", new byte[] {1, 2, 3}));
        Path noBase64 = file("b.pem", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n");
        assertTrue(failure(() -> Pem.certificates(noCertificate)).contains("malformed"));
        assertTrue(failure(() -> Pem.privateKey(noKey)).contains("malformed"));
        assertTrue(failure(() -> Pem.certificates(noBase64)).contains("malformed"));
    }

    @Test
    void aTruncatedFileHasNoBlock() throws Exception {
        String text = Pem.encode("CERTIFICATE", certificate.getEncoded());
        Path cut = file("cut.pem", text.substring(0, text.length() - 30));
        assertTrue(failure(() -> Pem.certificates(cut)).contains("no certificate"));
    }

    @Test
    void aHugeFileIsNotReadWhole() throws IOException {
        Path huge = file("huge.pem", "x".repeat(Pem.LARGEST + 1));
        assertTrue(failure(() -> Pem.certificates(huge)).contains("1 MiB"));
    }

    @Test
    void aKeyThatDoesNotBelongIsRefused() throws Exception {
        for (String algorithm : List.of("EC", "RSA")) {
            KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
            generator.initialize(algorithm.equals("EC") ? 256 : 1024); // short, because a longer one takes a second
            PrivateKey other = generator.generateKeyPair().getPrivate();
            Path file = file("other.pem", Pem.encode("PRIVATE KEY", other.getEncoded()));
            assertTrue(failure(() -> KeyMaterial.ofPem(certificateFile(), file)).contains("does not belong"));
        }
    }

    @Test
    void anExpiredCertificateIsRefused() throws Exception {
        KeyStore keys = load(keytool("old.p12", "EC", "-startdate", "-3d", "-validity", "1"));
        Path file = file(
                "old.pem",
                Pem.encode("CERTIFICATE", keys.getCertificate("relay").getEncoded()));
        assertTrue(failure(() -> KeyMaterial.ofPem(file, keyFile())).contains("expired"));
    }

    @Test
    void aCertificateOfTheFutureIsRefused() throws Exception {
        KeyStore keys = load(keytool("new.p12", "EC", "-startdate", "+3d"));
        Path file = file(
                "new.pem",
                Pem.encode("CERTIFICATE", keys.getCertificate("relay").getEncoded()));
        assertTrue(failure(() -> KeyMaterial.ofPem(file, keyFile())).contains("clock"));
    }

    @Test
    void fingerprintsAreReadInEveryUsualForm() throws Exception {
        Fingerprint fingerprint = Fingerprint.of(certificate);
        String hex = fingerprint.hex();
        assertEquals(fingerprint, Fingerprint.parse(fingerprint.toString()));
        assertEquals(fingerprint, Fingerprint.parse(" SHA256:" + hex.toUpperCase(java.util.Locale.ROOT)));
        assertEquals(fingerprint, Fingerprint.parse("sha256:" + hex.replaceAll("(..)(?=.)", "$1:")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "sha256:", "sha1:00", "sha256:zz", "00112233"})
    void otherFingerprintsAreRefused(String text) {
        String message = assertThrows(IllegalArgumentException.class, () -> Fingerprint.parse(text))
                .getMessage();
        assertTrue(message.contains("'" + text + "'") && message.contains("64"), message);
    }

    @Test
    void pemLinesAreShort() {
        String text = Pem.encode("X", new byte[200]);
        assertTrue(text.lines().allMatch(line -> line.length() <= 64), text);
        String body = String.join(
                "", text.lines().filter(line -> !line.startsWith("-")).toList());
        assertEquals(200, Base64.getDecoder().decode(body.getBytes(StandardCharsets.US_ASCII)).length);
    }
}
