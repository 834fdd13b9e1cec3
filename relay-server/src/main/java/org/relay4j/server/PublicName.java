package org.relay4j.server;

import java.net.BindException;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;

/**
 * A host name, whose visitors come from the {@link NamePort}s. While no connection of its tunnel takes visitors, some wait in its
 * queue, with the bytes that say their name; the others are reset.
 */
final class PublicName implements PublicEndpoint {
    private final RelayServer server;
    private volatile Loop loop; // of the tunnel; written on it
    private final Endpoint endpoint;
    private volatile @Nullable VisitorQueue queue; // null until its tunnel is known; written on the loop
    private VisitorQueue.@Nullable Move move; // from another tunnel, until it belongs to the next one
    private boolean closed;

    private PublicName(RelayServer server, Loop loop, Endpoint endpoint) {
        this.server = server;
        this.loop = loop;
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
        int port = server.names().port();
        return port == NameRouter.HTTPS ? endpoint.name() : endpoint.name() + ":" + port;
    }

    @Override
    public Loop loop() {
        return loop;
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
        loop = next;
    }

    @Override
    public void turn(Flow flow) {
        VisitorQueue visitors = queue;
        if (visitors == null) return;
        visitors.turn(flow);
        resume();
    }

    /** Returns whether visitors get the same answer as without a tunnel. From any thread. */
    boolean isWithdrawn() {
        VisitorQueue visitors = queue;
        return visitors != null && visitors.isWithdrawn();
    }

    @Override
    public void start() {
        resume(); // visitors may have come since the name was reserved
    }

    @Override
    public void resume() {
        VisitorQueue visitors = queue;
        if (visitors != null) visitors.resume();
    }

    /** Called with a visitor whose name was read. */
    void arrived(Arrival visitor) {
        Loop present = loop;
        if (!present.isCurrent()) {
            if (server.names().loop().isCurrent()) server.names().loop().deregister(visitor.channel());
            present.execute(() -> arrived(visitor)); // the name has moved
            return;
        }
        boolean passed = false;
        try {
            VisitorQueue visitors = queue;
            if (closed || visitors == null) return;
            boolean full =
                    !visitors.tunnel().visitors().mayWait() || server.names().isFull();
            if (full && (visitors.tunnel().isHeld() || !visitors.canAccept())) {
                server.refused(
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
    public void finish(Runnable then) {
        VisitorQueue visitors = queue;
        if (closed || visitors == null) {
            then.run();
            return;
        }
        server.names().remove(this);
        visitors.finish(then);
        visitors.expect(); // those that are on the way from the ports
        server.names()
                .loop()
                .execute(() -> loop.execute(() -> {
                    visitors.expectedEnded();
                    resume();
                }));
    }

    @Override
    public void close(@Nullable ServerTunnel owner) {
        VisitorQueue visitors = queue;
        ServerTunnel present = visitors == null ? null : visitors.tunnel();
        if (closed || owner != present) return;
        closed = true;
        server.names().remove(this);
        if (move != null) move.cancel();
        if (visitors != null) visitors.close();
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
}
