package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;

/**
 * Forwarders of relay.jar that reach their server through real proxies: tinyproxy with a password, Dante without one, and
 * microsocks with one. Each lets them through to the server only.
 */
@Tag("peers")
class ProxyIT {
    private static final String USER = "alice";
    private static final String PASSWORD = "open-sesame";

    @TempDir
    private static Path folder;

    private static String pin;
    private static ChildProcess server;
    private static int control;
    private static EchoService echo;

    @BeforeAll
    static void startServer() throws Exception {
        pin = ChildProcess.makeCertificate(folder);
        echo = new EchoService();
        server = ChildProcess.relay(
                "--tls-cert=" + folder.resolve("relay-cert.pem"),
                "--tls-key=" + folder.resolve("relay-key.pem"),
                "--bind=127.0.0.1",
                "--public-bind=127.0.0.1",
                "0");
        control = RelayPair.controlPort(server.line());
    }

    @AfterAll
    static void stopServer() throws Exception {
        if (server == null) return;
        try (ChildProcess ended = server;
                EchoService service = echo) {
            ended.terminate();
            assertTrue(!ended.errors().contains("WARN"), ended::toString);
            assertTrue(service.port() > 0);
        }
    }

    @Test
    void tinyproxy() throws Exception {
        int port = FixedPort.free();
        Path configuration = Files.write(
                folder.resolve("tinyproxy.conf"),
                List.of(
                        "Listen 127.0.0.1",
                        "Port " + port,
                        "Timeout 60",
                        "BasicAuth " + USER + " " + PASSWORD,
                        "ConnectPort " + control));
        try (ChildProcess proxy = listening(port, "tinyproxy", "-d", "-c", configuration.toString())) {
            String url = "--proxy=http://127.0.0.1:" + port;
            assertTunnel(Map.of(ProxyArguments.CREDENTIALS_VARIABLE, USER + ":" + PASSWORD), url);
            assertFails(ExitCode.NOT_ACCEPTED, "requires a user name and a password (HTTP 407 ", control, url);
            String wrong = "--proxy-credentials-file=" + credentials(USER + ":wrong");
            assertFails(
                    ExitCode.NOT_ACCEPTED,
                    "does not accept the user name and the password (HTTP 401 ",
                    control,
                    url,
                    wrong);
            String right = "--proxy-credentials-file=" + credentials(USER + ":" + PASSWORD);
            assertFails(
                    ExitCode.UNREACHABLE,
                    "does not allow connections to localhost:" + echo.port(),
                    echo.port(),
                    url,
                    right);
            assertFalse(proxy.toString().contains("panic"), proxy::toString);
        }
    }

    @Test
    void dante() throws Exception {
        int port = FixedPort.free();
        Path configuration = Files.write(
                folder.resolve("danted.conf"),
                List.of(
                        "errorlog: stderr",
                        "logoutput: stderr",
                        "internal: 127.0.0.1 port = " + port,
                        "external: 127.0.0.1",
                        "socksmethod: none",
                        "clientmethod: none",
                        "client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }",
                        "socks pass { from: 127.0.0.0/8 to: 127.0.0.1/32 port = " + control + " }",
                        "socks pass { from: 127.0.0.0/8 to: 127.0.0.1/32 port = 1 }"));
        try (ChildProcess proxy = listening(port, "danted", "-f", configuration.toString())) {
            String url = "--proxy=socks5://127.0.0.1:" + port;
            assertTunnel(Map.of(), url);
            assertFails(
                    ExitCode.UNREACHABLE, "does not allow connections to localhost:" + echo.port(), echo.port(), url);
            assertFails(ExitCode.UNREACHABLE, "cannot reach localhost:1: connection refused", 1, url);
            assertFails(
                    ExitCode.UNREACHABLE,
                    "closed the connection before it had answered",
                    control,
                    "--proxy=http://127.0.0.1:" + port);
            proxy.terminate(); // it ends its children
        }
    }

    @Test
    void microsocks() throws Exception {
        int port = FixedPort.free();
        String number = String.valueOf(port);
        try (ChildProcess proxy =
                listening(port, "microsocks", "-i", "127.0.0.1", "-p", number, "-u", USER, "-P", PASSWORD)) {
            String url = "--proxy=socks5://127.0.0.1:" + port;
            assertTunnel(Map.of(), url, "--proxy-credentials-file=" + credentials(USER + ":" + PASSWORD + "\n"));
            assertFails(ExitCode.NOT_ACCEPTED, "requires authentication", control, url);
            String wrong = "--proxy-credentials-file=" + credentials(USER + ":wrong");
            assertFails(ExitCode.NOT_ACCEPTED, "does not accept the user name and the password", control, url, wrong);
            assertTrue(proxy.isAlive());
        }
    }

    /** A tunnel carries a visitor, and a check finds the way to the server. */
    private static void assertTunnel(Map<String, String> variables, String... proxy) throws Exception {
        try (ChildProcess forwarder = ChildProcess.relay(variables, arguments(control, "", proxy))) {
            Echo.through(RelayPair.publicPort(forwarder.line(), echo.port()), 1_000_000);
            forwarder.terminate();
            assertTrue(!forwarder.errors().contains("WARN"), forwarder::toString);
            assertFalse(forwarder.errors().contains(PASSWORD), forwarder::toString);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertEquals(ExitCode.OK, check(variables, control, out, proxy), out::toString);
        String address = proxy[0].substring("--proxy=".length());
        String all = out.toString(StandardCharsets.UTF_8);
        assertTrue(all.contains("localhost:" + control + " answers through " + address + ", with TLS"), all);
        assertFalse(all.contains("name:"), all); // only the proxy resolves it
    }

    private static void assertFails(ExitCode code, String part, int port, String... proxy) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertEquals(code, check(Map.of(), port, out, proxy), out::toString);
        String all = out.toString(StandardCharsets.UTF_8);
        assertTrue(all.contains(part), all);
        assertFalse(all.contains(PASSWORD), all);
    }

    private static ExitCode check(Map<String, String> variables, int port, OutputStream to, String... proxy) {
        PrintStream out = new PrintStream(to, true, StandardCharsets.UTF_8);
        return new Cli(variables, out, out, new Shutdown()).run(arguments(port, "check", proxy));
    }

    private static String[] arguments(int port, String word, String... proxy) {
        List<String> all = new ArrayList<>();
        if (!word.isEmpty()) all.add(word);
        all.addAll(List.of(proxy));
        all.addAll(List.of("--tls-pin=" + pin, "--localForwardPort=" + echo.port(), "localhost:" + port));
        return all.toArray(String[]::new);
    }

    private static Path credentials(String text) throws IOException {
        Path file = Files.createTempFile(folder, "proxy", ".txt");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return Files.writeString(file, text);
    }

    private static ChildProcess listening(int port, String... command) {
        ChildProcess proxy = ChildProcess.start(command);
        Await.until(proxy::toString, () -> {
            if (!proxy.isAlive()) throw new AssertionError("ended: " + proxy);
            try (Socket probe = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return probe.isConnected();
            } catch (IOException e) {
                return false;
            }
        });
        return proxy;
    }
}
