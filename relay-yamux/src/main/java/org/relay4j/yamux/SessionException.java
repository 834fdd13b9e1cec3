package org.relay4j.yamux;

import java.io.IOException;
import org.relay4j.yamux.core.Cause;

/**
 * The failure of a whole session. All its streams have ended, and every call that waited on one of them throws this exception.
 *
 * <pre>{@code
 * session.close();
 * try {
 *     session.open();
 * } catch (SessionException e) {
 *     System.err.println("ended because of " + e.reason() + (e.isClean() ? "" : ", " + e.getMessage()));
 * }
 * }</pre>
 *
 * <p>Each call throws a new exception with its own stack trace; {@link #getCause} returns the underlying failure.
 */
public class SessionException extends IOException {
    private static final long serialVersionUID = 1L;

    /** The reason why a session ended. */
    public enum Reason {
        /** This side called {@link Session#close}. */
        CLOSED_LOCALLY,
        /** The peer closed the session while no stream was open. */
        CLOSED_BY_PEER,
        /** The peer ended the session with an error code; see {@link SessionException#code}. */
        GO_AWAY,
        /** The peer violated the protocol, and was notified with a GoAway. */
        PROTOCOL_ERROR,
        /** The peer did not send or read anything for longer than the options allow. */
        TIMEOUT,
        /** The connection was lost, or was closed while streams were open. */
        CONNECTION_LOST,
        /** A bug in this library; please report it. */
        INTERNAL_ERROR,
        /** The session no longer opens streams, for example because the peer sent GoAway; open streams are not affected. */
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

    /** Returns the reason why the session ended. */
    public Reason reason() {
        return reason;
    }

    /** Returns the code of the peer's GoAway: 1 protocol error, 2 internal error, others defined by the peer; otherwise 0. */
    public long code() {
        return code;
    }

    /** Returns true if either side closed the session and no in-flight data was lost. */
    public boolean isClean() {
        return reason == Reason.CLOSED_LOCALLY || reason == Reason.CLOSED_BY_PEER;
    }
}
