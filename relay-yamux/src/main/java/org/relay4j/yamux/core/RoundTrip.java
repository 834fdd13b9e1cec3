package org.relay4j.yamux.core;

/**
 * The shortest round-trip time of about the last minute. Longer ones include queueing, or the delay of a peer that
 * answers late to get larger windows. Older ones are dropped because routes change.
 */
final class RoundTrip {
    private static final long PERIOD = 30_000_000_000L; // ns
    private static final long NONE = Long.MAX_VALUE;

    private long current = NONE; // ns
    private long before = NONE; // ns; of the period before
    private long since; // ns

    boolean isKnown() {
        return current != NONE || before != NONE;
    }

    /** Returns the shortest recent round-trip time. Unit: nanoseconds. */
    long shortest() {
        return Math.min(current, before);
    }

    void measured(long roundTrip, long now) {
        if (isKnown() && now - since >= PERIOD) {
            before = current;
            current = NONE;
        }
        if (current == NONE) since = now;
        current = Math.min(current, Math.max(1, roundTrip));
    }
}
