package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.tls.Fingerprint;
import org.relay4j.api.tls.KeyMaterial;

class KeygenTest {
    private final CapturedCli cli = new CapturedCli();

    @TempDir
    private Path folder;

    @AfterEach
    void restoreFormat() {
        StandardErrorLogging.json(false);
    }

    @Test
    void certificateIsForTheHostsAndItsFingerprintIsPrinted() throws Exception {
        Path out = folder.resolve("a/b"); // created
        assertEquals(ExitCode.OK, run("keygen", "--host=relay.example.com", "--out=" + out, "--host=10.0.0.7,::1"));
        KeyMaterial material =
                KeyMaterial.ofPem(out.resolve("relay-cert.pem"), out.resolve("relay-key.pem")); // they belong together
        X509Certificate certificate = material.chain().get(0);
        assertEquals(Fingerprint.of(certificate) + "\n", output());
        Set<Object> names = certificate.getSubjectAlternativeNames().stream()
                .map(name -> name.get(1))
                .collect(Collectors.toSet());
        assertEquals(Set.of("relay.example.com", "10.0.0.7", "0:0:0:0:0:0:0:1"), names);
        ECPublicKey key = (ECPublicKey) certificate.getPublicKey();
        assertEquals(256, key.getParams().getOrder().bitLength());
        assertEquals(2, errors().lines().count(), this::errors);
        assertTrue(errors().contains("relay.example.com, 10.0.0.7, ::1"), this::errors);
    }

    @Test
    void certificateIsForThisMachineByDefault() throws Exception {
        assertEquals(ExitCode.OK, run("keygen", "--out=" + folder), this::errors);
        X509Certificate certificate = material().chain().get(0);
        assertTrue(certificate.getSubjectAlternativeNames().contains(List.of(2, "localhost")));
        assertTrue(certificate.getSubjectAlternativeNames().contains(List.of(7, "127.0.0.1")));
    }

    @Tag("slow")
    @Test
    void eachCertificateHasAKeyOfItsOwn() throws Exception {
        run("keygen", "--host=a", "--out=" + folder.resolve("1"));
        run("keygen", "--host=a", "--out=" + folder.resolve("2"));
        List<String> fingerprints = output().lines().toList();
        assertEquals(2, fingerprints.size(), this::errors);
        assertNotEquals(fingerprints.get(0), fingerprints.get(1));
    }

    @Test
    void clientKeySignsAndThePublicOneIsForTheServer() throws Exception {
        assertEquals(ExitCode.OK, run("keygen", "--client=web-1.example_x", "--out=" + folder), this::errors);
        List<String> lines = output().lines().toList();
        assertEquals("[clients.\"web-1.example_x\"]", lines.get(0));
        assertTrue(lines.get(1).matches("key = \"[A-Za-z0-9+/]{59}=\""), lines::toString);
        assertEquals(2, lines.size());

        String file = Files.readString(folder.resolve("web-1.example_x.key"));
        assertEquals(1, file.lines().count());
        KeyFactory keys = KeyFactory.getInstance("Ed25519");
        PrivateKey key =
                keys.generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(file.strip())));
        String text = lines.get(1).replaceAll("key = \"|\"", "");
        PublicKey publicKey =
                keys.generatePublic(new X509EncodedKeySpec(Base64.getDecoder().decode(text)));
        byte[] message = {1, 2, 3};
        Signature signature = Signature.getInstance("Ed25519");
        signature.initSign(key);
        signature.update(message);
        byte[] signed = signature.sign();
        signature.initVerify(publicKey);
        signature.update(message);
        assertTrue(signature.verify(signed));
        assertFalse((output() + errors()).contains(file.strip()), "the private key was shown");
    }

    @Test
    void namesWithoutADotNeedNoQuotes() {
        run("keygen", "--client=Web_1-a", "--out=" + folder);
        assertTrue(output().startsWith("[clients.Web_1-a]\nkey = "), this::output);
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no such permissions")
    void keysAreReadableByTheirOwnerOnly() throws Exception {
        run("keygen", "--host=a", "--out=" + folder);
        run("keygen", "--client=c", "--out=" + folder);
        for (String file : new String[] {"relay-key.pem", "c.key"}) {
            assertEquals(
                    "rw-------",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(file))),
                    file);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"relay-cert.pem", "relay-key.pem", "c.key"})
    void nothingIsOverwritten(String name) throws Exception {
        Path file = Files.writeString(folder.resolve(name), "mine");
        String what = name.endsWith(".key") ? "--client=c" : "--host=a";
        assertEquals(ExitCode.USAGE, run("keygen", what, "--out=" + folder));
        assertEquals(
                "relay: " + file
                        + " exists, and is not overwritten; remove it, or choose another folder with --out; see relay --help\n",
                errors());
        assertEquals("mine", Files.readString(file));
        assertEquals("", output());
        assertEquals(List.of(file), files());
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "needs a right for symbolic links")
    void aLinkToNowhereIsNotFollowed() throws Exception {
        Files.createSymbolicLink(folder.resolve("c.key"), folder.resolve("elsewhere"));
        assertEquals(ExitCode.USAGE, run("keygen", "--client=c", "--out=" + folder));
        assertFalse(Files.exists(folder.resolve("elsewhere")));
    }

    @Test
    void folderThatIsAFile() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        for (Path out : List.of(file, file.resolve("below"))) {
            cli.forgetErrors();
            assertEquals(ExitCode.USAGE, run("keygen", "--client=c", "--out=" + out));
            assertTrue(errors().startsWith("relay: cannot write " + out + ": "), this::errors);
            assertTrue(errors().contains("; correct --out or choose a folder that you can write to"), this::errors);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a/b", "../a", "a\"b", "ä"})
    void badClientNames(String name) throws Exception {
        assertEquals(ExitCode.USAGE, run("keygen", "--client=" + name, "--out=" + folder));
        assertEquals(
                "relay: --client is '" + name
                        + "', it must be 1 to 64 letters, digits, dots, underscores and hyphens; see relay --help\n",
                errors());
        assertEquals(List.of(), files());
        run("keygen", "--client=" + "a".repeat(65), "--out=" + folder);
        assertEquals(List.of(), files());
    }

    @Test
    void certificateAndClientKeyAreTwoCommands() throws Exception {
        assertEquals(ExitCode.USAGE, run("keygen", "--client=c", "--host=a", "--out=" + folder));
        assertTrue(
                errors().contains("--host and --client are both set; use --host for the certificate of a server"),
                this::errors);
        assertEquals(List.of(), files());
    }

    @Test
    void jsonLines() throws Exception {
        run("keygen", "--json", "--host=a", "--out=" + folder);
        run("keygen", "--json", "--client=c", "--out=" + folder);
        String path = folder.toString().replace("\\", "\\\\");
        String separator = folder.getFileSystem().getSeparator().replace("\\", "\\\\");
        List<String> lines = output().lines().toList();
        assertEquals(
                "{\"event\":\"certificate\",\"fingerprint\":\""
                        + Fingerprint.of(material().chain().get(0)) + "\",\"certificateFile\":\"" + path + separator
                        + "relay-cert.pem\",\"keyFile\":\"" + path + separator + "relay-key.pem\"}",
                lines.get(0));
        assertTrue(lines.get(1).startsWith("{\"event\":\"client\",\"name\":\"c\",\"key\":\"MC"), lines::toString);
        assertEquals("", errors());
    }

    @Test
    void environmentGivesTheOptions() throws Exception {
        Map<String, String> environment =
                Map.of("RELAY_KEYGEN_OUT", folder.toString(), "RELAY_KEYGEN_CLIENT", "c", "RELAY_HOST", "a");
        assertEquals(ExitCode.OK, run(environment, "keygen"), this::errors);
        assertEquals(List.of(folder.resolve("c.key")), files());
    }

    private KeyMaterial material() throws IOException {
        return KeyMaterial.ofPem(folder.resolve("relay-cert.pem"), folder.resolve("relay-key.pem"));
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    private ExitCode run(String... args) {
        return run(Map.of(), args);
    }

    private ExitCode run(Map<String, String> environment, String... args) {
        return cli.run(environment, args);
    }

    private String output() {
        return cli.output();
    }

    private String errors() {
        return cli.errors();
    }
}
