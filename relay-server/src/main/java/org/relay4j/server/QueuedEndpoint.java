package org.relay4j.server;

import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Loop;

/**
 * An endpoint whose visitors wait in a queue while no connection of its tunnel takes them. On the loop of the tunnel, unless a
 * method says otherwise.
 */
abstract class QueuedEndpoint implements PublicEndpoint {
    private final RelayServer server;
    private volatile Loop loop; // of the tunnel; written on it
    private volatile @Nullable VisitorQueue queue; // null until its tunnel is known; written on the loop
    private volatile @Nullable RoutedVisitors routed; // in a cluster, while no tunnel here has it; written on the loop
    private @Nullable VisitorHandover handover; // from another tunnel, until it belongs to the next one
    private boolean wasRouted; // and its tunnel has not claimed it yet
    private boolean finishing; // accepts no more visitors
    private boolean closed;

    QueuedEndpoint(RelayServer server, Loop loop) {
        this.server = server;
        this.loop = loop;
    }

    final RelayServer server() {
        return server;
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

    /** Returns what takes its visitors; null if it belongs to no tunnel and is not routed. */
    final @Nullable EndpointVisitors present() {
        VisitorQueue visitors = queue;
        return visitors == null ? routed : visitors;
    }

    /** Returns what takes its visitors to other nodes; null if a tunnel here has it. */
    final @Nullable RoutedVisitors routed() {
        return routed;
    }

    @Override
    public final void belongTo(ServerTunnel owner) {
        VisitorQueue visitors = new VisitorQueue(owner, endpoint());
        endHandover(visitors);
        queue = visitors;
    }

    /** No tunnel here has it, but one of another node may. Like {@link #belongTo}, before it belongs to a tunnel or after {@link #moveTo}. */
    final void route(RoutedVisitors visitors) {
        endHandover(visitors);
        wasRouted = false;
        routed = visitors;
    }

    private void endHandover(EndpointVisitors visitors) {
        if (handover != null) handover.end(visitors);
        handover = null;
    }

    @Override
    public final boolean belongsTo(ServerTunnel owner) {
        VisitorQueue visitors = queue;
        return !closed && visitors != null && visitors.tunnel() == owner;
    }

    @Override
    public void moveTo(Loop next) {
        VisitorQueue visitors = queue;
        RoutedVisitors others = routed;
        queue = null;
        routed = null;
        if (visitors != null) handover = visitors.moveTo(next);
        if (others != null) {
            handover = others.moveTo(next);
            wasRouted = true;
        }
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
        EndpointVisitors visitors = present();
        if (visitors != null) visitors.resume();
    }

    /** Returns whether it accepts visitors, and will accept more. */
    final boolean goesOn() {
        return present() != null && !finishing;
    }

    @Override
    public final void finish(Runnable then) {
        VisitorQueue visitors = queue;
        if (closed || visitors == null || isKept()) {
            then.run();
            return;
        }
        finishing = true;
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
        Cluster cluster = server.cluster();
        if (cluster != null && isKept()) cluster.routed().keep(this);
        else shut();
    }

    /** Returns whether it stays open without a tunnel here, because another node of the cluster has it. */
    private boolean isKept() {
        Cluster cluster = server.cluster();
        VisitorQueue visitors = queue;
        if (cluster == null || finishing) return false;
        return wasRouted || cluster.keeps(endpoint(), visitors == null ? null : visitors.tunnel());
    }

    /** Its tunnel has claimed it in the cluster. Until then, it goes back to where its visitors waited before. */
    final void claimed() {
        wasRouted = false;
    }

    /** Accepts the visitors that have connected already, but no more, while other nodes have its tunnel. */
    final void finishRouted() {
        if (closed || finishing || routed == null) return;
        finishing = true;
        stopAccepting(() -> {
            // Those that wait stay until another node takes them, or the hold time is over.
        });
    }

    /** Stops accepting visitors and resets waiting ones, whatever has it. Later calls have no effect. */
    final void shut() {
        if (closed) return;
        VisitorQueue visitors = queue;
        RoutedVisitors others = routed;
        closed = true;
        release();
        if (handover != null) handover.cancel();
        if (visitors != null) visitors.close();
        if (others != null) others.close();
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
