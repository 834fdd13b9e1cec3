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
    private final Loop loop;
    private final Endpoint endpoint;
    private volatile @Nullable VisitorQueue
            queue; // of the tunnel that has it, null until it is known; written on the loop
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
        if (wanted.isAny()) throw new BindException("this server has no domain for random names");
        PublicName name = new PublicName(server, loop, wanted);
        server.names().add(name);
        return name;
    }

    @Override
    public Endpoint endpoint() {
        return endpoint;
    }

    @Override
    public Loop loop() {
        return loop;
    }

    @Override
    public void belongTo(ServerTunnel owner) {
        VisitorQueue before = queue;
        VisitorQueue now = new VisitorQueue(owner, endpoint);
        queue = now;
        if (before != null) before.moveTo(now);
    }

    @Override
    public boolean belongsTo(ServerTunnel owner) {
        return !closed && queue != null && queue.tunnel() == owner;
    }

    @Override
    public void start() {
        resume(); // visitors may have come since the name was reserved
    }

    @Override
    public void resume() {
        if (queue != null) queue.resume();
    }

    /** Called with a visitor whose name was read. */
    void arrived(Arrival visitor) {
        boolean passed = false;
        try {
            VisitorQueue visitors = queue;
            if (closed || visitors == null) return;
            if (!visitors.canAccept() && !visitors.tunnel().visitors().mayWait()) {
                server.refused(
                        Refusal.VISITORS_WAITING,
                        visitor.address(),
                        "{}: visitor {} refused, {} wait for the client",
                        visitors.tunnel(),
                        Sockets.text(visitor.address()),
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
        if (visitors != null) visitors.close();
    }

    @Override
    public int visitors() {
        VisitorQueue visitors = queue;
        return visitors == null ? 0 : visitors.visitors();
    }

    @Override
    public int waiting() {
        return queue == null ? 0 : queue.waiting();
    }
}
