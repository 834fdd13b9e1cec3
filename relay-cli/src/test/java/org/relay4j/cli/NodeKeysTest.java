package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
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
import org.relay4j.api.tls.KeyMaterial;

/** {@code relay keygen --node}: the files that it writes, and what it refuses. */
class NodeKeysTest {
    private final CapturedCli cli = new CapturedCli();

    @TempDir
    private Path folder;

    @AfterEach
    void restoreFormat() {
        StandardErrorLogging.json(false);
    }

    @Test
    void authoritySignsTheCertificatesOfTheNodes() throws Exception {
        assertEquals(ExitCode.OK, run("--cluster-name=c.1", "--node=n_1", "--node=n-2,n_1"), this::errors);
        assertEquals(Set.of("ca.pem", "ca.key", "n_1.pem", "n_1.key", "n-2.pem", "n-2.key"), files());
        X509Certificate authority = material("ca").chain().get(0);
        authority.verify(authority.getPublicKey());
        assertTrue(authority.getBasicConstraints() >= 0, authority::toString);
        for (String node : new String[] {"n_1", "n-2"}) {
            X509Certificate certificate = material(node).chain().get(0);
            certificate.verify(authority.getPublicKey());
            assertEquals(authority.getSubjectX500Principal(), certificate.getIssuerX500Principal());
            assertEquals(
                    List.of(List.of(6, "relay://c.1/" + node)), List.copyOf(certificate.getSubjectAlternativeNames()));
            assertEquals(
                    List.of("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"), // of servers and of clients
                    certificate.getExtendedKeyUsage());
            assertEquals(-1, certificate.getBasicConstraints());
        }
        assertEquals(
                List.of(options("--cluster-name=c.1 ", "n_1"), options("--cluster-name=c.1 ", "n-2")),
                output().lines().toList());
        assertTrue(errors().contains("keep " + folder.resolve("ca.key") + " off the nodes"), this::errors);
    }

    private String options(String cluster, String node) {
        return cluster + "--node=" + node + " --peer-cert=" + folder.resolve(node + ".pem") + " --peer-key="
                + folder.resolve(node + ".key") + " --peer-ca=" + folder.resolve("ca.pem");
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no such permissions")
    void keysAreReadableByTheirOwnerOnly() throws Exception {
        assertEquals(ExitCode.OK, run("--node=n1"), this::errors);
        for (String file : new String[] {"ca.key", "n1.key"}) {
            assertEquals(
                    "rw-------",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(file))),
                    file);
        }
    }

    @Tag("slow")
    @Test
    void aNodeThatIsAddedIsSignedByTheSameAuthority() throws Exception {
        assertEquals(ExitCode.OK, run("--node=n1"), this::errors);
        byte[] before = Files.readAllBytes(folder.resolve("ca.pem"));
        cli.forgetErrors();
        assertEquals(ExitCode.OK, run("--node=n2"), this::errors);
        assertArrayEquals(before, Files.readAllBytes(folder.resolve("ca.pem")));
        material("n2").chain().get(0).verify(material("ca").chain().get(0).getPublicKey());
        assertTrue(errors().startsWith("the certificates are signed with " + folder.resolve("ca.key")), this::errors);
        assertTrue(output().endsWith(options("", "n2") + "\n"), this::output);
    }

    @ParameterizedTest
    @ValueSource(strings = {"n2.pem", "n2.key"})
    void nothingIsOverwritten(String name) throws Exception {
        Path file = Files.writeString(folder.resolve(name), "mine");
        assertEquals(ExitCode.USAGE, run("--node=n1,n2"));
        assertTrue(errors().startsWith("relay: " + file + " exists, and is not overwritten"), this::errors);
        assertEquals("mine", Files.readString(file));
        assertEquals(Set.of(name), files());
    }

    @ParameterizedTest
    @ValueSource(strings = {"ca.pem", "ca.key"})
    void anAuthorityHasTwoFiles(String name) throws Exception {
        Files.writeString(folder.resolve(name), "mine");
        assertEquals(ExitCode.USAGE, run("--node=n1"));
        String other = name.equals("ca.pem") ? "ca.key" : "ca.pem";
        assertTrue(
                errors().startsWith("relay: " + folder.resolve(name) + " exists without " + folder.resolve(other)),
                this::errors);
        assertEquals(Set.of(name), files());
    }

    @Tag("slow")
    @Test
    void anAuthorityThatCannotSignIsRefused() throws Exception {
        Files.writeString(folder.resolve("ca.pem"), "mine");
        Files.writeString(folder.resolve("ca.key"), "mine");
        assertEquals(ExitCode.USAGE, run("--node=n1"));
        assertTrue(errors().startsWith("relay: cannot use the authority of the cluster: "), this::errors);
        assertTrue(errors().contains(folder.resolve("ca.pem").toString()), this::errors);

        Path servers = Files.createDirectory(folder.resolve("servers"));
        assertEquals(ExitCode.OK, runIn(servers, "--host=localhost"), this::errors);
        Files.move(servers.resolve("relay-cert.pem"), servers.resolve("ca.pem"));
        Files.move(servers.resolve("relay-key.pem"), servers.resolve("ca.key"));
        cli.forgetErrors();
        assertEquals(ExitCode.USAGE, runIn(servers, "--node=n1"));
        assertTrue(
                errors().startsWith("relay: " + servers.resolve("ca.pem") + " is not the certificate of an authority"),
                this::errors);
        assertFalse(Files.exists(servers.resolve("n1.pem")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a/b", "../a", "n1,", "ä", "ca", "CA", "a=b"})
    void badNamesOfNodes(String name) throws Exception {
        assertEquals(ExitCode.USAGE, run("--node=" + name));
        assertTrue(errors().startsWith("relay: --node is '"), this::errors);
        assertTrue(errors().contains("', it must be "), this::errors);
        assertEquals(Set.of(), files());
    }

    @Test
    void badNamesOfClusters() throws Exception {
        assertEquals(ExitCode.USAGE, run("--cluster-name=a/b", "--node=n1"));
        assertTrue(errors().startsWith("relay: --cluster-name is 'a/b', it must be "), this::errors);
        cli.forgetErrors();
        assertEquals(ExitCode.USAGE, run("--cluster-name=c"));
        assertTrue(
                errors().contains("--cluster-name is for the certificates of nodes; add --node=<name>"), this::errors);
        assertEquals(Set.of(), files());
    }

    @Test
    void aCommandMakesOneThing() throws Exception {
        for (String other : new String[] {"--host=a", "--client=a"}) {
            cli.forgetErrors();
            assertEquals(ExitCode.USAGE, run(other, "--node=n1"));
            assertTrue(errors().contains(" and --node are both set"), this::errors);
        }
        assertEquals(Set.of(), files());
    }

    /** They may be those of a node on the same machine. */
    @Test
    void variablesOfANodeAreIgnored() throws Exception {
        Map<String, String> environment = Map.of("RELAY_NODE", "n1", "RELAY_CLUSTER_NAME", "c");
        assertEquals(ExitCode.OK, cli.run(environment, "keygen", "--client=c", "--out=" + folder), this::errors);
        assertEquals(Set.of("c.key"), files());
    }

    @Test
    void jsonLines() throws Exception {
        assertEquals(ExitCode.OK, run("--json", "--node=n1"), this::errors);
        String start = "\"" + folder.resolve("n1").toString().replace("\\", "\\\\");
        assertEquals(
                "{\"event\":\"node\",\"cluster\":\"relay\",\"node\":\"n1\",\"certificateFile\":" + start
                        + ".pem\",\"keyFile\":" + start + ".key\",\"authorityFile\":"
                        + start.substring(0, start.length() - 2) + "ca.pem\"}\n",
                output());
        assertEquals("", errors());
    }

    private KeyMaterial material(String name) throws IOException {
        return KeyMaterial.ofPem(folder.resolve(name + ".pem"), folder.resolve(name + ".key"));
    }

    private Set<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private ExitCode run(String... args) {
        return runIn(folder, args);
    }

    private ExitCode runIn(Path target, String... args) {
        List<String> all = Stream.concat(Stream.of("keygen", "--out=" + target), Stream.of(args))
                .toList();
        return cli.run(Map.of(), all.toArray(String[]::new));
    }

    private String output() {
        return cli.output();
    }

    private String errors() {
        return cli.errors();
    }
}
