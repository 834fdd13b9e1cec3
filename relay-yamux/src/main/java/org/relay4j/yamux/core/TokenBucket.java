package org.relay4j.yamux.core;

/**
 * One token bucket. It is kept as the time at which it would be full again (the generic cell rate algorithm of ITU-T I.371):
 * one number, no timer, and no division on the way.
 */
final class TokenBucket {
    private final long price; // ns that one event takes to be forgotten; 0 for no limit
    private final long most; // ns
    private long fullAt; // ns

    TokenBucket(RateLimit limit, long now) {
        price = limit.perSecond() == 0 ? 0 : 1_000_000_000L / limit.perSecond();
        most = price * limit.burst();
        fullAt = now;
    }

    /** Takes one; false when there is none left. */
    boolean take(long now) {
        if (price == 0) return true;
        long debt = Math.max(0, fullAt - now) + price;
        if (debt > most) return false;
        fullAt = now + debt;
        return true;
    }
}
