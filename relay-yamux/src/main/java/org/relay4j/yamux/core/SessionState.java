package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/** The shutdown state of a session: which end accepts no more streams, and whether the session has ended. */
final class SessionState {
    private boolean draining; // we open and accept no more streams
    private boolean acceptsNoMore; // of the streams that the peer opens
    private boolean closesWhenDrained; // and the session ends with the last stream
    private boolean announced; // the peer was asked to open no more streams
    private boolean peerGoneAway; // the peer accepts no more streams
    private @Nullable Cause ended;

    /** Returns true if this end opens and accepts no more streams. */
    boolean isDraining() {
        return draining;
    }

    /** Refuses all further streams of the peer. */
    void acceptNoMore() {
        acceptsNoMore = true;
    }

    /** Returns true if further streams of the peer are refused, whatever else this end does. */
    boolean acceptsNoMore() {
        return acceptsNoMore;
    }

    /** Returns true if this end also closes the session after the last stream has ended. */
    boolean closesWhenDrained() {
        return closesWhenDrained;
    }

    /** Returns true if neither end can open a stream that the other would accept. */
    boolean takesNoStreams() {
        return draining || peerGoneAway;
    }

    /**
     * Stops opening and accepting streams. Returns true if the peer must be asked now to open no more streams, because the session
     * will close after the last one.
     */
    boolean drain(boolean andClose) {
        closesWhenDrained |= andClose && ended == null;
        draining = true;
        return andClose && announce();
    }

    /** Returns true if the peer must be asked now to open no more streams; false if that has happened, or the session is over. */
    boolean announce() {
        boolean first = !announced && ended == null;
        announced |= first;
        return first;
    }

    /** Records a GoAway of the peer; false if there was one before. */
    boolean peerGoesAway() {
        boolean first = !peerGoneAway;
        peerGoneAway = true;
        return first;
    }

    /** Ends the session; false if it had ended before. The first cause wins. */
    boolean end(Cause cause) {
        if (ended != null) return false;
        ended = cause;
        return true;
    }

    boolean isOver() {
        return ended != null;
    }

    /** Returns the reason why the session ended, or null if it has not. */
    @Nullable
    Cause ended() {
        return ended;
    }
}
