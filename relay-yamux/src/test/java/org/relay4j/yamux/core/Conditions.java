package org.relay4j.yamux.core;

import java.util.SplittableRandom;

/**
 * Under which conditions a simulated session runs.
 *
 * @param kind what is special about it
 * @param window the receive window of both ends
 * @param capacity bytes that the connection holds in each direction
 * @param longestDelay of the connection, in nanoseconds
 * @param largestPiece bytes that are delivered at once
 * @param largestTransfer bytes that a stream carries in one direction
 * @param steps random actions before the session is brought to its end
 * @param threaded whether the ends send as the driver with two threads does, which takes the whole output at once
 */
record Conditions(
        Kind kind,
        int window,
        int capacity,
        long longestDelay,
        int largestPiece,
        int largestTransfer,
        int steps,
        boolean threaded) {
    enum Kind {
        /** A connection over a local network. */
        ORDINARY,
        /** Pieces of a few bytes. */
        TRICKLE,
        /** Windows far above the initial one are announced, and used. */
        WIDE,
        /** Windows grow, and shrink again. */
        GROWING,
        /** The connection takes nothing for a long time, again and again. */
        STALLED,
        /** Nearly everything is reset, closed or refused. */
        UNREST,
        /** One of the ends drains the session in the middle. */
        DRAINED,
        /** The session is closed or lost in the middle. */
        CUT
    }

    static Conditions of(Kind kind, SplittableRandom random) {
        boolean threaded = random.nextInt(4) == 0;
        int window = Frame.INITIAL_WINDOW;
        int capacity = 1024 << random.nextInt(10);
        long delay = 1_000_000L << random.nextInt(6);
        int steps = 100 + random.nextInt(500);
        return switch (kind) {
            case TRICKLE -> new Conditions(kind, window, 600, delay, 1 + random.nextInt(30), 500, steps, threaded);
            case WIDE ->
                new Conditions(kind, 4 * window + random.nextInt(9), capacity, delay, 1 << 18, 1 << 20, 150, threaded);
            case GROWING -> new Conditions(kind, window, 8 << 20, delay, 1 << 18, 16 << 20, 150, threaded);
            case STALLED -> new Conditions(kind, window, 1 << 20, delay, 1 << 17, 500_000, steps, threaded);
            default -> new Conditions(kind, window, capacity, delay, capacity, 60_000, steps, threaded);
        };
    }

    /** Few limits are never reached: these are, now and then. */
    CoreOptions options(SplittableRandom random) {
        return new Options()
                .receiveWindow(window)
                .growth(kind == Kind.GROWING ? 2 << 20 : 0, 4 << 20)
                .maxStreams(4 + random.nextInt(30))
                .maxUnacknowledged(2 + random.nextInt(20))
                .writeStallTimeout(0)
                .openTimeout(0)
                .lingerTimeout(2)
                .deliveryTimeout(0)
                .hashSeed(random.nextInt())
                .build();
    }

    int transfer(SplittableRandom random) {
        int most = random.nextInt(4) == 0 ? largestTransfer : Math.min(largestTransfer, 3_000);
        return random.nextInt(8) == 0 ? 0 : random.nextInt(most);
    }

    /** True for one action in {@code odds}; resets and the like are frequent only where that is the point. */
    boolean happens(int odds, SplittableRandom random) {
        return random.nextInt(kind == Kind.UNREST ? Math.max(2, odds / 8) : odds) == 0;
    }
}
