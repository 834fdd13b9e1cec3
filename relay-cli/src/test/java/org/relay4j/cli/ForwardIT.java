package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.UnixEcho;

/** A forwarder with several services on one tunnel, which come and go with its configuration file. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no SIGHUP")
class ForwardIT {
    private static final Pattern PORT = Pattern.compile("relaying \\S+:(\\d+) -> (\\S+) \\((\\S+)\\)");

    @TempDir
    private Path folder;

    private String pin;
    private int web;

    @BeforeEach
    void makeKeys() throws Exception {
        pin = ChildProcess.makeCertificate(folder);
        web = FixedPort.free();
        List<String> lines = new ArrayList<>();
        try (ChildProcess keygen = ChildProcess.relay("keygen", "--client=me", "--out=" + folder)) {
            assertEquals(0, keygen.awaitExit(), keygen::toString);
            lines.addAll(keygen.remainingLines());
        }
        lines.add("hosts = [\"*.example.com\"]\nshare = true");
        Files.write(folder.resolve("clients.toml"), lines);
    }

    private ChildProcess server() {
        return ChildProcess.relay(
                "--bind=127.0.0.1",
                "--public-bind=127.0.0.1",
                "--http-port=" + web,
                "--tls-cert=" + folder.resolve("relay-cert.pem"),
                "--tls-key=" + folder.resolve("relay-key.pem"),
                "--clients=" + folder.resolve("clients.toml"),
                "--require-name",
                "0");
    }

    private String configuration(int control, String... services) {
        return "host = \"localhost\"\nport = " + control + "\ntls-pin = \"" + pin + "\"\nname = \"me\"\n"
                + "key-file = \"me.key\"\nadmin = \"127.0.0.1:0\"\n" + String.join("\n", services) + "\n";
    }

    /** The public port in a forwarder's line about a service. */
    private static int port(String line, String local, String name) {
        Matcher matcher = PORT.matcher(line);
        assertTrue(matcher.matches(), line);
        assertEquals(List.of(local, name), List.of(matcher.group(2), matcher.group(3)));
        return Integer.parseInt(matcher.group(1));
    }

    @Test
    void servicesComeAndGoWithTheFile() throws Exception {
        Path file = folder.resolve("forwarder.toml");
        try (EchoService echo = new EchoService();
                UnixEcho app = UnixEcho.start(folder.resolve("s"));
                ChildProcess server = server()) {
            int control = RelayPair.controlPort(server.line());
            String first = "[forward.echo]\nlocal = " + echo.port();
            Files.writeString(file, configuration(control, first, "[forward.app]\nlocal = \"unix:s\""));
            try (ChildProcess forwarder = ChildProcess.relay("--config=" + file)) {
                AdminAddress admin = AdminAddress.of(forwarder);
                int echoPort = port(forwarder.line(), "localhost:" + echo.port(), "echo");
                int appPort = port(forwarder.line(), "unix:" + folder.resolve("s"), "app");
                Echo.through(appPort, 100_000);
                assertEquals(1, app.connected());
                try (Socket visitor = Echo.visitor(echoPort)) {
                    Echo.send(visitor, "hello");
                    Echo.expect(visitor, "hello");

                    String named = "[forward.web]\nlocal = " + echo.port() + "\nhost = \"app.example.com\"";
                    Files.writeString(file, configuration(control, first, named));
                    forwarder.hangUp();
                    assertEquals(
                            "relaying app.example.com:" + web + " -> localhost:" + echo.port() + " (web)",
                            forwarder.line());
                    forwarder.errorLine("reload: service app was closed");
                    forwarder.errorLine("reload: service web is forwarded to localhost:" + echo.port());
                    assertNamed();
                    Echo.send(visitor, "still here");
                    Echo.expect(visitor, "still here");

                    String forbidden = "[forward.other]\nlocal = " + echo.port() + "\nhost = \"other.example.org\"";
                    Files.writeString(file, configuration(control, first, named, forbidden));
                    forwarder.hangUp();
                    forwarder.errorLine("reload: service other: ");
                    assertNamed();
                    Echo.send(visitor, "and here");
                    Echo.expect(visitor, "and here");
                }
                String shown = admin.get("/api/tunnels").body();
                assertTrue(
                        shown.contains("\"local\":\"localhost:" + echo.port() + ", localhost:" + echo.port() + "\""),
                        shown);
                assertTrue(
                        shown.contains(
                                "{\"kind\":\"host\",\"host\":\"app.example.com\",\"service\":\"web\",\"local\":\"localhost:"
                                        + echo.port() + "\",\"state\":\"up\""),
                        shown);
                String metrics = admin.get("/metrics").body();
                assertTrue(metrics.contains("relay_client_service_up{service=\"web\"} 1.0"), metrics);
                assertSharesWithAnother(forwarder, file, control, echo);
            }
            server.terminate();
        }
    }

    /** The service is shared after a reload, and another forwarder serves it alone when the first is killed. */
    private void assertSharesWithAnother(ChildProcess forwarder, Path file, int control, EchoService echo)
            throws Exception {
        String shared = "[forward.web]\nlocal = " + echo.port() + "\nhost = \"app.example.com\"\nshare = true";
        Files.writeString(file, configuration(control, shared));
        forwarder.hangUp();
        String relaying = "relaying app.example.com:" + web + " -> localhost:" + echo.port() + " (web)";
        assertEquals(relaying, forwarder.line());
        try (ChildProcess other = ChildProcess.relay("--config=" + file)) {
            AdminAddress admin = AdminAddress.of(other);
            assertEquals(relaying, other.line());
            List<Socket> visitors = new ArrayList<>();
            try {
                // Those of before may count for the first one yet, so the first two may both go to the other.
                for (int i = 0; i < 6; i++) visitors.add(named());
                String metrics = admin.get("/metrics").body();
                assertTrue(metrics.matches("(?s).*\\nrelay_client_visitors_open [1-5]\\.0\\n.*"), metrics);
                List<Call<Integer>> ends = visitors.stream()
                        .map(each -> Call.of(() -> each.getInputStream().read()))
                        .toList();
                forwarder.kill();
                Await.until("its visitor is reset", () -> ends.stream().anyMatch(Call::isDone));
            } finally {
                for (Socket each : visitors) each.close();
            }
            for (int i = 0; i < 4; i++) assertNamed();
            other.terminate();
        }
    }

    @Test
    void serviceThatIsRefusedEndsTheStart() throws Exception {
        try (ChildProcess server = server()) {
            int control = RelayPair.controlPort(server.line());
            Path file = folder.resolve("forwarder.toml");
            Files.writeString(
                    file,
                    configuration(
                            control, "[forward.a]\nlocal = 9", "[forward.b]\nlocal = 9\nhost = \"b.example.org\""));
            try (ChildProcess forwarder = ChildProcess.relay("--config=" + file)) {
                assertEquals(5, forwarder.awaitExit(), forwarder::toString);
                assertTrue(
                        forwarder.errors().contains("relay: service b: relay server localhost:" + control + " refused"),
                        forwarder::errors);
            }
        }
    }

    /** The visitor speaks HTTP, and its request comes back. */
    private void assertNamed() throws Exception {
        named().close();
    }

    private Socket named() throws Exception {
        Socket visitor = Echo.visitor(web);
        String request = "GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n";
        Echo.send(visitor, request);
        Echo.expect(visitor, request);
        return visitor;
    }
}
