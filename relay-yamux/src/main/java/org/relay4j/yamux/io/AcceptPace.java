package org.relay4j.yamux.io;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The time that a loop may spend on accepting connections while it has other work. A flood of connections then waits in the
 * kernel, and tunnels keep the rest of the loop. Not safe for use by several threads.
 */
final class AcceptPace {
    /** While there is other work, accepting may take one part of this many of the time that the other work takes. */
    static final int PARTS = 6;

    /** The time that can be saved up, and the longest turn. Unit: nanoseconds. */
    static final long MOST = TimeUnit.MILLISECONDS.toNanos(2);

    /** The time between two turns that exceed the pace. Unit: nanoseconds. */
    static final long LONG_TURNS = TimeUnit.MILLISECONDS.toNanos(250);

    private final LongSupplier clock; // ns
    private long credit = MOST; // ns; negative after a turn that took too long
    private long at; // ns; until then the credit is counted
    private long begun; // ns; the present turn
    private long longTurn; // ns; the last one

    AcceptPace(LongSupplier clock) {
        this.clock = clock;
        at = clock.getAsLong();
        longTurn = at - LONG_TURNS;
    }

    /** Returns whether to accept, before the first connection of a turn. */
    boolean mayBegin(boolean busy) {
        long now = clock.getAsLong();
        credit = Math.min(MOST, credit + (now - at) / PARTS);
        at = now;
        begun = now;
        return !busy || credit > 0;
    }

    /**
     * Counts the time since the last call. Returns whether to continue, after each connection of a turn.
     *
     * @param busy whether the loop has other work; if not, only the length of the turn is limited
     */
    boolean mayContinue(boolean busy) {
        long now = clock.getAsLong();
        credit = Math.max(-MOST, credit - (now - at));
        at = now;
        return busy ? credit > 0 : now - begun < MOST;
    }

    /** Returns whether this turn may exceed the pace. Once in a while, one of the listeners may. */
    boolean beginLongTurn() {
        if (begun - longTurn < LONG_TURNS) return false;
        longTurn = begun;
        return true;
    }

    /** Returns whether accepting has taken all of its time, even if it goes on because the loop has no other work. */
    boolean isSpent() {
        return credit <= 0;
    }

    /** Returns the time of the last call. Unit: nanoseconds. */
    long now() {
        return at;
    }
}
