package org.relay4j.server;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a stranger did to be refused, in the security log. {@code docs/logging.md} describes the events. */
enum SecurityEvent {
    /** The name is unknown, or its proof is wrong. */
    AUTH_FAILED,
    /** The client has no name, and the server requires one. */
    AUTH_REQUIRED,
    /** The proof is valid, but was made for another certificate. */
    TLS_MISMATCH,
    /** The TLS handshake has failed. */
    TLS_FAILED,
    /** The client did not complete TLS, its request or its first frame in time. */
    HANDSHAKE_TIMEOUT,
    /** The address is outside the allowed networks. */
    NOT_ALLOWED,
    /** The address has reached a limit for one address. */
    LIMIT_REACHED,
    /** The client's line violates the protocol or does not match its tunnel, or the first bytes of a visitor are malformed. */
    BAD_REQUEST,
    /** The visitor asks for a host name that no tunnel has. */
    UNKNOWN_NAME,
    /** The client violates the yamux protocol. */
    PROTOCOL_VIOLATION;

    /** The refusals of visitors that are events. */
    static final Set<Refusal> OF_VISITORS = Collections.unmodifiableSet(EnumSet.of(
            Refusal.VISITOR_ADDRESS, Refusal.VISITORS_OF_ADDRESS, Refusal.NAME_MALFORMED, Refusal.NAME_UNKNOWN));

    private final String text = name().toLowerCase(Locale.ROOT).replace('_', '-');

    /**
     * Returns the event of a refusal; null if it is none, or if the reason alone does not tell.
     *
     * @param reason any reason; a refusal because of the server's own state, or because of a whole name or tunnel, is no event
     */
    static @Nullable SecurityEvent of(Refusal reason) {
        return switch (reason) {
            case CLIENT_ADDRESS, VISITOR_ADDRESS -> NOT_ALLOWED;
            case TUNNELS_OF_ADDRESS, VISITORS_OF_ADDRESS -> LIMIT_REACHED;
            case REQUEST, NAME_MALFORMED -> BAD_REQUEST;
            case NAME_UNKNOWN -> UNKNOWN_NAME;
            case IDENTITY, TLS -> null; // the handshake knows more
            case PENDING -> null; // the control port knows whose limit it was
            case TUNNELS,
                    TUNNELS_OF_NAME,
                    CONNECTIONS,
                    ENDPOINTS,
                    DRAINING,
                    NO_PORT,
                    PORT_UNAVAILABLE,
                    LEASE_UNKNOWN,
                    FAILURE,
                    VISITORS,
                    VISITORS_OF_TUNNEL,
                    VISITOR_RATE,
                    IDLE,
                    WITHDRAWN,
                    PROXY_HEADER,
                    VISITORS_WAITING,
                    NAME_INCOMPLETE,
                    VISITOR_TLS -> null;
        };
    }

    /** Returns the name in the log, such as {@code auth-failed}. */
    @Override
    public String toString() {
        return text;
    }
}
