package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/**
 * Why a stream or a session ended. The first cause wins, and everybody who waits is given that one.
 *
 * @param kind what happened
 * @param code error code of the RST or GoAway frame; 0 when there is none
 * @param message one sentence for a person
 * @param error the underlying failure, when there is one
 */
public record Cause(
        Kind kind, long code, String message, @Nullable Throwable error) {
    /** What ended a stream or session. */
    public enum Kind {
        /** The peer reset the stream. */
        RESET_BY_PEER(false, Kind.NO_GO_AWAY),
        /** This side reset the stream. */
        RESET_LOCALLY(false, Kind.NO_GO_AWAY),
        /** The peer did not answer to the opening of the stream in time. */
        OPEN_TIMEOUT(false, Kind.NO_GO_AWAY),
        /** A half-closed stream was idle for too long. */
        IDLE_TIMEOUT(false, Kind.NO_GO_AWAY),
        /** The peer broke a rule that concerns this stream alone. */
        STREAM_ERROR(false, Kind.NO_GO_AWAY),
        /** This side closed the session. */
        CLOSED_LOCALLY(true, Frame.NORMAL),
        /** The peer closed the session in an orderly way: GoAway, then the end of the connection. */
        CLOSED_BY_PEER(true, Kind.NO_GO_AWAY),
        /** The peer ended the session with an error code. */
        GO_AWAY(true, Kind.NO_GO_AWAY),
        /** The peer broke the protocol. */
        PROTOCOL_ERROR(true, Frame.PROTOCOL_ERROR),
        /** The peer is silent, or does not read. */
        TIMEOUT(true, Kind.NO_GO_AWAY),
        /** The connection was lost. */
        CONNECTION_LOST(true, Kind.NO_GO_AWAY),
        /** A defect of this implementation. */
        INTERNAL_ERROR(true, Frame.INTERNAL_ERROR);

        private static final int NO_GO_AWAY = -1;

        private final boolean session;
        private final int goAwayCode;

        Kind(boolean session, int goAwayCode) {
            this.session = session;
            this.goAwayCode = goAwayCode;
        }

        /** True when the peer may still read what was queued, and the GoAway behind it. */
        public boolean peerMayRead() {
            return goAwayCode != NO_GO_AWAY;
        }

        /** The code of the GoAway that tells the peer. */
        int goAwayCode() {
            return goAwayCode;
        }

        /** True when the whole session has ended, not one stream alone. */
        public boolean endsSession() {
            return session;
        }
    }

    public Cause(Kind kind, String message) {
        this(kind, 0, message, null);
    }
}
