package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.Logged;
import org.relay4j.yamux.SessionStatistics;
import org.relay4j.yamux.io.OrderedLock;

/** Events and the session's lock: a thread that reports with the lock held never waits for one that is about to take it. */
@SuppressWarnings("LockNotBeforeTry") // the lock of a session, taken only to see whether it may be
class TunnelEventsTest {
    private static final InetSocketAddress BEFORE = InetSocketAddress.createUnresolved("relay", 1);
    private static final InetSocketAddress AFTER = InetSocketAddress.createUnresolved("relay", 2);

    private final OrderedLock session = OrderedLock.ofSession();
    private final AtomicLong roundTrips = new AtomicLong();
    private final Recorder recorder = new Recorder();
    private final TunnelListener listener = new TunnelListener() {
        @Override
        public void up(Tunnel tunnel) {
            recorder.up(tunnel); // which asks for the address
        }

        @Override
        public void roundTrip(Tunnel tunnel, Duration roundTrip) {
            roundTrips.incrementAndGet();
        }
    };
    private final TunnelEvents events = new TunnelEvents(listener, new OfASession());

    @BeforeEach
    void connected() {
        events.connected(HostPort.text(BEFORE), () -> new SessionStatistics(0, 0, 0, 0, null, 0));
    }

    @AfterEach
    void nothingIsHeld() {
        assertTrue(OrderedLock.noneHeld());
    }

    /** While a thread that holds the session's lock reports, all other events are delivered on another thread. */
    @Test
    void nothingOfTheTunnelWaitsForTheSession() {
        events.up(BEFORE, null);
        recorder.awaitUp(0);
        session.lock();
        try {
            Call.run(() -> {
                        events.down(new IOException("lost"), true);
                        events.connected(HostPort.text(AFTER), () -> new SessionStatistics(0, 0, 0, 0, null, 0));
                        events.up(AFTER, BEFORE);
                    })
                    .result();
            events.roundTrip(1);
            assertEquals(1, recorder.events().size()); // the listener itself asks the session, and waits
        } finally {
            session.unlock();
        }
        recorder.awaitUp(1);
        Await.until("the round trip was reported", () -> roundTrips.get() == 1);
    }

    /** Whoever connects calls the first up, and is not held up by what else there is to tell. */
    @Test
    void firstUpIsAllThatTheConnectingThreadTells() {
        CountDownLatch stuck = new CountDownLatch(1);
        List<Thread> tellers = new CopyOnWriteArrayList<>();
        TunnelListener slow = new TunnelListener() {
            @Override
            public void up(Tunnel tunnel) {
                tellers.add(Thread.currentThread());
            }

            @Override
            public void roundTrip(Tunnel tunnel, Duration roundTrip) {
                Await.until("it continues", stuck);
                tellers.add(Thread.currentThread());
            }
        };
        TunnelEvents early = new TunnelEvents(slow, new OfASession());
        early.connected(HostPort.text(BEFORE), () -> new SessionStatistics(0, 0, 0, 0, null, 0));
        early.roundTrip(1); // kept aside until the tunnel is up
        early.up(BEFORE, null);
        assertEquals(List.of(Thread.currentThread()), tellers);
        stuck.countDown();
        Await.until("the rest is reported", () -> tellers.size() == 2);
        assertNotEquals(Thread.currentThread(), tellers.get(1));
    }

    @Test
    void numbersOfASessionAreReadWithoutAnyOtherLock() {
        events.connected(HostPort.text(AFTER), () -> {
            session.lock(); // refused if the events or their meter hold their lock
            session.unlock();
            return new SessionStatistics(0, 0, 7, 5, null, 0);
        });
        assertEquals(7, events.statistics().bytesIn());
        events.connected(HostPort.text(BEFORE), () -> new SessionStatistics(0, 0, 1, 1, null, 0));
        assertEquals(8, events.statistics().bytesIn());
        assertEquals(2, events.statistics().reconnects());
    }

    @Test
    void withoutAThreadEventsWaitForTheNextOne() {
        AtomicBoolean noMemory = new AtomicBoolean(true);
        TunnelEvents starved = new TunnelEvents(listener, new OfASession(), task -> {
            if (noMemory.get()) throw new OutOfMemoryError("unable to create native thread");
            Callbacks.EXECUTOR.execute(task);
        });
        starved.up(BEFORE, null);
        try (Logged log = Logged.below("org.relay4j.client")) {
            starved.roundTrip(1); // must not fail: the caller is a loop
            log.await("no thread to call the listener");
        }
        assertEquals(0, roundTrips.get());
        noMemory.set(false);
        starved.roundTrip(1);
        Await.until("both are reported", () -> roundTrips.get() == 2);
    }

    @Test
    void reconnectIsTriedAgainUntilThereIsAThread() {
        AtomicInteger refused = new AtomicInteger();
        CountDownLatch ran = new CountDownLatch(1);
        try (Logged log = Logged.below("org.relay4j.client")) {
            Callbacks.runSurely(
                    task -> {
                        if (refused.incrementAndGet() == 1)
                            throw new OutOfMemoryError("unable to create native thread");
                        task.run();
                    },
                    ran::countDown);
            Await.until("it ran", ran);
            assertEquals(1, log.lines("ERROR").size());
        }
    }

    /** A tunnel that asks its session for everything. */
    private final class OfASession implements Tunnel {
        private <T> T ask(T answer) {
            session.lock();
            try {
                return answer;
            } finally {
                session.unlock();
            }
        }

        @Override
        public InetSocketAddress publicAddress() {
            return ask(AFTER);
        }

        @Override
        public InetSocketAddress serverAddress() {
            return ask(AFTER);
        }

        @Override
        public boolean isOpen() {
            return ask(true);
        }

        @Override
        public TunnelStatistics statistics() {
            return events.statistics();
        }

        @Override
        public void close() {}

        @Override
        public boolean close(Duration timeout) {
            return true;
        }

        @Override
        public void awaitEnd() {}

        @Override
        public String toString() {
            return ask("a tunnel");
        }
    }
}
