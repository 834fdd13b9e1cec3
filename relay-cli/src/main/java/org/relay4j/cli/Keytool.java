package org.relay4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.tls.KeyMaterial;

/** Makes keys with certificates, by the JDK's keytool. */
final class Keytool {
    private static final String DAYS = "3650"; // clients rely on the fingerprint, which a new certificate changes
    private static final String START = "-1d"; // so that machines with slow clocks accept it
    private static final int TIMEOUT = 60; // s
    private static final int LONGEST_OUTPUT = 10_000; // bytes
    private static final String PASSWORD_VARIABLE = "RELAY_KEYGEN_PASSWORD";
    private static final String OWN = "relay"; // names of entries in the key store
    private static final String SIGNER = "signer";

    private Keytool() {}

    /**
     * Generates a key and its self-signed certificate, in about a second.
     *
     * @param hosts names and addresses in the certificate, at least one
     * @throws IOException if keytool is missing or fails
     */
    static KeyMaterial forHosts(List<String> hosts) throws IOException {
        String names = hosts.stream()
                .map(host -> (CertificateHosts.isAddress(host) ? "ip:" : "dns:") + host)
                .collect(Collectors.joining(","));
        return generate("relay", List.of("san=" + names), null);
    }

    /**
     * Generates a key and its certificate, in about a second.
     *
     * @param subject its common name, of characters that have no meaning in a distinguished name
     * @param extensions as keytool's option {@code -ext} has them
     * @param signer the authority that signs the certificate; null for a self-signed one
     * @throws IOException if keytool is missing or fails
     */
    static KeyMaterial generate(String subject, List<String> extensions, @Nullable KeyMaterial signer)
            throws IOException {
        Path folder = Files.createTempDirectory("relay-keygen"); // readable by its owner only
        Path store = folder.resolve("keys.p12");
        Path log = folder.resolve("keytool.log");
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        String password = HexFormat.of().formatHex(random);
        try {
            List<String> command = command(subject, extensions, store);
            if (signer != null) {
                put(signer, store, password.toCharArray());
                command.addAll(List.of("-signer", SIGNER));
            }
            run(command, password, log);
            return made(store, password.toCharArray());
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot use a key store: " + e.getMessage(), e);
        } finally {
            Files.deleteIfExists(store);
            Files.deleteIfExists(log);
            Files.delete(folder);
        }
    }

    private static List<String> command(String subject, List<String> extensions, Path store) throws IOException {
        boolean windows = System.getProperty("os.name").startsWith("Windows");
        Path tool = Path.of(System.getProperty("java.home"), "bin", windows ? "keytool.exe" : "keytool");
        if (!Files.isExecutable(tool)) {
            throw new IOException("there is no keytool in " + tool.getParent()
                    + "; run relay with a JDK, or make keys and certificates with openssl");
        }
        List<String> command = new ArrayList<>(List.of(
                tool.toString(),
                "-J-XX:TieredStopAtLevel=1", // C2 would take most of the time
                "-J-XX:+UseSerialGC",
                "-genkeypair",
                "-alias",
                OWN,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=" + subject,
                "-startdate",
                START,
                "-validity",
                DAYS,
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass:env", // not visible to other users, as an argument would be
                PASSWORD_VARIABLE));
        for (String extension : extensions) command.addAll(List.of("-ext", extension));
        return command;
    }

    private static void put(KeyMaterial signer, Path store, char[] password)
            throws IOException, GeneralSecurityException {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(null, password);
        Certificate[] chain = {signer.chain().get(0)};
        keys.setKeyEntry(SIGNER, signer.key(), password, chain);
        try (OutputStream out = Files.newOutputStream(store)) {
            keys.store(out, password);
        }
    }

    private static KeyMaterial made(Path store, char[] password) throws IOException, GeneralSecurityException {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, password);
        }
        X509Certificate certificate = (X509Certificate) keys.getCertificate(OWN);
        return new KeyMaterial(List.of(certificate), (PrivateKey) keys.getKey(OWN, password));
    }

    private static void run(List<String> command, String password, Path log) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put(PASSWORD_VARIABLE, password);
        Process process =
                builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try {
            process.getOutputStream().close();
            boolean ended = process.waitFor(TIMEOUT, TimeUnit.SECONDS);
            if (!ended) throw new IOException("keytool did not end within " + TIMEOUT + " s");
            if (process.exitValue() != 0) throw new IOException("keytool failed: " + text(log));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while keytool was running", e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static String text(Path log) throws IOException {
        try (InputStream in = Files.newInputStream(log)) {
            return new String(in.readNBytes(LONGEST_OUTPUT), Charset.defaultCharset()).strip();
        }
    }
}
