package org.relay4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.security.cert.CertificateEncodingException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.relay4j.api.tls.Fingerprint;
import org.relay4j.api.tls.KeyMaterial;
import org.relay4j.api.tls.Pem;

/** A new key with a certificate that it has signed itself, made by the JDK's keytool, and written as two PEM files. */
final class SelfSignedCertificate {
    static final String CERTIFICATE_FILE = "relay-cert.pem";
    static final String KEY_FILE = "relay-key.pem";

    private static final String DAYS = "3650"; // the fingerprint of the certificate is what clients rely on
    private static final int KEYTOOL_SECONDS = 60;

    private SelfSignedCertificate() {}

    /**
     * Writes both files, the key readable by its owner only. Existing files are left alone.
     *
     * @param hosts names and addresses that the certificate is for, at least one
     * @return the fingerprint of the certificate
     * @throws FileAlreadyExistsException if one of the files exists
     */
    static Fingerprint write(List<String> hosts, Path folder) throws IOException {
        Path certificate = folder.resolve(CERTIFICATE_FILE);
        Path key = folder.resolve(KEY_FILE);
        for (Path file : List.of(certificate, key)) {
            if (Files.exists(file)) throw new FileAlreadyExistsException(file.toString());
        }
        KeyMaterial material = generate(hosts);
        Files.createDirectories(folder);
        create(key, Pem.encode("PRIVATE KEY", material.key().getEncoded()), true);
        create(certificate, Pem.encode("CERTIFICATE", encoded(material)), false);
        return Fingerprint.of(material.chain().get(0));
    }

    private static byte[] encoded(KeyMaterial material) throws IOException {
        try {
            return material.chain().get(0).getEncoded();
        } catch (CertificateEncodingException e) {
            throw new IOException("the new certificate cannot be encoded", e);
        }
    }

    private static void create(Path file, String text, boolean secret) throws IOException {
        boolean posix = file.getFileSystem().supportedFileAttributeViews().contains("posix");
        FileAttribute<?>[] attributes = secret && posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
        // Created with its permissions, so that the key is never readable by others, not even for a moment.
        try (var channel = Files.newByteChannel(
                file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), attributes)) {
            channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
        }
    }

    private static KeyMaterial generate(List<String> hosts) throws IOException {
        Path folder = Files.createTempDirectory("relay-keygen"); // readable by its owner only
        Path store = folder.resolve("keys.p12");
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        String password = HexFormat.of().formatHex(random);
        try {
            keytool(hosts, store, password);
            return KeyMaterial.ofPkcs12(store, password.toCharArray());
        } finally {
            Files.deleteIfExists(store);
            Files.delete(folder);
        }
    }

    private static void keytool(List<String> hosts, Path store, String password) throws IOException {
        Path tool = Path.of(System.getProperty("java.home"), "bin", windows() ? "keytool.exe" : "keytool");
        if (!Files.isExecutable(tool)) throw new IOException("there is no keytool in " + tool.getParent());
        List<String> names = new ArrayList<>();
        for (String host : hosts) names.add((isAddress(host) ? "ip:" : "dns:") + host);
        ProcessBuilder builder = new ProcessBuilder(
                tool.toString(),
                "-genkeypair",
                "-alias",
                "relay",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=relay",
                "-ext",
                "san=" + String.join(",", names),
                "-validity",
                DAYS,
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass:env", // not visible to other users, as an argument would be
                "RELAY_KEYGEN_PASSWORD");
        builder.environment().put("RELAY_KEYGEN_PASSWORD", password);
        Process process = builder.redirectErrorStream(true).start();
        try {
            process.getOutputStream().close();
            String output;
            try (InputStream in = process.getInputStream()) {
                output = new String(in.readNBytes(10_000), StandardCharsets.UTF_8).strip();
            }
            boolean ended = process.waitFor(KEYTOOL_SECONDS, TimeUnit.SECONDS);
            if (!ended || process.exitValue() != 0) throw new IOException("keytool has failed: " + output);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while keytool was running", e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static boolean windows() {
        return System.getProperty("os.name").startsWith("Windows");
    }

    private static boolean isAddress(String host) {
        return host.matches("[0-9.]+") || host.indexOf(':') >= 0;
    }
}
