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
    private volatile @Nullable EndpointVisitors visitors; // null until it is a tunnel's or routed; written on the loop
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
        return visitors instanceof VisitorQueue queue ? queue : null;
    }

    /** Returns what takes its visitors; null if it belongs to no tunnel and is not routed. From any thread. */
    final @Nullable EndpointVisitors present() {
        return visitors;
    }

    /** Returns what takes its visitors to other nodes, in a cluster; null if a tunnel here has it. From any thread. */
    final @Nullable RoutedVisitors routed() {
        return visitors instanceof RoutedVisitors routed ? routed : null;
    }

    @Override
    public final void belongTo(ServerTunnel owner) {
        assign(new VisitorQueue(owner, endpoint()));
    }

    /** No tunnel here has it, but one of another node may. Like {@link #belongTo}, before it belongs to a tunnel or after {@link #moveTo}. */
    final void route(RoutedVisitors next) {
        wasRouted = false;
        assign(next);
    }

    private void assign(EndpointVisitors next) {
        if (handover != null) handover.end(next);
        handover = null;
        visitors = next;
    }

    @Override
    public final boolean belongsTo(ServerTunnel owner) {
        return !closed && tunnel() == owner;
    }

    @Override
    public void moveTo(Loop next) {
        EndpointVisitors before = visitors;
        visitors = null;
        if (before != null) handover = before.moveTo(next);
        wasRouted |= before instanceof RoutedVisitors;
        loop = next;
    }

    @Override
    public final void turn(Flow flow) {
        VisitorQueue queue = queue();
        if (queue == null) return;
        queue.turn(flow);
        resume();
    }

    @Override
    public void resume() {
        EndpointVisitors present = visitors;
        if (present != null) present.resume();
    }

    /** Returns whether it accepts visitors, and will accept more. */
    final boolean goesOn() {
        return visitors != null && !finishing;
    }

    @Override
    public final void finish(Runnable then) {
        VisitorQueue queue = queue();
        if (closed || queue == null || isKept()) {
            then.run();
            return;
        }
        finishing = true;
        queue.finish(then);
        queue.expect(); // those that are on their way
        stopAccepting(() -> {
            queue.expectedEnded();
            resume();
        });
    }

    @Override
    public final void close(@Nullable ServerTunnel owner) {
        if (closed || owner != tunnel()) return;
        Cluster cluster = server.cluster();
        if (cluster != null && isKept()) cluster.routed().keep(this);
        else shut();
    }

    /** Returns whether it stays open without a tunnel here, because another node of the cluster has it. */
    private boolean isKept() {
        Cluster cluster = server.cluster();
        if (cluster == null || finishing) return false;
        ServerTunnel from = tunnel();
        return wasRouted
                || !cluster.routes(endpoint()).isEmpty()
                || (from != null && from.entry().isLost());
    }

    /** Returns the tunnel that has it; null if none here has. */
    private @Nullable ServerTunnel tunnel() {
        VisitorQueue queue = queue();
        return queue == null ? null : queue.tunnel();
    }

    /** Its tunnel has claimed it in the cluster. Until then, it goes back to where its visitors waited before. */
    final void claimed() {
        wasRouted = false;
    }

    /** Accepts the visitors that have connected already, but no more, while other nodes have its tunnel. */
    final void finishRouted() {
        if (closed || finishing || routed() == null) return;
        finishing = true;
        stopAccepting(() -> {
            // Those that wait stay until another node takes them, or the hold time is over.
        });
    }

    /** Stops accepting visitors and resets waiting ones, whatever has it. Later calls have no effect. */
    final void shut() {
        if (closed) return;
        EndpointVisitors present = visitors;
        closed = true;
        release();
        if (handover != null) handover.cancel();
        if (present != null) present.close();
    }

    @Override
    public final int visitors() {
        VisitorQueue queue = queue();
        return queue == null ? 0 : queue.visitors();
    }

    @Override
    public final int waiting() {
        VisitorQueue queue = queue();
        return queue == null ? 0 : queue.waiting();
    }
}
