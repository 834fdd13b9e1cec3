package org.relay4j.server;

/**
 * The reason why a relay server refused or dropped a client or visitor.
 *
 * <pre>{@code
 * long full = server.statistics().refusals().get(Refusal.TUNNELS);
 * System.out.println(full + " clients were refused because the server was full");
 * }</pre>
 */
public enum Refusal {
    /** The server has reached {@link RelayServerOptions#maxTunnels}. */
    TUNNELS,
    /** The client's address has reached {@link RelayServerOptions#maxTunnelsPerAddress}. */
    TUNNELS_OF_ADDRESS,
    /** The client's name has reached {@link ClientLimits#maxTunnels}. */
    TUNNELS_OF_NAME,
    /** The tunnel has reached {@link ClientLimits#maxConnections}, or 8 connections. */
    CONNECTIONS,
    /** The tunnel has reached {@link ClientLimits#maxEndpoints}, or 32 endpoints. */
    ENDPOINTS,
    /**
     * The client was dropped before it had answered, because newer clients connected: {@link RelayServerOptions#maxPending},
     * {@link RelayServerOptions#maxPendingPerAddress}.
     */
    PENDING,
    /** The TLS handshake has failed, or was not completed within {@link RelayServerOptions#handshakeTimeout}. */
    TLS,
    /** The client's line violates the protocol or does not match its tunnel, or it was not complete within {@link RelayServerOptions#handshakeTimeout}. */
    REQUEST,
    /** The client did not prove its name, or has none although the server requires one. */
    IDENTITY,
    /** The server is shutting down. */
    DRAINING,
    /** No public port is free. */
    NO_PORT,
    /** The requested public port is in use, or the client may not have it. */
    PORT_UNAVAILABLE,
    /** The lease of the client is unknown or has expired. */
    LEASE_UNKNOWN,
    /** The server failed to serve the client or visitor; the reason is in the log. */
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
    /**
     * More visitors have come than {@link ClientLimits#visitorsPerSecond}, or the visitor had left without a byte when it was accepted,
     * as most of a flood had.
     */
    VISITOR_RATE,
    /** No byte was transferred to or from a connected visitor for {@link RelayServerOptions#idleTimeout}. */
    IDLE,
    /** The client has withdrawn the endpoint of the visitor, for example because its service is down. */
    WITHDRAWN,
    /** The connection of a load balancer has no usable header: {@link RelayServerOptions.Builder#trustedProxies}. */
    PROXY_HEADER,
    /** The tunnel has no connection that takes visitors, and the maximum number of visitors with a host name wait. */
    VISITORS_WAITING,
    /** The visitor asks for a host name that no tunnel has, or for none. */
    NAME_UNKNOWN,
    /** The first bytes of the visitor are no TLS or HTTP, are ambiguous, or are too many. */
    NAME_MALFORMED,
    /**
     * The visitor did not say its host name within {@link RelayServerOptions#handshakeTimeout}, or was dropped before because newer
     * ones connected: {@link RelayServerOptions#maxPending}, {@link RelayServerOptions#maxPendingPerAddress}.
     */
    NAME_INCOMPLETE,
    /** The TLS handshake of a visitor has failed, or was not completed within {@link RelayServerOptions#handshakeTimeout}. */
    VISITOR_TLS
}
