package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/**
 * The reason why a stream or a session ended. The first cause wins: all waiting callers get that one.
 *
 * @param kind what happened
 * @param code error code of the RST or GoAway frame; 0 when there is none
 * @param message one sentence for people to read
 * @param error the underlying failure, or null
 */
public record Cause(
        Kind kind, long code, String message, @Nullable Throwable error) {
    /** The kind of event that ended a stream or session. */
    public enum Kind {
        /** The peer reset the stream. */
        RESET_BY_PEER(false, Kind.NO_GO_AWAY),
        /** This side reset the stream. */
        RESET_LOCALLY(false, Kind.NO_GO_AWAY),
        /** The peer did not acknowledge the stream in time. */
        OPEN_TIMEOUT(false, Kind.NO_GO_AWAY),
        /** A half-closed stream was idle for too long. */
        IDLE_TIMEOUT(false, Kind.NO_GO_AWAY),
        /** The peer violated the protocol in a way that affects only this stream. */
        STREAM_ERROR(false, Kind.NO_GO_AWAY),
        /** This side closed the session. */
        CLOSED_LOCALLY(true, Frame.NORMAL),
        /** The peer closed the session gracefully: GoAway, then the end of the connection. */
        CLOSED_BY_PEER(true, Kind.NO_GO_AWAY),
        /** The peer ended the session with an error code. */
        GO_AWAY(true, Kind.NO_GO_AWAY),
        /** The peer violated the protocol. */
        PROTOCOL_ERROR(true, Frame.PROTOCOL_ERROR),
        /** The peer is silent or does not read. */
        TIMEOUT(true, Kind.NO_GO_AWAY),
        /** The connection was lost. */
        CONNECTION_LOST(true, Kind.NO_GO_AWAY),
        /** A bug in this implementation. */
        INTERNAL_ERROR(true, Frame.INTERNAL_ERROR);

        private static final int NO_GO_AWAY = -1;

        private final boolean session;
        private final int goAwayCode;

        Kind(boolean session, int goAwayCode) {
            this.session = session;
            this.goAwayCode = goAwayCode;
        }

        /** Returns true if the peer may still read the queued frames and the GoAway after them. */
        public boolean peerMayRead() {
            return goAwayCode != NO_GO_AWAY;
        }

        /** Returns the code of the GoAway frame that reports this cause to the peer. */
        int goAwayCode() {
            return goAwayCode;
        }

        /** Returns true if the whole session has ended, not just one stream. */
        public boolean endsSession() {
            return session;
        }
    }

    public Cause(Kind kind, String message) {
        this(kind, 0, message, null);
    }
}
