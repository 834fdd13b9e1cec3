package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** relay.jar as its users run it: server and forwarder as processes. */
class RelayIT {
    private static final int TIMEOUT = 20_000; // ms

    @Test
    void visitorsReachTheServiceAndComeBackWhole() throws Exception {
        try (EchoService echo = new EchoService();
                RelayPair relay = new RelayPair(echo.port())) {
            echoThrough(relay.publicPort, 0);
            echoThrough(relay.publicPort, 1);
            echoThrough(relay.publicPort, 3_000_000);
            relay.finish();
        }
    }

    @Test
    void forwarderComesBackAfterTheServerWasKilled() throws Exception {
        int controlPort = freePort();
        try (EchoService echo = new EchoService();
                ChildProcess first = server(controlPort);
                ChildProcess forwarder =
                        ChildProcess.relay("--local-forward-port", "" + echo.port(), "localhost", "" + controlPort)) {
            echoThrough(RelayPair.publicPort(forwarder.line(), echo.port()), 1000);
            first.kill();
            try (ChildProcess second = server(controlPort)) {
                echoThrough(RelayPair.publicPort(forwarder.line(), echo.port()), 1000);
                assertEquals(0, forwarder.terminate());
                assertEquals(0, second.terminate());
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
                assertTrue(line.startsWith("relay: the tunnel to localhost:" + controlPort + " is lost: "), line);
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
        try (ChildProcess server = ChildProcess.relay(environment, "0")) {
            int controlPort =
                    number("\\{\"event\":\"listening\",\"address\":\"127.0.0.1\",\"port\":(\\d+)}", server.line());
            try (ChildProcess forwarder =
                    ChildProcess.relay(environment, "--localForwardPort=9", "localhost", "" + controlPort)) {
                number(
                        "\\{\"event\":\"relaying\",\"publicHost\":\"localhost\",\"publicPort\":(\\d+),"
                                + "\"localHost\":\"127.0.0.1\",\"localPort\":9}",
                        forwarder.line());
                assertEquals(0, forwarder.terminate());
            }
            assertEquals(0, server.terminate());
            assertEquals("", server.errors());
        }
    }

    @Test
    void serverGivesOutThePortsOfItsRangeAndThenRefuses() throws Exception {
        int port = freePort();
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
                    lines.matches("(?s)1\\. .*\n2\\. .*\n3\\. .*\n4\\. .*status 200.*http://127\\.0\\.0\\.1:\\d+/"),
                    lines);
            assertEquals("", demo.errors());
        }
    }

    @Test
    void demoStaysUpUntilItIsToldToEnd() throws Exception {
        try (ChildProcess demo = ChildProcess.relay("demo", "--json")) {
            for (int i = 1; i <= 4; i++)
                number("\\{\"event\":\"step\",\"number\":(" + i + "),\"text\":\".*\"}", demo.line());
            int port = number("\\{\"event\":\"url\",\"url\":\"http://127\\.0\\.0\\.1:(\\d+)/\"}", demo.line());
            try (Socket visitor = visitor(port)) {
                visitor.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                String answer = new String(visitor.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                assertTrue(answer.startsWith("HTTP/1.1 200") && answer.contains("<title>Relay demo</title>"), answer);
            }
            assertEquals(0, demo.terminate());
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
        return server;
    }

    private static int number(String pattern, String line) {
        Matcher matcher = Pattern.compile(pattern).matcher(line);
        assertTrue(matcher.matches(), line);
        return Integer.parseInt(matcher.group(1));
    }

    /** Sends random bytes, then FIN; the same bytes and FIN must come back. */
    private static void echoThrough(int port, int size) throws Exception {
        byte[] sent = new byte[size];
        new Random(size).nextBytes(sent);
        try (Socket visitor = visitor(port)) {
            CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> {
                try {
                    visitor.getOutputStream().write(sent);
                    visitor.shutdownOutput();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            assertArrayEquals(sent, visitor.getInputStream().readAllBytes());
            writing.get(TIMEOUT, TimeUnit.MILLISECONDS);
        }
    }

    private static Socket visitor(int port) throws IOException {
        Socket visitor = new Socket();
        visitor.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT);
        visitor.setSoTimeout(TIMEOUT);
        return visitor;
    }

    /**
     * A free port outside the range from which the kernel takes ports for outgoing connections: a client that tries again and
     * again to reach a closed port of that range connects, once in a while, to itself.
     */
    private static int freePort() {
        Random random = new Random();
        for (int i = 0; i < 100; i++) {
            int port = 12_000 + random.nextInt(18_000);
            try (ServerSocket probe = new ServerSocket(port, 1, new InetSocketAddress(0).getAddress())) {
                return probe.getLocalPort();
            } catch (IOException e) {
                // taken, try another one
            }
        }
        throw new AssertionError("no free port found");
    }
}
