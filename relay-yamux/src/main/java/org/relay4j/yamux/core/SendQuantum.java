package org.relay4j.yamux.core;

/**
 * The maximum length of one Data frame of a stream. Large frames save the most CPU time per byte, but a small message
 * has to wait for one frame of each busy stream. So a single active stream may send its whole window at once, and
 * several get slightly less than a quarter of an initial window each. Linux passes on at most 64 KiB at once, including
 * the IP and TCP headers; a slightly larger frame would be split in two and wake its receiver twice. {@code
 * docs/performance.md} has measurements.
 *
 * <p>Over a long path frames are smaller still. hashicorp/yamux blocks reads of a stream while a frame of it arrives,
 * which takes 21 ms for a whole initial window at 100 Mbit/s, and one read then returns at most as much as the reader's
 * buffer holds.
 */
final class SendQuantum {
    static final int ALONE = 1024 * 1024; // bytes
    static final int UNMEASURED = Frame.INITIAL_WINDOW; // bytes
    static final int SHARED = 62 * 1024; // bytes
    static final int FAR = 32 * 1024; // bytes; the buffer of Go's io.Copy

    /** The value of a stream that has not sent yet. */
    static final long NEVER = ActiveStreams.NEVER;

    private final ActiveStreams active = new ActiveStreams();
    private boolean measured; // the path to the peer
    private boolean far;

    /** The path to the peer was measured. */
    void path(boolean isFar) {
        measured = true;
        far = isFar;
    }

    /**
     * Returns the maximum length of the next frame of a stream. {@code lastUsed} is the last result of {@link #used}
     * for it.
     */
    int limit(long lastUsed, long now) {
        if (far) return FAR;
        if (active.others(lastUsed, now)) return SHARED;
        return measured ? ALONE : UNMEASURED;
    }

    /** Counts a stream that sends. Returns the value to pass to the next call for this stream. */
    long used(long lastUsed, long now) {
        return active.used(lastUsed, now);
    }
}
