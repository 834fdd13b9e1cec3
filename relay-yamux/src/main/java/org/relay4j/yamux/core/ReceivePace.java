package org.relay4j.yamux.core;

/**
 * How fast one stream moves, measured over whole round trips, and the window that this calls for. Grows the window until the
 * rate no longer follows it, as BBR finds the bandwidth of a path (Cardwell and others, "BBR: Congestion-Based Congestion
 * Control", 2016, on its startup), and then keeps what the path holds and a little more, so that others on it do not queue.
 */
final class ReceivePace {
    /**
     * The least credit that is returned at once over a long path. There half a window on its way back is half of the rate;
     * whatever credit the peer gets at once it also sends at once, in front of everybody else's bytes; and frames are cheap,
     * since less moves. Unit: bytes.
     */
    static final int LEAST_CREDIT = 32 * 1024;

    /** A window of this many times what is under way lets the rate grow threefold; with 2 it was found to get stuck. */
    private static final double GROWTH = 3;

    /** A rate that has grown by less has not grown. */
    private static final double FASTER = 1.25;

    /** Round trips without a faster rate after which the path is full. The first still shows the window before. */
    private static final int FULL_AFTER = 3;

    /** A rate above the best one by this factor says that a path which was full has become faster. */
    private static final double MORE_FREE = 1.1;

    /** A full path gets a window of this many times what it holds: a little queue, so that it never runs dry. */
    private static final double SPARE = 1.15;

    /** A stream that takes this long to use up what is worth a frame of credit is at rest. */
    private static final long REST = 10_000_000_000L; // ns

    private long since; // ns
    private long bytes;
    private double best; // bytes per ns
    private double grown; // bytes per ns; the rate that was last found to have grown
    private int notFaster; // round trips
    private boolean full;

    ReceivePace(long now) {
        since = now;
    }

    /** Forgets what was measured. */
    void start(long now) {
        since = now;
        bytes = 0;
        best = 0;
        grown = 0;
        notFaster = 0;
        full = false;
    }

    /** True when the stream was too slow lately to say anything about its path. */
    boolean rested(long now) {
        return now - since >= REST;
    }

    /**
     * Counts bytes as consumed; returns the size that the window should have.
     *
     * @param size the size that it has
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
        } else if (growth >= size / 2) notFaster++; // else it is the sender or the reader that takes its time
        full = notFaster >= FULL_AFTER;
        return full ? (long) (SPARE * best * roundTrip) + LEAST_CREDIT : Math.max(size, growth);
    }
}
