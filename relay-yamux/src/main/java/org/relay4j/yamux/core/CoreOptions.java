package org.relay4j.yamux.core;

/**
 * Limits and timeouts of one session. The caller has validated them. Times are in nanoseconds; 0 disables a timeout.
 *
 * @param receiveWindow bytes that the peer may have in flight on one stream; at least 256 KiB
 * @param maxReceiveWindow maximum that the window of a stream grows to, in bytes; windows do not grow unless it exceeds
 *     receiveWindow
 * @param windowBudget total growth of all windows of the session, in bytes
 * @param receiveBudget unread bytes that all streams of the session together may buffer; beyond this limit, or that of
 *     the process, the session resets a stream that buffers much and whose reader makes no progress
 * @param maxStreams streams that the peer may have open at once; further SYNs are answered with RST
 * @param maxUnacknowledged outbound streams that may wait for the peer's ACK; opening further streams waits
 * @param keepAliveInterval idle time after which the session pings the peer
 * @param keepAliveTimeout time that the peer has to answer the ping
 * @param writeStallTimeout time without progress of queued output after which the session fails
 * @param openTimeout time that the peer has to acknowledge a stream before the stream is reset
 * @param acceptTimeout time after which a stream that has not been accepted yet is acknowledged anyway, because
 *     hashicorp/yamux closes the session if the ACK takes longer than 75 s
 * @param halfCloseTimeout idle time after which a half-closed stream is reset
 * @param lingerTimeout idle time after which a stream that we closed in both directions is reset if the peer has
 *     continued to send; a silent peer may still be reading, so the halfCloseTimeout applies to it
 * @param deliveryTimeout time without progress after which the unread bytes of an ended stream are dropped and its
 *     handler is notified of a reset
 * @param wastefulFrames number of wasteful frames that are tolerated, see {@link WastefulFrame}
 * @param streamResets number of streams that the peer may open without use, see {@link WastefulFrame}
 * @param hashSeed makes the slots of the stream table unpredictable for the peer
 */
public record CoreOptions(
        int receiveWindow,
        int maxReceiveWindow,
        int windowBudget,
        int receiveBudget,
        int maxStreams,
        int maxUnacknowledged,
        long keepAliveInterval,
        long keepAliveTimeout,
        long writeStallTimeout,
        long openTimeout,
        long acceptTimeout,
        long halfCloseTimeout,
        long lingerTimeout,
        long deliveryTimeout,
        RateLimit wastefulFrames,
        RateLimit streamResets,
        int hashSeed) {

    private static final long SECOND = 1_000_000_000L;
    private static final long SHORTEST_TICK = 10_000_000L;

    /** Returns the defaults; {@code SessionOptions} gives the reasons. */
    public static CoreOptions defaults() {
        return new CoreOptions(
                Frame.INITIAL_WINDOW,
                16 << 20,
                64 << 20,
                1 << 30,
                65_536,
                256,
                30 * SECOND,
                10 * SECOND,
                30 * SECOND,
                75 * SECOND,
                20 * SECOND,
                300 * SECOND,
                5 * SECOND,
                60 * SECOND,
                new RateLimit(1_000_000, 100_000),
                new RateLimit(100_000, 20_000),
                0);
    }

    /**
     * Returns the interval at which {@link Multiplexer#tick} must be called: a quarter of the shortest timeout, 10 ms
     * to 1 s.
     */
    public long tickInterval() {
        long shortest = 4 * SECOND;
        long[] timeouts = {
            keepAliveInterval,
            keepAliveTimeout,
            writeStallTimeout,
            openTimeout,
            acceptTimeout,
            halfCloseTimeout,
            lingerTimeout,
            deliveryTimeout
        };
        for (long timeout : timeouts) {
            if (timeout > 0) shortest = Math.min(shortest, timeout);
        }
        return Math.max(SHORTEST_TICK, shortest / 4);
    }
}
