package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.relay4j.api.control.Ed25519;
import org.relay4j.server.files.TomlFile;

class ClientsFileTest {
    /** The public key of RFC 8410, and another. */
    static final String KEY = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";

    static final String OTHER = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    private static final String PRIVATE = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";

    @Test
    void wholeClient() throws IOException {
        Map<String, NamedClient> clients = parse("""
                # everything
                [clients.alice]
                key = "%s"
                ports = [5432, "7000-7010", 9]
                udp-ports = [5353, "7000-7010"]
                hosts = ["App.example.com", "*.alice.example.com", "bücher.example"]
                max-endpoints = 5
                share = true
                max-tunnels = 2
                max-connections = 3
                max-visitors = 100
                max-visitors-per-address = 10
                visitors-per-second = 50
                bandwidth = "512k"
                """.formatted(KEY));
        assertEquals(Set.of("alice"), clients.keySet());
        NamedClient alice = client(clients, "alice");
        assertEquals(Set.of(Ed25519.publicKey(KEY)), alice.keys());
        assertFalse(alice.certificate());
        ClientLimits limits = alice.limits();
        assertEquals("[5432, 7000-7010, 9]", limits.ports().toString());
        assertEquals(5432, limits.ownPort());
        assertEquals("[5353, 7000-7010]", limits.udpPorts().toString());
        assertEquals(
                "[app.example.com, *.alice.example.com, xn--bcher-kva.example]",
                limits.hosts().toString());
        assertEquals(5, limits.maxEndpoints());
        assertTrue(limits.share());
        assertEquals(2, limits.maxTunnels());
        assertEquals(3, limits.maxConnections());
        assertEquals(100, limits.maxVisitors());
        assertEquals(10, limits.maxVisitorsPerAddress());
        assertEquals(512 * 1024, limits.bandwidth());
        assertEquals(50, limits.visitorsPerSecond());
    }

    @Test
    void severalClients() throws IOException {
        Map<String, NamedClient> clients = parse("""
                [clients."db.alice"]
                key = ["%s", "%s"]
                [clients.bob]
                certificate = true
                [clients]
                carol.key = "%s"
                carol.certificate = false
                """.formatted(KEY, OTHER, KEY));
        assertEquals(Set.of("db.alice", "bob", "carol"), clients.keySet());
        assertEquals(2, client(clients, "db.alice").keys().size());
        assertTrue(client(clients, "bob").certificate());
        assertEquals(Set.of(), client(clients, "bob").keys());
        assertEquals(0, client(clients, "carol").limits().ownPort());
    }

    @Test
    void fileWithoutClients() throws IOException {
        assertEquals(Map.of(), parse(""));
        assertEquals(Map.of(), parse("# nobody yet\n"));
        assertEquals(Map.of(), parse("[clients]\n"));
    }

    @Test
    void byteOrderMarkIsIgnored() throws IOException {
        assertEquals(1, parse("\uFEFF[clients.a]\ncertificate = true\n").size());
    }

    static Stream<Arguments> errors() {
        String alice = "[clients.alice]\n";
        String certificate = alice + "certificate = true\n";
        return Stream.of(
                Arguments.of(certificate + "prots = [1]", "3:1: unknown key \"prots\"; did you mean \"ports\"?"),
                Arguments.of(
                        certificate + "max-visitor = 1",
                        "3:1: unknown key \"max-visitor\"; did you mean \"max-visitors\"?"),
                Arguments.of(
                        certificate + "password = 1", "3:1: unknown key \"password\"; known are key, certificate, "),
                Arguments.of(
                        "[clients.db.alice]\ncertificate = true",
                        "1:1: unknown key \"alice\"; a name with a dot is quoted, as in [clients.\"a.b\"]"),
                Arguments.of("\n[alice]\n", "2:1: unknown key \"alice\"; a client is a table [clients.<name>]"),
                Arguments.of("clients = 3", "1:1: \"clients\" must be a table"),
                Arguments.of("[[clients]]\nkey = 1", "1:1: \"clients\" must be a table"),
                Arguments.of("[clients]\nalice = 1", "2:1: the client \"alice\" must be a table [clients.alice]"),
                Arguments.of(
                        "[clients.\"a b\"]", "1:1: the client's name \"a b\" must have 1 to 64 letters, digits, dots,"),
                Arguments.of("[clients.\"a\\nb\"]", "1:1: the client's name \"a?b\" must have"),
                Arguments.of("[clients." + "x".repeat(65) + "]", "1:1: the client's name \"xxx"),
                Arguments.of(alice, "1:1: the client \"alice\" cannot prove its name; add its public key"),
                Arguments.of(alice + "certificate = false", "1:1: the client \"alice\" cannot prove its name"),
                Arguments.of(alice + "certificate = 1", "2:1: \"certificate\" must be true or false"),
                Arguments.of(alice + "key = 1", "2:1: \"key\" must be a string, or a list of strings"),
                Arguments.of(alice + "key = [\"" + KEY + "\", 1]", "2:72: \"key\" must be a string"),
                Arguments.of(alice + "key = []", "2:1: \"key\" must have 1 to 4 keys, it has 0"),
                Arguments.of(alice + "key = [1, 1, 1, 1, 1]", "2:1: \"key\" must have 1 to 4 keys, it has 5"),
                Arguments.of(
                        alice + "key = \"a*b\"",
                        "2:1: the key is not valid base64; use the line that \"relay keygen --client\" prints"),
                Arguments.of(alice + "key = \"" + PRIVATE + "\"", "2:1: the key is a private key; the public key"),
                Arguments.of(certificate + "ports = 5432", "3:1: \"ports\" must be a list of ports and ranges"),
                Arguments.of(certificate + "ports = []", "3:1: \"ports\" is empty; remove it to let"),
                Arguments.of(
                        certificate + "ports = [5432, 0]", "3:16: a port must be a number of 1 to 65535, or a range"),
                Arguments.of(certificate + "ports = [65536]", "3:10: a port must be"),
                Arguments.of(certificate + "udp-ports = []", "3:1: \"udp-ports\" is empty; remove it if the client"),
                Arguments.of(certificate + "udp-ports = [0]", "3:14: a port must be"),
                Arguments.of(certificate + "hosts = []", "3:1: \"hosts\" must be a list of host names"),
                Arguments.of(certificate + "hosts = \"a.b\"", "3:1: \"hosts\" must be a list of host names"),
                Arguments.of(certificate + "hosts = [5]", "3:10: a host name must be a string"),
                Arguments.of(certificate + "hosts = [\"a.*.b\"]", "3:10: 'a.*.b' is not a host name"),
                Arguments.of(certificate + "max-endpoints = 33", "3:1: \"max-endpoints\" must be a number of 1 to 32"),
                Arguments.of(certificate + "ports = [\"7-\"]", "3:10: a port must be"),
                Arguments.of(certificate + "ports = [\"8-7\"]", "3:10: a port must be"),
                Arguments.of(certificate + "ports = [\"7-65536\"]", "3:10: a port must be"),
                Arguments.of(certificate + "ports = [1.5]", "3:10: a port must be"),
                Arguments.of(certificate + "max-tunnels = 0", "3:1: \"max-tunnels\" must be a number of 1 to 60000"),
                Arguments.of(certificate + "max-tunnels = 60001", "3:1: \"max-tunnels\" must be a number of"),
                Arguments.of(
                        certificate + "max-connections = 9", "3:1: \"max-connections\" must be a number of 1 to 8"),
                Arguments.of(certificate + "max-visitors = true", "3:1: \"max-visitors\" must be a number of 1 to"),
                Arguments.of(
                        certificate + "bandwidth = 65535",
                        "3:1: \"bandwidth\" must be bytes per second, such as \"512k\""),
                Arguments.of(certificate + "bandwidth = \"4097m\"", "3:1: \"bandwidth\" must be bytes per second"),
                Arguments.of(certificate + "bandwidth = \"1g\"", "3:1: \"bandwidth\" must be bytes per second"),
                Arguments.of(certificate + "bandwidth = true", "3:1: \"bandwidth\" must be bytes per second"),
                Arguments.of(certificate + "visitors-per-second = \"5\"", "3:1: \"visitors-per-second\" must be a"),
                Arguments.of(
                        certificate + "certificate = true", "3:1: certificate previously defined at line 2, column 1"),
                Arguments.of(certificate + alice, "3:1: clients.alice previously defined at line 1, column 1"),
                Arguments.of(alice + "ports = [1", "2:11: Unexpected end of input, expected ]"),
                Arguments.of("x = " + "[".repeat(50_000), "1:1: the values of the file are nested too deeply"));
    }

    @ParameterizedTest
    @MethodSource("errors")
    void errorsHaveAPositionAndARemedy(String text, String message) {
        String error = assertThrows(IOException.class, () -> parse(text)).getMessage();
        assertTrue(error.startsWith("clients.toml:" + message), error);
        assertFalse(error.contains(PRIVATE), error);
    }

    @Test
    void bytesThatAreNotUtf8HaveAPosition() {
        byte[] bytes = "# fine\n# f\u00fcr\n".getBytes(StandardCharsets.ISO_8859_1);
        String error = assertThrows(IOException.class, () -> ClientsFile.parse("clients.toml", bytes))
                .getMessage();
        assertEquals("clients.toml:2:4: the file is not valid UTF-8", error);
    }

    @Test
    void sizeIsBounded(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("clients.toml");
        Files.writeString(file, "#".repeat(TomlFile.LARGEST));
        assertEquals(Map.of(), ClientsFile.read(file));
        Files.writeString(file, "#".repeat(TomlFile.LARGEST + 1));
        String error =
                assertThrows(IOException.class, () -> ClientsFile.read(file)).getMessage();
        assertEquals(file + ":1:1: the file is larger than 1048576 bytes", error);
    }

    @Test
    void fileThatCannotBeRead(@TempDir Path folder) {
        Path missing = folder.resolve("missing.toml");
        String error = assertThrows(NoSuchFileException.class, () -> ClientsFile.read(missing))
                .getMessage();
        assertEquals(missing + ": no such file", error);
        String folderError =
                assertThrows(IOException.class, () -> ClientsFile.read(folder)).getMessage();
        assertTrue(folderError.startsWith("cannot read " + folder), folderError);
    }

    @Test
    void namesThatWereRemovedOrHaveOtherProofsAreRevoked() throws IOException {
        String rest = "[clients.same]\nkey = \"" + KEY + "\"\n";
        Map<String, NamedClient> before = parse(rest
                + "ports = [1]\n[clients.gone]\ncertificate = true\n[clients.rekeyed]\nkey = \"" + KEY
                + "\"\n[clients.certified]\nkey = \"" + KEY + "\"\n");
        Map<String, NamedClient> after = parse(rest
                + "ports = [2]\n[clients.new]\ncertificate = true\n[clients.rekeyed]\nkey = \"" + OTHER
                + "\"\n[clients.certified]\nkey = \"" + KEY + "\"\ncertificate = true\n");
        assertEquals(Set.of("gone", "rekeyed", "certified"), ClientsFile.revoked(before, after));
    }

    static Map<String, NamedClient> parse(String text) throws IOException {
        return ClientsFile.parse("clients.toml", text.getBytes(StandardCharsets.UTF_8));
    }

    private static NamedClient client(Map<String, NamedClient> clients, String name) {
        NamedClient client = clients.get(name);
        assertNotNull(client);
        return client;
    }
}
