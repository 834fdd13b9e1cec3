package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.relay4j.api.json.JsonReader;
import org.relay4j.cli.admin.AdminProcess;
import org.relay4j.cli.admin.AdminServer;
import org.relay4j.cli.admin.AdminToken;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.testing.FixedPort;
import org.relay4j.yamux.io.SocketFile;

class StatusCommandTest {
    private static final String TOKEN = "0123456789abcdef";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @AfterEach
    void restoreLogging() {
        StandardErrorLogging.json(false);
    }

    private ExitCode run(Map<String, String> environment, String... args) {
        out.reset();
        err.reset();
        return new Cli(environment, print(out), print(err), new Shutdown()).run(args);
    }

    private static PrintStream print(ByteArrayOutputStream stream) {
        return new PrintStream(stream, true, StandardCharsets.UTF_8);
    }

    private String output() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String errors() {
        return err.toString(StandardCharsets.UTF_8);
    }

    private static InetSocketAddress anyPort() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private static AdminServer admin(@Nullable AdminToken token) throws IOException {
        return AdminServer.open(anyPort(), token, process());
    }

    private static AdminProcess process() {
        return new AdminProcess() {
            @Override
            public boolean isDraining() {
                return false;
            }

            @Override
            public void drain() {
                throw new IllegalStateException();
            }
        };
    }

    private static String at(AdminServer admin) {
        return "127.0.0.1:" + admin.address().getPort();
    }

    @Test
    void tableAndJson() throws IOException {
        try (RelayServer server = RelayServer.start(RelayServerOptions.builder()
                        .bindAddress(InetAddress.getLoopbackAddress())
                        .build());
                AdminServer admin = admin(null)) {
            String option = "--admin=" + at(admin);
            assertEquals(ExitCode.FAILURE, run(Map.of(), "status", option));
            assertTrue(errors().contains(at(admin) + " answered with status 503: starting"), errors());
            admin.serve(server);
            assertEquals(ExitCode.OK, run(Map.of(), "status", option), this::errors);
            assertTrue(output().startsWith("relay server 127.0.0.1:" + server.port() + ", serving, up "), output());
            assertTrue(output().endsWith("no tunnels" + System.lineSeparator()), output());
            assertEquals("", errors());
            assertEquals(ExitCode.OK, run(Map.of("RELAY_ADMIN", at(admin)), "--json", "status"), this::errors);
            assertEquals(1, output().lines().count());
            assertEquals("server", ((Map<?, ?>) JsonReader.read(output())).get("role"));
        }
    }

    @Test
    void token(@TempDir Path folder) throws IOException {
        Path file = Files.createFile(
                folder.resolve("token"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(file, TOKEN + "\n");
        try (AdminServer admin = admin(AdminToken.of(TOKEN))) {
            String option = "--admin=" + at(admin);
            assertEquals(ExitCode.NOT_ACCEPTED, run(Map.of(), "status", option));
            assertTrue(errors().contains("set RELAY_ADMIN_TOKEN or --admin-token-file=<file>"), errors());
            String wrong = "wrong-but-long-enough";
            for (int i = 0; i < 10; i++) {
                assertEquals(ExitCode.NOT_ACCEPTED, run(Map.of("RELAY_ADMIN_TOKEN", wrong), "status", option));
                assertTrue(errors().contains("; check the token"), errors());
                assertTrue(!errors().contains(wrong), errors());
            }
            assertEquals(ExitCode.NOT_ACCEPTED, run(Map.of("RELAY_ADMIN_TOKEN", wrong), "status", option));
            assertTrue(errors().matches("(?s).*status 429.*; try again in \\d+ s\n"), errors());
        }
        try (AdminServer admin = admin(AdminToken.of(TOKEN))) {
            String option = "--admin=" + at(admin);
            assertEquals(ExitCode.FAILURE, run(Map.of("RELAY_ADMIN_TOKEN", TOKEN), "status", option));
            assertTrue(errors().contains("starting"), errors());
            String fromFile = "--admin-token-file=" + file;
            assertEquals(
                    ExitCode.FAILURE,
                    run(Map.of("RELAY_ADMIN_TOKEN", "wrong-but-long-enough"), "status", option, fromFile));
            assertTrue(errors().contains("starting"), errors());
        }
        assertEquals(ExitCode.USAGE, run(Map.of("RELAY_ADMIN_TOKEN", "short"), "status"));
        assertEquals(ExitCode.USAGE, run(Map.of(), "status", "--admin-token-file=" + folder.resolve("none")));
    }

    @Test
    void addressAndTokenOfTheConfigurationFile(@TempDir Path folder) throws IOException {
        Path token = Files.createFile(
                folder.resolve("token"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(token, TOKEN + "\n");
        Path file = folder.resolve("server.toml");
        try (AdminServer admin = admin(AdminToken.of(TOKEN))) {
            Files.writeString(
                    file,
                    "port = 7000\njson = true\nmax-tunnels = 5\nadmin = \"0.0.0.0:"
                            + admin.address().getPort() + "\"\nadmin-token-file = \"token\"\n");
            String starting = "relay: " + at(admin) + " answered with status 503: starting\n";
            assertEquals(ExitCode.FAILURE, run(Map.of(), "status", "--config=" + file));
            assertEquals(starting, errors());
            assertEquals(ExitCode.FAILURE, run(Map.of("RELAY_CONFIG", file.toString()), "status"));
            assertEquals(starting, errors());
            int unused = FixedPort.free();
            assertEquals(
                    ExitCode.UNREACHABLE, run(Map.of(), "status", "--config=" + file, "--admin=127.0.0.1:" + unused));
            assertTrue(errors().contains("cannot connect to 127.0.0.1:" + unused), errors());
        }
        Files.writeString(file, "port = 7000\nadmn = \"127.0.0.1:7001\"\n");
        assertEquals(ExitCode.USAGE, run(Map.of(), "status", "--config=" + file));
        assertTrue(errors().contains("server.toml:2:1: unknown key \"admn\" (did you mean admin?)"), errors());
    }

    @Test
    void unixSocket(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("a");
        String option = "--admin=unix:" + path;
        assertEquals(ExitCode.UNREACHABLE, run(Map.of(), "status", option));
        assertEquals(
                "relay: cannot connect to unix:" + path + ": no such file; start the service, or correct the path\n",
                errors());
        try (RelayServer server = RelayServer.start(RelayServerOptions.builder()
                        .bindAddress(InetAddress.getLoopbackAddress())
                        .build());
                AdminServer admin = AdminServer.open(path, SocketFile.Access.USUAL, AdminToken.of(TOKEN), process())) {
            admin.serve(server);
            assertEquals(ExitCode.NOT_ACCEPTED, run(Map.of(), "status", option));
            assertTrue(errors().startsWith("relay: unix:" + path + " answered with status 401: "), errors());
            Map<String, String> token = Map.of("RELAY_ADMIN_TOKEN", TOKEN);
            assertEquals(ExitCode.OK, run(token, "status", option), this::errors);
            assertTrue(output().startsWith("relay server 127.0.0.1:" + server.port() + ", serving, up "), output());
            Path file = folder.resolve("server.toml");
            Files.writeString(file, "port = 7000\nadmin = \"unix:a\"\n");
            assertEquals(ExitCode.OK, run(token, "status", "--json", "--config=" + file), this::errors);
            assertEquals("server", ((Map<?, ?>) JsonReader.read(output())).get("role"));
        }
        assertEquals(ExitCode.USAGE, run(Map.of(), "status", "--admin=unix:"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "HTTP/1.1 200 OK~~<html> | is not the admin address of a relay; check --admin",
                "HTTP/1.1 200 OK~Transfer-Encoding: chunked~~2~{}~0~~ | is not the admin address of a relay; check --admin",
                "SSH-2.0-OpenSSH~ | the answer is not HTTP",
                "HTTP/1.1 200 OK~X: #~~{} | the answer is not HTTP: Maximum line length limit exceeded",
                "HTTP/1.1 200 OK~%~{} | the answer is not HTTP: Maximum header count exceeded",
                "'' | the connection ended without an answer"
            })
    void otherServersOnUnixSockets(String answer, String message, @TempDir Path folder) throws Exception {
        Path path = folder.resolve("a");
        try (ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            other.bind(UnixDomainSocketAddress.of(path));
            Thread serving = new Thread(() -> {
                try (SocketChannel client = other.accept()) {
                    String text = answer.replace("#", "y".repeat(9_000)).replace("%", "X: y~".repeat(101));
                    client.write(ByteBuffer.wrap(text.replace("~", "\r\n").getBytes(StandardCharsets.US_ASCII)));
                    client.shutdownOutput();
                    Channels.newInputStream(client).readAllBytes();
                } catch (IOException e) {
                    // the client has had enough
                }
            });
            serving.start();
            assertEquals(ExitCode.UNREACHABLE, run(Map.of(), "status", "--admin=unix:" + path));
            assertTrue(errors().contains(message), errors());
            serving.join();
        }
        assertEquals(ExitCode.UNREACHABLE, run(Map.of(), "status", "--admin=unix:" + path));
        assertTrue(errors().contains("cannot connect to unix:" + path + ": nobody listens on it"), errors());
    }

    @Test
    void nobodyListens() throws IOException {
        int port = FixedPort.free();
        assertEquals(ExitCode.UNREACHABLE, run(Map.of(), "status", "--admin=127.0.0.1:" + port));
        assertEquals(
                "relay: cannot connect to 127.0.0.1:" + port + "; start the server or forwarder with --admin=127.0.0.1:"
                        + port + ", or name its admin address with --admin\n",
                errors());
        assertEquals(ExitCode.USAGE, run(Map.of(), "status", "--admin=7001"));
        assertEquals(ExitCode.USAGE, run(Map.of(), "status", "--bind=127.0.0.1"));
        assertEquals(ExitCode.USAGE, run(Map.of(), "status", "7001"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "200 | <html>hello</html>",
                "200 | {}",
                "200 | []",
                "200 | {\"role\":\"server\"}",
                "404 | {\"status\":404}",
                "302 | moved",
                "401 | <html>"
            })
    void otherServers(int status, String body) throws IOException {
        HttpServer other = HttpServer.create(anyPort(), 0);
        other.createContext("/", exchange -> {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Location", "http://192.0.2.1/");
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        other.start();
        try {
            String where = "127.0.0.1:" + other.getAddress().getPort();
            assertEquals(ExitCode.UNREACHABLE, run(Map.of(), "status", "--admin=" + where));
            assertEquals("relay: " + where + " is not the admin address of a relay; check --admin\n", errors());
        } finally {
            other.stop(0);
        }
    }

    @Test
    void endlessAnswers() throws IOException {
        HttpServer other = HttpServer.create(anyPort(), 0);
        other.createContext("/", exchange -> {
            try (exchange) {
                exchange.sendResponseHeaders(200, 0);
                byte[] spaces = " ".repeat(65_536).getBytes(StandardCharsets.UTF_8);
                while (true) exchange.getResponseBody().write(spaces); // until the client has enough
            }
        });
        other.start();
        try {
            String where = "127.0.0.1:" + other.getAddress().getPort();
            assertEquals(ExitCode.UNREACHABLE, run(Map.of(), "status", "--admin=" + where));
            assertTrue(errors().contains("the answer is longer than " + StatusCommand.LONGEST + " bytes"), errors());
        } finally {
            other.stop(0);
        }
    }

    @Test
    void silence() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            String where = "127.0.0.1:" + silent.getLocalPort();
            assertSilent(where);
            Thread trickling = new Thread(() -> {
                try {
                    silent.accept().close(); // the connection of the first question
                    try (Socket visitor = silent.accept()) {
                        visitor.getOutputStream().write("HTTP/1.1 200 OK\r\n\r\n{".getBytes(StandardCharsets.US_ASCII));
                        visitor.getInputStream().readAllBytes(); // never the rest
                    }
                } catch (IOException e) {
                    // the test has ended
                }
            });
            trickling.setDaemon(true);
            trickling.start();
            assertSilent(where);
        }
    }

    private void assertSilent(String where) {
        Arguments arguments = Arguments.of(List.of("status", "--admin=" + where), Map.of());
        StatusCommand command =
                new StatusCommand(arguments, new Output(print(out), print(err), false), Duration.ofMillis(300));
        CommandFailure failure = assertThrows(CommandFailure.class, command::run);
        assertEquals(ExitCode.UNREACHABLE, failure.code());
        assertTrue(failure.getMessage().contains(where), failure.getMessage());
    }
}
