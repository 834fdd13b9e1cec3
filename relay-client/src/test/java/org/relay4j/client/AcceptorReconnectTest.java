package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.api.TunnelLostException;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;

/** What an acceptor does when its server goes, and comes back. */
@ExtendWith(LeakCheck.EachTest.class)
class AcceptorReconnectTest {
    private final Recorder recorder = new Recorder();
    private RelayServer server;

    @BeforeEach
    void start() throws IOException {
        server = Local.server();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void acceptWaitsUntilTheTunnelIsBack() throws IOException {
        try (RelayAcceptor acceptor = connect(Local.hasty(recorder))) {
            int port = server.port();
            for (int i = 0; i < 24; i++) {
                Call<Socket> accepting = Call.of(acceptor::accept).awaitBlocked();
                server.close();
                assertSame(
                        TunnelLostException.class,
                        recorder.awaitLoss(2 * i + 1, true).getClass());
                assertFalse(acceptor.isOpen());
                assertFalse(acceptor.isClosed());
                server = Local.server(port);
                recorder.awaitUp(2 * i + 2);
                assertTrue(acceptor.isOpen());
                assertEquals(recorder.await(2 * i + 2).port(), acceptor.getLocalPort());
                assertEquals(acceptor.publicAddress(), acceptor.getLocalSocketAddress());
                try (Socket visitor = Visitor.connect(acceptor.getLocalPort());
                        Socket accepted = accepting.result()) {
                    assertEquals(acceptor.getLocalPort(), accepted.getLocalPort());
                    Visitor.send(visitor, "ping");
                    Visitor.expect(accepted, "ping");
                }
            }
        }
        recorder.awaitClose(49);
        assertEquals(50, recorder.events().size());
    }

    @Test
    void socketsThatWereAcceptedBeforeFail() throws IOException {
        try (RelayAcceptor acceptor = connect(Local.hasty(recorder));
                Socket visitor = Visitor.connect(acceptor.getLocalPort());
                Socket accepted = acceptor.accept()) {
            Visitor.send(accepted, "half a rep");
            Visitor.expect(visitor, "half a rep");
            server.close();
            Visitor.expectReset(accepted);
            Visitor.expectReset(visitor);
        }
    }

    @Test
    void acceptTimesOutWhileThereIsNoTunnel() throws IOException {
        try (RelayAcceptor acceptor = connect(Local.hasty(recorder))) {
            server.close();
            recorder.awaitLoss(1, true);
            acceptor.setSoTimeout(20);
            SocketTimeoutException failure = assertThrows(SocketTimeoutException.class, acceptor::accept);
            assertEquals("Accept timed out", failure.getMessage());
        }
    }

    @Test
    void interruptEndsTheWaitForTheTunnel() throws IOException {
        try (RelayAcceptor acceptor = connect(Local.hasty(recorder))) {
            server.close();
            recorder.awaitLoss(1, true);
            Call<Socket> accepting = Call.of(acceptor::accept).awaitBlocked();
            accepting.interrupt();
            accepting.failure(InterruptedIOException.class);
            assertTrue(accepting.endedInterrupted());
            assertFalse(acceptor.isClosed());
        }
    }

    @Test
    void closeEndsTheWaitForTheTunnelAndTheAttempts() throws IOException {
        RelayAcceptor acceptor = connect(Local.hasty(recorder).backoff(Duration.ofHours(1), Duration.ofHours(1)));
        server.close();
        recorder.awaitLoss(1, true);
        List<Call<Socket>> accepting = new ArrayList<>();
        for (int i = 0; i < 3; i++) accepting.add(Call.of(acceptor::accept).awaitBlocked());
        acceptor.close();
        for (Call<Socket> call : accepting) {
            assertEquals("Socket closed", call.failure(SocketException.class).getMessage());
        }
        recorder.awaitClose(2); // its owner was promised another attempt, and hears that there will be none
        assertEquals(3, recorder.events().size());
    }

    @Test
    void closeEndsAnAttemptThatIsUnderWay() throws IOException {
        RelayAcceptor acceptor = connect(Local.hasty(recorder).handshakeTimeout(Duration.ofHours(1)));
        int port = server.port();
        server.close();
        try (FakeServer silent = FakeServer.start(InetAddress.getLoopbackAddress(), port, FakeServer::awaitEnd)) {
            Await.until("an attempt was made", () -> silent.connected() > 0);
            acceptor.close();
            silent.awaitAllEnded();
            recorder.awaitClose(2);
        }
    }

    @Test
    void closeWhileTheServerComesAndGoesLeavesNoTunnel() throws IOException {
        for (int i = 0; i < 10; i++) {
            RelayAcceptor acceptor =
                    connect(RelayClientOptions.builder().backoff(Duration.ofMillis(1), Duration.ofMillis(1)));
            int port = server.port();
            server.close();
            server = Local.server(port); // the acceptor comes back while it is closed
            acceptor.close();
            Await.until("no tunnel is left", () -> !acceptor.isOpen() && server.tunnelCount() == 0);
        }
    }

    @Test
    void listenerThatInterruptsItsThreadDoesNotEndTheTunnel() throws IOException {
        TunnelListener interrupting = new TunnelListener() {
            @Override
            public void down(Tunnel tunnel, Throwable cause, boolean willRetry) {
                recorder.down(tunnel, cause, willRetry);
                Thread.currentThread().interrupt();
            }

            @Override
            public void up(Tunnel tunnel) {
                recorder.up(tunnel);
            }
        };
        try (RelayAcceptor acceptor = connect(Local.hasty(interrupting))) {
            int port = server.port();
            server.close();
            recorder.awaitLoss(1, true);
            server = Local.server(port);
            recorder.awaitUp(2);
            assertTrue(acceptor.isOpen());
        }
    }

    @Test
    void refusalAndSilenceAreTriedAgain() throws IOException {
        try (Logged log = Logged.below("org.relay4j.client");
                RelayAcceptor acceptor = connect(Local.hasty(recorder))) {
            int port = server.port();
            server.close();
            log.await("Connection refused");
            try (FakeServer refusing = FakeServer.start(
                    InetAddress.getLoopbackAddress(), port, to -> Visitor.send(to, "ERR limit-reached too many\n"))) {
                log.await("limit-reached: too many");
                assertTrue(refusing.connected() > 0);
            }
            server = Local.server(port);
            recorder.awaitUp(2);
            assertTrue(acceptor.isOpen());
        }
    }

    // ---- without

    @Test
    void withoutReconnectTheLossEndsAcceptForGood() throws IOException {
        try (RelayAcceptor acceptor = connect(Local.hasty(recorder).reconnect(false))) {
            Call<Socket> accepting = Call.of(acceptor::accept).awaitBlocked();
            server.close();
            SocketException failure = accepting.failure(SocketException.class);
            assertTrue(failure.getMessage().startsWith("the tunnel was lost: "), failure.getMessage());
            assertNotNull(failure.getCause());
            assertSame(TunnelLostException.class, failure.getCause().getClass());
            assertThrows(SocketException.class, acceptor::accept);
            assertFalse(acceptor.isOpen());
            assertFalse(acceptor.isClosed());
            recorder.awaitLoss(1, false);
        }
        assertEquals(2, recorder.events().size());
    }

    private RelayAcceptor connect(RelayClientOptions.Builder options) throws IOException {
        return RelayClient.connect("localhost", server.port(), options.build());
    }
}
