package org.relay4j.yamux.core;

/**
 * The counters of wasteful frames by kind, and the limit beyond which the session ends. Data that is read and credit
 * for bytes that were sent never count as wasteful.
 */
@SuppressWarnings("EnumOrdinal") // the counters are an array indexed by kind
final class WastefulFrames {
    /** Credit below this counts as wasteful unless it is for a frame that was as small. Unit: bytes. */
    static final int FEW = 16;

    private final long[] counts = new long[WastefulFrame.values().length];
    private final RateLimit frameLimit;
    private final RateLimit streamLimit;
    private final TokenBucket frames;
    private final TokenBucket streams;
    private long uncredited; // bytes sent for which no credit has arrived
    private long framesSent; // Data frames that left window over, without a small credit for them yet

    WastefulFrames(CoreOptions options, long now) {
        frameLimit = options.wastefulFrames();
        streamLimit = options.streamResets();
        frames = new TokenBucket(frameLimit, now);
        streams = new TokenBucket(streamLimit, now);
    }

    long count(WastefulFrame frame) {
        return counts[frame.ordinal()];
    }

    /** Returns the number of all wasteful frames. */
    long count() {
        long all = 0;
        for (long count : counts) all += count;
        return all;
    }

    /** Counts a wasteful frame that arrived at {@code now}. */
    void add(WastefulFrame frame, long now) throws ProtocolViolation {
        counts[frame.ordinal()]++;
        if (frame.isStream()) {
            if (!streams.take(now)) throw tooMany("useless streams", streamLimit, frame);
        } else if (!frames.take(now)) throw tooMany("wasteful frames", frameLimit, frame);
    }

    /** Counts a Data frame that is sent. */
    void sent(int length, long windowLeft) {
        uncredited += length;
        // Frames that use up the window do not count: a peer that grants one byte at a time causes them itself.
        if (windowLeft > 0) framesSent++;
    }

    /** Checks credit that arrived at {@code now} for an open stream. */
    void credit(long length, long now) throws ProtocolViolation {
        boolean earned;
        if (length < FEW) {
            // Some implementations return the credit of each Data frame immediately, and a keystroke is one byte.
            earned = framesSent > 0;
            if (earned) framesSent--;
        } else earned = length <= uncredited;
        uncredited = Math.max(0, uncredited - length);
        if (!earned) add(WastefulFrame.IDLE_CREDIT, now);
    }

    private static ProtocolViolation tooMany(String what, RateLimit limit, WastefulFrame last) {
        return new ProtocolViolation("more than " + limit.burst() + " " + what + ", or " + limit.perSecond()
                + " a second; the last one was " + last.text);
    }
}
