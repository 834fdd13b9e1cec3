package org.relay4j.server;

/**
 * Why a relay server has turned a client or a visitor away.
 *
 * <pre>{@code
 * long full = server.statistics().refusals().get(Refusal.TUNNELS);
 * System.out.println(full + " clients have found no place");
 * }</pre>
 */
public enum Refusal {
    /** The server has reached {@link RelayServerOptions#maxTunnels}. */
    TUNNELS,
    /** The client's address has reached {@link RelayServerOptions#maxTunnelsPerAddress}. */
    TUNNELS_OF_ADDRESS,
    /** The client's name has reached {@link ClientLimits#maxTunnels}. */
    TUNNELS_OF_NAME,
    /**
     * The client was dropped before it had answered, because newer ones have connected: {@link RelayServerOptions#maxPending},
     * {@link RelayServerOptions#maxPendingPerAddress}.
     */
    PENDING,
    /** The TLS handshake has failed, or was not completed within {@link RelayServerOptions#handshakeTimeout}. */
    TLS,
    /** The client's line breaks the protocol or asks for what its tunnel does not have, or it was not complete within {@link RelayServerOptions#handshakeTimeout}. */
    REQUEST,
    /** The client has not proved its name, or has none and needs one. */
    IDENTITY,
    /** No public port is free. */
    NO_PORT,
    /** The public port that the client asked for is taken, or it is not one that the client may have. */
    PORT_UNAVAILABLE,
    /** The client has presented a lease that is unknown or has expired. */
    LEASE_UNKNOWN,
    /** The server has failed to serve the client or visitor; the log has the reason. */
    FAILURE,
    /** The server has reached {@link RelayServerOptions#maxVisitors}. */
    VISITORS,
    /** The tunnel has reached {@link RelayServerOptions#maxVisitorsPerTunnel}. */
    VISITORS_OF_TUNNEL,
    /** The client's address is not allowed: {@link RelayServerOptions.Builder#allowClients}. */
    CLIENT_ADDRESS,
    /** The visitor's address is not allowed: {@link RelayServerOptions.Builder#allowVisitors}. */
    VISITOR_ADDRESS,
    /** The tunnel has reached {@link ClientLimits#maxVisitorsPerAddress} for the visitor's address. */
    VISITORS_OF_ADDRESS,
    /** More visitors have come than {@link ClientLimits#visitorsPerSecond}. */
    VISITOR_RATE
}
