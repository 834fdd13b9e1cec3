package org.relay4j.server;

import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.Route;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;

/**
 * The visitors of an endpoint whose tunnel is at other nodes of the cluster: asks one node after the other to take each of them, and
 * lets those wait, unread, that none takes. On the endpoint's loop, unless a method says otherwise.
 */
final class RoutedVisitors implements EndpointVisitors {
    /*
     * A visitor is asked for at each node with a route once; then it waits until the routes change, and is tried again every RETRY,
     * because a node may refuse it for a moment only. It is reset when it has waited for the hold time. Without a route for that time,
     * the endpoint is closed.
     */

    /** Maximum number of visitors that wait for a node to take them; further ones wait in the kernel. */
    static final int MOST_WAITING = 128;

    private static final long RETRY = TimeUnit.MILLISECONDS.toNanos(250);

    private final RelayServer server;
    private final Cluster cluster;
    private final Endpoint endpoint;
    private final Loop loop;
    private final ArrayDeque<RoutedVisitor> waiting = new ArrayDeque<>(0);
    private int asking; // visitors for which a node was asked
    private int expected; // visitors that may still arrive: their header is incomplete
    private @Nullable VisitorHandover handover; // to a tunnel of this node
    private Loop.@Nullable Timer retry; // while visitors wait
    private Loop.@Nullable Timer end; // while there is no route
    private boolean closed;

    RoutedVisitors(Cluster cluster, Endpoint endpoint, Loop loop) {
        this.cluster = cluster;
        this.endpoint = endpoint;
        this.loop = loop;
        server = cluster.server();
    }

    @Override
    public Loop loop() {
        return loop;
    }

    /** Returns the number of visitors that no node has taken so far. */
    int waiting() {
        return waiting.size() + asking;
    }

    // ---- routes

    /** The routes have changed, or this has just begun. */
    void refresh() {
        if (closed) return;
        boolean routed = !cluster.routes(endpoint).isEmpty();
        if (routed && end != null) {
            end.cancel();
            end = null;
        } else if (!routed && end == null) {
            end = loop.schedule(cluster.hold(), () -> cluster.routed().expired(endpoint, this));
        }
        if (routed) retryAll();
    }

    // ---- visitors

    @Override
    public boolean canAccept() {
        return !closed && waiting.size() + asking + expected < MOST_WAITING;
    }

    @Override
    public void accepted(Arrival visitor) {
        arrived(visitor);
    }

    @Override
    public void arrived(Arrival visitor) {
        if (!mayEnter(visitor)) visitor.reset();
        else if (handover != null) {
            release(visitor, handover.loop());
            handover.addLater(visitor);
        } else ask(new RoutedVisitor(visitor, System.nanoTime() + cluster.hold()));
    }

    private boolean mayEnter(Arrival visitor) {
        if (closed && handover == null) return false;
        Refusal reason = null;
        if (!server.options().visitorFilter().allows(visitor.address().getAddress())) reason = Refusal.VISITOR_ADDRESS;
        else if (waiting.size() >= MOST_WAITING
                || (visitor.wasRead() && server.names().isFull())) reason = Refusal.VISITORS_WAITING;
        else if (!server.admission().enterVisitor()) reason = Refusal.VISITORS;
        if (reason == null) {
            cluster.counts().entered();
            return true;
        }
        server.refused(
                reason,
                visitor.address(),
                "relay server: visitor {} of {} refused: {}",
                Sockets.text(visitor.address()),
                endpoint,
                reason);
        return false;
    }

    @Override
    public void adopt(Arrival visitor) {
        RoutedVisitor adopted = new RoutedVisitor(visitor, System.nanoTime() + cluster.hold());
        cluster.counts().entered();
        if (closed) drop(visitor);
        else await(adopted);
    }

    @Override
    public void expect() {
        expected++;
    }

    @Override
    public void expectedEnded() {
        expected--;
    }

    @Override
    public void resume() {
        // Those that wait are tried again when the routes change and after a while, not with each answer.
    }

    /** Asks the next node, or lets the visitor wait. */
    private void ask(RoutedVisitor visitor) {
        SocketChannel channel = visitor.arrival().channel();
        loop.deregister(channel); // the link that takes it has a loop of its own
        if (loop.isLeaving(channel)) {
            asking++;
            loop.execute(() -> returned(visitor));
            return;
        }
        for (Route route : cluster.routes(endpoint)) {
            if (!visitor.asks(route.node())) continue;
            asking++;
            new OfferedVisitor(this, visitor, route).offer();
            return;
        }
        await(visitor);
    }

    /** A node has not taken the visitor: the next one is asked. */
    void returned(RoutedVisitor visitor) {
        asking--;
        Arrival arrival = visitor.arrival();
        VisitorHandover to = handover;
        if (to != null) {
            release(arrival, to.loop());
            to.addLater(arrival);
        } else if (closed) drop(arrival);
        else {
            ask(visitor);
            cluster.routed().resumed(endpoint, this);
        }
    }

    /** No node will take the visitor: it is reset. */
    void dropped(RoutedVisitor visitor) {
        drop(visitor.arrival());
        settled();
    }

    /** A node has taken the visitor, or it has left. */
    void settled() {
        asking--;
        cluster.routed().resumed(endpoint, this);
    }

    Cluster cluster() {
        return cluster;
    }

    Endpoint endpoint() {
        return endpoint;
    }

    private void await(RoutedVisitor visitor) {
        visitor.waits();
        visitor.arrival().mayWait();
        server.names().keep(visitor.arrival());
        waiting.add(visitor);
        cluster.counts().waits(1);
        if (retry == null) retry = loop.schedule(RETRY, this::retryLater);
    }

    private @Nullable RoutedVisitor next() {
        RoutedVisitor visitor = waiting.poll();
        if (visitor == null) return null;
        server.names().release(visitor.arrival());
        cluster.counts().waits(-1);
        return visitor;
    }

    private void retryLater() {
        retry = null;
        retryAll();
        if (!waiting.isEmpty() && retry == null) retry = loop.schedule(RETRY, this::retryLater);
    }

    /** Tries each visitor that waits once more, the first one first. */
    private void retryAll() {
        if (closed) return;
        long now = System.nanoTime();
        for (int n = waiting.size(); n > 0; n--) {
            RoutedVisitor visitor = next();
            if (visitor == null) return;
            if (visitor.isLate(now)) {
                cluster.counts().holdExpired();
                drop(visitor.arrival());
            } else ask(visitor);
        }
    }

    private void drop(Arrival visitor) {
        visitor.reset();
        server.admission().leaveVisitor();
        cluster.counts().left();
    }

    // ---- the end

    @Override
    public VisitorHandover moveTo(Loop next) {
        stop();
        VisitorHandover begun = new VisitorHandover(server, next);
        for (RoutedVisitor visitor; (visitor = next()) != null; ) {
            release(visitor.arrival(), next);
            begun.add(visitor.arrival());
        }
        handover = begun;
        return begun;
    }

    private void release(Arrival visitor, Loop next) {
        cluster.counts().left();
        if (visitor.wasRead() && next != loop) loop.deregister(visitor.channel());
    }

    @Override
    public void close() {
        stop();
        for (RoutedVisitor visitor; (visitor = next()) != null; ) drop(visitor.arrival());
    }

    private void stop() {
        closed = true;
        if (retry != null) retry.cancel();
        if (end != null) end.cancel();
        retry = null;
        end = null;
    }
}
