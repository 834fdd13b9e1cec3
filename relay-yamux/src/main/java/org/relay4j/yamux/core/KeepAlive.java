package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/**
 * Liveness detection. Any received byte shows that the peer is alive. An idle peer is pinged, with one ping in flight
 * at a time, because some implementations drop further pings or end the session.
 */
final class KeepAlive {
    private final SendQueue output;
    private final CoreOptions options;

    private long lastReceived; // ns
    /** Last progress of the output, or the time since which it has been waiting, plus the time that this end was away. Unit: nanoseconds. */
    private long lastSent;

    private boolean outputWaiting;
    private boolean pingInFlight;
    private boolean probing; // no caller of ping waits for that one, so the session does not end without an answer
    private int pingValue;
    private long pingSent; // ns
    private long roundTrip; // ns; 0 until measured
    private long askedSince; // ns; the first ping since bytes were last received, plus the time that this end was away

    KeepAlive(SendQueue output, CoreOptions options, long now) {
        this.output = output;
        this.options = options;
        lastReceived = now;
        lastSent = now;
    }

    void received(long now) {
        lastReceived = now;
    }

    long lastReceived() {
        return lastReceived;
    }

    void sent(long now) {
        lastSent = now;
        outputWaiting = !output.isEmpty();
    }

    /** Sends a ping unless one is in flight. The answer to that one then also serves this caller. */
    void ping(long now) {
        if (pingInFlight && probing) askedSince = now;
        probing = false;
        if (isAwaited(now)) return;
        if (!pingInFlight || askedSince - lastReceived < 0) askedSince = now;
        send(now);
    }

    /** Sends a ping unless one is in flight, and does not end the session if there is no answer to it. */
    void probe(long now) {
        if (isAwaited(now)) return;
        if (!pingInFlight || askedSince - lastReceived < 0) probing = true; // no question before that one is open
        send(now);
    }

    /** Returns whether an answer may still come. A ping is repeated because answers get lost: go-yamux drops those that it cannot queue. */
    private boolean isAwaited(long now) {
        long timeout = options.keepAliveTimeout();
        return pingInFlight && (timeout == 0 || now - pingSent < timeout);
    }

    private void send(long now) {
        pingInFlight = true;
        pingSent = now;
        output.ping(++pingValue);
    }

    /** Returns the round-trip time if this is the answer to our ping, else -1. Unit: nanoseconds. */
    long pong(int value, long now) {
        if (!pingInFlight || value != pingValue) return -1;
        pingInFlight = false;
        roundTrip = Math.max(1, now - pingSent);
        return roundTrip;
    }

    /** Returns the most recent round-trip time, or 0 if none was measured. Unit: nanoseconds. */
    long roundTrip() {
        return roundTrip;
    }

    /**
     * This end has been away, for example because its process was stopped or had to wait for a processor. Its absence is no silence of
     * the peer, whose answer may not have been read yet, and nothing was written.
     */
    void away(long nanos) {
        if (isAsked()) askedSince += nanos;
        if (outputWaiting) lastSent += nanos;
    }

    private boolean isAsked() {
        return pingInFlight && !probing && askedSince - lastReceived >= 0;
    }

    /** Sends a ping if one is due. Returns the reason why the session must end, or null. */
    @Nullable
    Cause tick(long now) {
        long silent = now - lastReceived;
        long interval = options.keepAliveInterval();
        long timeout = options.keepAliveTimeout();
        if (interval > 0) {
            if (isAsked() && timeout > 0 && now - askedSince >= timeout) {
                return new Cause(
                        Cause.Kind.TIMEOUT,
                        "the peer has been silent for " + seconds(silent) + " and did not answer a ping");
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
            return new Cause(Cause.Kind.TIMEOUT, "the peer has read no data for " + seconds(now - lastSent));
        }
        return null;
    }

    private static String seconds(long nanos) {
        return nanos / 1_000_000 + " ms";
    }
}
