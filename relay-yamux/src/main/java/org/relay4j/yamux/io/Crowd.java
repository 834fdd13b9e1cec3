package org.relay4j.yamux.io;

import java.util.concurrent.TimeUnit;

/**
 * What a listener knows of those who connect while its loop has not enough time for all of them: whether most have left again
 * when they are accepted. Not safe for use by several threads.
 */
final class Crowd {
    /**
     * The pause between two turns while most of a crowd leave. Almost all of them have left when it is over, so they are
     * recognized. Unit: nanoseconds.
     */
    static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(5);

    /** How long a crowd is expected to come back. Unit: nanoseconds. */
    static final long MEMORY = TimeUnit.SECONDS.toNanos(1);

    /** The number of connections from which the share of those that have left is known. */
    private static final double COUNTED = 32;

    private boolean present;
    private long last; // ns; if present
    private double left; // 0 to 1, of the last connections

    /** The loop has no time to accept at once. */
    void grows(long now) {
        present = true;
        last = now;
    }

    /** Returns whether there is a crowd. */
    boolean isPresent(long now) {
        if (present && now - last >= MEMORY) {
            present = false;
            left = 0;
        }
        return present;
    }

    /** Counts one that was accepted from a crowd. */
    void count(boolean hasLeft, long now) {
        left += ((hasLeft ? 1 : 0) - left) / COUNTED;
        if (hasLeft && isLeaving()) last = now;
    }

    /** Returns whether most of the crowd leave at once, so they did not come to be served. */
    boolean isLeaving() {
        return left > 0.5;
    }
}
