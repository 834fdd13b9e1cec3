package org.relay4j.server;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Sockets;

/**
 * What a client asks for, who it is, and what it may have. Everything in it has been checked for its form.
 *
 * @param client address of the client
 * @param name the name that the client has proved; null without one
 * @param limits what the client may have
 * @param port public port; 0 for the client's own or any free one, -1 for none
 * @param visitorAddress whether each stream is to begin with the address of its visitor
 * @param leased whether a lease is wanted
 * @param resume lease with which the client comes back to its tunnel; null for a new tunnel
 * @param join lease of the tunnel to which this connection is added; null for a new tunnel
 * @param instead number of the connection that this one replaces; -1 for none
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

    /** What a client of the base protocol asks for, by sending nothing: any free port. */
    static ClientRequest base(InetSocketAddress client, ClientLimits limits) {
        return new ClientRequest(client, null, limits, 0, false, false, null, null, -1, false);
    }

    /** Whether the client may open a stream for lines of its own. */
    boolean mayControl() {
        return leased || join != null || drain || visitorAddress || name != null;
    }

    /** The client, without its leases, which are secrets. */
    @Override
    public String toString() {
        return name == null ? Sockets.text(client) : name + " at " + Sockets.text(client);
    }
}
