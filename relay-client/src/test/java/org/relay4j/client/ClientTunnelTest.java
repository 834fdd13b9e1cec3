package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.RelayException;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;

/** The life of a tunnel over scripted connections. */
@ExtendWith(LeakCheck.EachTest.class)
class ClientTunnelTest {
    private static final Loss BROKEN = new Loss("broken", false, null);

    private final Recorder recorder = new Recorder();
    private final Queue<Connector> script = new ArrayDeque<>();
    private final AtomicReference<@Nullable Throwable> told = new AtomicReference<>();
    private final CountDownLatch over = new CountDownLatch(1);

    private ClientTunnel tunnel(RelayClientOptions.Builder options) {
        return new ClientTunnel(
                InetSocketAddress.createUnresolved("relay", 7000),
                options.build(),
                (opening, events) -> script.remove().connect(opening, events),
                cause -> {
                    told.set(cause);
                    over.countDown();
                },
                null);
    }

    private ClientTunnel up(RelayClientOptions.Builder options) throws IOException {
        ClientTunnel tunnel = tunnel(options);
        tunnel.connect();
        tunnel.announce();
        recorder.awaitUp(0);
        return tunnel;
    }

    private ScriptedConnection then() {
        ScriptedConnection connection = new ScriptedConnection();
        script.add((opening, events) -> connection);
        return connection;
    }

    @Test
    void plainTrafficToAnotherMachineIsReportedOnce() throws Exception {
        try (Logged log = Logged.below("org.relay4j.client")) {
            InetSocketAddress elsewhere = new InetSocketAddress(InetAddress.getByName("192.0.2.1"), 7000);
            ScriptedConnection first = then();
            first.server = elsewhere;
            then().server = elsewhere;
            ClientTunnel tunnel = up(Local.hasty(recorder));
            first.end.complete(BROKEN);
            recorder.awaitUp(2);
            List<String> warnings = log.lines("WARN");
            assertEquals(2, warnings.size(), warnings::toString); // the other one is about the loss
            assertTrue(warnings.get(0).contains("192.0.2.1:7000 can read"), warnings::toString);
            tunnel.closeNow();
        }
    }

    @Test
    void plainTrafficOnThisMachineIsNotReported() throws Exception {
        try (Logged log = Logged.below("org.relay4j.client")) {
            then().server = new InetSocketAddress(InetAddress.getLoopbackAddress(), 7000);
            up(Local.hasty(recorder)).closeNow();
            assertEquals(List.of(), log.lines("WARN"));
        }
    }

    @Test
    void lossIsFollowedByAnotherConnection() throws Exception {
        ScriptedConnection first = then();
        script.add((opening, events) -> {
            throw new IOException("not yet");
        });
        ScriptedConnection second = then();
        ClientTunnel tunnel = up(Local.hasty(recorder));
        first.end.complete(BROKEN);
        recorder.awaitLoss(1, true);
        recorder.awaitUp(2);
        assertSame(second, tunnel.connections().all().get(0));
        assertEquals(1, tunnel.statistics().reconnects());
        tunnel.closeWhenDone();
        recorder.awaitClose(3);
        tunnel.awaitEnd();
        assertNull(tunnel.endCause());
    }

    @Test
    void endOfADrainingConnectionIsALossEvenIfThisSideEndsIt() throws Exception {
        ScriptedConnection first = then();
        ScriptedConnection second = then();
        ClientTunnel tunnel = up(Local.hasty(recorder));
        try (Logged log = Logged.below("org.relay4j.client")) {
            first.drain.complete(30L);
            log.await("the server shuts down within 30 s");
            first.retire();
            assertEquals(
                    "the tunnel was lost: the server has shut down",
                    recorder.awaitLoss(1, true).getMessage());
            recorder.awaitUp(2);
            assertSame(second, tunnel.connections().all().get(0));
        }
        tunnel.closeNow();
    }

    /** It was replaced, the new connection was lost, and then its last visitor has left. */
    @Test
    void endOfAReplacedConnectionThatIsTheLastOneIsALoss() throws Exception {
        ScriptedConnection first = then();
        ScriptedConnection second = then();
        ClientTunnel tunnel = up(Local.hasty(recorder));
        assertTrue(tunnel.connections().moves(first));
        first.retire();
        assertEquals(
                "the tunnel was lost: its new connection was lost, and the old one has ended with its last visitor",
                recorder.awaitLoss(1, true).getMessage());
        recorder.awaitUp(2);
        assertSame(second, tunnel.connections().all().get(0));
        tunnel.closeNow();
    }

    /** It joined late, and the tunnel has as many as it wants without it. */
    @Test
    void lossOfAConnectionTooManyIsNotMadeGood() throws Exception {
        ScriptedConnection first = then();
        ScriptedConnection second = then();
        TunnelLifecycle tunnel = new TunnelLifecycle(
                InetSocketAddress.createUnresolved("relay", 7000),
                Local.hasty(recorder).build(),
                (opening, events) -> script.remove().connect(opening, events),
                told::set,
                new TunnelEvents(null, null)); // without a listener the tunnel is not asked for
        tunnel.connect();
        tunnel.announce();
        ScriptedConnection late = new ScriptedConnection();
        assertTrue(tunnel.connections().join(late));
        tunnel.awaitEndOf(late, late::statistics, System.nanoTime());
        try (Logged log = Logged.below("org.relay4j.client")) {
            late.end.complete(BROKEN);
            log.await("one of its connections was lost");
            first.end.complete(BROKEN);
            log.await("tunnel relay:4711: lost, broken");
            Await.until("it is up again", () -> tunnel.connections().all().equals(List.of(second)));
        }
        tunnel.closeNow();
        tunnel.awaitEnd();
    }

    /** A connection may have ended before its up was announced. */
    @Test
    void lossIsToldAfterTheUp() throws IOException {
        then().end.complete(BROKEN);
        ClientTunnel tunnel = up(Local.hasty(recorder).reconnect(false));
        assertEquals("the tunnel was lost: broken", recorder.awaitLoss(1, false).getMessage());
        Await.until("its owner is notified", over);
        assertSame(tunnel.endCause(), told.get());
    }

    @Test
    void defectOfAnAttemptEndsTheTunnelWithACause() throws Exception {
        ScriptedConnection first = then();
        Error defect = new OutOfMemoryError("on purpose");
        script.add((opening, events) -> {
            throw defect;
        });
        ClientTunnel tunnel = up(Local.hasty(recorder));
        first.end.complete(BROKEN);
        recorder.awaitLoss(1, true);
        Throwable cause = recorder.awaitLoss(2, false);
        assertSame(RelayException.class, cause.getClass());
        assertSame(defect, cause.getCause());
        tunnel.awaitEnd();
        assertSame(cause, tunnel.endCause());
        Await.until("its owner is notified", over);
        assertSame(cause, told.get());
    }

    @Test
    void closeWhileAConnectionIsMadeLeavesNone() throws IOException {
        ScriptedConnection late = new ScriptedConnection();
        CountDownLatch connecting = new CountDownLatch(1);
        CountDownLatch closed = new CountDownLatch(1);
        script.add((opening, events) -> {
            connecting.countDown();
            while (closed.getCount() > 0) Thread.onSpinWait(); // does not notice the interrupt
            return late;
        });
        ClientTunnel tunnel = tunnel(Local.hasty(recorder));
        Call<Void> call = Call.run(tunnel::connect);
        Await.until("it connects", connecting);
        tunnel.closeNow();
        closed.countDown();
        call.failure(SocketException.class);
        assertFalse(call.endedInterrupted());
        assertFalse(late.isOpen());
        assertEquals(0, recorder.events().size());
    }

    @Test
    void closeDuringThePauseEndsTheTunnel() throws Exception {
        ScriptedConnection first = then();
        Duration pause = Duration.ofHours(1);
        ClientTunnel tunnel = up(Local.hasty(recorder).backoff(pause, pause));
        first.end.complete(BROKEN);
        recorder.awaitLoss(1, true);
        tunnel.closeWhenDone();
        recorder.awaitClose(2);
        assertTrue(tunnel.awaitEnd(Await.DEADLINE.toNanos()));
        assertNull(tunnel.endCause());
    }

    @Test
    void serverThatEndsAClosingTunnelOrderlyHasNotLostIt() throws IOException {
        ScriptedConnection slow = new ScriptedConnection() {
            @Override
            public void closeWhenDone() {} // its visitors are still there
        };
        script.add((opening, events) -> slow);
        ClientTunnel tunnel = up(Local.hasty(recorder));
        tunnel.closeWhenDone();
        slow.end.complete(new Loss("the peer closed the session", true, null));
        recorder.awaitClose(1);
    }

    @Test
    void roundTripIsMeasuredWhenSomebodyAsks() throws IOException {
        ScriptedConnection connection = then();
        ClientTunnel tunnel = up(Local.hasty(recorder));
        assertEquals(0, connection.pings.get());
        tunnel.statistics();
        tunnel.statistics();
        assertEquals(1, connection.pings.get());
        tunnel.closeNow();
        recorder.awaitClose(1);
    }

    @Test
    void cadenceIsOnceAPeriod() {
        AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5); // about to overflow
        Cadence cadence = new Cadence(10, now::get);
        assertTrue(cadence.isDue());
        assertFalse(cadence.isDue());
        now.addAndGet(9);
        assertFalse(cadence.isDue());
        now.addAndGet(1);
        assertTrue(cadence.isDue());
        assertFalse(cadence.isDue());
        now.addAndGet(TimeUnit.DAYS.toNanos(1));
        assertTrue(cadence.isDue());
        assertFalse(cadence.isDue());
    }

    @Test
    void firstFailureIsTheCallers() {
        script.add((opening, events) -> {
            throw new IOException("no such host");
        });
        ClientTunnel tunnel = tunnel(Local.hasty(recorder));
        assertThrows(IOException.class, tunnel::connect);
        assertFalse(tunnel.hasConnected());
        assertThrows(IllegalStateException.class, tunnel::publicAddress);
    }
}
