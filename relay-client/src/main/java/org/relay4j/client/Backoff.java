package org.relay4j.client;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;

/**
 * The pauses between attempts. Each is twice the previous one, up to a limit, times a random factor between one half and one, so
 * that clients that lost their server together do not return together. Not safe for use by several threads.
 */
final class Backoff {
    /** The longest pause while visitors wait for the client to return. Unit: nanoseconds. */
    private static final long URGENT = TimeUnit.MILLISECONDS.toNanos(500);

    /** The longest pause while the server shuts down. Unit: nanoseconds. */
    private static final long DRAINING = TimeUnit.SECONDS.toNanos(2);

    /** The time that a connection must last until an announced end counts as orderly. Unit: nanoseconds. */
    private static final long SHORTEST_SERVICE = TimeUnit.SECONDS.toNanos(1);

    private final long shortest; // ns
    private final long longest; // ns
    private final DoubleSupplier random; // 0 to 1
    private long next; // ns

    Backoff(Duration shortest, Duration longest) {
        this(shortest, longest, () -> ThreadLocalRandom.current().nextDouble());
    }

    Backoff(Duration shortest, Duration longest, DoubleSupplier random) {
        this.shortest = shortest.toNanos();
        this.longest = longest.toNanos();
        this.random = random;
        next = this.shortest;
    }

    /** Returns the next pause. */
    Duration next() {
        return next(false);
    }

    /** Returns the next pause; at most half a second if it is urgent. */
    Duration next(boolean urgent) {
        long most = urgent ? Math.max(shortest, Math.min(longest, URGENT)) : longest;
        long pause = urgent ? Math.min(URGENT, next) : next;
        next = Math.max(next, Math.min(most, 2 * next));
        return Duration.ofNanos((long) (pause * (0.5 + random.getAsDouble() / 2)));
    }

    /** Returns the pause while the server shuts down: 1 to 2 s, which bounds the load on it. The next pauses stay as they are. */
    Duration whileDraining() {
        return Duration.ofNanos((long) (Math.min(longest, DRAINING) * (0.5 + random.getAsDouble() / 2)));
    }

    /** Resets the pause if the connection lasted. One that breaks at once must not be retried rapidly. */
    void wasUp(long nanos) {
        if (nanos >= longest) next = shortest;
    }

    /** Resets the pause after a connection that the server has announced to end, unless it ended soon after it began. */
    void wasDrained(long nanos) {
        if (nanos >= Math.min(longest, SHORTEST_SERVICE)) next = shortest;
    }
}
