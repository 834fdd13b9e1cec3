package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.SessionOptions;

/** An acceptor and a real server: what a program that knows only ServerSocket gets to see. */
@ExtendWith(LeakCheck.class)
class RelayAcceptorTest {
    private RelayServer server;
    private RelayAcceptor acceptor;

    @BeforeEach
    void start() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        server = RelayServer.start(RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .build());
        acceptor = RelayClient.connect("localhost", server.port());
    }

    @AfterEach
    void stop() throws IOException {
        acceptor.close();
        server.close();
    }

    // ---- a server socket

    @Test
    void isBoundToItsPublicAddress() throws IOException {
        assertTrue(acceptor.isBound());
        assertFalse(acceptor.isClosed());
        assertTrue(acceptor.isOpen());
        int port = acceptor.publicAddress().getPort();
        assertEquals("localhost", acceptor.publicAddress().getHostString());
        assertEquals(new InetSocketAddress("localhost", server.port()), acceptor.serverAddress());
        assertEquals(port, acceptor.getLocalPort());
        assertEquals(acceptor.publicAddress(), acceptor.getLocalSocketAddress());
        assertEquals(InetAddress.getLoopbackAddress(), acceptor.getInetAddress());
        assertNull(acceptor.getChannel());
        assertTrue(acceptor.toString().contains(Integer.toString(port)), acceptor::toString);
        Visitor.connect(port).close();
    }

    @Test
    void isStillBoundWhenItIsClosed() throws IOException {
        int port = acceptor.getLocalPort();
        acceptor.close();
        // As with any server socket.
        assertTrue(acceptor.isBound());
        assertTrue(acceptor.isClosed());
        assertEquals(port, acceptor.getLocalPort());
        assertEquals(port, acceptor.publicAddress().getPort());
    }

    @Test
    void bindIsANoOpWhileItIsOpen() throws IOException {
        int port = acceptor.getLocalPort();
        acceptor.bind(new InetSocketAddress(8080));
        acceptor.bind(new InetSocketAddress(0), 10);
        acceptor.bind(null);
        assertEquals(port, acceptor.getLocalPort());
        acceptor.close();
        SocketException failure = assertThrows(SocketException.class, () -> acceptor.bind(new InetSocketAddress(8080)));
        assertEquals("Socket is closed", failure.getMessage());
    }

    @Test
    void optionsAreRememberedAndNeverRefused() throws IOException {
        acceptor.setReuseAddress(false);
        assertFalse(acceptor.getReuseAddress());
        acceptor.setReceiveBufferSize(12_345);
        assertEquals(12_345, acceptor.getReceiveBufferSize());
        acceptor.setSoTimeout(77);
        assertEquals(77, acceptor.getSoTimeout());
        acceptor.setPerformancePreferences(1, 2, 3);
        acceptor.setOption(StandardSocketOptions.SO_RCVBUF, 54_321);
        assertEquals(54_321, acceptor.getOption(StandardSocketOptions.SO_RCVBUF));
        assertEquals(54_321, acceptor.getReceiveBufferSize());
        assertTrue(acceptor.supportedOptions().contains(StandardSocketOptions.SO_REUSEADDR));
        assertThrows(
                UnsupportedOperationException.class, () -> acceptor.setOption(StandardSocketOptions.TCP_NODELAY, true));
    }

    @Test
    void acceptedSocketIsARealSocket() throws IOException {
        try (Socket visitor = visit();
                Socket accepted = acceptor.accept()) {
            assertTrue(accepted.isConnected() && accepted.isBound() && !accepted.isClosed());
            assertEquals(acceptor.getLocalPort(), accepted.getLocalPort());
            assertEquals(acceptor.getInetAddress(), accepted.getLocalAddress());
            assertTrue(accepted.getInetAddress().isAnyLocalAddress()); // the visitor is unknown
            Visitor.send(visitor, "ping");
            Visitor.expect(accepted, "ping");
            Visitor.send(accepted, "pong");
            Visitor.expect(visitor, "pong");
            accepted.setSoTimeout(1);
            assertThrows(
                    SocketTimeoutException.class,
                    () -> accepted.getInputStream().read());
            accepted.setSoTimeout(0);
            visitor.shutdownOutput();
            Visitor.expectEnd(accepted);
            Visitor.send(accepted, "late reply");
            accepted.shutdownOutput();
            Visitor.expect(visitor, "late reply");
            Visitor.expectEnd(visitor);
        }
    }

    @Test
    void bytesArriveUnchangedInBothDirections() throws IOException {
        long seed = 42;
        byte[] bytes = new byte[3_000_000];
        new Random(seed).nextBytes(bytes);
        try (Socket visitor = visit();
                Socket accepted = acceptor.accept()) {
            Call<Void> echo = Call.run(() -> {
                accepted.getInputStream().transferTo(accepted.getOutputStream());
                accepted.shutdownOutput();
            });
            Call<Void> sending = Call.run(() -> {
                visitor.getOutputStream().write(bytes);
                visitor.shutdownOutput();
            });
            org.junit.jupiter.api.Assertions.assertArrayEquals(
                    bytes, visitor.getInputStream().readAllBytes(), "seed " + seed);
            sending.result();
            echo.result();
        }
    }

    @Test
    void resetPassesInBothDirections() throws IOException {
        try (Socket visitor = visit();
                Socket accepted = acceptor.accept()) {
            Visitor.reset(visitor);
            Visitor.expectReset(accepted);
        }
        try (Socket visitor = visit()) {
            Visitor.reset(acceptor.accept());
            Visitor.expectReset(visitor);
        }
    }

    // ---- accept

    @Test
    void acceptTimesOutAndGoesOnAfterwards() throws IOException {
        acceptor.setSoTimeout(20);
        SocketTimeoutException failure = assertThrows(SocketTimeoutException.class, acceptor::accept);
        assertEquals("Accept timed out", failure.getMessage());
        acceptor.setSoTimeout(0);
        Call<Socket> accepting = Call.of(acceptor::accept).awaitBlocked();
        try (Socket visitor = visit();
                Socket accepted = accepting.result()) {
            Visitor.send(visitor, "x");
            Visitor.expect(accepted, "x");
        }
    }

    @Test
    void severalThreadsMayAccept() throws IOException {
        List<Call<Socket>> accepting = new ArrayList<>();
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < 8; i++) accepting.add(Call.of(acceptor::accept).awaitBlocked());
        for (int i = 0; i < 8; i++) sockets.add(visit());
        for (Call<Socket> call : accepting) sockets.add(call.result());
        assertEquals(8, server.visitorCount());
        for (Socket socket : sockets) socket.close();
    }

    @Test
    void interruptedAcceptKeepsTheFlag() throws IOException {
        Call<Socket> accepting = Call.of(acceptor::accept).awaitBlocked();
        accepting.interrupt();
        accepting.failure(InterruptedIOException.class);
        assertTrue(accepting.endedInterrupted());
        try (Socket visitor = visit();
                Socket accepted = acceptor.accept()) {
            assertTrue(visitor.isConnected() && accepted.isConnected());
        }
    }

    @Test
    void visitorsThatNobodyAcceptsWaitUpToTheBacklog() throws IOException {
        RelayClientOptions options = RelayClientOptions.builder()
                .session(SessionOptions.builder().backlog(2).build())
                .build();
        try (RelayAcceptor small = RelayClient.connect("localhost", server.port(), options);
                Socket one = Visitor.connect(small.getLocalPort());
                Socket two = Visitor.connect(small.getLocalPort())) {
            Await.until("two visitors", () -> server.visitorCount() == 2);
            try (Socket three = Visitor.connect(small.getLocalPort())) {
                Visitor.expectReset(three);
            }
            try (Socket accepted = small.accept();
                    Socket four = Visitor.connect(small.getLocalPort())) {
                Visitor.send(one, "first");
                Visitor.expect(accepted, "first");
                Visitor.send(two, "second");
                Visitor.send(four, "fourth");
                try (Socket next = small.accept();
                        Socket last = small.accept()) {
                    Visitor.expect(next, "second");
                    Visitor.expect(last, "fourth");
                }
            }
        }
    }

    @Test
    void visitorThatLeftBeforeItWasAcceptedDoesNotStandInTheWay() throws IOException {
        try (Socket leaving = visit()) {
            Await.until("it is there", () -> server.visitorCount() == 1);
            Visitor.reset(leaving);
            Await.until("it has left", () -> server.visitorCount() == 0);
        }
        try (Socket visitor = visit()) {
            Visitor.send(visitor, "!");
            acceptor.setSoTimeout((int) Await.DEADLINE.toMillis());
            int accepted = 1;
            while (!isAnswering(acceptor.accept())) accepted++;
            // The reset may still be in flight when the first is accepted.
            assertTrue(accepted <= 2, "accepted " + accepted);
        }
    }

    private static boolean isAnswering(Socket accepted) throws IOException {
        try (accepted) {
            return accepted.getInputStream().read() == '!';
        } catch (SocketException e) {
            return false;
        }
    }

    // ---- close

    @Test
    void closeWakesAccept() throws IOException {
        for (int i = 0; i < 50; i++) {
            RelayAcceptor closing = RelayClient.connect("localhost", server.port());
            Call<Socket> accepting = Call.of(closing::accept).awaitBlocked();
            closing.close();
            assertEquals(
                    "Socket closed", accepting.failure(SocketException.class).getMessage());
        }
    }

    @Test
    void acceptAfterCloseFails() throws IOException {
        acceptor.close();
        SocketException failure = assertThrows(SocketException.class, acceptor::accept);
        assertEquals("Socket is closed", failure.getMessage());
        assertThrows(SocketException.class, () -> acceptor.setSoTimeout(1));
        acceptor.close();
        acceptor.close();
    }

    @Test
    void acceptedSocketsSurviveTheAcceptor() throws IOException {
        try (Socket visitor = visit()) {
            Socket accepted = acceptor.accept();
            acceptor.close();
            assertTrue(acceptor.isClosed());
            Visitor.awaitRefused(acceptor.getLocalPort());
            Visitor.send(visitor, "still here");
            Visitor.expect(accepted, "still here");
            Visitor.send(accepted, "so am I");
            accepted.close();
            Visitor.expect(visitor, "so am I");
            Visitor.expectEnd(visitor);
            visitor.shutdownOutput();
            // The tunnel ends with the last of them.
            Await.until("the tunnel has ended", () -> !acceptor.isOpen());
            Await.until("the server has noticed", () -> server.tunnelCount() == 0);
        }
    }

    @Test
    void queuedVisitorsAreResetByClose() throws IOException {
        try (Socket one = visit();
                Socket two = visit()) {
            Await.until("two visitors", () -> server.visitorCount() == 2);
            acceptor.close();
            Visitor.expectReset(one);
            Visitor.expectReset(two);
        }
        Await.until("the server has noticed", () -> server.tunnelCount() == 0);
    }

    @Test
    void tunnelEndsWithAnAcceptorWithoutVisitors() throws IOException {
        acceptor.close();
        Await.until("the tunnel has ended", () -> !acceptor.isOpen());
        Await.until("the server has noticed", () -> server.tunnelCount() == 0);
        Visitor.awaitRefused(acceptor.getLocalPort());
    }

    @Test
    void severalThreadsMayClose() throws IOException {
        List<Call<Void>> closing = new ArrayList<>();
        for (int i = 0; i < 4; i++) closing.add(Call.run(acceptor::close));
        closing.forEach(Call::result);
        assertTrue(acceptor.isClosed());
    }

    /** What is written against the class that it extends works as well. */
    @Test
    void isAServerSocket() throws IOException {
        ServerSocket plain = acceptor;
        Call<Integer> served = Call.of(() -> {
            try (Socket accepted = plain.accept()) {
                return accepted.getInputStream().read();
            }
        });
        try (Socket visitor = visit()) {
            Visitor.send(visitor, "A");
            assertEquals('A', served.result());
        }
    }

    private Socket visit() throws IOException {
        return Visitor.connect(acceptor.getLocalPort());
    }
}
