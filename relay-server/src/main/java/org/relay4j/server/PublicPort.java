package org.relay4j.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.yamux.io.Listener;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;

/**
 * A public TCP port. While no connection of its tunnel takes visitors, some wait unread in its queue, and further ones in the
 * kernel.
 */
final class PublicPort implements PublicEndpoint, Listener.Owner {
    private final RelayServer server;
    private volatile Loop loop; // of the tunnel; written on it
    private final Listener listener;
    private final Endpoint endpoint;
    private volatile @Nullable VisitorQueue queue; // null until its tunnel is known; written on the loop
    private VisitorQueue.@Nullable Move move; // from another tunnel, until it belongs to the next one
    private boolean started;
    private boolean closed;

    /**
     * Binds the port that a client requests, or any port that it may have.
     *
     * @param wanted the requested port; 0 means any
     * @throws java.net.BindException if it is in use, or no port is free
     */
    PublicPort(RelayServer server, Loop loop, ClientLimits limits, int wanted) throws IOException {
        this.server = server;
        this.loop = loop;
        listener = server.publicPorts().open(wanted, limits.ports(), address -> Listener.open(loop, address, this));
        endpoint = Endpoint.port(listener.address().getPort());
    }

    @Override
    public Endpoint endpoint() {
        return endpoint;
    }

    @Override
    public Loop loop() {
        return loop;
    }

    /** Returns the number of the port. From any thread. */
    int number() {
        return endpoint.number();
    }

    /** Returns the bind address with the port; without a host if all addresses are bound. */
    @Override
    public String publicAddress() {
        InetAddress address = listener.address().getAddress();
        return address.isAnyLocalAddress() ? ":" + number() : Sockets.text(listener.address());
    }

    @Override
    public @Nullable VisitorQueue queue() {
        return queue;
    }

    @Override
    public void belongTo(ServerTunnel owner) {
        VisitorQueue visitors = new VisitorQueue(owner, endpoint);
        if (move != null) move.end(visitors);
        move = null;
        queue = visitors;
    }

    @Override
    public boolean belongsTo(ServerTunnel owner) {
        VisitorQueue visitors = queue;
        return !closed && visitors != null && visitors.tunnel() == owner;
    }

    @Override
    public void moveTo(Loop next) {
        VisitorQueue visitors = queue;
        queue = null;
        if (visitors != null) move = visitors.moveTo(next);
        listener.moveTo(next);
        if (next != loop) started = false;
        loop = next;
    }

    @Override
    public void turn(Flow flow) {
        VisitorQueue visitors = queue;
        if (visitors == null) return;
        visitors.turn(flow);
        resume();
    }

    @Override
    public void start() throws IOException {
        if (!started) listener.start();
        started = true;
    }

    @Override
    public void resume() {
        VisitorQueue visitors = queue;
        if (visitors == null) return;
        visitors.resume();
        if (started && !visitors.isFinishing()) listener.resume();
    }

    @Override
    public void finish(Runnable then) {
        VisitorQueue visitors = queue;
        if (closed || visitors == null) {
            then.run();
            return;
        }
        visitors.finish(then);
        visitors.expect(); // those that the kernel holds
        listener.acceptAndClose(() -> {
            visitors.expectedEnded();
            resume();
        });
    }

    @Override
    public int visitors() {
        VisitorQueue visitors = queue;
        return visitors == null ? 0 : visitors.visitors();
    }

    @Override
    public int waiting() {
        VisitorQueue visitors = queue;
        return visitors == null ? 0 : visitors.waiting();
    }

    @Override
    public void close(@Nullable ServerTunnel owner) {
        VisitorQueue visitors = queue;
        ServerTunnel present = visitors == null ? null : visitors.tunnel();
        if (closed || owner != present) return;
        closed = true;
        listener.close();
        server.publicPorts().release(number());
        if (move != null) move.cancel();
        if (visitors != null) visitors.close();
    }

    @Override
    public boolean canAccept() {
        VisitorQueue visitors = queue;
        return visitors != null && visitors.canAccept();
    }

    @Override
    public void accepted(SocketChannel channel) {
        VisitorQueue visitors = queue;
        if (visitors == null) throw new IllegalStateException("accepted before the port was assigned");
        InetSocketAddress from = remote(channel);
        if (from == null) Sockets.close(channel); // it has disconnected
        else if (server.proxies().contains(from.getAddress())) readHeader(visitors, channel, from);
        else visitors.accepted(new Arrival(channel, from, null));
    }

    private void readHeader(VisitorQueue visitors, SocketChannel channel, InetSocketAddress proxy) {
        try {
            Sockets.configure(channel);
        } catch (IOException e) {
            Sockets.close(channel); // it has disconnected
            return;
        }
        visitors.expect();
        server.proxies().read(loop, channel, proxy, new TrustedProxies.Next() {
            @Override
            public void accepted(SocketChannel complete, InetSocketAddress from, ProxyHeader header) {
                try {
                    visitors.arrived(new Arrival(complete, from, header)); // even if the port has moved
                } finally {
                    ended();
                }
            }

            @Override
            public void ended() {
                visitors.expectedEnded();
                visitors.loop().execute(() -> {
                    if (queue == visitors) resume();
                });
            }
        });
    }

    private static @Nullable InetSocketAddress remote(SocketChannel channel) {
        try {
            return (InetSocketAddress) channel.getRemoteAddress();
        } catch (IOException e) {
            return null; // it has disconnected
        }
    }
}
