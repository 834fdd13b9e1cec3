package org.relay4j.server;

/** Why a client or a visitor was turned away. */
enum Refusal {
    /** The server has reached its limit of tunnels. */
    TUNNELS,
    /** The client's address has reached its limit of tunnels. */
    TUNNELS_OF_ADDRESS,
    /** A client that had not answered yet was dropped, because newer ones have connected. */
    PENDING,
    /** No public port is free. */
    NO_PORT,
    /** A failure that concerned one client. */
    FAILURE,
    /** The server has reached its limit of visitors. */
    VISITORS,
    /** The tunnel has reached its limit of visitors. */
    VISITORS_OF_TUNNEL
}
