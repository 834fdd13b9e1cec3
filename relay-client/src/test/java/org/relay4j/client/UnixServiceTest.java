package org.relay4j.client;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.UnixEcho;
import org.relay4j.testing.Visitor;

/** A forwarder whose local service listens on a Unix-domain socket. */
@ExtendWith(LeakCheck.EachTest.class)
class UnixServiceTest {
    @TempDir
    Path folder;

    private Path path;
    private RelayServer server;

    @BeforeEach
    void start() throws IOException {
        path = folder.resolve("s");
        server = RelayServer.start(Local.options().extended(true).build());
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private RelayForwarder forward() throws IOException {
        return forward(RelayClientOptions.defaults());
    }

    private RelayForwarder forward(RelayClientOptions options) throws IOException {
        return RelayClient.forward("localhost", server.port(), UnixDomainSocketAddress.of(path), options);
    }

    private static Socket visit(RelayForwarder forwarder) throws IOException {
        return Visitor.connect(forwarder.publicAddress().getPort());
    }

    @Test
    void visitorsReachTheService() throws Exception {
        byte[] sent = new byte[4 << 20];
        new Random(5).nextBytes(sent);
        try (UnixEcho service = UnixEcho.start(path);
                RelayForwarder forwarder = forward()) {
            assertTrue(forwarder.toString().endsWith(" -> unix:" + path + "]"), forwarder::toString);
            try (Socket visitor = visit(forwarder)) {
                Call<byte[]> echoed = Call.of(() -> visitor.getInputStream().readAllBytes());
                visitor.getOutputStream().write(sent);
                visitor.shutdownOutput();
                assertArrayEquals(sent, echoed.result());
            }
            for (int i = 0; i < 100; i++) {
                try (Socket visitor = visit(forwarder)) {
                    Visitor.send(visitor, "hello");
                    Visitor.expect(visitor, "hello");
                }
            }
            assertEquals(101, service.connected());
        }
    }

    @Test
    void serviceIsToldTheAddressOfTheVisitor() throws Exception {
        RelayClientOptions options =
                RelayClientOptions.builder().proxyProtocol(ProxyProtocol.V1).build();
        try (UnixEcho service = UnixEcho.start(path);
                RelayForwarder forwarder = forward(options);
                Socket visitor = visit(forwarder)) {
            ProxyHeader header = ProxyHeader.of((InetSocketAddress) visitor.getLocalSocketAddress(), (InetSocketAddress)
                    visitor.getRemoteSocketAddress());
            Visitor.send(visitor, "hello");
            Visitor.expect(visitor, new String(header.encodeV1(), US_ASCII) + "hello");
            assertEquals(1, service.connected());
        }
    }

    @Test
    void visitorIsResetUntilTheServiceListens() throws Exception {
        try (Logged log = Logged.below("org.relay4j.client");
                RelayForwarder forwarder = forward()) {
            try (Socket visitor = visit(forwarder)) {
                Visitor.expectReset(visitor);
            }
            log.await("visitor reset, cannot connect to the local service unix:" + path
                    + ": no such file; start the service, or correct the path");
            try (UnixEcho service = UnixEcho.start(path);
                    Socket visitor = visit(forwarder)) {
                Visitor.send(visitor, "hello");
                Visitor.expect(visitor, "hello");
                assertEquals(1, service.connected());
            }
        }
    }

    /** A connect to a full backlog fails at once, where TCP waits. */
    @Test
    void visitorsWaitWhileTheBacklogIsFull() throws Exception {
        List<Socket> visitors = new ArrayList<>();
        try (ServerSocketChannel service = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
                RelayForwarder forwarder = forward()) {
            service.bind(UnixDomainSocketAddress.of(path), 1);
            for (int i = 0; i < 20; i++) {
                Socket visitor = visit(forwarder);
                visitors.add(visitor);
                Visitor.send(visitor, "hello");
                if (i % 2 == 0) visitor.shutdownOutput();
            }
            Await.until("all have arrived", () -> forwarder.statistics().openVisitors() == 20);
            Visitor.reset(visitors.remove(19)); // it waits, and is forgotten
            Await.until("it has left", () -> forwarder.statistics().openVisitors() == 19);
            for (int i = 0; i < 19; i++) {
                try (SocketChannel connection = service.accept()) {
                    ByteBuffer received = ByteBuffer.allocate(5);
                    while (received.hasRemaining() && connection.read(received) >= 0) {}
                    connection.write(received.flip());
                }
            }
            for (Socket visitor : visitors) Visitor.expect(visitor, "hello");
        } finally {
            for (Socket visitor : visitors) visitor.close();
        }
    }

    @Test
    void backlogThatStaysFullIsAFailure() throws Exception {
        RelayClientOptions options = RelayClientOptions.builder()
                .localConnectTimeout(Duration.ofMillis(50))
                .build();
        try (Logged log = Logged.below("org.relay4j.client");
                ServerSocketChannel service = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
                RelayForwarder forwarder = forward(options)) {
            service.bind(UnixDomainSocketAddress.of(path), 1);
            try (Socket first = visit(forwarder);
                    Socket second = visit(forwarder);
                    Socket third = visit(forwarder)) {
                log.await("the local service unix:" + path + ": its backlog was full for 50 ms");
                Visitor.expectReset(third);
                Await.until("it has left", () -> forwarder.statistics().openVisitors() == 2);
                assertTrue(first.isConnected() && second.isConnected());
            }
        }
    }

    @Test
    void fileThatIsNoSocketIsNamed() throws Exception {
        Files.createFile(path);
        try (Logged log = Logged.below("org.relay4j.client");
                RelayForwarder forwarder = forward();
                Socket visitor = visit(forwarder)) {
            Visitor.expectReset(visitor);
            log.await("the local service unix:" + path + ": it is a file, not a socket; correct the path");
            Await.until("no visitor is left", () -> forwarder.statistics().openVisitors() == 0);
        }
    }

    @Test
    void addressThatNoServiceCanHaveIsRefused() {
        String longPath = "/" + "x".repeat(200);
        assertEquals(
                "unix:" + longPath
                        + ": the path of a socket has at most 107 bytes, and this one has 201; use a shorter path",
                refusal(UnixDomainSocketAddress.of(longPath)));
        assertEquals(
                "unix:: the path of the socket is empty; use one such as /run/app.sock",
                refusal(UnixDomainSocketAddress.of("")));
        assertEquals("local port is 0, it must be 1 to 65535", refusal(new InetSocketAddress(0)));
        assertEquals(
                "local is somewhere, it must be an InetSocketAddress or a UnixDomainSocketAddress",
                refusal(new SocketAddress() {
                    private static final long serialVersionUID = 1L;

                    @Override
                    public String toString() {
                        return "somewhere";
                    }
                }));
    }

    private String refusal(SocketAddress local) {
        return assertThrows(
                        IllegalArgumentException.class, () -> RelayClient.forward("localhost", server.port(), local))
                .getMessage();
    }

    /** A real Redis, asked by its own tools with 50 connections, each of which asks for a hundred answers at once. */
    @Test
    @Tag("peers")
    void redisOnASocketIsReachedByItsOwnTools() throws Exception {
        Process redis = new ProcessBuilder(
                        "redis-server",
                        "--port",
                        "0",
                        "--unixsocket",
                        path.toString(),
                        "--save",
                        "",
                        "--dir",
                        "" + folder)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        try (RelayForwarder forwarder = forward()) {
            Await.until("redis listens", () -> Files.exists(path));
            String port = "" + forwarder.publicAddress().getPort();
            assertEquals("OK", output("redis-cli", "-p", port, "SET", "greeting", "hello"));
            assertEquals("hello", output("redis-cli", "-p", port, "GET", "greeting"));
            String load = output(
                    "redis-benchmark", "-p", port, "-q", "-n", "50000", "-c", "50", "-P", "100", "-t", "set,get");
            assertTrue(load.contains("SET: ") && load.contains("GET: ") && !load.contains("rror"), load);
            assertTrue(output("redis-cli", "-p", port, "INFO", "stats").contains("total_error_replies:0"));
        } finally {
            redis.destroy();
            assertTrue(redis.waitFor(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS));
        }
    }

    private static String output(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), US_ASCII).strip();
        assertEquals(0, process.waitFor(), output);
        return output;
    }
}
