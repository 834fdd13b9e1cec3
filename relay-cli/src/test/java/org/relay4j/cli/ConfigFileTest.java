package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ConfigFileTest {
    private @TempDir Path folder;
    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("relay.toml");
    }

    @Test
    void serverOfAFile() throws IOException {
        write("""
                port = 7000
                max-tunnels = 5
                idle-timeout = "10m"
                lease = 20
                window = "512k"
                public-ports = "20000-29999"
                extended = true
                sticky-ports = false
                deny-visitors = ["192.0.2.0/24", "2001:db8::/32"]
                """);
        Arguments arguments = parse("");
        assertEquals(Mode.SERVER, arguments.mode());
        assertEquals(7000, arguments.port().port(0));
        assertEquals(5, value(arguments, Flag.MAX_TUNNELS).count());
        assertEquals(600, value(arguments, Flag.IDLE_TIMEOUT).duration().toSeconds());
        assertEquals(20, value(arguments, Flag.LEASE).duration().toSeconds());
        assertEquals(512 << 10, value(arguments, Flag.WINDOW).bytes());
        assertEquals(20_000, value(arguments, Flag.PUBLIC_PORTS).portRange().lowest());
        assertTrue(arguments.has(Flag.EXTENDED));
        assertFalse(arguments.has(Flag.STICKY_PORTS));
        assertEquals(
                List.of("192.0.2.0/24", "2001:db8::/32"),
                value(arguments, Flag.DENY_VISITORS).list());
    }

    @Test
    void forwarderOfAFile() throws IOException {
        write("host = \"relay.example.com\"\nport = 7000\nlocal-forward-port = 6379\npublic-port = 5432\n");
        Arguments arguments = parse("");
        assertEquals(Mode.FORWARDER, arguments.mode());
        assertEquals("relay.example.com", arguments.host().host());
        assertEquals(7000, arguments.port().port(1));
        assertEquals(6379, value(arguments, Flag.LOCAL_FORWARD_PORT).port(1));
        assertEquals(5432, value(arguments, Flag.PUBLIC_PORT).port(1));
    }

    @Test
    void servicesOfAFile() throws IOException {
        write("""
                host = "relay.example.com"
                port = 7000
                [forward.web]
                local = 8080
                host = "app.example.com"
                [forward."a.b"]
                local = "unix:app.sock"
                [forward.db]
                local = 5432
                port = 5432
                share = true
                [forward.dns]
                local = "udp:10.0.0.1:53"
                port = 5353
                share = false
                """);
        Arguments arguments = parse("");
        assertEquals(Mode.FORWARDER, arguments.mode());
        Value services = value(arguments, Flag.FORWARD);
        assertEquals(file + ":3:1: forward", services.name());
        assertEquals(
                List.of(
                        "web=localhost:8080,host=app.example.com",
                        "a.b=unix:" + folder.resolve("app.sock"),
                        "db=localhost:5432,port=5432,share",
                        "dns=udp:10.0.0.1:53,port=5353"),
                Forward.all(services).stream().map(Forward::toString).toList());
        Value other = value(parse("--forward=1 --forward=2"), Flag.FORWARD);
        assertEquals(new Value("--forward", "1\n2"), other, "the command line replaces all of them");
    }

    @Test
    void commandLineThenEnvironmentThenFile() throws IOException {
        write("port = 7000\nmax-tunnels = 1\nmax-visitors = 1\nidle-timeout = \"1s\"\njson = true\n");
        Map<String, String> environment =
                Map.of("RELAY_MAX_VISITORS", "2", "RELAY_MAX_TUNNELS", "2", "RELAY_JSON", "false");
        Arguments arguments = parse(environment, "--max-tunnels=3 7001");
        assertEquals("--max-tunnels", value(arguments, Flag.MAX_TUNNELS).name());
        assertEquals("RELAY_MAX_VISITORS", value(arguments, Flag.MAX_VISITORS).name());
        assertEquals(
                file + ":4:1: idle-timeout", value(arguments, Flag.IDLE_TIMEOUT).name());
        assertFalse(arguments.has(Flag.JSON), "the environment can switch off what the file switches on");
        assertEquals("7001", arguments.port().text());
        assertEquals("7002", parse(Map.of("RELAY_PORT", "7002"), "").port().text());
    }

    @Test
    void partsOfTheAddressCanBeInTheFile() throws IOException {
        write("host = \"a\"\nport = 1\nlocal-forward-port = 80\n");
        assertEquals("b", parse("b").host().text());
        assertEquals("1", parse("b").port().text());
        assertEquals("2", parse("2").port().text());
        assertEquals("a", parse("2").host().text());
    }

    @Test
    void variableNamesTheFile() throws IOException {
        write("port = 7000\n");
        Arguments arguments = Arguments.of(List.of(), Map.of("RELAY_CONFIG", file.toString()));
        assertEquals("7000", arguments.port().text());
        Map<String, String> missing = Map.of("RELAY_CONFIG", "missing.toml");
        assertEquals(Mode.KEYGEN, Arguments.of(List.of("keygen"), missing).mode());
        CommandFailure failure = assertThrows(CommandFailure.class, () -> Arguments.of(List.of("7000"), missing));
        assertEquals("cannot use RELAY_CONFIG: missing.toml: no such file", failure.getMessage());
    }

    @Test
    void theFileAloneDecidesTheMode() throws IOException {
        write("port = 7000\nmax-tunnels = 5\n");
        Map<String, String> environment = Map.of("RELAY_LOCAL_FORWARD_PORT", "80", "RELAY_HOST", "a");
        assertEquals(Mode.SERVER, parse(environment, "").mode());
    }

    @Test
    void pathsAreRelativeToTheFile() throws IOException {
        write("port = 7000\nclients = \"clients.toml\"\nstate-file = \"/var/state\"\n");
        Arguments arguments = parse("--tls-cert=cert.pem");
        assertEquals(
                folder.resolve("clients.toml"), value(arguments, Flag.CLIENTS).path());
        assertEquals(Path.of("/var/state"), value(arguments, Flag.STATE_FILE).path());
        assertEquals(Path.of("cert.pem"), value(arguments, Flag.TLS_CERT).path());
    }

    @Test
    void keyOfTheEnvironmentTakesPrecedenceOverTheFile() throws IOException {
        write("host = \"a\"\nport = 1\nlocal-forward-port = 80\nname = \"web\"\nkey-file = \"missing.key\"\n");
        Arguments arguments = parse(Map.of("RELAY_KEY", "nonsense"), "");
        CommandFailure failure = assertThrows(CommandFailure.class, () -> new IdentityArguments(arguments).identity());
        assertTrue(failure.getMessage().startsWith("cannot use RELAY_KEY: "), failure.getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "max-tunels = 5                        | 1:1: unknown key \"max-tunels\" (did you mean max-tunnels?)",
                "port = 1; Max-Tunnels = 5             | 2:1: unknown key \"Max-Tunnels\" (did you mean max-tunnels?)",
                "localport = 1                         | 1:1: unknown key \"localport\" (did you mean port?)",
                "server = \"a\"                        | 1:1: unknown key \"server\" (did you mean host?)",
                "once = true                           | 1:1: unknown key \"once\"; docs/configuration.md has a list of all keys",
                "\"a\\u0007b\" = 1                     | 1:1: unknown key \"a?b\"; docs/configuration.md has a list of all keys",
                "config = \"a\"                        | 1:1: config cannot be in a configuration file",
                "key = \"MC4\"                         | 1:1: key is a secret, which must not be in this file; use key-file = \"<file>\", or set RELAY_KEY in the environment",
                "[server]; port = 1                    | 1:1: the table \"server\" is unknown; the tables are [forward.<name>], and all other keys are at the top level, such as port = 7000",
                "server.port = 1                       | 1:1: the table \"server\" is unknown; the tables are [forward.<name>], and all other keys are at the top level, such as port = 7000",
                "port = 1; port = 2                    | 2:1: port previously defined at line 1, column 1",
                "local-forward-port = 1; localForwardPort = 1 | 2:1: localForwardPort is the same option as in FILE:1:1: local-forward-port; set one of them",
                "port = \"70\"                         | 1:1: port is \"70\", it must be a whole number, without quotes",
                "port = 7.5                            | 1:1: port is 7.5, it must be a whole number, without quotes",
                "max-tunnels = [1]                     | 1:1: max-tunnels is a list, it must be a whole number, without quotes",
                "json = \"yes\"                        | 1:1: json is \"yes\", it must be true or false, without quotes",
                "lease = true                          | 1:1: lease is true, it must be a time such as \"10s\", \"500ms\" or \"2m\"",
                "window = 1979-05-27                   | 1:1: window is 1979-05-27, it must be a number of bytes such as \"512k\" or \"4m\"",
                "public-ports = [1, 2]                 | 1:1: public-ports is a list, it must be a range of ports such as \"20000-29999\"",
                "bind = 5                              | 1:1: bind is 5, it must be a text in quotes",
                "bind.a = 5                            | 1:1: bind is a table, it must be a text in quotes",
                "bind = \"a\\nb\"                      | 1:1: bind must not have line breaks or other control characters",
                "allow-clients = 5                     | 1:1: allow-clients is 5, it must be a list of texts, such as [\"a\", \"b\"]",
                "allow-clients = [\"10.0.0.0/8\", 5]   | 1:1: allow-clients is 5, it must be a list of texts in quotes",
                "allow-clients = []                    | 1:1: allow-clients is an empty list; remove the key for the default",
                "port = 1; local-host = \"a\"          | 2:1: local-host is an option of the forwarder, but this file is used for a relay server, because it has no local-forward-port and no table forward",
                "port = 1; host = \"a\"                | 2:1: host is an option of the forwarder, but this file is used for a relay server, because it has no local-forward-port and no table forward",
                "local-forward-port = 1; max-tunnels=5 | 2:1: max-tunnels is an option of the server, but this file is used for a forwarder, because it has local-forward-port",
                "[forward.web]; locl = 8080            | 2:1: unknown key \"locl\" of [forward.web] (did you mean local?)",
                "[forward.web]; local = 80; tls = true | 3:1: unknown key \"tls\" of [forward.web]; its keys are local, port, host and share",
                "[forward.web]; port = 80              | 1:1: [forward.web] has no local; add local = <port>, \"<host>:<port>\" or \"unix:<path>\"",
                "[forward.web]; local = true           | 2:1: local of [forward.web] must be a port, or a text in quotes without commas and control characters",
                "[forward.web]; local = \"80,port=1\"  | 2:1: local of [forward.web] must be a port, or a text in quotes without commas and control characters",
                "[forward.web]; local = \"8\\n0\"      | 2:1: local of [forward.web] must be a port, or a text in quotes without commas and control characters",
                "[forward.web]; local = 80; port = \"1\" | 3:1: port of [forward.web] must be a whole number, without quotes",
                "[forward.web]; local = 80; host = 1   | 3:1: host of [forward.web] must be a host name in quotes",
                "[forward.web]; local = 80; share = 1  | 3:1: share of [forward.web] must be true or false",
                "[forward.web]; local = 80; share = true | 1:1: [forward.web]: share needs the endpoint that the forwarders share; add port=<port> or host=<host>, the same for each of them",
                "[forward.web]; local = 0              | 1:1: [forward.web]: '0' is not a port; it must be 1 to 65535",
                "[forward.web]; local = 80; port = 0   | 1:1: [forward.web]: '0' is not a port; it must be 1 to 65535",
                "[forward.\"my app\"]; local = 80      | 1:1: [forward.\"my app\"]: 'my app' is not a name; it must have 1 to 64 letters, digits, dots, hyphens and underscores, and begin with a letter or digit",
                "[forward]; web = 8080                 | 2:1: [forward.web] must be a table, such as [forward.web] with local = 8080",
                "forward = \"8080\"                    | 1:1: forward is \"8080\", it must be tables, such as [forward.web] with local = 8080",
                "[[forward]]; local = 8080             | 1:1: forward is a list, it must be tables, such as [forward.web] with local = 8080",
                "[forward]                             | 1:1: forward is an empty table, it must be tables, such as [forward.web] with local = 8080",
                "max-tunnels = 5; [forward.web]; local = 80 | 1:1: max-tunnels is an option of the server, but this file is used for a forwarder, because it has forward",
                "port =                                | 1:7: Unexpected end of line, expected ', \", ''', \"\"\", a number, a boolean, a date/time, an array, or a table"
            })
    void mistakesNameTheirPlace(String text, String message) throws IOException {
        write(text.replace("; ", "\n") + "\n");
        CommandFailure failure = assertThrows(CommandFailure.class, () -> parse(""));
        assertEquals(file + ":" + message.replace("FILE", file.toString()), failure.getMessage());
        assertEquals(ExitCode.USAGE, failure.code());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "port = 70000       | port is '70000', it must be a port number, 0 to 65535",
                "max-tunnels = 0    | max-tunnels is '0', it must be 1 to 60000",
                "lease = \"1x\"     | lease is '1x', it must be a time such as 10s, 500ms or 2m",
                "tls-cert = \"a\"   | tls-cert needs --tls-key=<pem>, the private key of the certificate"
            })
    void wrongValuesNameTheirPlace(String line, String message) throws IOException {
        write(line.startsWith("port") ? line : "port = 7000\n\n  " + line);
        Arguments arguments = parse("");
        CommandFailure failure = assertThrows(
                CommandFailure.class,
                () -> new ServerCommand(arguments, new Output(System.out, System.err, false), new Shutdown())
                        .options(null));
        assertEquals(file + (line.startsWith("port") ? ":1:1: " : ":3:3: ") + message, failure.getMessage());
    }

    @Test
    void optionOfTheCommandLineCanMakeTheFileThatOfAnotherMode() throws IOException {
        write("port = 7000\nmax-tunnels = 5\n");
        CommandFailure failure = assertThrows(CommandFailure.class, () -> parse("--localForwardPort=80 a"));
        assertEquals(
                file + ":2:1: max-tunnels is an option of the server, but this file is used for a forwarder, because of"
                        + " --localForwardPort",
                failure.getMessage());
    }

    @Test
    void missingPortNamesTheFile() throws IOException {
        write("max-tunnels = 5\n");
        String message = assertThrows(CommandFailure.class, () -> parse("")).getMessage();
        assertTrue(message.endsWith("; or add port = <port> to " + file), message);
    }

    @Test
    void filesThatCannotBeRead() throws IOException {
        CommandFailure missing = assertThrows(CommandFailure.class, () -> parse(""));
        assertEquals("cannot use --config: " + file + ": no such file", missing.getMessage());
        Files.createDirectory(file);
        CommandFailure directory = assertThrows(CommandFailure.class, () -> parse(""));
        assertEquals("cannot use --config: cannot read " + file + ": it is a directory", directory.getMessage());
        Files.delete(file);
        Files.write(file, "port = 1\n# \u00fc".getBytes(StandardCharsets.ISO_8859_1));
        CommandFailure binary = assertThrows(CommandFailure.class, () -> parse(""));
        assertEquals(file + ":2:3: the file is not valid UTF-8", binary.getMessage());
        Files.writeString(file, "#".repeat((1 << 20) + 1));
        CommandFailure large = assertThrows(CommandFailure.class, () -> parse(""));
        assertEquals(file + ":1:1: the file is larger than 1048576 bytes", large.getMessage());
        assertEquals(ExitCode.USAGE, large.code());
    }

    /** A new option can be in the file without more code. */
    @ParameterizedTest
    @EnumSource
    void eachOptionHasAKey(Flag flag) throws IOException {
        boolean server = flag.belongsTo(Mode.SERVER);
        boolean inFile = flag != Flag.CONFIG && (server || flag.belongsTo(Mode.FORWARDER));
        String key = flag.keys().get(0);
        assertEquals(inFile, ConfigFile.keys().contains(key));
        if (!inFile || flag == Flag.FORWARD) return;
        String value = switch (flag.parameter()) {
            case "" -> "true";
            case "n", "port" -> "5";
            case "networks", "fingerprints" -> "[\"5\"]";
            default -> "\"5\"";
        };
        String mode = server || flag == Flag.LOCAL_FORWARD_PORT ? "" : "local-forward-port = 1\nhost = \"a\"\n";
        if (flag == Flag.LOCAL_FORWARD_PORT) mode = "host = \"a\"\n";
        write("port = 1\n" + mode + key + " = " + value + "\n");
        Arguments arguments = parse("");
        assertEquals(flag.isSwitch() ? "true" : "5", value(arguments, flag).text());
        assertNull(parseWithoutFile().get(flag));
    }

    private static Arguments parseWithoutFile() {
        return Arguments.of(List.of("7000"), Map.of());
    }

    private static Value value(Arguments arguments, Flag flag) {
        Value value = arguments.get(flag);
        assertNotNull(value, flag.toString());
        return value;
    }

    private void write(String text) throws IOException {
        Files.writeString(file, text);
    }

    private Arguments parse(String line) {
        return parse(Map.of(), line);
    }

    private Arguments parse(Map<String, String> environment, String line) {
        String all = ("--config=" + file + " " + line).strip();
        return Arguments.of(List.of(all.split(" +")), environment);
    }
}
