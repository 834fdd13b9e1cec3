package org.relay4j.server.cluster;

import java.time.Duration;
import org.relay4j.server.registry.RegistryException;

/** A lease that is renewed, and granted anew when it has ended. Confined to the executor of the node. */
final class HeldLease {
    private static final long RETRY = Duration.ofMillis(500).toNanos();

    private final Access access;
    private final Duration timeToLive;
    private final long interval; // between two renewals, nanoseconds
    private final Listener listener;
    private long number; // 0: none
    private long confirmedAt; // when the last request that was acknowledged was sent
    private long due; // when the next request is to be sent
    private boolean underWay;
    private boolean closed;

    /** Called on the executor of the node. */
    interface Listener {
        /** There is a new lease. */
        void granted(long sentAt);

        /** The lease was renewed by a request that was sent at this time. */
        void renewed(long sentAt);

        /** The lease has ended. Another one is asked for. */
        void ended();

        /** The registry has not answered. */
        void failed(RegistryException why);
    }

    HeldLease(Access access, Duration timeToLive, Duration interval, Listener listener) {
        this.access = access;
        this.timeToLive = timeToLive;
        this.interval = interval.toNanos();
        this.listener = listener;
    }

    /** Sends the first request. {@link #tick} does the rest. */
    void start() {
        due = access.now();
        confirmedAt = due - timeToLive.toNanos();
        tick();
    }

    /** Returns the number of the lease; 0 if there is none at present. */
    long number() {
        return number;
    }

    /** Returns when the last request was sent that was acknowledged. */
    long confirmedAt() {
        return confirmedAt;
    }

    /** Asks the registry at the next opportunity: something suggests that the lease has ended. */
    void suspect() {
        due = access.now();
    }

    void tick() {
        long now = access.now();
        if (underWay || closed || due - now > 0) return;
        underWay = true;
        due = now + interval;
        if (number == 0) {
            access.requests()
                    .sendFirst(() -> access.store().grant(timeToLive), lease -> granted(lease, now), this::failed);
        } else {
            long renewed = number;
            access.requests()
                    .sendFirst(() -> access.store().renew(renewed), lives -> renewed(lives, now), this::failed);
        }
    }

    private void granted(long lease, long sentAt) {
        underWay = false;
        if (closed) return;
        number = lease;
        confirmedAt = sentAt;
        listener.granted(sentAt);
    }

    private void renewed(boolean lives, long sentAt) {
        underWay = false;
        if (closed) return;
        if (lives) {
            confirmedAt = sentAt;
            listener.renewed(sentAt);
        } else {
            number = 0;
            listener.ended();
            suspect();
            tick();
        }
    }

    private void failed(RegistryException why) {
        underWay = false;
        if (closed) return;
        due = access.now() + Math.min(interval, RETRY);
        listener.failed(why);
    }

    /** Stops renewing it. */
    void close() {
        closed = true;
    }
}
