package org.relay4j.yamux.core;

/**
 * A token bucket. Its state is the time at which it will be full again (the generic cell rate algorithm of ITU-T
 * I.371). It needs one number, no timer and no division per event.
 */
final class TokenBucket {
    private final long price; // ns until one token is refilled; 0 for no limit
    private final long most; // ns
    private long fullAt; // ns

    TokenBucket(RateLimit limit, long now) {
        price = limit.perSecond() == 0 ? 0 : 1_000_000_000L / limit.perSecond();
        most = price * limit.burst();
        fullAt = now;
    }

    /** Takes one token; false if there is none left. */
    boolean take(long now) {
        if (price == 0) return true;
        long debt = Math.max(0, fullAt - now) + price;
        if (debt > most) return false;
        fullAt = now + debt;
        return true;
    }
}
