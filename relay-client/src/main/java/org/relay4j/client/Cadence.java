package org.relay4j.client;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** Says when something is due that is done once in a period at most, and only when somebody asks. Safe for use by several threads. */
final class Cadence {
    private final long period; // ns
    private final LongSupplier clock; // ns
    private final AtomicLong next; // ns

    /** Due at once. */
    Cadence(long period, LongSupplier clock) {
        this.period = period;
        this.clock = clock;
        next = new AtomicLong(clock.getAsLong());
    }

    /** True once in each period, for one caller. */
    boolean isDue() {
        long now = clock.getAsLong();
        long due = next.get();
        return now - due >= 0 && next.compareAndSet(due, now + period);
    }
}
