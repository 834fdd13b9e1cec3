package org.relay4j.server;

/**
 * The reason why a relay server dropped a datagram of a public UDP port.
 *
 * <pre>{@code
 * long dropped = server.datagrams().dropped().get(DatagramDrop.WINDOW);
 * System.out.println(dropped + " datagrams were dropped because clients did not read them fast enough");
 * }</pre>
 */
public enum DatagramDrop {
    /** No connection of the tunnel takes visitors: the client is absent, its service is down, or the tunnel is about to end. */
    HELD,
    /** The visitor's address is not allowed: {@link RelayServerOptions.Builder#allowVisitors}. */
    ADDRESS,
    /**
     * More new visitors have come than {@link RelayServerOptions#udpVisitorsPerSecond}, {@link ClientLimits#visitorsPerSecond} or
     * {@link ClientLimits#maxVisitorsPerAddress}.
     */
    RATE,
    /** The port has reached {@link RelayServerOptions#maxUdpVisitors}, and none of its visitors gives way. */
    VISITORS,
    /** The client did not read the datagrams of the visitor fast enough: newer ones have displaced this one. */
    WINDOW,
    /** The bandwidth of the tunnel is used up: {@link ClientLimits#bandwidth}. */
    BANDWIDTH,
    /** A reply for a visitor that has sent nothing for {@link RelayServerOptions#udpIdleTimeout}. */
    SILENT,
    /** The socket did not accept a reply: its send buffer is full, or the datagram is too large for the address. */
    SOCKET,
    /** The client sent a datagram with an impossible length, upon which its visitor was reset. */
    MALFORMED
}
