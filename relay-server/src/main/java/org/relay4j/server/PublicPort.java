package org.relay4j.server;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.yamux.io.FirstBytes;
import org.relay4j.yamux.io.Listener;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.PlainWire;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A public TCP port. While no connection of its tunnel takes visitors, some wait unread in its queue, and further ones in the
 * kernel.
 */
final class PublicPort extends QueuedEndpoint implements Listener.Owner {
    private static final Logger log = LoggerFactory.getLogger(PublicPort.class);

    private final Listener listener;
    private final Endpoint endpoint;
    private boolean started;

    /**
     * Binds the port that a client requests, or any port that it may have.
     *
     * @param wanted the requested port; 0 means any
     * @throws java.net.BindException if it is in use, or no port is free
     */
    PublicPort(RelayServer server, Loop loop, ClientLimits limits, int wanted) throws IOException {
        super(server, loop);
        listener = server.publicPorts().open(wanted, limits.ports(), address -> Listener.open(loop, address, this));
        endpoint = Endpoint.port(listener.address().getPort());
    }

    /** Opens the port that a base client had last; null if it gets any. */
    static @Nullable PublicPort last(RelayServer server, Loop loop, ClientRequest request) throws IOException {
        StickyPorts sticky = server.stickyPorts();
        if (sticky == null || !request.isBase()) return null;
        int last = sticky.wanted(request.client().getAddress(), System.nanoTime());
        if (last == 0) return null;
        try {
            return new PublicPort(server, loop, request.limits(), last);
        } catch (BindException e) {
            log.debug("relay server: port {} of {} is in use now", last, Sockets.host(request.client()), e);
            return null;
        }
    }

    @Override
    public Endpoint endpoint() {
        return endpoint;
    }

    /** Returns the number of the port. From any thread. */
    int number() {
        return endpoint.number();
    }

    /** Returns the bind address with the port; without a host if all addresses are bound. */
    @Override
    public String publicAddress() {
        return PublicEndpoint.text(listener.address());
    }

    @Override
    public void moveTo(Loop next) {
        if (next != loop()) started = false;
        super.moveTo(next);
        listener.moveTo(next);
    }

    @Override
    public void start() throws IOException {
        if (!started) listener.start();
        started = true;
    }

    @Override
    public void resume() {
        super.resume();
        if (started && goesOn()) listener.resume();
    }

    @Override
    void stopAccepting(Runnable then) {
        listener.acceptAndClose(then); // behind those that the kernel holds
    }

    @Override
    void release() {
        listener.close();
        server().publicPorts().release(number());
    }

    @Override
    public boolean canAccept() {
        EndpointVisitors visitors = present();
        return visitors != null && visitors.canAccept();
    }

    @Override
    public void accepted(SocketChannel channel) {
        EndpointVisitors visitors = present();
        if (visitors == null) throw new IllegalStateException("accepted before the port was assigned");
        InetSocketAddress from = remote(channel);
        if (from == null) Sockets.close(channel); // it has disconnected
        else if (server().proxies().contains(from.getAddress())) readHeader(visitors, channel, from);
        else visitors.accepted(new Arrival(channel, from, null));
    }

    @Override
    public boolean acceptedFromCrowd(SocketChannel channel, boolean mostLeave) {
        VisitorQueue visitors = queue();
        InetSocketAddress from = remote(channel);
        // One for another node is not read before that node has taken it.
        if (visitors == null || from == null || server().proxies().contains(from.getAddress())) {
            accepted(channel);
            return false;
        }
        if (!visitors.passesAtOnce()) {
            visitors.arrived(new Arrival(channel, from, null));
            return false;
        }
        ByteBuffer first;
        try {
            channel.configureBlocking(false);
            first = FirstBytes.read(loop(), channel);
            if (first == null && mostLeave) {
                Sockets.reset(channel); // if it has only ended its direction, it must not take this for a reply
                server().refused(
                                Refusal.VISITOR_RATE,
                                from,
                                "{}: visitor {} refused, it has left without a byte, as most of a flood do",
                                visitors.tunnel(),
                                Sockets.text(from));
                return true;
            }
            Sockets.configure(channel);
        } catch (IOException e) {
            Sockets.close(channel); // it has disconnected
            return true;
        }
        boolean hasRead = first != null && first.hasRemaining();
        visitors.arrived(new Arrival(new PlainWire(channel), from, null, hasRead ? first : null));
        return first == null;
    }

    private void readHeader(EndpointVisitors visitors, SocketChannel channel, InetSocketAddress proxy) {
        try {
            Sockets.configure(channel);
        } catch (IOException e) {
            Sockets.close(channel); // it has disconnected
            return;
        }
        visitors.expect();
        server().proxies().read(loop(), channel, proxy, new TrustedProxies.Next() {
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
                    if (visitors.equals(present())) resume();
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
