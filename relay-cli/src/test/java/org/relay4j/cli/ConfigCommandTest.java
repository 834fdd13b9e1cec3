package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.relay4j.server.RelayServerOptions;

class ConfigCommandTest {
    private static final String KEY = "MC4CAQAwBQYDK2VwBCIEIHNlY3JldA==";

    private final Map<String, String> environment = new HashMap<>();
    private @TempDir Path folder;

    @AfterEach
    void restoreLogging() {
        StandardErrorLogging.json(false);
    }

    @Test
    void eachValueHasItsOrigin() throws IOException {
        Path file = folder.resolve("server.toml");
        Files.writeString(file, "port = 7000\nmax-tunnels = 5\nclients = \"clients.toml\"\nextended = true\n");
        environment.put("RELAY_MAX_VISITORS", "6");
        List<String> lines = run("config", "--config=" + file, "--idle-timeout=10m", "--deny-clients=10.0.0.0/8, ::1");
        assertTrue(lines.contains("port = 7000 # " + file + ":1:1"), lines::toString);
        assertTrue(lines.contains("max-tunnels = 5 # " + file + ":2:1"), lines::toString);
        assertTrue(
                lines.contains("clients = \"" + folder.resolve("clients.toml") + "\" # " + file + ":3:1"),
                lines::toString);
        assertTrue(lines.contains("extended = true # " + file + ":4:1"), lines::toString);
        assertTrue(lines.contains("max-visitors = 6 # RELAY_MAX_VISITORS"), lines::toString);
        assertTrue(lines.contains("idle-timeout = \"10m\" # command line"), lines::toString);
        assertTrue(lines.contains("deny-clients = [\"10.0.0.0/8\", \"::1\"] # command line"), lines::toString);
        assertTrue(lines.contains("# handshake-timeout: 5s # default"), lines::toString);
        assertTrue(lines.contains("# require-name: off # default"), lines::toString);
        assertTrue(lines.contains("# config: " + file + " # command line"), lines::toString);
        assertFalse(lines.stream().anyMatch(line -> line.contains("local-host")), lines::toString);
    }

    @Test
    void theOutputIsAFileWithTheSameEffect() throws IOException {
        environment.put("RELAY_TLS_PIN", "a\"b\\c");
        environment.put("RELAY_RETRY_FIRST", "yes");
        String[] command = {"--localForwardPort=80", "--tls-ca=ca.pem", "--window=1m", "relay.example.com:7000"};
        List<String> words = new ArrayList<>(List.of("config"));
        words.addAll(List.of(command));
        List<String> lines = run(words.toArray(String[]::new));
        Path copy = folder.resolve("copy.toml");
        Files.write(copy, lines);
        Arguments before = Arguments.of(List.of(command), environment);
        Arguments after = Arguments.of(List.of("--config=" + copy), Map.of());
        assertEquals(Mode.FORWARDER, after.mode());
        assertEquals(before.host().text(), after.host().text());
        assertEquals(before.port().text(), after.port().text());
        for (Flag flag : Flag.values()) {
            Value was = before.get(flag);
            if (was == null) continue;
            Value is = after.get(flag);
            assertNotNull(is, flag.toString());
            if (flag == Flag.TLS_CA) assertEquals(was.path().toAbsolutePath(), is.path());
            else if (flag.isSwitch()) assertTrue(is.isOn());
            else assertEquals(was.text(), is.text(), flag.toString());
        }
    }

    @Test
    void servicesAreTables() throws IOException {
        String[] words = {
            "config", "--forward=web=80,host=A.b,share", "--forward=unix:/run/a b", "--forward=udp:53,port=5", "a:1"
        };
        List<String> lines = run(words);
        assertEquals(
                List.of(
                        "[forward.\"web\"] # command line",
                        "local = \"localhost:80\"",
                        "host = \"a.b\"",
                        "share = true",
                        "[forward.\"unix-run-a-b\"] # command line",
                        "local = \"unix:/run/a b\"",
                        "[forward.\"udp-53\"] # command line",
                        "local = \"udp:localhost:53\"",
                        "port = 5"),
                lines.subList(lines.size() - 9, lines.size()));
        Path copy = folder.resolve("copy.toml");
        Files.write(copy, lines);
        Value services = Arguments.of(List.of("--config=" + copy), Map.of()).get(Flag.FORWARD);
        assertNotNull(services);
        assertEquals(
                List.of(
                        "web=localhost:80,host=a.b,share",
                        "unix-run-a-b=unix:/run/a b",
                        "udp-53=udp:localhost:53,port=5"),
                Forward.all(services).stream().map(Forward::toString).toList());
        List<String> objects = run("config", "--json", "--forward=web=80,host=A.b", "--forward=81", "a:1");
        assertEquals(
                List.of(
                        "{\"event\":\"option\",\"option\":\"forward\",\"value\":\"web=localhost:80,host=a.b\",\"origin\":\"command line\"}",
                        "{\"event\":\"option\",\"option\":\"forward\",\"value\":\"81=localhost:81\",\"origin\":\"command line\"}"),
                objects.subList(objects.size() - 2, objects.size()));
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void secretsAreHidden(boolean json) {
        environment.put("RELAY_KEY", KEY);
        environment.put("RELAY_ADMIN_TOKEN", KEY);
        String[] words = json
                ? new String[] {"config", "--json", "--localForwardPort=80", "a:1"}
                : new String[] {"config", "--localForwardPort=80", "a:1"};
        String all = String.join("\n", run(words));
        assertFalse(all.contains(KEY), all);
        String hidden = json
                ? "{\"event\":\"option\",\"option\":\"RELAY_KEY\",\"value\":\"(hidden)\",\"origin\":\"RELAY_KEY\"}"
                : "# RELAY_KEY: (hidden) # RELAY_KEY";
        assertTrue(all.contains(hidden), all);
        assertTrue(all.contains("RELAY_ADMIN_TOKEN"), all);
    }

    @Test
    void jsonHasAnObjectForEachOption() {
        List<String> lines = run("config", "--json", "--max-tunnels=5");
        assertTrue(
                lines.contains(
                        "{\"event\":\"option\",\"option\":\"max-tunnels\",\"value\":\"5\",\"origin\":\"command line\"}"),
                lines::toString);
        assertTrue(
                lines.contains("{\"event\":\"option\",\"option\":\"port\",\"value\":\"none\",\"origin\":\"default\"}"),
                lines::toString);
        assertTrue(lines.stream().allMatch(line -> line.startsWith("{")), lines::toString);
    }

    @Test
    void aMissingAddressIsShown() {
        assertTrue(run("config").contains("# port: none # default"));
        assertTrue(run("config", "--localForwardPort=1").contains("# host: none # default"));
    }

    @Test
    void aServerMayHaveTheNameOfTheCommand() {
        Arguments arguments = Arguments.of(List.of("--localForwardPort=1", "config", "7000"), environment);
        assertEquals(Arguments.Action.RUN, arguments.action());
        assertEquals("config", arguments.host().text());
    }

    /** The defaults that are shown are those of the library. */
    @Test
    void defaults() {
        RelayServerOptions options = RelayServerOptions.defaults();
        assertEquals(options.maxTunnels() + "", Flag.MAX_TUNNELS.usual(Mode.SERVER));
        assertEquals(options.maxTunnelsPerAddress() + "", Flag.MAX_TUNNELS_PER_ADDRESS.usual(Mode.SERVER));
        assertEquals(options.maxVisitors() + "", Flag.MAX_VISITORS.usual(Mode.SERVER));
        assertEquals(options.maxVisitorsPerTunnel() + "", Flag.MAX_VISITORS_PER_TUNNEL.usual(Mode.SERVER));
        assertEquals(options.lease().toSeconds() + "s", Flag.LEASE.usual(Mode.SERVER));
        assertEquals(options.handshakeTimeout().toSeconds() + "s", Flag.HANDSHAKE_TIMEOUT.usual(Mode.SERVER));
        assertEquals("10s", Flag.HANDSHAKE_TIMEOUT.usual(Mode.FORWARDER));
        assertEquals("info", Flag.LOG_LEVEL.usual(Mode.SERVER));
    }

    /** Runs the command, and returns its lines with single spaces. */
    private List<String> run(String... words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Cli cli = new Cli(
                environment,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                new Shutdown());
        assertEquals(ExitCode.OK, cli.run(words), () -> err.toString(StandardCharsets.UTF_8));
        return out.toString(StandardCharsets.UTF_8)
                .lines()
                .map(line -> line.replaceAll(" +", " "))
                .toList();
    }
}
