package org.relay4j.yamux.core;

/**
 * Counts what the peer sends without need, by kind, and ends the session when it is too much. Useful frames are free: whoever
 * sends bytes that somebody reads, and credit for bytes that were sent, is never counted here.
 */
@SuppressWarnings("EnumOrdinal") // counts are kept by kind in an array, which costs nothing to look into
final class Glitches {
    /** Credit below this is not worth a frame, except for a frame that was as small. Unit: bytes. */
    static final int FEW = 16;

    private final long[] counts = new long[Glitch.values().length];
    private final GlitchLimit frameLimit;
    private final GlitchLimit streamLimit;
    private final GlitchBudget frames;
    private final GlitchBudget streams;
    private long owed; // bytes that were sent and for which no credit has come
    private long framesSent; // Data frames that left window over, and for which no credit of a few bytes has come

    Glitches(CoreOptions options, long now) {
        frameLimit = options.glitches();
        streamLimit = options.resets();
        frames = new GlitchBudget(frameLimit, now);
        streams = new GlitchBudget(streamLimit, now);
    }

    long count(Glitch glitch) {
        return counts[glitch.ordinal()];
    }

    /** All of them. */
    long count() {
        long all = 0;
        for (long count : counts) all += count;
        return all;
    }

    /** Counts one that arrived at {@code now}. */
    void add(Glitch glitch, long now) throws ProtocolViolation {
        counts[glitch.ordinal()]++;
        if (glitch.isStream()) {
            if (!streams.take(now)) throw tooMany("streams opened for nothing", streamLimit, glitch);
        } else if (!frames.take(now)) throw tooMany("frames of no use", frameLimit, glitch);
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
        if (!earned) add(Glitch.IDLE_CREDIT, now);
    }

    private static ProtocolViolation tooMany(String what, GlitchLimit limit, Glitch last) {
        return new ProtocolViolation("more than " + limit.burst() + " " + what + ", or " + limit.rate()
                + " a second; the last one was " + last.text);
    }
}
