package org.relay4j.yamux;

import java.io.IOException;
import org.relay4j.yamux.core.Cause;

/**
 * The failure of a whole session: every stream of it has ended, and whoever waited on it is given this one.
 *
 * <pre>{@code
 * session.close();
 * try {
 *     session.open();
 * } catch (SessionException e) {
 *     System.err.println("over because of " + e.reason() + (e.isClean() ? "" : ", " + e.getMessage()));
 * }
 * }</pre>
 *
 * <p>Each throw is a new exception with the stack trace of its caller; {@link #getCause} is the underlying failure.
 */
public class SessionException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Why a session ended. */
    public enum Reason {
        /** This side called {@link Session#close}. */
        CLOSED_LOCALLY,
        /** The peer closed the session when no stream was open. */
        CLOSED_BY_PEER,
        /** The peer ended the session with an error code, see {@link SessionException#code}. */
        GO_AWAY,
        /** The peer broke the protocol; it was told so. */
        PROTOCOL_ERROR,
        /** The peer was silent, or did not read, for longer than the options allow. */
        TIMEOUT,
        /** The connection was lost, or ended while streams were open. */
        CONNECTION_LOST,
        /** A defect of this library; please report it. */
        INTERNAL_ERROR,
        /** The peer announced that it takes no more streams; those that are open go on. */
        NO_MORE_STREAMS
    }

    private final Reason reason;
    private final long code;

    SessionException(Reason reason, long code, String message, @org.jspecify.annotations.Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
        this.code = code;
    }

    static SessionException of(Cause cause) {
        Reason reason = Reason.valueOf(cause.kind().name());
        return new SessionException(reason, cause.code(), cause.message(), cause.error());
    }

    /** Why the session ended. */
    public Reason reason() {
        return reason;
    }

    /** The code of the peer's GoAway: 1 protocol error, 2 internal error, others as the peer defines them; else 0. */
    public long code() {
        return code;
    }

    /** True when the end was wanted by one side, and nothing that was under way was lost. */
    public boolean isClean() {
        return reason == Reason.CLOSED_LOCALLY || reason == Reason.CLOSED_BY_PEER;
    }
}
