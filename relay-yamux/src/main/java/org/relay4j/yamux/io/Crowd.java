package org.relay4j.yamux.io;

import java.util.concurrent.TimeUnit;

/**
 * What a listener knows of those who connect while accepting takes more than its share of the loop's time: whether they are a flood
 * of connections that have left again when they are accepted. Not safe for use by several threads.
 *
 * <p>Visitors that end their direction at once, and only read, look the same. But they wait for their answer, so there are only as
 * many of them in the kernel as there are visitors at a time, however fast they come back. A flood waits for nothing. So what counts is
 * how many the kernel held at one time. When many have been accepted in a row, the listener finds out: it accepts all of them
 * before it hands over the first.
 *
 * <p>Where such visitors do not come, as at a control port, that is not needed: there, many that have left are a flood, even if the
 * kernel holds few of them at a time.
 */
final class Crowd {
    /**
     * The pause between two turns while most of a crowd leave. Almost all of them have left when it is over, so they are
     * recognized. Unit: nanoseconds.
     */
    static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(5);

    /**
     * How long a crowd is expected to come back, and a flood to go on. Then the flood must be found again: those that are reset may
     * return at once, so how many they are meanwhile says nothing. Unit: nanoseconds.
     */
    static final long MEMORY = TimeUnit.SECONDS.toNanos(1);

    /** The number of connections that the kernel held at one time, most of which had left, that are a flood. */
    static final int FLOOD = 500;

    /**
     * The number of connections, most of which had left, that deserve a look at how many the kernel holds if they came in a row. Without
     * visitors that only read, they are a flood.
     */
    static final int SUSPICIOUS = 50;

    private final boolean someOnlyRead;
    private boolean present;
    private long last; // ns; if present
    private boolean leaving;
    private long found; // ns; if leaving
    private boolean suspected;
    private int inARow; // connections; with gaps, if none of them only reads
    private int left; // of these

    /** @param someOnlyRead whether those that have ended their direction may wait for an answer */
    Crowd(boolean someOnlyRead) {
        this.someOnlyRead = someOnlyRead;
    }

    /** Accepting has taken more than its share of the time. */
    void grows(long now) {
        present = true;
        last = now;
    }

    /** Returns whether there is a crowd. */
    boolean isPresent(long now) {
        if (present && now - last >= MEMORY) {
            present = false;
            forget();
        }
        return present;
    }

    /** Returns whether most of the crowd leave at once, so they did not come to be served. */
    boolean isLeaving(long now) {
        if (leaving && now - found >= MEMORY) leaving = false;
        return leaving;
    }

    /** Returns whether it may be a flood, so that the listener should look. */
    boolean isSuspected() {
        return suspected;
    }

    /** Counts one that was accepted from a crowd. */
    void count(boolean hasLeft, long now) {
        if (isLeaving(now)) return;
        inARow++;
        if (hasLeft) left++;
        if (inARow < SUSPICIOUS) return;
        suspected = left > inARow / 2;
        inARow = 0;
        left = 0;
        if (suspected && !someOnlyRead) leaves(now);
    }

    /** They are a flood: the kernel held {@link #FLOOD} of them at one time, and most had left. */
    void leaves(long now) {
        leaving = true;
        found = now;
        grows(now); // they cost little now, and must not become costly by that
        forget();
    }

    /** The kernel holds no more. */
    void gap() {
        if (someOnlyRead) forget();
    }

    private void forget() {
        suspected = false;
        inARow = 0;
        left = 0;
    }
}
