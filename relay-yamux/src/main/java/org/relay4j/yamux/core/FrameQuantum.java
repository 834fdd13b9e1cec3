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
final class FrameQuantum {
    static final int ALONE = 256 * 1024; // bytes
    static final int SHARED = 62 * 1024; // bytes
    static final int FAR = 32 * 1024; // bytes; the buffer of Go's io.Copy

    private static final int EPOCH_SHIFT = 22; // an epoch is 2^22 ns, about 4 ms

    private long epoch = Long.MIN_VALUE;
    private int active; // streams that sent in this epoch
    private int activeBefore; // streams that sent in the epoch before
    private boolean far;

    /** Whether the path to the peer is long. */
    void far(boolean isFar) {
        far = isFar;
    }

    int limit(MuxStream stream, long now) {
        if (far) return FAR;
        roll(now);
        int others = Math.max(stream.epoch == epoch ? active - 1 : active, activeBefore - 1);
        return others > 0 ? SHARED : ALONE;
    }

    void used(MuxStream stream, long now) {
        roll(now);
        if (stream.epoch == epoch) return;
        stream.epoch = epoch;
        active++;
    }

    private void roll(long now) {
        long current = now >> EPOCH_SHIFT;
        if (current == epoch) return;
        activeBefore = current == epoch + 1 ? active : 0;
        active = 0;
        epoch = current;
    }
}
