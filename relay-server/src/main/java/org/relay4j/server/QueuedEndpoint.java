package org.relay4j.server;

import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Loop;

/**
 * An endpoint whose visitors wait in a queue while no connection of its tunnel takes them. On the loop of the tunnel, unless a
 * method says otherwise.
 */
abstract class QueuedEndpoint implements PublicEndpoint {
    private volatile Loop loop; // of the tunnel; written on it
    private volatile @Nullable VisitorQueue queue; // null until its tunnel is known; written on the loop
    private @Nullable VisitorHandover handover; // from another tunnel, until it belongs to the next one
    private boolean closed;

    QueuedEndpoint(Loop loop) {
        this.loop = loop;
    }

    /** Accepts the visitors that are on their way, but no more, and calls {@code then}. */
    abstract void stopAccepting(Runnable then);

    /** Stops accepting visitors, and gives the port or name back. */
    abstract void release();

    boolean isClosed() {
        return closed;
    }

    @Override
    public final Loop loop() {
        return loop;
    }

    @Override
    public final @Nullable VisitorQueue queue() {
        return queue;
    }

    @Override
    public final void belongTo(ServerTunnel owner) {
        VisitorQueue visitors = new VisitorQueue(owner, endpoint());
        if (handover != null) handover.end(visitors);
        handover = null;
        queue = visitors;
    }

    @Override
    public final boolean belongsTo(ServerTunnel owner) {
        VisitorQueue visitors = queue;
        return !closed && visitors != null && visitors.tunnel() == owner;
    }

    @Override
    public void moveTo(Loop next) {
        VisitorQueue visitors = queue;
        queue = null;
        if (visitors != null) handover = visitors.moveTo(next);
        loop = next;
    }

    @Override
    public final void turn(Flow flow) {
        VisitorQueue visitors = queue;
        if (visitors == null) return;
        visitors.turn(flow);
        resume();
    }

    @Override
    public void resume() {
        VisitorQueue visitors = queue;
        if (visitors != null) visitors.resume();
    }

    @Override
    public final void finish(Runnable then) {
        VisitorQueue visitors = queue;
        if (closed || visitors == null) {
            then.run();
            return;
        }
        visitors.finish(then);
        visitors.expect(); // those that are on their way
        stopAccepting(() -> {
            visitors.expectedEnded();
            resume();
        });
    }

    @Override
    public final void close(@Nullable ServerTunnel owner) {
        VisitorQueue visitors = queue;
        ServerTunnel present = visitors == null ? null : visitors.tunnel();
        if (closed || owner != present) return;
        closed = true;
        release();
        if (handover != null) handover.cancel();
        if (visitors != null) visitors.close();
    }

    @Override
    public final int visitors() {
        VisitorQueue visitors = queue;
        return visitors == null ? 0 : visitors.visitors();
    }

    @Override
    public final int waiting() {
        VisitorQueue visitors = queue;
        return visitors == null ? 0 : visitors.waiting();
    }
}
