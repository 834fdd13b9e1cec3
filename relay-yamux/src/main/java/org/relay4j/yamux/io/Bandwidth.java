package org.relay4j.yamux.io;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A limit for the bytes that several connections transfer in a second, together and in both directions. Safe for use by several
 * threads. Times are in nanoseconds of any clock.
 */
public final class Bandwidth {
    /*
     * A token bucket, kept as the time at which it is full again (the generic cell rate algorithm of ITU-T I.371), so that loops
     * share it with one atomic number. Bytes are taken before they are read, and those that were not there are given back: so
     * two loops cannot both spend the same tokens.
     */

    /** The lowest limit. Unit: bytes per second. */
    public static final long LOWEST = 64 * 1024;

    /** The highest limit. Unit: bytes per second. */
    public static final long HIGHEST = 1L << 32;

    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long SMALLEST_BURST = 64 * 1024; // bytes
    private static final int BURSTS_PER_SECOND = 10;

    private final long perSecond; // bytes
    private final long burst; // ns in which as many bytes are allowed as the bucket holds
    private final AtomicLong fullAt; // ns

    /**
     * @param bytesPerSecond {@link #LOWEST} to {@link #HIGHEST}
     * @param now the time at which the bucket is full
     */
    public Bandwidth(long bytesPerSecond, long now) {
        if (bytesPerSecond < LOWEST || bytesPerSecond > HIGHEST) {
            throw new IllegalArgumentException("bandwidth is " + bytesPerSecond + ", it must be " + LOWEST + " to "
                    + HIGHEST + " bytes per second");
        }
        perSecond = bytesPerSecond;
        long bytes = Math.max(SMALLEST_BURST, bytesPerSecond / BURSTS_PER_SECOND);
        burst = bytes * SECOND / perSecond;
        fullAt = new AtomicLong(now);
    }

    /** Takes up to {@code most} bytes, and returns how many. Returns 0 if there are fewer than {@code least}. */
    int take(int least, int most, long now) {
        while (true) {
            long full = fullAt.get();
            long debt = Math.max(0, full - now);
            int bytes = (int) Math.min(most, bytes(burst - debt));
            if (bytes < least) return 0;
            if (fullAt.compareAndSet(full, now + debt + time(bytes))) return bytes;
        }
    }

    /** Gives back bytes that were taken and not transferred. */
    void giveBack(int bytes) {
        if (bytes > 0) fullAt.addAndGet(-time(bytes));
    }

    /** Takes bytes even if the bandwidth is used up. */
    void overdraw(int bytes, long now) {
        fullAt.accumulateAndGet(time(bytes), (full, time) -> Math.max(full, now) + time);
    }

    /** Returns the number of bytes that may be transferred now. */
    long available(long now) {
        return Math.max(0, bytes(burst - Math.max(0, fullAt.get() - now)));
    }

    /** Returns the time after which a quarter of the bucket is full; 0 if it is now. */
    long delay(long now) {
        return Math.max(0, fullAt.get() - now - (burst - burst / 4));
    }

    private long time(long bytes) {
        return (bytes * SECOND + perSecond - 1) / perSecond;
    }

    private long bytes(long time) {
        return time * perSecond / SECOND;
    }

    @Override
    public String toString() {
        return perSecond + " bytes per second";
    }
}
