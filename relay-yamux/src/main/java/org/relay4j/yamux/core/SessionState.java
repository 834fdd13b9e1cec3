package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/** How far a session is on its way to its end: which end takes no more streams, and whether it is over. */
final class SessionState {
    private boolean draining; // we take no more streams
    private boolean closesWhenDrained; // and end the session with the last one
    private boolean peerGoneAway; // the peer takes no more streams
    private @Nullable Cause ended;

    /** True when this end opens and takes no more streams. */
    boolean isDraining() {
        return draining;
    }

    /** True when this end also closes the session when the last stream has ended. */
    boolean closesWhenDrained() {
        return closesWhenDrained;
    }

    /** True when neither end may open a stream that the other would take. */
    boolean takesNoStreams() {
        return draining || peerGoneAway;
    }

    /** Takes no more streams. True when it was not known before that the session closes with the last one. */
    boolean drain(boolean andClose) {
        boolean announces = andClose && !closesWhenDrained && ended == null;
        closesWhenDrained |= announces;
        draining = true;
        return announces;
    }

    /** The peer has sent GoAway; false when it had done so before. */
    boolean peerGoesAway() {
        boolean first = !peerGoneAway;
        peerGoneAway = true;
        return first;
    }

    /** Ends the session; false when it had ended. The first cause wins. */
    boolean end(Cause cause) {
        if (ended != null) return false;
        ended = cause;
        return true;
    }

    boolean isOver() {
        return ended != null;
    }

    /** Why the session is over, or null while it is not. */
    @Nullable
    Cause ended() {
        return ended;
    }
}
