package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Logged;

/** How much of its time a loop spends on accepting, in virtual time. */
class AcceptTurnsTest {
    private static final long WORK = TimeUnit.MICROSECONDS.toNanos(100); // of a busy pass
    private static final long COST = TimeUnit.MICROSECONDS.toNanos(40); // of one connection

    private long now = 1; // ns
    private long spent; // ns on accepting
    private final AcceptTurns turns = new AcceptTurns(() -> now);

    /** A port with connections that wait in the kernel. */
    private final class Port implements AcceptTurns.Acceptor {
        private final long cost;
        private int waiting;
        private int accepted;
        private int turns;
        private int cuts; // how often the time was used up

        Port(int waiting, long cost) {
            this.waiting = waiting;
            this.cost = cost;
        }

        @Override
        public void accept(AcceptPace pace, boolean busy) {
            turns++;
            for (int n = 0; n < 4 && waiting > 0; n++) {
                waiting--;
                accepted++;
                now += cost;
                spent += cost;
                boolean goesOn = pace.mayContinue(busy);
                if (pace.isSpent()) cuts++;
                if (!goesOn) return;
            }
        }
    }

    private void pass(boolean busy, Port... ports) {
        if (busy) now += WORK;
        for (Port port : ports) if (port.waiting > 0) turns.add(port);
        turns.run(busy);
    }

    @Test
    void floodGetsItsShareOfABusyLoop() {
        Port flooded = new Port(Integer.MAX_VALUE, COST);
        long begun = now;
        while (now - begun < TimeUnit.SECONDS.toNanos(10)) pass(true, flooded);
        double share = (double) spent / (now - begun);
        assertEquals(
                1.0 / (AcceptPace.PARTS + 1),
                share,
                0.01,
                "of the time: the share is counted while it does other work");
        assertTrue(flooded.cuts > 0);
    }

    /** So that all listeners together exceed the pace by little. */
    @Test
    void turnsThatExceedThePaceAreRare() {
        AcceptPace pace = new AcceptPace(() -> now);
        int turns = 0;
        for (long end = now + TimeUnit.SECONDS.toNanos(10); now < end; now += WORK) {
            pace.mayBegin(false);
            if (pace.beginLongTurn()) turns++;
        }
        assertEquals(40, turns);
    }

    @Test
    void idleLoopAcceptsWithoutAPause() {
        Port port = new Port(10_000, COST);
        long begun = now;
        while (port.waiting > 0) pass(false, port);
        assertEquals(10_000 * COST, now - begun);
        assertTrue(port.cuts > 0, "so it is a crowd");
        assertEquals(2_500, port.turns, "four in each");
    }

    @Test
    void fewConnectionsAreAcceptedAtOnceInABusyLoop() {
        Port port = new Port(0, COST);
        for (int n = 0; n < 10_000; n++) {
            if (n % 10 == 0) port.waiting++; // takes a twenty-fifth of the time
            pass(true, port);
            assertEquals(0, port.waiting);
        }
        assertEquals(0, port.cuts);
    }

    /** However many connections one port has, and however slow one of them is, another port has its turn soon. */
    @Test
    void quietPortHasItsTurnBesideAFloodedOne() {
        Port flooded = new Port(Integer.MAX_VALUE, TimeUnit.SECONDS.toNanos(1));
        Port quiet = new Port(0, COST);
        for (int n = 0; n < 100; n++) {
            pass(true, flooded, quiet);
            quiet.waiting = 1;
            long since = now - COST;
            long accepting = spent;
            while (quiet.waiting > 0) pass(true, flooded, quiet);
            long waited = now - since - (spent - accepting);
            assertTrue(waited <= 2 * (1 + AcceptPace.PARTS) * AcceptPace.MOST, () -> waited + " ns");
        }
    }

    @Test
    void listenerThatThrowsHarmsNoOther() throws Exception {
        Port port = new Port(1, COST);
        turns.add((pace, busy) -> {
            throw new IllegalStateException("turn, on purpose");
        });
        turns.add(port);
        try (Logged logged = Logged.below("org.relay4j.yamux.io")) {
            turns.run(false);
            assertEquals(1, logged.lines("ERROR").size());
        }
        assertEquals(1, port.accepted);
    }

    @Test
    void listenerThatIsRemovedHasNoTurn() {
        Port port = new Port(1, COST);
        turns.add(port);
        turns.add(port);
        turns.remove(port);
        turns.run(false);
        assertEquals(0, port.accepted);
    }
}
