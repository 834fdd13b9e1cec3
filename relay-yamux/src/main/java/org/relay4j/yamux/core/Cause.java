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
        RESET_BY_PEER(false),
        /** This side reset the stream. */
        RESET_LOCALLY(false),
        /** The peer did not answer to the opening of the stream in time. */
        OPEN_TIMEOUT(false),
        /** A half-closed stream was idle for too long. */
        IDLE_TIMEOUT(false),
        /** The peer broke a rule that concerns this stream alone. */
        STREAM_ERROR(false),
        /** This side closed the session. */
        CLOSED_LOCALLY(true),
        /** The peer closed the session in an orderly way: GoAway, then the end of the connection. */
        CLOSED_BY_PEER(true),
        /** The peer ended the session with an error code. */
        GO_AWAY(true),
        /** The peer broke the protocol. */
        PROTOCOL_ERROR(true),
        /** The peer is silent, or does not read. */
        TIMEOUT(true),
        /** The connection was lost. */
        CONNECTION_LOST(true),
        /** A defect of this implementation. */
        INTERNAL_ERROR(true);

        private final boolean session;

        Kind(boolean session) {
            this.session = session;
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
