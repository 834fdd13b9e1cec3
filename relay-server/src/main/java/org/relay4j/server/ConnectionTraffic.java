package org.relay4j.server;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * How much a connection moves, so that a new visitor does not sit beside a bulk transfer when another connection has none. Confined to
 * one thread.
 *
 * <p>The rate is the mean between two looks. There is one for a visitor if the last one is {@value #PERIOD_MILLIS} ms old, because it
 * waits for the lock of the session, which its loop holds while it moves bytes; and one at each beat of {@link
 * org.relay4j.yamux.io.Pulse}. Rates are compared in powers of two, so that connections with nearly the same traffic still take turns.
 */
final class ConnectionTraffic {
    static final long PERIOD_MILLIS = 100;

    private static final long PERIOD = TimeUnit.MILLISECONDS.toNanos(PERIOD_MILLIS);
    private static final int QUIET = 18; // below 256 KiB/s all are equal

    private long lookedAt; // ns
    private long moved; // bytes until then
    private int level; // 0 for quiet; one more for each doubling of the rate

    /** @param now ns, when nothing was moved yet */
    ConnectionTraffic(long now) {
        lookedAt = now;
    }

    /**
     * Returns 0 if the connection moves little, and one more for each doubling from 256 KiB/s.
     *
     * @param now ns
     * @param total returns the number of bytes moved so far; called only if it is time for a look
     */
    int level(long now, LongSupplier total) {
        if (now - lookedAt >= PERIOD) seen(now, total.getAsLong());
        return level;
    }

    /**
     * Looks without being asked, because a later look would count traffic that has ended by then. Has no effect if the last look was
     * less than {@value #PERIOD_MILLIS} ms ago, or saw more.
     *
     * @param now ns
     * @param total number of bytes moved so far
     */
    void seen(long now, long total) {
        if (now - lookedAt < PERIOD || total < moved) return;
        double perSecond = (total - moved) * 1e9 / (now - lookedAt);
        level = 64 - Long.numberOfLeadingZeros((long) perSecond >> QUIET);
        moved = total;
        lookedAt = now;
    }
}
