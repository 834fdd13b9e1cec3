package org.relay4j.yamux.io;

import java.util.concurrent.TimeUnit;

/** Decides when a peer is pinged, and when it counts as silent. A plain object: the time is passed in. Unit: nanoseconds. */
final class Silence {
    /*
     * A peer is silent if a ping has been unanswered for a while and no other byte has arrived since.
     *
     * In constant mode, as for connections that share their visitors, the peer is pinged at each beat. While it is only watched, it is pinged
     * when it has been quiet for a second, or for an eighth of the time since the last traffic. After four minutes, that is as seldom
     * as the keep-alive pings, and the watch ends. So each use of a connection costs about 40 pings at most, and one that is idle
     * costs nothing. A silent peer is pinged until it speaks, in either mode.
     *
     * In constant mode, a peer that does not answer ends the session. A connection that is only watched must not end earlier than
     * without that, because its visitors may survive a short failure. That stays so if the constant mode begins meanwhile, as it does
     * when another connection joins because this one does not answer.
     */
    private static final long MS = TimeUnit.MILLISECONDS.toNanos(1);

    /** The time between two beats, except while a peer that is only watched has no ping to answer. */
    static final long BEAT = 500 * MS;

    /** How long a peer that is only watched is quiet before it is pinged, at least. */
    static final long QUIET = 1_000 * MS;

    /** How long a watch lasts without traffic. */
    static final long WATCH = 240_000 * MS;

    private static final int PARTS = 8;

    /** How long a peer has for its answer; more on a path with a round trip above half a second. */
    static final long PATIENCE = 1_500 * MS;

    private static final int ROUND_TRIPS = 3;

    private boolean constant;
    private long used; // the last traffic, or the begin of the watch
    private long traffic; // bytes
    private boolean asked; // there was a ping since the last byte arrived
    private long askedAt; // the first one; if asked
    private boolean mayStaySilent; // that one was asked in a watch; if asked
    private volatile boolean silent;

    Silence(long now) {
        used = now - WATCH; // it is not watched yet
    }

    /** Returns whether the peer is silent. From any thread. */
    boolean isSilent() {
        return silent;
    }

    /** Switches the constant mode on or off. */
    void constant(boolean wanted) {
        constant = wanted;
    }

    /** Returns whether the peer must answer the ping of this beat, or the session ends. */
    boolean mustAnswer() {
        return constant && !mayStaySilent;
    }

    /** Begins or extends a watch. */
    void watch(long now) {
        used = now;
    }

    /**
     * Looks at the peer.
     *
     * @param received when its last byte arrived
     * @param roundTrip the last measured one; 0 if there is none
     * @param bytes the payload in both directions so far
     */
    void look(long now, long received, long roundTrip, long bytes) {
        if (bytes != traffic) watch(now);
        traffic = bytes;
        if (asked && received - askedAt >= 0) asked = false;
        silent = asked && now - askedAt >= Math.max(PATIENCE, ROUND_TRIPS * roundTrip);
    }

    /** Returns whether the beats continue. */
    boolean continues(long now) {
        return constant || asked || now - used < WATCH;
    }

    /** Returns the time until the next beat, after {@link #asks}. */
    long pause(long now, long received) {
        return constant || asked ? BEAT : Math.max(BEAT, due(received) - now);
    }

    /** Returns when a peer that is only watched is pinged. Then it has been quiet for one part of the time since the last traffic. */
    private long due(long received) {
        return received + Math.max(QUIET, (received - used) / (PARTS - 1));
    }

    /** Returns whether to ping the peer at this beat, which the caller then does. */
    boolean asks(long now, long received) {
        if (!constant && !silent && now - due(received) < 0) return false;
        if (!asked) {
            askedAt = now;
            mayStaySilent = !constant;
        }
        asked = true;
        return true;
    }

    /** The session has ended. */
    void end() {
        silent = false;
    }
}
