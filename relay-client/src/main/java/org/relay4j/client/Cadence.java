package org.relay4j.client;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** Limits an on-demand action to once per period. Safe for use by several threads. */
final class Cadence {
    private final long period; // ns
    private final LongSupplier clock; // ns
    private final AtomicLong next; // ns

    /** Creates a cadence that is due at once. */
    Cadence(long period, LongSupplier clock) {
        this.period = period;
        this.clock = clock;
        next = new AtomicLong(clock.getAsLong());
    }

    /** Returns true to one caller in each period. */
    boolean isDue() {
        long now = clock.getAsLong();
        long due = next.get();
        return now - due >= 0 && next.compareAndSet(due, now + period);
    }
}
