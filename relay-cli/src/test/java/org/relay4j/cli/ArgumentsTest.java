package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ArgumentsTest {
    @Test
    void oneArgumentIsAServer() {
        Arguments arguments = parse("7000");
        assertEquals(Mode.SERVER, arguments.mode());
        assertEquals(new Value("<localport>", "7000"), arguments.port());
        assertNull(arguments.get(Flag.BIND));
        assertFalse(arguments.has(Flag.JSON));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--localForwardPort=6379 relay.example.com 7000",
                "--localForwardPort 6379 relay.example.com 7000",
                "--local-forward-port=6379 relay.example.com 7000",
                "--local-forward-port 6379 relay.example.com 7000",
                "relay.example.com 7000 --localForwardPort=6379",
                "relay.example.com --localForwardPort=6379 7000",
                "--localForwardPort=6379 -- relay.example.com 7000",
                "--localForwardPort=6379 relay.example.com:7000",
                "relay.example.com:7000 --localForwardPort 6379"
            })
    void eitherSpellingAnywhereIsAForwarder(String line) {
        Arguments arguments = parse(line);
        assertEquals(Mode.FORWARDER, arguments.mode());
        assertEquals(new Value("<host>", "relay.example.com"), arguments.host());
        assertEquals(new Value("<port>", "7000"), arguments.port());
        assertEquals(new Value("--localForwardPort", "6379"), arguments.get(Flag.LOCAL_FORWARD_PORT));
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.1:7000, 10.0.0.1, 7000",
        "[2001:db8::1]:7000, 2001:db8::1, 7000",
        "[::1]:seven, ::1, seven",
        "localhost:, localhost, ''"
    })
    void hostAndPortInOneArgument(String argument, String host, String port) {
        Arguments arguments = parse("--localForwardPort=1 " + argument);
        assertEquals(host, arguments.host().host());
        assertEquals(new Value("<port>", port), arguments.port());
    }

    @ParameterizedTest
    @CsvSource({
        "--localForwardPort=1,                a, 1",
        "--localForwardPort=1 b,              b, 1",
        "--localForwardPort=1 2,              a, 2",
        "--localForwardPort=1 b:2,            b, 2",
        "--localForwardPort=1 b 2,            b, 2",
        "--localForwardPort=1 ::1,            ::1, 1"
    })
    void environmentGivesHostAndPort(String line, String host, String port) {
        Arguments arguments = parse(Map.of("RELAY_HOST", "a", "RELAY_PORT", "1"), line);
        assertEquals(host, arguments.host().text());
        assertEquals(port, arguments.port().text());
        assertEquals(
                host.equals("a") ? "RELAY_HOST" : "<host>", arguments.host().name());
        assertEquals(
                port.equals("1") ? "RELAY_PORT" : "<port>", arguments.port().name());
    }

    @Test
    void environmentAloneMakesAForwarder() {
        Arguments arguments =
                parse(Map.of("RELAY_HOST", "a", "RELAY_PORT", "1", "RELAY_LOCAL_FORWARD_PORT", "6379"), "");
        assertEquals(Mode.FORWARDER, arguments.mode());
        assertEquals(new Value("RELAY_HOST", "a"), arguments.host());
    }

    @Test
    void environmentGivesThePortOfAServer() {
        Map<String, String> environment = Map.of("RELAY_PORT", "7000");
        assertEquals(Mode.SERVER, parse(environment, "").mode());
        assertEquals(new Value("RELAY_PORT", "7000"), parse(environment, "").port());
        assertEquals(
                new Value("<localport>", "8000"), parse(environment, "8000").port());
    }

    @Test
    void hostWithoutPortToForwardIsNoServer() {
        Map<String, String> environment = Map.of("RELAY_HOST", "a", "RELAY_PORT", "1");
        CommandFailure failure = assertThrows(CommandFailure.class, () -> parse(environment, ""));
        assertTrue(failure.getMessage().contains("RELAY_LOCAL_FORWARD_PORT"), failure.getMessage());
        assertEquals(Mode.SERVER, parse(environment, "7000").mode());
    }

    @Test
    void demoIsAWord() {
        assertEquals(Mode.DEMO, parse("demo").mode());
        assertTrue(parse("demo --once").has(Flag.ONCE));
        assertTrue(parse("--once demo").has(Flag.ONCE));
    }

    @Test
    void keygenIsAWordAndItsHostsAreAList() {
        Arguments arguments = parse("keygen --host=a --host b,c --out=d");
        assertEquals(Mode.KEYGEN, arguments.mode());
        assertEquals(new Value("--host", "a,b,c"), arguments.get(Flag.KEYGEN_HOST));
        assertEquals(new Value("--out", "d"), arguments.get(Flag.KEYGEN_OUT));
    }

    @ParameterizedTest
    @ValueSource(strings = {"keygen", "demo", "help", "version"})
    void aRelayServerMayHaveTheNameOfACommand(String word) {
        assertEquals(
                Mode.FORWARDER, parse("--localForwardPort=1 " + word + " 7000").mode());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--help",
                "-h",
                "--help 7000",
                "7000 --help",
                "demo -h",
                "--localForwardPort=1 --help",
                "help",
                "--json help"
            })
    void helpWins(String line) {
        assertEquals(Mode.HELP, parse(line).mode());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--version", "-V", "7000 --version", "version"})
    void versionWins(String line) {
        assertEquals(Mode.VERSION, parse(line).mode());
    }

    @Test
    void aNegativeNumberIsAnArgument() {
        assertEquals("-1", parse("-1").port().text());
    }

    @Test
    void environmentGivesWhatTheCommandLineDoesNot() {
        Map<String, String> environment =
                Map.of("RELAY_MAX_TUNNELS", "5", "RELAY_MAX_VISITORS", "6", "RELAY_JSON", "true", "RELAY_BIND", "");
        Arguments arguments = parse(environment, "--max-tunnels=7 7000");
        assertEquals(new Value("--max-tunnels", "7"), arguments.get(Flag.MAX_TUNNELS));
        assertEquals(new Value("RELAY_MAX_VISITORS", "6"), arguments.get(Flag.MAX_VISITORS));
        assertTrue(arguments.has(Flag.JSON));
        assertNull(arguments.get(Flag.BIND), "an empty variable is none");
    }

    @Test
    void environmentOfAnotherModeIsIgnored() {
        Map<String, String> environment = Map.of("RELAY_MAX_TUNNELS", "5", "RELAY_LOCAL_FORWARD_PORT", "6379");
        assertEquals(Mode.SERVER, parse(environment, "7000").mode());
        Arguments forwarder = parse(environment, "relay.example.com 7000");
        assertEquals(Mode.FORWARDER, forwarder.mode());
        assertEquals(new Value("RELAY_LOCAL_FORWARD_PORT", "6379"), forwarder.get(Flag.LOCAL_FORWARD_PORT));
        assertNull(forwarder.get(Flag.MAX_TUNNELS));
    }

    @Test
    void servicesMayBeSeveral() {
        Arguments arguments = parse("--forward=6379 --forward web=80,host=a.b config:7000");
        assertEquals(Mode.FORWARDER, arguments.mode());
        assertEquals("config", arguments.host().text());
        assertEquals(new Value("--forward", "6379\nweb=80,host=a.b"), arguments.get(Flag.FORWARD));
        Map<String, String> environment = Map.of("RELAY_FORWARD", "6379 udp:53");
        assertEquals(Mode.SERVER, parse(environment, "7000").mode());
        assertEquals(Mode.FORWARDER, parse(environment, "a:7000").mode());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "none",
            value = {
                "unix:/run/relay.sock 7000 | none | the server is a Unix-domain socket, which has no port; remove <port>",
                "unix:/run/relay.sock | 7000 | the server is a Unix-domain socket, which has no port; remove RELAY_PORT",
                "unix: | none | the server is 'unix:', it must be unix:<path>, such as unix:/run/relay/control.sock",
                "--proxy=http://a:1 unix:a | none | --proxy has no effect on a Unix-domain socket, which is on this machine; remove it"
            })
    void serversOnSocketsHaveNoPort(String line, String port, String message) {
        Map<String, String> environment = port == null ? Map.of() : Map.of("RELAY_PORT", port);
        Arguments arguments = parse(environment, "--forward=1 " + line);
        CommandFailure failure = assertThrows(CommandFailure.class, () -> Destination.of(arguments));
        assertEquals(message, failure.getMessage());
        assertEquals(ExitCode.USAGE, failure.code());
    }

    @Test
    void serversMayBeSockets() {
        assertEquals(
                "unix:/run/relay.sock",
                Destination.of(parse("--forward=1 unix:/run/relay.sock")).text());
        assertEquals(
                "unix:relay.sock",
                Destination.of(parse("--localForwardPort=1 unix:relay.sock")).text());
        Map<String, String> environment = Map.of("RELAY_HOST", "unix:/run/relay.sock");
        assertEquals(
                "unix:/run/relay.sock",
                Destination.of(parse(environment, "--forward=1")).text());
        assertEquals("a:7000", Destination.of(parse("--forward=1 a:7000")).text());
    }

    @Test
    void variablesCanSwitchOff() {
        assertFalse(parse(Map.of("RELAY_JSON", "false"), "7000").has(Flag.JSON));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "none",
            value = {
                "none                                  | <localport> is missing: relay <localport> runs a server, relay --localForwardPort=<port> <host>:<port> a forwarder",
                "--json                                | <localport> is missing: relay <localport> runs a server, relay --localForwardPort=<port> <host>:<port> a forwarder",
                "--localForwardPort=1                  | a forwarder needs the relay server's <host>:<port>: both are missing",
                "--localForwardPort=1 example.com      | a forwarder needs the relay server's <host>:<port>: <port> is missing",
                "--localForwardPort=1 ::1:7000         | a forwarder needs the relay server's <host>:<port>: <port> is missing; write [::1]:7000 for IPv6",
                "--localForwardPort=1 7000             | a forwarder needs the relay server's <host>:<port>: <host> is missing",
                "--localForwardPort=1 http://a:1       | <host> is 'http://a:1', it must be a host name or an address",
                "--localForwardPort=1 a 2 b            | unexpected argument 'b'",
                "example.com 7000                      | a server has one argument, <localport>, and a forwarder needs --localForwardPort=<port>",
                "example.com:7000                      | a server has one argument, <localport>, and a forwarder needs --localForwardPort=<port>",
                "7000 8000 9000                        | unexpected argument '9000'",
                "demo 7000                             | unexpected argument '7000' after demo",
                "keygen relay-cert.pem                 | unexpected argument 'relay-cert.pem' after keygen",
                "keygen --out=a --out=b                | --out is given 2 times: 'a', 'b'; give it once",
                "keygen --bind=a                       | --bind is an option of the server, but this is the key generator",
                "--host=a 7000                         | --host is an option of the key generator, but this is a relay server",
                "help server                           | unexpected argument 'server' after help; relay help takes no argument",
                "version 7                             | unexpected argument '7' after version; relay version takes no argument",
                "--localForwardPort                    | --localForwardPort needs a value",
                "7000 --max-tunnels                    | --max-tunnels needs a value",
                "--localForwardPort=1 --localForwardPort=2 a 3     | --localForwardPort is given 2 times: '1', '2'; give it once",
                "--localForwardPort=1 --local-forward-port=1 a 3   | --localForwardPort is given 2 times: '1', '1'; give it once",
                "--bind=::1 7000 --bind ::1 --bind=::  | --bind is given 3 times: '::1', '::1', '::'; give it once",
                "--json 7000 --json                    | --json is given 2 times; give it once",
                "--max-tunnels=1 --localForwardPort=1 a 2 | --max-tunnels is an option of the server, but this is a forwarder (because of --localForwardPort)",
                "--max-tunnels=1 --forward=1 a 2       | --max-tunnels is an option of the server, but this is a forwarder (because of --forward)",
                "--forward=1 --forward                 | --forward needs a value",
                "--forward=1 --forward=2               | a forwarder needs the relay server's <host>:<port>: both are missing",
                "--local-host=a 7000                   | --local-host is an option of the forwarder, but this is a relay server",
                "--window=1m demo                      | --window is an option of the server and forwarder, but this is the demo",
                "--once 7000                           | --once is an option of the demo, but this is a relay server",
                "--maxtunnels=5 7000                   | unknown option --maxtunnels=5 (did you mean --max-tunnels or --max-tunnels-per-address?)",
                "-x 7000                               | unknown option -x",
                "-1x                                   | unknown option -1x"
            })
    void mistakesAreOneClearLine(String line, String message) {
        CommandFailure failure = assertThrows(CommandFailure.class, () -> parse(line == null ? "" : line));
        assertEquals(message, failure.getMessage());
        assertEquals(ExitCode.USAGE, failure.code());
    }

    @Test
    void aSwitchTakesNoValue() {
        CommandFailure failure = assertThrows(CommandFailure.class, () -> parse("--json=yes 7000"));
        assertEquals(1, failure.getMessage().lines().count());
        assertTrue(failure.getMessage().contains("--json"), failure.getMessage());
    }

    @Test
    void filesOfArgumentsAreNotRead() {
        assertEquals("@/etc/hostname", parse("@/etc/hostname").port().text());
    }

    private static Arguments parse(String line) {
        return parse(Map.of(), line);
    }

    private static Arguments parse(Map<String, String> environment, String line) {
        List<String> words = line.isEmpty() ? List.of() : List.of(line.split(" +"));
        return Arguments.of(words, environment);
    }
}
