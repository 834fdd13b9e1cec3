package org.relay4j.server.cluster;

/**
 * The time until which claims may be used. It is earlier than the end of the lease in the registry, because it is counted from the
 * moment at which the last renewal that was acknowledged was sent. Read by any thread; changed on the executor of the node.
 */
final class Fence {
    private volatile long end; // nanoseconds

    Fence(long end) {
        this.end = end;
    }

    /** Returns whether the claims may be used. Always to be asked anew: the process may have been stopped meanwhile. */
    boolean allows(long now) {
        return end - now > 0;
    }

    /** Sets another end, unless it is earlier. */
    void extend(long newEnd) {
        if (newEnd - end > 0) end = newEnd;
    }

    /** Returns a fence that ends as this one, but not later than {@code limit}, and is not extended with it. */
    Fence limited(long limit) {
        return new Fence(limit - end > 0 ? end : limit);
    }
}
