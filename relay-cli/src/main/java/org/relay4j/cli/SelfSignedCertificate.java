package org.relay4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.relay4j.api.tls.KeyMaterial;

/** A new key with a self-signed certificate, made by the JDK's keytool. */
final class SelfSignedCertificate {
    private static final String DAYS = "3650"; // clients rely on the fingerprint, which a new certificate changes
    private static final String START = "-1d"; // so that clients with slow clocks accept it
    private static final int KEYTOOL_TIMEOUT = 60; // s
    private static final int LONGEST_OUTPUT = 10_000; // bytes
    private static final String PASSWORD_VARIABLE = "RELAY_KEYGEN_PASSWORD";

    private SelfSignedCertificate() {}

    /**
     * Generates a key and its certificate, in about a second.
     *
     * @param hosts names and addresses in the certificate, at least one
     * @throws IOException if keytool is missing or fails
     */
    static KeyMaterial generate(List<String> hosts) throws IOException {
        Path folder = Files.createTempDirectory("relay-keygen"); // readable by its owner only
        Path store = folder.resolve("keys.p12");
        Path log = folder.resolve("keytool.log");
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        String password = HexFormat.of().formatHex(random);
        try {
            run(keytool(hosts, store, password), log);
            return KeyMaterial.ofPkcs12(store, password.toCharArray());
        } finally {
            Files.deleteIfExists(store);
            Files.deleteIfExists(log);
            Files.delete(folder);
        }
    }

    private static ProcessBuilder keytool(List<String> hosts, Path store, String password) throws IOException {
        boolean windows = System.getProperty("os.name").startsWith("Windows");
        Path tool = Path.of(System.getProperty("java.home"), "bin", windows ? "keytool.exe" : "keytool");
        if (!Files.isExecutable(tool)) {
            throw new IOException("there is no keytool in " + tool.getParent() + "; run relay with a JDK, or make "
                    + KeygenCommand.CERTIFICATE_FILE + " and " + KeygenCommand.KEY_FILE + " with openssl");
        }
        String names = hosts.stream()
                .map(host -> (CertificateHosts.isAddress(host) ? "ip:" : "dns:") + host)
                .collect(Collectors.joining(","));
        ProcessBuilder builder = new ProcessBuilder(List.of(
                tool.toString(),
                "-J-XX:TieredStopAtLevel=1", // C2 would take most of the time
                "-J-XX:+UseSerialGC",
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
                "san=" + names,
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
        builder.environment().put(PASSWORD_VARIABLE, password);
        return builder;
    }

    private static void run(ProcessBuilder builder, Path log) throws IOException {
        Process process =
                builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try {
            process.getOutputStream().close();
            boolean ended = process.waitFor(KEYTOOL_TIMEOUT, TimeUnit.SECONDS);
            if (!ended) throw new IOException("keytool did not end within " + KEYTOOL_TIMEOUT + " s");
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
