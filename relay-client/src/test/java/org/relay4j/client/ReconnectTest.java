package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
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

/** A forwarder whose server stops and restarts, and the events for its listener. */
@ExtendWith(LeakCheck.EachTest.class)
class ReconnectTest {
    private final Recorder recorder = new Recorder();
    private FakeServer service;
    private RelayServer server;

    @BeforeEach
    void start() throws IOException {
        service = FakeServer.echoing();
        server = Local.server();
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        service.close();
    }

    @Test
    void tunnelComesBackWithTheServer() throws Exception {
        try (RelayForwarder forwarder = forward(Local.hasty(recorder))) {
            for (int i = 0; i < 3; i++) {
                recorder.awaitUp(2 * i);
                assertTrue(forwarder.isOpen());
                assertNull(forwarder.endCause());
                assertEcho(forwarder);
                assertEquals(
                        forwarder.publicAddress().getPort(),
                        recorder.await(2 * i).port());
                server.close();
                Throwable cause = recorder.awaitLoss(2 * i + 1, true);
                assertSame(TunnelLostException.class, cause.getClass());
                assertEquals("the tunnel was lost: the peer closed the session", cause.getMessage());
                server = Local.server(server.port());
            }
            recorder.awaitUp(6);
            assertSame(forwarder, recorder.await(6).tunnel());
            assertEcho(forwarder);
        }
        recorder.awaitClose(7);
        assertEquals(8, recorder.events().size());
    }

    /** Other tunnels of the process may have a server that does not answer. */
    @Test
    void tunnelEndsAtOnceWhileAttemptsOfOthersHaveAllThreads() throws Exception {
        CountDownLatch answers = new CountDownLatch(1);
        try {
            RelayForwarder forwarder = forward(Local.hasty(recorder));
            recorder.awaitUp(0);
            for (int i = 0; i < Callbacks.MOST; i++)
                Callbacks.ATTEMPTS.execute(() -> Await.until("the server has answered", answers));
            forwarder.close();
            recorder.awaitClose(1);
        } finally {
            answers.countDown();
        }
    }

    @Test
    void triesAgainUntilTheServerTakesIt() throws Exception {
        try (Logged log = Logged.below("org.relay4j.client");
                RelayForwarder forwarder = forward(Local.hasty(recorder))) {
            int port = server.port();
            server.close();
            recorder.awaitLoss(1, true);
            log.await("Connection refused");
            try (FakeServer refusing =
                    FakeServer.start(InetAddress.getLoopbackAddress(), port, saying("ERR limit-reached too many\n"))) {
                log.await("limit-reached: too many");
                assertTrue(refusing.connected() > 0);
            }
            try (FakeServer foreign = FakeServer.start(InetAddress.getLoopbackAddress(), port, saying("SSH-2.0-x\n"))) {
                log.await("it answered \"SSH-2.0-x\"");
                assertTrue(foreign.connected() > 0);
            }
            assertFalse(forwarder.isOpen());
            server = Local.server(port);
            recorder.awaitUp(2);
            assertEcho(forwarder);
            assertEquals(3, recorder.events().size());
        }
    }

    private static FakeServer.Behaviour saying(String text) {
        return connection -> Visitor.send(connection, text);
    }

    @Test
    void withoutReconnectTheLossIsTheEnd() throws Exception {
        RelayForwarder forwarder = forward(Local.hasty(recorder).reconnect(false));
        Call<Void> waiting = Call.run(forwarder::awaitEnd);
        assertFalse(waiting.isDone());
        server.close();
        waiting.result();
        Throwable cause = forwarder.endCause();
        assertNotNull(cause);
        assertTrue(cause.getMessage().startsWith("the tunnel was lost: "), cause.getMessage());
        assertSame(cause, recorder.awaitLoss(1, false));
        assertFalse(forwarder.isOpen());
        forwarder.close();
        assertSame(cause, forwarder.endCause());
        assertEquals(2, recorder.events().size());
    }

    @Test
    void closeEndsTheWaitBetweenTwoAttempts() throws Exception {
        RelayForwarder forwarder = forward(Local.hasty(recorder).backoff(Duration.ofHours(1), Duration.ofHours(1)));
        server.close();
        recorder.awaitLoss(1, true);
        assertCloses(forwarder);
        recorder.awaitClose(2); // the owner was promised another attempt, and hears that there will be none
        assertEquals(3, recorder.events().size());
    }

    @Test
    void closeEndsAnAttempt() throws Exception {
        RelayForwarder forwarder = forward(Local.hasty(recorder).handshakeTimeout(Duration.ofHours(1)));
        int port = server.port();
        server.close();
        try (FakeServer silent = FakeServer.start(InetAddress.getLoopbackAddress(), port, FakeServer::awaitEnd)) {
            Await.until("an attempt was made", () -> silent.connected() > 0);
            assertCloses(forwarder);
            silent.awaitAllEnded();
            recorder.awaitClose(2);
            assertEquals(3, recorder.events().size());
        }
    }

    /** And not after the hour that the forwarder may wait. */
    private void assertCloses(RelayForwarder forwarder) {
        Call.run(() -> {
                    forwarder.close();
                    forwarder.awaitEnd();
                })
                .result();
        assertNull(forwarder.endCause());
        assertFalse(forwarder.isOpen());
    }

    @Test
    void closeWhileTheServerComesAndGoes() throws Exception {
        for (int i = 0; i < 10; i++) {
            RelayForwarder forwarder =
                    forward(Local.hasty(recorder).backoff(Duration.ofMillis(1), Duration.ofMillis(1)));
            int port = server.port();
            server.close();
            server = Local.server(port); // the forwarder comes back while it is closed
            forwarder.close();
            forwarder.awaitEnd();
            assertNull(forwarder.endCause());
            Await.until("no tunnel is left", () -> server.tunnelCount() == 0);
        }
    }

    // ---- listeners that do something

    @Test
    void listenerMayCloseWhenItIsUp() throws Exception {
        RelayForwarder forwarder = forward(Local.hasty(new Closing(true)));
        forwarder.awaitEnd();
        assertNull(forwarder.endCause());
        recorder.awaitUp(0);
        recorder.awaitClose(1);
        assertEquals(2, recorder.events().size());
        forwarder.close();
    }

    @Test
    void listenerMayCloseWhenItIsDown() throws Exception {
        RelayForwarder forwarder = forward(Local.hasty(new Closing(false)));
        server.close();
        forwarder.awaitEnd();
        assertNull(forwarder.endCause());
        recorder.awaitLoss(1, true);
        recorder.awaitClose(2);
        assertEquals(3, recorder.events().size());
        assertFalse(forwarder.isOpen());
    }

    @Test
    void listenerMayLeaveItsThreadInterrupted() throws Exception {
        TunnelListener interrupting = new TunnelListener() {
            @Override
            public void up(Tunnel tunnel) {
                recorder.up(tunnel);
                Thread.currentThread().interrupt();
            }

            @Override
            public void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {
                recorder.down(tunnel, cause, willRetry);
                Thread.currentThread().interrupt();
            }
        };
        Call<RelayForwarder> connecting = Call.of(() -> forward(Local.hasty(interrupting)));
        try (RelayForwarder forwarder = connecting.result()) {
            server.close();
            recorder.awaitLoss(1, true);
            server = Local.server(server.port());
            recorder.awaitUp(2);
            assertEcho(forwarder);
        }
        recorder.awaitClose(3);
        assertEquals(4, recorder.events().size());
    }

    /** Closes the tunnel within a callback. */
    private final class Closing implements TunnelListener {
        private final boolean whenUp;

        Closing(boolean whenUp) {
            this.whenUp = whenUp;
        }

        @Override
        public void up(Tunnel tunnel) {
            recorder.up(tunnel);
            if (whenUp) close(tunnel);
        }

        @Override
        public void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {
            recorder.down(tunnel, cause, willRetry);
            close(tunnel);
        }

        private void close(Tunnel tunnel) {
            try {
                tunnel.close();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void failureOfTheListenerIsLoggedAndChangesNothing(boolean error) throws Exception {
        TunnelListener failing = new TunnelListener() {
            @Override
            public void up(Tunnel tunnel) {
                recorder.up(tunnel);
                fail();
            }

            @Override
            public void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {
                recorder.down(tunnel, cause, willRetry);
                fail();
            }

            private void fail() {
                if (error) throw new AssertionError("on purpose");
                throw new IllegalStateException("on purpose");
            }
        };
        try (Logged log = Logged.below("org.relay4j.client")) {
            RelayForwarder forwarder = forward(Local.hasty(failing));
            assertEcho(forwarder);
            server.close();
            recorder.awaitLoss(1, true);
            server = Local.server(server.port());
            recorder.awaitUp(2);
            assertEcho(forwarder);
            forwarder.close();
            recorder.awaitClose(3);
            Await.until("each failure is logged", () -> log.lines("ERROR").size() == 4);
        }
    }

    @Test
    void listenerIsCalledByAThreadThatMayBlock() throws Exception {
        AtomicReference<@Nullable String> echoed = new AtomicReference<>();
        TunnelListener visiting = new TunnelListener() {
            @Override
            public void up(Tunnel tunnel) {
                try {
                    assertEcho(tunnel);
                    echoed.set("done");
                } catch (IOException e) {
                    echoed.set(e.toString());
                }
            }
        };
        try (RelayForwarder forwarder = forward(Local.hasty(visiting))) {
            Await.until("the listener was its own visitor", () -> echoed.get() != null);
            assertEquals("done", echoed.get(), forwarder::toString);
        }
    }

    private RelayForwarder forward(RelayClientOptions.Builder options) throws IOException {
        InetSocketAddress local = new InetSocketAddress(InetAddress.getLoopbackAddress(), service.port());
        return RelayClient.forward("localhost", server.port(), local, options.build());
    }

    private static void assertEcho(Tunnel tunnel) throws IOException {
        try (Socket visitor = Visitor.connect(tunnel.publicAddress().getPort())) {
            Visitor.send(visitor, "echo");
            Visitor.expect(visitor, "echo");
        }
    }
}
