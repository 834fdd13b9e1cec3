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
    /**
     * The client was dropped before it had answered, because newer ones have connected: {@link RelayServerOptions#maxPending},
     * {@link RelayServerOptions#maxPendingPerAddress}.
     */
    PENDING,
    /** No public port is free. */
    NO_PORT,
    /** The server has failed to serve the client or visitor; the log has the reason. */
    FAILURE,
    /** The server has reached {@link RelayServerOptions#maxVisitors}. */
    VISITORS,
    /** The tunnel has reached {@link RelayServerOptions#maxVisitorsPerTunnel}. */
    VISITORS_OF_TUNNEL,
    /** The client's address is not allowed: {@link RelayServerOptions.Builder#allowClients}. */
    CLIENT_ADDRESS,
    /** The visitor's address is not allowed: {@link RelayServerOptions.Builder#allowVisitors}. */
    VISITOR_ADDRESS
}
