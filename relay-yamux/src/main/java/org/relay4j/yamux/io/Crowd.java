package org.relay4j.yamux.io;

import java.util.concurrent.TimeUnit;

/**
 * What a listener knows of those who connect while accepting takes more than its share of the loop's time: whether they are a flood
 * of connections that have left again when they are accepted. Not safe for use by several threads.
 */
final class Crowd {
    /**
     * The pause between two turns while most of a crowd leave. Almost all of them have left when it is over, so they are
     * recognized. Unit: nanoseconds.
     */
    static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(5);

    /** How long a crowd is expected to come back. Unit: nanoseconds. */
    static final long MEMORY = TimeUnit.SECONDS.toNanos(1);

    /** The time for which connections are counted. What is found holds in the next one, too. Unit: nanoseconds. */
    static final long PERIOD = TimeUnit.MILLISECONDS.toNanos(250);

    /** The number of connections that leave in one period of a flood, at least. Fewer are visitors that only listen. */
    static final int FLOOD = 50;

    private boolean present;
    private long last; // ns; if present
    private long since; // ns; the present period
    private int counted; // connections in this period
    private int left; // of these
    private boolean leaving; // in this period or the last one

    /** Accepting has taken more than its share of the time. */
    void grows(long now) {
        if (!present) begin(now);
        present = true;
        last = now;
    }

    /** Returns whether there is a crowd. */
    boolean isPresent(long now) {
        if (present && now - last >= MEMORY) {
            present = false;
            leaving = false;
        }
        return present;
    }

    /** Counts one that was accepted from a crowd. */
    void count(boolean hasLeft, long now) {
        if (now - since >= PERIOD) {
            leaving = isFlood() && now - since < 2 * PERIOD;
            begin(now);
        }
        counted++;
        if (hasLeft) left++;
        leaving |= isFlood();
        if (leaving) last = now; // they cost little now, and must not become costly by that
    }

    private void begin(long now) {
        since = now;
        counted = 0;
        left = 0;
    }

    private boolean isFlood() {
        return left >= FLOOD && left > counted / 2;
    }

    /** Returns whether most of the crowd leave at once, so they did not come to be served. */
    boolean isLeaving(long now) {
        return leaving && now - since < 2 * PERIOD;
    }
}
