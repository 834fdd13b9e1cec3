package org.relay4j.yamux.core;

/**
 * The maximum length of one Data frame of a stream. Large frames save the most CPU time per byte, but a small message
 * has to wait for one frame of each busy stream. So a single active stream gets a whole initial window, and several get
 * slightly less than a quarter of it each. Linux passes on at most 64 KiB at once, including the IP and TCP headers; a
 * slightly larger frame would be split in two and wake its receiver twice. {@code docs/performance.md} has
 * measurements.
 *
 * <p>Over a long path frames are smaller still. hashicorp/yamux blocks reads of a stream while a frame of it arrives,
 * which takes 21 ms for a whole initial window at 100 Mbit/s, and one read then returns at most as much as the reader's
 * buffer holds.
 */
final class SendQuantum {
    static final int ALONE = 256 * 1024; // bytes
    static final int SHARED = 62 * 1024; // bytes
    static final int FAR = 32 * 1024; // bytes; the buffer of Go's io.Copy

    /** The value of a stream that has not sent yet. */
    static final long NEVER = Long.MIN_VALUE;

    private static final int EPOCH_SHIFT = 22; // an epoch is 2^22 ns, about 4 ms

    private long epoch = Long.MIN_VALUE;
    private int active; // streams that sent in this epoch
    private int activeBefore; // streams that sent in the previous epoch
    private boolean far;

    /** Sets whether the path to the peer is long. */
    void far(boolean isFar) {
        far = isFar;
    }

    /**
     * Returns the maximum length of the next frame of a stream. {@code lastUsed} is the last result of {@link #used}
     * for it.
     */
    int limit(long lastUsed, long now) {
        if (far) return FAR;
        roll(now);
        int others = Math.max(lastUsed == epoch ? active - 1 : active, activeBefore - 1);
        return others > 0 ? SHARED : ALONE;
    }

    /** Counts a stream that sends. Returns the value to pass to the next call for this stream. */
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
