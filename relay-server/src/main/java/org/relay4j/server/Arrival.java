package org.relay4j.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.yamux.io.PlainWire;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.Wire;

/**
 * A visitor that an endpoint has accepted. Nothing was read from it, except for a header of a load balancer and the bytes that
 * decided where it goes.
 *
 * @param address where it connects from
 * @param proxied the header of the load balancer through which it connects; null for a direct connection
 * @param read the first bytes for its stream; null if none were read
 */
record Arrival(
        Wire wire,
        InetSocketAddress address,
        @Nullable ProxyHeader proxied,
        @Nullable ByteBuffer read) {

    /** A visitor of which nothing was read. */
    Arrival(SocketChannel channel, InetSocketAddress address, @Nullable ProxyHeader proxied) {
        this(new PlainWire(channel), address, proxied, null);
    }

    /** Returns whether the channel may be registered with the loop that has read it. */
    boolean wasRead() {
        return proxied != null || read != null || !(wire instanceof PlainWire);
    }

    /** Returns it without the first bytes, which belong to its stream now. */
    Arrival withoutRead() {
        return read == null ? this : new Arrival(wire, address, proxied, null);
    }

    SocketChannel channel() {
        return wire.channel();
    }

    /** Returns the address that the visitor has connected to; null if its load balancer does not know it. */
    @Nullable
    InetSocketAddress destination() throws IOException {
        return proxied == null ? (InetSocketAddress) channel().getLocalAddress() : proxied.destination();
    }

    /** Returns what identifies it in logs from now on: the choice of its load balancer, or a new one of the server. */
    String newId(RelayServer server) {
        String chosen = proxied == null ? null : proxied.uniqueId();
        return chosen == null ? server.newVisitorId() : chosen;
    }

    /** Called when it has to wait. If the process is killed meanwhile, the visitor must not take the end for an empty reply. */
    void mayWait() {
        Sockets.resetUnlessFinished(wire.channel());
    }

    /** Resets the connection. */
    void reset() {
        Sockets.reset(wire.channel()); // before the wire is closed, which would tell the end of TLS
        wire.close();
    }
}
