package org.relay4j.client;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;

/**
 * The pauses between attempts: each twice the one before, up to a limit, times a random factor between one half and one, so that
 * clients that lost their server together do not return together. Not safe for use by several threads.
 */
final class Backoff {
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

    /** The next pause. */
    Duration next() {
        long pause = next;
        next = Math.min(longest, 2 * next);
        return Duration.ofNanos((long) (pause * (0.5 + random.getAsDouble() / 2)));
    }

    /** Starts again with the shortest pause if the connection lasted; one that breaks at once must not be retried rapidly. */
    void wasUp(long nanos) {
        if (nanos >= longest) next = shortest;
    }
}
