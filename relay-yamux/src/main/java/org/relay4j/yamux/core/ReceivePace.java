package org.relay4j.yamux.core;

/**
 * The rate of one stream, measured over whole round trips, and the window size that it requires. The window grows until
 * the rate no longer increases, as BBR finds the bandwidth of a path (Cardwell and others, "BBR: Congestion-Based
 * Congestion Control", 2016, section on startup). Then it stays slightly above the capacity of the path, so that other
 * traffic on the path does not queue.
 */
final class ReceivePace {
    /**
     * The smallest window update over a long path. With half a window of credit in flight the rate would halve. The
     * peer also sends a burst as large as the credit that it gets, ahead of the bytes of other streams. Frames are
     * cheap because the rate is low. Unit: bytes.
     */
    static final int LEAST_CREDIT = 32 * 1024;

    /** A window of this many times the bytes in flight lets the rate triple; with 2, growth stalled in measurements. */
    private static final double GROWTH = 3;

    /** The smallest ratio of two rates that counts as growth. */
    private static final double FASTER = 1.25;

    /**
     * Round trips without growth after which the path counts as full. The first one still reflects the previous window.
     */
    private static final int FULL_AFTER = 3;

    /** Factor above the best rate at which a full path counts as faster than before. */
    private static final double MORE_FREE = 1.1;

    /** Window size of a full path as a multiple of its capacity: a short queue, so that the path is never idle. */
    private static final double SPARE = 1.15;

    /** A stream is idle if it takes longer than this to consume the bytes of one window update. */
    private static final long REST = 10_000_000_000L; // ns

    private long since; // ns
    private long bytes;
    private double best; // bytes per ns
    private double grown; // bytes per ns; the rate at the last growth
    private int notFaster; // round trips
    private boolean full;
    private boolean fast; // when measured last on a short path

    ReceivePace(long now) {
        since = now;
    }

    /** Restarts the measurement. */
    void start(long now) {
        since = now;
        bytes = 0;
        best = 0;
        grown = 0;
        notFaster = 0;
        full = false;
        fast = false;
    }

    /** Returns true if the stream was too slow recently to measure its path. */
    boolean rested(long now) {
        return now - since >= REST;
    }

    /**
     * Counts consumed bytes and returns the size that the window should have.
     *
     * @param size current window size in bytes
     * @param roundTrip ns
     */
    long moved(int length, int size, long roundTrip, long now) {
        bytes += length;
        long elapsed = now - since;
        if (elapsed < roundTrip || elapsed <= 0) return size;
        double rate = (double) bytes / elapsed;
        since = now;
        bytes = 0;
        return wanted(rate, size, roundTrip);
    }

    /**
     * Counts consumed bytes on a short path. Returns whether, when this was measured last, {@code size} bytes took at
     * most {@code time} nanoseconds.
     */
    boolean consumed(int length, int size, long time, long now) {
        bytes += length;
        if (bytes < 2L * size) return fast;
        fast = (double) (now - since) * size <= (double) time * bytes;
        since = now;
        bytes = 0;
        return fast;
    }

    private long wanted(double rate, int size, long roundTrip) {
        if (full) {
            if (rate <= best * MORE_FREE) return size;
            start(since); // the path has become faster
        }
        best = Math.max(best, rate);
        long growth = (long) (GROWTH * rate * roundTrip);
        if (rate > grown * FASTER) {
            grown = rate;
            notFaster = 0;
        } else if (growth >= size / 2) notFaster++; // else the sender or the reader is the bottleneck
        full = notFaster >= FULL_AFTER;
        return full ? (long) (SPARE * best * roundTrip) + LEAST_CREDIT : Math.max(size, growth);
    }
}
