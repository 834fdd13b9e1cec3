package org.relay4j.yamux.core;

/**
 * Bounds and timeouts of one session, checked by whoever builds them. Times in nanoseconds; 0 turns a timeout off.
 *
 * @param receiveWindow bytes a stream may have under way to us; 256 KiB or more
 * @param maxReceiveWindow bytes that the window of a stream may grow to; no more than receiveWindow: windows do not grow
 * @param windowBudget bytes by which all windows of the session together may have grown
 * @param receiveBudget bytes that all streams of the session together may hold of what was received and not yet read; beyond
 *     it, or beyond what the process has for the session, a stream is reset whose reader holds much and makes no progress
 * @param maxStreams streams the peer may have open at once; a SYN beyond it is answered with RST
 * @param maxUnacknowledged streams opened by us that the peer has not answered; opening waits beyond it
 * @param keepAliveInterval silence after which the peer is asked for a sign of life
 * @param keepAliveTimeout time that the peer has for it
 * @param writeStallTimeout time without any progress of queued output after which the session fails
 * @param openTimeout time that the peer has to answer to an opened stream before that stream is reset
 * @param acceptTimeout time after which a stream that waits to be accepted is acknowledged all the same, because
 *     hashicorp/yamux closes the session when an answer takes longer than 75 s
 * @param halfCloseTimeout idle time after which a stream that is closed in one direction is reset
 * @param lingerTimeout idle time after which a stream that we closed in both directions is reset when the peer has gone on
 *     sending; a silent peer may still be reading and has the halfCloseTimeout
 * @param deliveryTimeout time without progress after which received bytes of a stream that has ended are dropped, and the
 *     user of the stream is told of a reset
 * @param wastefulFrames how many frames are tolerated that cost this end something and serve nothing
 * @param streamResets how many streams are tolerated that the peer opens for nothing
 * @param hashSeed makes the places of streams in the stream table unpredictable for the peer
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

    /** The defaults, see {@code SessionOptions} for the reasons. */
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

    /** How often {@link Multiplexer#tick} is to be called: a quarter of the shortest timeout, 10 ms to 1 s. */
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
