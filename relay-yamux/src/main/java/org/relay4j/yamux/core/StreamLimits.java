package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/** The time limits of the streams of a session. All times are in nanoseconds. */
final class StreamLimits {
    /**
     * Time that a silent peer has to read a stream to its end after this end closed it, if half-closed streams have no
     * limit. The application has closed such a stream and will never reset it.
     */
    static final long LONGEST_LINGER = 300_000_000_000L;

    private final CoreOptions options;

    StreamLimits(CoreOptions options) {
        this.options = options;
    }

    /** Returns true if an inbound stream of this age must be acknowledged, because the peer does not wait longer. */
    boolean mustAcknowledge(long age) {
        return isOver(options.acceptTimeout(), age);
    }

    /** Returns true if the peer has not acknowledged a stream in time. */
    boolean openExpired(long age) {
        return isOver(options.openTimeout(), age);
    }

    /**
     * Returns the reason why a stream that is closed in at least one direction must be aborted, or null.
     *
     * @param lingers true if this end closed both directions
     * @param inVain true if the peer continues to send nevertheless
     * @param idle time since data was last sent or received
     */
    @Nullable
    Cause idle(boolean lingers, boolean inVain, long idle) {
        if (!isOver(inVain ? options.lingerTimeout() : silence(lingers), idle)) return null;
        return new Cause(Cause.Kind.IDLE_TIMEOUT, "half-closed and idle for " + idle / 1_000_000 + " ms");
    }

    private long silence(boolean lingers) {
        boolean orphaned = lingers && options.halfCloseTimeout() == 0 && options.lingerTimeout() > 0;
        return orphaned ? LONGEST_LINGER : options.halfCloseTimeout();
    }

    private static boolean isOver(long limit, long waited) {
        return limit > 0 && waited >= limit;
    }
}
