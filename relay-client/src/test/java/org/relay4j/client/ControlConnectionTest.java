package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.RelayException;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.FixedPort;
import org.relay4j.yamux.SessionOptions;

/** How a connection to a relay server begins, with servers that say something else. */
class ControlConnectionTest {
    private static final RelayClientOptions OPTIONS = RelayClientOptions.defaults();
    private static final RelayClientOptions HASTY = RelayClientOptions.builder()
            .connectTimeout(Duration.ofMillis(200))
            .handshakeTimeout(Duration.ofMillis(200))
            .build();

    // ---- a port

    @Test
    void addressesAreThoseTheCallerKnows() throws IOException {
        try (FakeServer server = FakeServer.saying("4532\n")) {
            ControlConnection connection = ControlConnection.open("localhost", server.port(), OPTIONS);
            assertEquals("localhost", connection.publicAddress().getHostString());
            assertEquals(4532, connection.publicAddress().getPort());
            assertEquals("localhost", connection.server().getHostString());
            assertEquals(server.port(), connection.server().getPort());
            assertTrue(connection.publicAddress().getAddress().isLoopbackAddress());
            assertFalse(connection.channel().isRegistered());
            connection.channel().close();
        }
    }

    @Test
    void namedAddressKeepsItsScope() throws IOException {
        byte[] linkLocal = InetAddress.getByName("fe80::1").getAddress();
        InetAddress named = ControlConnection.named("relay", Inet6Address.getByAddress(null, linkLocal, 3));
        assertEquals("relay", named.getHostName());
        assertEquals(3, assertInstanceOf(Inet6Address.class, named).getScopeId());
    }

    @ParameterizedTest
    @CsvSource({"1, 0, 0", "2, 0, 500", "2, 30000, 500", "2, 100, 100"})
    void severalConnectionsArePingedOften(int connections, int interval, int expected) {
        RelayClientOptions options = RelayClientOptions.builder()
                .connections(connections)
                .session(SessionOptions.builder()
                        .keepAliveInterval(Duration.ofMillis(interval))
                        .build())
                .build();
        assertEquals(
                Duration.ofMillis(expected), ControlConnection.session(options).keepAliveInterval());
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "65535, 65535", "00080, 80"})
    void portIsRead(String line, int port) throws IOException {
        assertEquals(port, portOf(line + "\n"));
        assertEquals(port, portOf(line + "\r\n"));
    }

    private static int portOf(String answer) throws IOException {
        try (FakeServer server = FakeServer.saying(answer)) {
            ControlConnection connection = open(server, OPTIONS);
            connection.channel().close();
            return connection.publicAddress().getPort();
        }
    }

    @Test
    void nothingBehindTheLineFeedIsRead() throws IOException {
        try (FakeServer server = FakeServer.saying("4532\nthe first frame")) {
            try (SocketChannel channel = open(server, OPTIONS).channel()) {
                channel.configureBlocking(true);
                ByteBuffer frame = ByteBuffer.allocate("the first frame".length());
                while (frame.hasRemaining()) assertTrue(channel.read(frame) > 0);
                assertEquals("the first frame", new String(frame.array(), StandardCharsets.US_ASCII));
            }
        }
    }

    @Test
    void lineMayComeInPieces() throws IOException {
        FakeServer.Behaviour pieces = connection -> {
            for (byte next : "4532\n".getBytes(StandardCharsets.US_ASCII)) {
                connection.getOutputStream().write(next);
                connection.getOutputStream().flush();
            }
            FakeServer.awaitEnd(connection);
        };
        try (FakeServer server = FakeServer.start(pieces);
                SocketChannel channel = open(server, OPTIONS).channel()) {
            assertTrue(channel.isConnected());
        }
    }

    @Test
    void nothingIsSentToTheServer() throws IOException {
        List<Integer> heard = new ArrayList<>();
        FakeServer.Behaviour listens = connection -> {
            connection.getOutputStream().write("4532\n".getBytes(StandardCharsets.US_ASCII));
            heard.add(connection.getInputStream().read());
        };
        try (FakeServer server = FakeServer.start(listens)) {
            open(server, OPTIONS).channel().close();
            server.awaitAllEnded();
            assertEquals(List.of(-1), heard);
        }
    }

    // ---- something else

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
                "SSH-2.0-OpenSSH_9.6\r\n",
                "220 mail.example.com ESMTP\r\n",
                "-ERR unknown command\r\n",
                "\n",
                "\r\n",
                "0\n",
                "65536\n",
                "-1\n",
                "+80\n",
                " 80\n",
                "123456\n",
                "port 4532\n",
                "ERR\n",
                "ERR Capital letters\n"
            })
    void answerThatIsNoPortIsQuoted(String answer) throws IOException {
        try (FakeServer server = FakeServer.saying(answer)) {
            RelayProtocolException failure = assertThrows(RelayProtocolException.class, () -> open(server, OPTIONS));
            String line = answer.substring(0, answer.indexOf('\n')).replace("\r", "");
            assertEquals(
                    "localhost:" + server.port() + " is not a relay server: it answered \"" + line
                            + "\" instead of a port",
                    failure.getMessage());
            server.awaitAllEnded(); // the connection was closed
        }
    }

    @Test
    void answerThatIsNoTextIsMadeVisible() throws IOException {
        try (FakeServer server = FakeServer.saying("\u0015\u0003\u0003\u001B[2J\n")) {
            RelayProtocolException failure = assertThrows(RelayProtocolException.class, () -> open(server, OPTIONS));
            assertTrue(failure.getMessage().contains("\"????[2J\""), failure.getMessage());
        }
    }

    @Test
    void longestLineIsRead() throws IOException {
        String detail = "x".repeat(256 - "ERR internal ".length());
        try (FakeServer server = FakeServer.saying("ERR internal " + detail + "\n")) {
            RelayRefusedException failure = assertThrows(RelayRefusedException.class, () -> open(server, OPTIONS));
            assertEquals(detail, failure.detail());
        }
    }

    @Test
    void lineThatIsTooLongIsNotReadToItsEnd() throws IOException {
        for (String answer : List.of("1".repeat(257), "1".repeat(257) + "\n", "1".repeat(1_000_000))) {
            try (FakeServer server = FakeServer.saying(answer)) {
                RelayProtocolException failure =
                        assertThrows(RelayProtocolException.class, () -> open(server, OPTIONS));
                assertTrue(failure.getMessage().endsWith("its first line is longer than 256 bytes"));
            }
        }
    }

    @Test
    void refusalHasACodeAndADetail() throws IOException {
        try (FakeServer server = FakeServer.saying("ERR limit-reached the server has its 2 tunnels\n")) {
            RelayRefusedException failure = assertThrows(RelayRefusedException.class, () -> open(server, OPTIONS));
            assertEquals("limit-reached", failure.code());
            assertEquals("the server has its 2 tunnels", failure.detail());
            assertEquals(
                    "localhost:" + server.port() + " refused, limit-reached: the server has its 2 tunnels",
                    failure.getMessage());
            server.awaitAllEnded();
        }
    }

    @Test
    void refusalNeedsNoDetail() throws IOException {
        try (FakeServer server = FakeServer.saying("ERR draining\n")) {
            RelayRefusedException failure = assertThrows(RelayRefusedException.class, () -> open(server, OPTIONS));
            assertEquals("draining", failure.code());
            assertEquals("localhost:" + server.port() + " refused, draining", failure.getMessage());
        }
    }

    // ---- no answer

    @ParameterizedTest
    @ValueSource(strings = {"", "45", "ERR limit-reached without its line feed"})
    void serverThatLeavesBeforeTheLineIsComplete(String beginning) throws IOException {
        FakeServer.Behaviour leaves =
                connection -> connection.getOutputStream().write(beginning.getBytes(StandardCharsets.US_ASCII));
        try (FakeServer server = FakeServer.start(leaves)) {
            RelayUnreachableException failure =
                    assertThrows(RelayUnreachableException.class, () -> open(server, OPTIONS));
            assertEquals(
                    "localhost:" + server.port() + " closed the connection before it assigned a port",
                    failure.getMessage());
        }
    }

    @Test
    void serverThatResetsTheConnection() throws IOException {
        try (FakeServer server = FakeServer.start(connection -> connection.setSoLinger(true, 0))) {
            RelayUnreachableException failure =
                    assertThrows(RelayUnreachableException.class, () -> open(server, OPTIONS));
            // It may come before the client has noticed that it is connected.
            assertTrue(failure.getMessage().contains("Connection reset"), failure.getMessage());
        }
    }

    @Test
    void serverThatSaysNothingIsNotWaitedForLonger() throws IOException {
        try (FakeServer server = FakeServer.start(FakeServer::awaitEnd)) {
            RelayUnreachableException failure =
                    assertThrows(RelayUnreachableException.class, () -> open(server, HASTY));
            assertEquals("localhost:" + server.port() + " did not assign a port within 0.2 s", failure.getMessage());
            server.awaitAllEnded();
        }
    }

    @Test
    void timeoutIsForTheWholeLine() throws IOException {
        FakeServer.Behaviour drips = connection -> {
            while (true) {
                connection.getOutputStream().write('1');
                LockSupport.parkNanos(20_000_000);
            }
        };
        try (FakeServer server = FakeServer.start(drips)) {
            RelayUnreachableException failure =
                    assertThrows(RelayUnreachableException.class, () -> open(server, HASTY));
            assertTrue(failure.getMessage().endsWith("did not assign a port within 0.2 s"), failure.getMessage());
        }
    }

    // ---- no connection

    @Test
    void noListener() throws IOException {
        int port = FixedPort.free();
        RelayUnreachableException failure =
                assertThrows(RelayUnreachableException.class, () -> ControlConnection.open("localhost", port, OPTIONS));
        assertEquals("cannot connect to localhost:" + port + ": Connection refused", failure.getMessage());
    }

    @Test
    void unknownHost() {
        RelayUnreachableException failure = assertThrows(
                RelayUnreachableException.class, () -> ControlConnection.open("relay.invalid", 7000, OPTIONS));
        assertEquals("unknown host relay.invalid", failure.getMessage());
        assertInstanceOf(UnknownHostException.class, failure.getCause());
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 65_536, 70_000})
    void portThatIsNone(int port) {
        IllegalArgumentException failure =
                assertThrows(IllegalArgumentException.class, () -> ControlConnection.open("localhost", port, OPTIONS));
        assertEquals("port is " + port + ", it must be 1 to 65535", failure.getMessage());
    }

    @Test
    void serverThatDoesNotTakeTheConnection() throws IOException {
        try (FullBacklog full = new FullBacklog()) {
            RelayUnreachableException failure = assertThrows(
                    RelayUnreachableException.class, () -> ControlConnection.open("localhost", full.port(), HASTY));
            assertEquals(
                    "cannot connect to localhost:" + full.port() + ": no answer within 0.2 s", failure.getMessage());
        }
    }

    // ---- interrupts

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void interruptWhileConnecting(boolean platformThread) throws IOException {
        try (FullBacklog full = new FullBacklog()) {
            Call<Void> call = run(platformThread, () -> ControlConnection.open("localhost", full.port(), OPTIONS));
            full.awaitOneMore();
            call.interrupt();
            assertEquals(
                    "interrupted while connecting",
                    call.failure(InterruptedIOException.class).getMessage());
            assertTrue(call.endedInterrupted());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void interruptWhileWaitingForThePort(boolean platformThread) throws IOException {
        try (FakeServer server = FakeServer.start(FakeServer::awaitEnd)) {
            Call<Void> call = run(platformThread, () -> open(server, OPTIONS));
            Await.until("connected", () -> server.connected() > 0);
            call.interrupt();
            assertEquals(
                    "interrupted while connecting",
                    call.failure(InterruptedIOException.class).getMessage());
            assertTrue(call.endedInterrupted());
            server.awaitAllEnded();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void threadThatIsInterruptedAlready(boolean platformThread) throws IOException {
        try (FakeServer server = FakeServer.saying("4532\n")) {
            Call<Void> call = run(platformThread, () -> {
                Thread.currentThread().interrupt();
                open(server, OPTIONS);
            });
            call.failure(InterruptedIOException.class);
            assertTrue(call.endedInterrupted());
        }
    }

    // ---- TLS

    @Test
    void serverThatAnswersWithATlsAlertSpeaksTls() throws IOException {
        try (FakeServer server = FakeServer.saying("\u0015\u0003\u0003\u0000\u0002\u0002(")) {
            RelayProtocolException failure = assertThrows(RelayProtocolException.class, () -> open(server, OPTIONS));
            assertEquals(
                    "localhost:" + server.port() + " speaks TLS, but this client does not; set the option tls",
                    failure.getMessage());
        }
    }

    private static Call<Void> run(boolean platformThread, Call.Action action) {
        return platformThread ? Call.runOnPlatformThread(action) : Call.run(action);
    }

    /** A failure of the tunnel is a RelayException, which is an IOException. */
    @Test
    void allFailuresAreOneFamily() {
        for (Class<?> type :
                List.of(RelayProtocolException.class, RelayRefusedException.class, RelayUnreachableException.class)) {
            assertTrue(RelayException.class.isAssignableFrom(type) && IOException.class.isAssignableFrom(type));
        }
    }

    private static ControlConnection open(FakeServer server, RelayClientOptions options) throws IOException {
        return ControlConnection.open("localhost", server.port(), options);
    }
}
