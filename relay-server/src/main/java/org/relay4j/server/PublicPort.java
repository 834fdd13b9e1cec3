package org.relay4j.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Listener;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The public port of a tunnel, which outlives the connections that carry its visitors: accepts visitors, counts them, and
 * refuses those beyond a limit. While no connection takes visitors, some wait here unread, and further ones in the kernel. On
 * the tunnel's loop.
 */
final class PublicPort implements Listener.Owner {
    /** Visitors that wait for a connection. */
    static final int MOST_WAITING = 128;

    private static final Logger log = LoggerFactory.getLogger(PublicPort.class);

    private final RelayServer server;
    private final Loop loop;
    private final Listener listener;
    private final ArrayDeque<SocketChannel> waiting = new ArrayDeque<>(0); // counted, and not read
    private @Nullable ServerTunnel tunnel; // that has the port; null until it is known
    private int mostVisitors;
    private int visitors;
    private long refused; // visitors over a limit
    private boolean started;
    private boolean closed;

    private PublicPort(RelayServer server, Loop loop, Binder binder) throws IOException {
        this.server = server;
        this.loop = loop;
        listener = binder.bind(this);
    }

    /** Binds the listener of a port. */
    @FunctionalInterface
    private interface Binder {
        Listener bind(Listener.Owner owner) throws IOException;
    }

    /**
     * Binds the port for a client that asks for one, or any port that it may have.
     *
     * @param wanted 0 for any
     * @throws java.net.BindException when it is taken, or none is free
     */
    static PublicPort open(RelayServer server, Loop loop, ClientLimits limits, int wanted) throws IOException {
        PublicPorts ports = server.publicPorts();
        if (wanted > 0) return new PublicPort(server, loop, owner -> ports.open(loop, owner, wanted));
        if (limits.ports().isEmpty()) return new PublicPort(server, loop, owner -> ports.open(loop, owner));
        PortRange range = limits.ports().get(0);
        return new PublicPort(server, loop, owner -> ports.open(loop, owner, range));
    }

    Loop loop() {
        return loop;
    }

    int number() {
        return listener.address().getPort();
    }

    /** Gives the port to a tunnel. */
    void belongTo(ServerTunnel owner, ClientLimits limits) {
        tunnel = owner;
        mostVisitors = server.options().maxVisitorsPerTunnel();
        if (limits.maxVisitors() > 0) mostVisitors = Math.min(mostVisitors, limits.maxVisitors());
    }

    /** Accepts visitors from now on. Has no effect the second time. */
    void start() throws IOException {
        if (!started) listener.start();
        started = true;
    }

    /** A visitor can perhaps be taken: those that wait come first. */
    void resume() {
        while (!waiting.isEmpty() && tunnel != null && tunnel.canTakeVisitor()) {
            try {
                take(tunnel, waiting.remove());
            } catch (RuntimeException | Error e) {
                server.log().failed("{}: unexpected failure, a visitor was reset", tunnel, e);
            }
        }
        listener.resume();
    }

    /** Visitors that wait for a connection. */
    int waiting() {
        return waiting.size();
    }

    /**
     * Accepts no more visitors, resets those that wait, and gives the port back, if {@code owner} has it. Has no effect the
     * second time.
     */
    void close(ServerTunnel owner) {
        if (closed || owner != tunnel) return;
        closed = true;
        listener.close();
        for (SocketChannel visitor; (visitor = waiting.poll()) != null; ) {
            Sockets.reset(visitor);
            left();
        }
        server.publicPorts().release(number());
    }

    @Override
    public boolean canAccept() {
        if (tunnel == null) return false;
        if (tunnel.isHeld()) return waiting.size() < MOST_WAITING;
        return waiting.isEmpty() && tunnel.canTakeVisitor();
    }

    @Override
    public void accepted(SocketChannel channel) {
        if (tunnel == null) throw new IllegalStateException("accepted before anybody has the port");
        if (!isAllowed(channel)) return;
        if (visitors >= mostVisitors) {
            refuse(channel, Refusal.VISITORS_OF_TUNNEL);
            return;
        }
        if (!server.admission().enterVisitor()) {
            refuse(channel, Refusal.VISITORS);
            return;
        }
        visitors++;
        if (tunnel.isHeld()) waiting.add(channel);
        else take(tunnel, channel);
    }

    private static void take(ServerTunnel tunnel, SocketChannel channel) {
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
                mostVisitors,
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
