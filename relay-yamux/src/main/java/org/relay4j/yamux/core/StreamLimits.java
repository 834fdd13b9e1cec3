package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/** For how long the streams of a session may wait for what. All times are in nanoseconds. */
final class StreamLimits {
    /**
     * How long a silent peer may take to read to the end of a stream that was closed here, when half-closed streams have no
     * limit: nobody here will ever end such a stream.
     */
    static final long LONGEST_LINGER = 300_000_000_000L;

    private final CoreOptions options;

    StreamLimits(CoreOptions options) {
        this.options = options;
    }

    /** True when a peer that opened a stream must be answered: whatever is sent meanwhile, its patience has an end. */
    boolean mustAcknowledge(long age) {
        return isOver(options.acceptTimeout(), age);
    }

    /** True when the peer has had its time to answer to the opening of a stream. */
    boolean openExpired(long age) {
        return isOver(options.openTimeout(), age);
    }

    /**
     * Why a stream that is closed in at least one direction is to be aborted, or null.
     *
     * @param lingers it was closed here in both
     * @param inVain and its peer goes on sending
     * @param idle since when nothing was sent or received
     */
    @Nullable
    Cause idle(boolean lingers, boolean inVain, long idle) {
        if (!isOver(inVain ? options.lingerTimeout() : silence(lingers), idle)) return null;
        return new Cause(Cause.Kind.IDLE_TIMEOUT, "closed in one direction, and idle for " + idle / 1_000_000 + " ms");
    }

    private long silence(boolean lingers) {
        boolean orphaned = lingers && options.halfCloseTimeout() == 0 && options.lingerTimeout() > 0;
        return orphaned ? LONGEST_LINGER : options.halfCloseTimeout();
    }

    private static boolean isOver(long limit, long waited) {
        return limit > 0 && waited >= limit;
    }
}
