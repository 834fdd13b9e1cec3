package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;

/** The queue between the loops and a listener: in order, bounded, and never waited for. */
@ExtendWith(LeakCheck.EachTest.class)
class ServerEventsTest {
    private static final InetSocketAddress CLIENT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
    private static final int TUNNELS = 3;

    private final Recorder recorder = new Recorder();
    private final RelayServer server = start(recorder);
    private final ServerEvents events = server.events();

    @AfterEach
    void stop() {
        recorder.go.countDown();
        server.close();
    }

    @Test
    void comeInTheirOrder() {
        recorder.go.countDown();
        List<String> expected = new ArrayList<>();
        for (int n = 0; n < 500; n++) {
            Announcements tunnel = new Announcements(events, tunnel(n));
            tunnel.up();
            tunnel.accepted(visitor(n));
            tunnel.closed(visitor(n), null);
            tunnel.down(null);
            expected.addAll(List.of("up " + n, "accepted " + n, "closed " + n, "down " + n));
            awaitHeard(expected.size());
        }
        assertEquals(expected, recorder.heard);
        assertEquals(0, events.dropped());
    }

    @Test
    void visitorsComeAfterTheUpThoughTheyWereThereBefore() {
        recorder.go.countDown();
        Announcements tunnel = new Announcements(events, tunnel(1));
        tunnel.accepted(visitor(7));
        tunnel.closed(visitor(7), null);
        tunnel.up();
        tunnel.accepted(visitor(8));
        awaitHeard(4);
        assertEquals(List.of("up 1", "accepted 7", "closed 7", "accepted 8"), recorder.heard);
    }

    @Test
    void tunnelThatWasNeverUpIsNotMentioned() {
        recorder.go.countDown();
        Announcements never = new Announcements(events, tunnel(1));
        never.accepted(visitor(7));
        never.down(null);
        new Announcements(events, tunnel(2)).up();
        awaitHeard(1);
        assertEquals(List.of("up 2"), recorder.heard);
        assertEquals(0, events.dropped());
    }

    @Test
    void visitorsBeforeTheUpAreBounded() {
        Announcements tunnel = new Announcements(events, tunnel(1));
        for (int n = 0; n < Announcements.MOST_EARLY + 5; n++) tunnel.accepted(visitor(n));
        assertEquals(5, events.dropped());
    }

    @Test
    void slowListenerLosesEventsThatAreCounted() {
        try (Logged log = Logged.below("org.relay4j.server")) {
            Announcements tunnel = new Announcements(events, tunnel(1));
            tunnel.up();
            recorder.awaitCalled();
            int many = ServerEvents.MOST_WAITING + 100;
            for (int n = 0; n < many; n++) tunnel.accepted(visitor(n));
            assertEquals(100, events.dropped());
            assertEquals(100, server.statistics().droppedEvents());
            tunnel.down(null); // is announced all the same
            recorder.go.countDown();
            awaitHeard(ServerEvents.MOST_WAITING + 2);
            assertEquals("down 1", recorder.heard.get(ServerEvents.MOST_WAITING + 1));
            assertEquals(1, log.lines("WARN").size(), log.lines("WARN")::toString);
        }
    }

    @Test
    void tunnelWhoseUpIsDroppedIsNotMentionedAtAll() {
        List<Announcements> tunnels = IntStream.range(0, 1 + ServerEvents.MOST_WAITING + TUNNELS + 1)
                .mapToObj(n -> new Announcements(events, tunnel(n)))
                .toList();
        tunnels.get(0).up();
        recorder.awaitCalled();
        for (Announcements tunnel : tunnels.subList(1, tunnels.size())) tunnel.up();
        assertEquals(1, events.dropped());
        Announcements dropped = tunnels.get(tunnels.size() - 1);
        dropped.accepted(visitor(1));
        dropped.down(null);
        recorder.go.countDown();
        awaitHeard(tunnels.size() - 1);
        assertFalse(recorder.heard.contains("up " + (tunnels.size() - 1)));
        assertTrue(recorder.heard.stream().allMatch(line -> line.startsWith("up ")), recorder.heard::toString);
        assertEquals(2, events.dropped());
    }

    @Test
    void listenerThatThrowsIsCalledAgain() {
        recorder.go.countDown();
        recorder.failure = new StackOverflowError("listener, on purpose");
        try (Logged log = Logged.below("org.relay4j.server")) {
            for (int n = 0; n < 3; n++) events.refused(Refusal.TUNNELS, CLIENT);
            awaitHeard(3);
            log.await("the listener of the relay server has failed");
        }
        assertEquals(3L, events.refusals().get(Refusal.TUNNELS));
    }

    @Test
    void withoutAThreadEventsWaitForTheNextOne() {
        recorder.go.countDown();
        RelayServerOptions options =
                RelayServerOptions.builder().listener(recorder).build();
        AtomicBoolean noMemory = new AtomicBoolean(true);
        ServerEvents starved = new ServerEvents(server, options, task -> {
            if (noMemory.get()) throw new OutOfMemoryError("unable to create native thread");
            new Thread(task, "test-listener").start();
        });
        try (Logged log = Logged.below("org.relay4j.server")) {
            starved.refused(Refusal.TUNNELS, CLIENT); // must not fail: the caller is a loop
            log.await("no thread to call the listener");
        }
        noMemory.set(false);
        starved.refused(Refusal.TUNNELS, CLIENT);
        awaitHeard(2);
    }

    private void awaitHeard(int count) {
        Await.until(() -> count + " events, not " + recorder.heard, () -> recorder.heard.size() >= count);
    }

    private static ServedTunnel tunnel(int number) {
        return new ServedTunnel(number, CLIENT, 1);
    }

    private static ServedVisitor visitor(int bytes) {
        return new ServedVisitor(CLIENT, null, Duration.ZERO, bytes, 0);
    }

    private static RelayServer start(RelayServerListener listener) {
        try {
            return RelayServer.start(RelayServerOptions.builder()
                    .bindAddress(InetAddress.getLoopbackAddress())
                    .maxTunnels(TUNNELS)
                    .listener(listener)
                    .build());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Writes down what it hears, once it may. */
    private static final class Recorder implements RelayServerListener {
        final CountDownLatch go = new CountDownLatch(1);
        final CountDownLatch called = new CountDownLatch(1);
        final List<String> heard = new CopyOnWriteArrayList<>();
        volatile @Nullable Error failure;

        void awaitCalled() {
            Await.until("the listener is called", called);
        }

        private void hear(String line) {
            called.countDown();
            Await.until("the listener may continue", go);
            heard.add(line);
            Error thrown = failure;
            if (thrown != null) throw thrown;
        }

        @Override
        public void tunnelUp(RelayServer server, ServedTunnel tunnel) {
            hear("up " + tunnel.number());
        }

        @Override
        public void tunnelDown(RelayServer server, ServedTunnel tunnel, @Nullable Throwable cause) {
            hear("down " + tunnel.number());
        }

        @Override
        public void visitorAccepted(RelayServer server, ServedTunnel tunnel, ServedVisitor visitor) {
            hear("accepted " + visitor.bytesIn());
        }

        @Override
        public void visitorClosed(
                RelayServer server, ServedTunnel tunnel, ServedVisitor visitor, @Nullable Throwable cause) {
            hear("closed " + visitor.bytesIn());
        }

        @Override
        public void refused(RelayServer server, Refusal reason, InetSocketAddress from) {
            hear("refused " + reason);
        }
    }
}
