package org.relay4j.yamux.core;

/**
 * How much one stream may put into one Data frame. Large frames are the biggest saving of processor time per byte, and a
 * small message that becomes ready meanwhile waits for one frame of each busy stream; so a stream that is alone gets a
 * whole initial window, and several get a quarter of it each. Not quite: what Linux hands on at once is at most 64 KiB with
 * the headers of IP and TCP, and a frame that is a little larger travels as two parts, and wakes its receiver twice. What
 * that is worth stands in {@code docs/performance.md}.
 *
 * <p>Over a long path frames are smaller still: hashicorp/yamux lets nobody read a stream while a frame of it arrives, which
 * takes 21 ms for a whole initial window at 100 Mbit/s, and then hands out no more than what the reader's buffer holds.
 */
final class SendQuantum {
    static final int ALONE = 256 * 1024; // bytes
    static final int SHARED = 62 * 1024; // bytes
    static final int FAR = 32 * 1024; // bytes; the buffer of Go's io.Copy

    /** A stream that has not sent yet. */
    static final long NEVER = Long.MIN_VALUE;

    private static final int EPOCH_SHIFT = 22; // an epoch is 2^22 ns, about 4 ms

    private long epoch = Long.MIN_VALUE;
    private int active; // streams that sent in this epoch
    private int activeBefore; // streams that sent in the epoch before
    private boolean far;

    /** Whether the path to the peer is long. */
    void far(boolean isFar) {
        far = isFar;
    }

    /** Bytes of the next frame of a stream, of which {@link #used} has returned {@code lastUsed} the last time. */
    int limit(long lastUsed, long now) {
        if (far) return FAR;
        roll(now);
        int others = Math.max(lastUsed == epoch ? active - 1 : active, activeBefore - 1);
        return others > 0 ? SHARED : ALONE;
    }

    /** Counts a stream that sends; returns what its next call is given. */
    long used(long lastUsed, long now) {
        roll(now);
        if (lastUsed != epoch) active++;
        return epoch;
    }

    private void roll(long now) {
        long current = now >> EPOCH_SHIFT;
        if (current == epoch) return;
        activeBefore = current == epoch + 1 ? active : 0;
        active = 0;
        epoch = current;
    }
}
