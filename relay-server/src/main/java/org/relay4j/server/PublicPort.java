package org.relay4j.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Listener;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The public port of a tunnel, which outlives the connections that carry its visitors: accepts visitors, counts them, and
 * refuses those beyond a limit. On the tunnel's loop.
 */
final class PublicPort implements Listener.Owner {
    private static final Logger log = LoggerFactory.getLogger(PublicPort.class);

    private final RelayServer server;
    private final ServerTunnel tunnel;
    private final Listener listener;
    private int visitors;
    private long refused; // visitors over a limit
    private boolean closed;

    /** @throws java.net.BindException when no port is free */
    PublicPort(RelayServer server, ServerTunnel tunnel, Loop loop) throws IOException {
        this.server = server;
        this.tunnel = tunnel;
        listener = server.publicPorts().open(loop, this);
    }

    int number() {
        return listener.address().getPort();
    }

    /** Visitors that are connected. */
    int visitors() {
        return visitors;
    }

    void start() throws IOException {
        listener.start();
    }

    void resume() {
        listener.resume();
    }

    /** Accepts no more visitors, and gives the port back. Has no effect the second time. */
    void close() {
        if (closed) return;
        closed = true;
        listener.close();
        server.publicPorts().release(number());
    }

    @Override
    public boolean canAccept() {
        return tunnel.canTakeVisitor();
    }

    @Override
    public void accepted(SocketChannel channel) {
        if (!isAllowed(channel)) return;
        if (visitors >= server.options().maxVisitorsPerTunnel()) {
            refuse(channel, Refusal.VISITORS_OF_TUNNEL);
            return;
        }
        if (!server.admission().enterVisitor()) {
            refuse(channel, Refusal.VISITORS);
            return;
        }
        visitors++;
        try {
            tunnel.take(channel);
        } catch (IOException e) {
            log.debug("{}: visitor {} has left: {}", tunnel, channel, e.toString());
        }
    }

    /** Refuses a visitor whose address is not allowed. */
    private boolean isAllowed(SocketChannel channel) {
        AddressFilter filter = server.options().visitorFilter();
        if (filter.isOff()) return true;
        InetSocketAddress from = remote(channel);
        if (from != null && filter.allows(from.getAddress())) return true;
        Sockets.reset(channel);
        if (from == null) return false;
        server.refused(
                Refusal.VISITOR_ADDRESS,
                from,
                "{}: visitor {} refused, its address is not allowed",
                tunnel,
                Sockets.text(from));
        return false;
    }

    private void refuse(SocketChannel channel, Refusal reason) {
        InetSocketAddress from = remote(channel);
        Sockets.reset(channel);
        refused++;
        server.refused(
                reason,
                from,
                "{}: visitor refused, {} of {} here and {} of {} in all are connected ({} refused so far)",
                tunnel,
                visitors,
                server.options().maxVisitorsPerTunnel(),
                server.admission().visitors(),
                server.options().maxVisitors(),
                refused);
    }

    private static @Nullable InetSocketAddress remote(SocketChannel channel) {
        try {
            return (InetSocketAddress) channel.getRemoteAddress();
        } catch (IOException e) {
            return null; // it has left
        }
    }

    /** A visitor that was accepted has left. */
    void left() {
        visitors--;
        server.admission().leaveVisitor();
    }
}
