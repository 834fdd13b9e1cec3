package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.relay4j.testing.FixedPort;

/** relay.jar as its users run it: server and forwarder as processes. */
class RelayIT {
    @Test
    void visitorsReachTheServiceAndComeBackWhole() throws Exception {
        try (EchoService echo = new EchoService();
                RelayPair relay = new RelayPair(echo.port())) {
            Echo.through(relay.publicPort, 0);
            Echo.through(relay.publicPort, 1);
            Echo.through(relay.publicPort, 3_000_000);
            relay.finish();
        }
    }

    @Test
    void forwarderComesBackAfterTheServerWasKilled() throws Exception {
        int controlPort = FixedPort.free();
        try (EchoService echo = new EchoService();
                ChildProcess first = server(controlPort);
                ChildProcess forwarder =
                        ChildProcess.relay("--local-forward-port", "" + echo.port(), "localhost", "" + controlPort)) {
            Echo.through(RelayPair.publicPort(forwarder.line(), echo.port()), 1000);
            first.kill();
            try (ChildProcess second = server(controlPort)) {
                Echo.through(RelayPair.publicPort(forwarder.line(), echo.port()), 1000);
                forwarder.terminate();
                second.terminate();
            }
            assertTrue(!forwarder.errors().contains("\tat "), forwarder.errors());
        }
    }

    @Test
    void forwarderThatMayNotReconnectEndsWithTheTunnel() throws Exception {
        try (ChildProcess server = ChildProcess.relay("0")) {
            int controlPort = RelayPair.controlPort(server.line());
            try (ChildProcess forwarder = ChildProcess.relay(
                    "--no-reconnect", "--log-level=error", "--localForwardPort=9", "localhost", "" + controlPort)) {
                RelayPair.publicPort(forwarder.line(), 9);
                server.kill();
                assertEquals(6, forwarder.awaitExit());
                String line = forwarder.errors();
                assertTrue(line.startsWith("relay: localhost:" + controlPort + ": "), line);
                assertEquals(1, line.lines().count(), line);
            }
        }
    }

    @Test
    void jsonLinesAndOptionsFromTheEnvironment() throws Exception {
        Map<String, String> environment = Map.of(
                "RELAY_JSON",
                "true",
                "RELAY_LOG_LEVEL",
                "error",
                "RELAY_LOCAL_HOST",
                "127.0.0.1",
                "RELAY_BIND",
                "127.0.0.1");
        try (ChildProcess server = ChildProcess.relay(with(environment, "RELAY_PORT", "0"))) {
            int controlPort =
                    number("\\{\"event\":\"listening\",\"address\":\"127.0.0.1\",\"port\":(\\d+)}", server.line());
            Map<String, String> address = with(environment, "RELAY_PORT", "" + controlPort);
            try (ChildProcess forwarder = ChildProcess.relay(address, "--localForwardPort=9", "localhost")) {
                number(
                        "\\{\"event\":\"relaying\",\"publicHost\":\"localhost\",\"publicPort\":(\\d+),"
                                + "\"localHost\":\"127.0.0.1\",\"localPort\":9,\"endpoint\":\"tcp/\\d+\",\"reconnected\":false}",
                        forwarder.line());
                forwarder.terminate();
            }
            server.terminate();
            assertEquals("", server.errors());
        }
    }

    @Test
    void jsonEventsTellTheWholeLife() throws Exception {
        int controlPort = FixedPort.free();
        try (ChildProcess first = server(controlPort);
                ChildProcess forwarder =
                        ChildProcess.relay("--json", "--localForwardPort=9", "localhost:" + controlPort)) {
            assertTrue(forwarder.line().startsWith("{\"event\":\"relaying\","));
            first.kill();
            String lost = forwarder.line();
            assertTrue(
                    lost.matches(
                            "\\{\"event\":\"lost\",\"cause\":\".+\",\"willRetry\":true,\"endpoint\":\"tcp/\\d+\"}"),
                    lost);
            try (ChildProcess second = server(controlPort)) {
                String again = forwarder.line();
                assertTrue(again.startsWith("{\"event\":\"relaying\","), again);
                assertTrue(again.endsWith(",\"reconnected\":true}"), again);
                second.kill();
            }
            assertTrue(forwarder.line().startsWith("{\"event\":\"lost\","));
            forwarder.terminate();
            forwarder
                    .errors()
                    .lines()
                    .forEach(line ->
                            assertTrue(line.startsWith("{\"time\":\"") && line.endsWith("}"), forwarder::toString));
        }
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no signals")
    void jsonEventsEndWithClosed() throws Exception {
        try (ChildProcess server = ChildProcess.relay("--json", "0")) {
            int port = number("\\{\"event\":\"listening\",\"address\":\"0.0.0.0\",\"port\":(\\d+)}", server.line());
            try (ChildProcess forwarder = ChildProcess.relay("--json", "--localForwardPort=9", "localhost:" + port)) {
                assertTrue(forwarder.line().startsWith("{\"event\":\"relaying\","));
                forwarder.terminate();
                assertEquals(List.of("{\"event\":\"closed\"}"), forwarder.remainingLines());
            }
            server.terminate();
            assertEquals(List.of("{\"event\":\"closed\"}"), server.remainingLines());
        }
    }

    @Test
    void jsonEventsEndWithTheLossWhereThereIsNoRetry() throws Exception {
        int controlPort = FixedPort.free();
        try (ChildProcess server = server(controlPort);
                ChildProcess forwarder = ChildProcess.relay(
                        "--json", "--no-reconnect", "--localForwardPort=9", "localhost:" + controlPort)) {
            assertTrue(forwarder.line().startsWith("{\"event\":\"relaying\","));
            server.kill();
            assertEquals(6, forwarder.awaitExit());
            List<String> rest = forwarder.remainingLines();
            assertEquals(1, rest.size(), rest::toString);
            assertTrue(rest.get(0).matches("\\{\"event\":\"lost\",.*\"willRetry\":false,.*}"), rest::toString);
            forwarder.errorLine("\"exitCode\":6}");
        }
    }

    @Test
    void forwarderMayBeStartedBeforeTheServer() throws Exception {
        int controlPort = FixedPort.free();
        try (EchoService echo = new EchoService();
                ChildProcess forwarder = ChildProcess.relay(
                        "--retry-first", "--localForwardPort=" + echo.port(), "localhost:" + controlPort)) {
            for (int i = 0; i < 2; i++) {
                String line = forwarder.errorLine(" WARN ");
                assertTrue(line.contains("localhost:" + controlPort), line);
            }
            try (ChildProcess server = server(controlPort)) {
                Echo.through(RelayPair.publicPort(forwarder.line(), echo.port()), 1000);
                forwarder.terminate();
                server.terminate();
            }
        }
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no signals")
    void forwarderThatKeepsTryingCanBeStopped() throws Exception {
        try (ChildProcess forwarder =
                ChildProcess.relay("--retry-first", "--localForwardPort=9", "localhost:" + FixedPort.free())) {
            forwarder.errorLine(" WARN ");
            forwarder.terminate();
            assertEquals(List.of(), forwarder.remainingLines());
        }
    }

    /** A script that waits for the line would wait for ever. */
    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "has /dev/full")
    void standardOutputThatIsFullIsAFailure() throws Exception {
        try (ChildProcess server = ChildProcess.relay("0")) {
            String address = "localhost:" + RelayPair.controlPort(server.line());
            for (List<String> arguments : List.of(List.of("0"), List.of("--localForwardPort=9", address))) {
                ProcessBuilder builder =
                        ChildProcess.relayBuilder(Map.of("RELAY_LOG_LEVEL", "error"), arguments.toArray(String[]::new));
                try (ChildProcess full = ChildProcess.start(builder.redirectOutput(new File("/dev/full")))) {
                    assertEquals(1, full.awaitExit(), full::toString);
                    assertTrue(full.errors().startsWith("relay: cannot write to standard output"), full::toString);
                }
            }
        }
    }

    @Test
    void serverGivesOutThePortsOfItsRangeAndThenRefuses() throws Exception {
        int port = FixedPort.free();
        try (ChildProcess server = ChildProcess.relay("--public-ports=" + port, "--handshake-timeout=2s", "0")) {
            String controlPort = "" + RelayPair.controlPort(server.line());
            try (ChildProcess first = ChildProcess.relay("--localForwardPort=9", "localhost", controlPort)) {
                assertEquals(port, RelayPair.publicPort(first.line(), 9));
                try (ChildProcess second = ChildProcess.relay("--localForwardPort=9", "localhost", controlPort)) {
                    assertEquals(5, second.awaitExit());
                    assertTrue(second.errors().contains("no-port-free"), second.errors());
                    assertEquals(1, second.errors().lines().count(), second.errors());
                }
            }
        }
    }

    @Test
    void demoShowsThePageAndEnds() throws Exception {
        try (ChildProcess demo = ChildProcess.relay("demo", "--once")) {
            assertEquals(0, demo.awaitExit(), demo::toString);
            String lines = String.join("\n", demo.remainingLines());
            assertTrue(
                    lines.matches(
                            "(?s)1\\. .*\n2\\. .*\n3\\. .* (--tls-pin=sha256:[0-9a-f]{64}) .*\n4\\. .* for (http://\\S+): status 200.*"
                                    + "\n5\\. .*\n6\\. .* for \\2: status 200.*: \\2"),
                    lines);
            assertEquals("", demo.errors());
        }
    }

    @Test
    void demoStaysUpUntilItIsToldToEnd() throws Exception {
        try (ChildProcess demo = ChildProcess.relay("demo", "--json")) {
            for (int i = 1; i <= 6; i++)
                number("\\{\"event\":\"step\",\"number\":(" + i + "),\"text\":\".*\"}", demo.line());
            int port = number("\\{\"event\":\"url\",\"url\":\"http://127\\.0\\.0\\.1:(\\d+)/\"}", demo.line());
            try (Socket visitor = Echo.visitor(port)) {
                visitor.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                String answer = new String(visitor.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                assertTrue(answer.startsWith("HTTP/1.1 200") && answer.contains("<title>Relay demo</title>"), answer);
            }
            demo.terminate();
            assertEquals(List.of(), demo.remainingLines());
            assertEquals("", demo.errors());
        }
    }

    @Test
    void helpAndVersionGoToStandardOutput() throws Exception {
        try (ChildProcess help = ChildProcess.relay("--help");
                ChildProcess version = ChildProcess.relay("--version")) {
            assertEquals(0, help.awaitExit());
            assertTrue(help.remainingLines().stream().anyMatch(line -> line.contains("relay --localForwardPort=6379")));
            assertEquals(0, version.awaitExit());
            assertTrue(version.line().matches("relay \\d+\\.\\d+\\.\\d+.*"));
            assertEquals("", help.errors() + version.errors());
        }
    }

    private static ChildProcess server(int port) throws InterruptedException {
        ChildProcess server = ChildProcess.relay("" + port);
        assertEquals("listening on 0.0.0.0:" + port, server.line());
        server.errorLine("listening on 0.0.0.0:" + port); // the log says the same
        return server;
    }

    private static Map<String, String> with(Map<String, String> environment, String name, String value) {
        Map<String, String> more = new HashMap<>(environment);
        more.put(name, value);
        return more;
    }

    private static int number(String pattern, String line) {
        Matcher matcher = Pattern.compile(pattern).matcher(line);
        assertTrue(matcher.matches(), line);
        return Integer.parseInt(matcher.group(1));
    }
}
