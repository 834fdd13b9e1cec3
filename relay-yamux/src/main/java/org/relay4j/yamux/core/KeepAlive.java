package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/**
 * Watches whether the peer lives. Any byte from it counts; only after a silence is it asked, by one ping at a time, since
 * some implementations drop or punish more.
 */
final class KeepAlive {
    private final SendQueue output;
    private final CoreOptions options;

    private long lastReceived; // ns
    private long lastSent; // ns; last progress of the output, or the time from which it has been waiting
    private boolean outputWaiting;
    private boolean pingInFlight;
    private int pingValue;
    private long pingSent; // ns
    private long roundTrip; // ns; 0 until one was measured
    private long askedSince; // ns; the first ping since the last sign of life

    KeepAlive(SendQueue output, CoreOptions options, long now) {
        this.output = output;
        this.options = options;
        lastReceived = now;
        lastSent = now;
    }

    void received(long now) {
        lastReceived = now;
    }

    void sent(long now) {
        lastSent = now;
        outputWaiting = !output.isEmpty();
    }

    /** Sends a ping unless one is under way, whose answer then serves this caller too. */
    void ping(long now) {
        long timeout = options.keepAliveTimeout();
        // Asks again after a while, because answers get lost: go-yamux drops those that it cannot queue.
        if (pingInFlight && (timeout == 0 || now - pingSent < timeout)) return;
        if (!pingInFlight || askedSince - lastReceived < 0) askedSince = now;
        pingInFlight = true;
        pingSent = now;
        output.ping(++pingValue);
    }

    /** The round-trip time when this is the answer to our ping, else -1. Unit: nanoseconds. */
    long pong(int value, long now) {
        if (!pingInFlight || value != pingValue) return -1;
        pingInFlight = false;
        roundTrip = Math.max(1, now - pingSent);
        return roundTrip;
    }

    /** The last one that was measured, 0 when none was. Unit: nanoseconds. */
    long roundTrip() {
        return roundTrip;
    }

    /** Asks for a sign of life when it is time to; returns why the session must end, or null. */
    @Nullable
    Cause tick(long now) {
        long silent = now - lastReceived;
        long interval = options.keepAliveInterval();
        long timeout = options.keepAliveTimeout();
        if (interval > 0) {
            boolean asked = pingInFlight && askedSince - lastReceived >= 0;
            if (asked && timeout > 0 && now - askedSince >= timeout) {
                return new Cause(
                        Cause.Kind.TIMEOUT, "the peer has been silent for " + seconds(silent) + " and answers no ping");
            }
            if (silent >= interval) ping(now);
        }
        if (output.isEmpty()) outputWaiting = false;
        else if (!outputWaiting) {
            outputWaiting = true;
            lastSent = now;
        }
        long stall = options.writeStallTimeout();
        if (outputWaiting && stall > 0 && now - lastSent >= stall) {
            return new Cause(Cause.Kind.TIMEOUT, "the peer has not read anything for " + seconds(now - lastSent));
        }
        return null;
    }

    private static String seconds(long nanos) {
        return nanos / 1_000_000 + " ms";
    }
}
