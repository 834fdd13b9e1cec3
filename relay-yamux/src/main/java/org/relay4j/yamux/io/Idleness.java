package org.relay4j.yamux.io;

/** The time for which a connection may be idle. Times are in nanoseconds of any clock. */
final class Idleness {
    private final long limit; // ns
    private long activeAt; // ns

    Idleness(long limit, long now) {
        this.limit = limit;
        activeAt = now;
    }

    /** A byte was transferred. */
    void active(long now) {
        activeAt = now;
    }

    /** Returns the time until the limit is reached; 0 or less if it is. */
    long left(long now) {
        return limit - (now - activeAt);
    }
}
