package org.relay4j.server;

import java.net.BindException;
import org.relay4j.api.Endpoint;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;

/**
 * A host name, whose visitors come from the {@link NamePort}s. While no connection of its tunnel takes visitors, some wait in its
 * queue, with the bytes that say their name; the others are reset.
 */
final class PublicName extends QueuedEndpoint {
    private final Endpoint endpoint;
    private volatile long last =
            Long.MAX_VALUE; // number of the last visitor that it accepts; written on the router's loop

    private PublicName(RelayServer server, Loop loop, Endpoint endpoint) {
        super(server, loop);
        this.endpoint = endpoint;
    }

    /**
     * Reserves a host name.
     *
     * @throws BindException if it is in use, or the server routes no names
     */
    static PublicName open(RelayServer server, Loop loop, Endpoint wanted) throws BindException {
        if (wanted.name().equals(server.options().domain())) throw new BindException("it is the server's own name");
        PublicName name = new PublicName(server, loop, wanted);
        server.names().add(name);
        return name;
    }

    @Override
    public Endpoint endpoint() {
        return endpoint;
    }

    /** Returns the name, with the port of visitors unless it is that of HTTPS. */
    @Override
    public String publicAddress() {
        int port = server().names().port();
        return port == NameRouter.HTTPS ? endpoint.name() : endpoint.name() + ":" + port;
    }

    /**
     * Returns whether it accepts a visitor, which otherwise gets the same answer as without a tunnel. From any thread.
     *
     * @param visitor its number, see {@link NamedVisitors}
     */
    boolean isOpenFor(long visitor) {
        VisitorQueue visitors = queue();
        return visitor <= last && (visitors == null || !visitors.isWithdrawn());
    }

    @Override
    public void start() {
        resume(); // visitors may have come since the name was reserved
    }

    /** Called with a visitor whose name was read. */
    void arrived(Arrival visitor) {
        Loop present = loop();
        if (!present.isCurrent()) {
            if (server().names().loop().isCurrent()) server().names().loop().deregister(visitor.channel());
            present.execute(() -> arrived(visitor)); // the name has moved
            return;
        }
        boolean passed = false;
        try {
            VisitorQueue visitors = queue();
            RoutedVisitors routed = routed();
            if (routed != null && !isClosed()) {
                passed = true;
                routed.arrived(visitor);
            }
            if (isClosed() || visitors == null) return;
            boolean full =
                    !visitors.tunnel().visitors().mayWait() || server().names().isFull();
            if (full && (visitors.isHeld() || !visitors.canAccept())) {
                server().refused(
                                Refusal.VISITORS_WAITING,
                                visitor.address(),
                                "{}: visitor {} refused, {} wait for the client, of {} at most",
                                visitors.tunnel(),
                                Sockets.text(visitor.address()),
                                visitors.tunnel().visitors().waiting(),
                                TunnelVisitors.MOST_WAITING);
                return;
            }
            passed = true;
            visitors.arrived(visitor);
        } finally {
            if (!passed) visitor.reset();
        }
    }

    @Override
    void stopAccepting(Runnable then) {
        NameRouter names = server().names();
        names.loop().execute(() -> {
            NamedVisitors onTheirWay = names.visitors();
            last = onTheirWay.newest();
            onTheirWay.afterPresent(() -> loop().execute(then)); // behind those that come from the ports
        });
    }

    @Override
    void release() {
        server().names().remove(this);
    }
}
