package org.relay4j.yamux.core;

/**
 * Tells whether a stream is the only one that carries data in one direction of a session, from intervals of about 4 ms.
 * Each stream keeps one number, so that no list of streams is needed.
 */
final class ActiveStreams {
    /** The number of a stream that has not carried data yet. */
    static final long NEVER = Long.MIN_VALUE;

    private static final int INTERVAL_SHIFT = 22; // an interval is 2^22 ns, about 4 ms

    private long interval = Long.MIN_VALUE;
    private int active; // streams in this interval
    private int activeBefore; // streams in the previous interval

    /**
     * Returns whether others were active in this interval or the previous one. {@code lastUsed} is the last result of
     * {@link #used} for the stream.
     */
    boolean others(long lastUsed, long now) {
        roll(now);
        return Math.max(lastUsed == interval ? active - 1 : active, activeBefore - 1) > 0;
    }

    /** Counts a stream that carries data. Returns the number to pass to the next call for this stream. */
    long used(long lastUsed, long now) {
        roll(now);
        if (lastUsed != interval) active++;
        return interval;
    }

    private void roll(long now) {
        long current = now >> INTERVAL_SHIFT;
        if (current == interval) return;
        activeBefore = current == interval + 1 ? active : 0;
        active = 0;
        interval = current;
    }
}
