package org.relay4j.server;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Sockets;

/**
 * The request of a client, with its identity and limits. The form of all values has been checked.
 *
 * @param client address of the client
 * @param name the name that the client has proved; null without one
 * @param limits the limits of the client
 * @param port public port; 0 for the client's own or any free one, -1 for none
 * @param visitorAddress whether each stream is to begin with the address of its visitor
 * @param leased whether a lease is requested
 * @param resume lease of the tunnel to resume; null for a new tunnel
 * @param join lease of the tunnel to which this connection is added; null for a new tunnel
 * @param instead number of the connection that this one replaces; -1 means none
 * @param drain whether the client understands {@code DRAIN}
 */
record ClientRequest(
        InetSocketAddress client,
        @Nullable String name,
        ClientLimits limits,
        int port,
        boolean visitorAddress,
        boolean leased,
        @Nullable String resume,
        @Nullable String join,
        int instead,
        boolean drain) {

    /** Returns the request of a client of the base protocol, which sends nothing: any free port. */
    static ClientRequest base(InetSocketAddress client, ClientLimits limits) {
        return new ClientRequest(client, null, limits, 0, false, false, null, null, -1, false);
    }

    /** Returns the request with which the client of a tunnel from the last process would get it. */
    static ClientRequest of(KeptTunnel kept, ClientLimits limits) {
        return new ClientRequest(
                kept.client(), kept.owner(), limits, kept.port(), kept.visitorAddress(), true, null, null, -1, false);
    }

    /** Returns whether the client asks for nothing that the base protocol does not have. */
    boolean isBase() {
        return name == null && port == 0 && !mayControl();
    }

    /** Returns whether the client may open a control stream. */
    boolean mayControl() {
        return leased || join != null || drain || visitorAddress || name != null;
    }

    /** Returns the maximum number of connections of its tunnel. */
    int mostConnections() {
        return limits.maxConnections() == 0 ? Connections.MOST : limits.maxConnections();
    }

    /** Returns the maximum number of endpoints of its tunnel. */
    int mostEndpoints() {
        if (limits.maxEndpoints() > 0) return limits.maxEndpoints();
        return name == null ? 1 : Endpoints.MOST;
    }

    /** Returns the client for messages about a refusal: its address without the port, and its name. */
    String who() {
        return name == null ? Sockets.host(client) : name + " at " + Sockets.host(client);
    }

    /** The client, without its leases, which are secrets. */
    @Override
    public String toString() {
        return name == null ? Sockets.text(client) : name + " at " + Sockets.text(client);
    }
}
