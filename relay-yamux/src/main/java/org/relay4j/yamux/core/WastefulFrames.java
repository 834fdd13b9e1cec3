package org.relay4j.yamux.core;

/**
 * Counts what the peer sends without need, by kind, and ends the session when it is too much. Useful frames are free: whoever
 * sends bytes that somebody reads, and credit for bytes that were sent, is never counted here.
 */
@SuppressWarnings("EnumOrdinal") // counts are kept by kind in an array, which costs nothing to look into
final class WastefulFrames {
    /** Credit below this is not worth a frame, except for a frame that was as small. Unit: bytes. */
    static final int FEW = 16;

    private final long[] counts = new long[WastefulFrame.values().length];
    private final RateLimit frameLimit;
    private final RateLimit streamLimit;
    private final TokenBucket frames;
    private final TokenBucket streams;
    private long owed; // bytes that were sent and for which no credit has come
    private long framesSent; // Data frames that left window over, and for which no credit of a few bytes has come

    WastefulFrames(CoreOptions options, long now) {
        frameLimit = options.wastefulFrames();
        streamLimit = options.streamResets();
        frames = new TokenBucket(frameLimit, now);
        streams = new TokenBucket(streamLimit, now);
    }

    long count(WastefulFrame frame) {
        return counts[frame.ordinal()];
    }

    /** All of them. */
    long count() {
        long all = 0;
        for (long count : counts) all += count;
        return all;
    }

    /** Counts one that arrived at {@code now}. */
    void add(WastefulFrame frame, long now) throws ProtocolViolation {
        counts[frame.ordinal()]++;
        if (frame.isStream()) {
            if (!streams.take(now)) throw tooMany("streams opened for nothing", streamLimit, frame);
        } else if (!frames.take(now)) throw tooMany("wasteful frames", frameLimit, frame);
    }

    /** A Data frame leaves. */
    void sent(int length, long windowLeft) {
        owed += length;
        // A peer that gives one byte of window at a time has not earned the next one by the frames that this makes.
        if (windowLeft > 0) framesSent++;
    }

    /** Credit that arrived at {@code now} for an open stream. */
    void credit(long length, long now) throws ProtocolViolation {
        boolean earned;
        if (length < FEW) {
            // Some implementations return the credit of each Data frame at once, and a keystroke is one byte.
            earned = framesSent > 0;
            if (earned) framesSent--;
        } else earned = length <= owed;
        owed = Math.max(0, owed - length);
        if (!earned) add(WastefulFrame.IDLE_CREDIT, now);
    }

    private static ProtocolViolation tooMany(String what, RateLimit limit, WastefulFrame last) {
        return new ProtocolViolation("more than " + limit.burst() + " " + what + ", or " + limit.perSecond()
                + " a second; the last one was " + last.text);
    }
}
