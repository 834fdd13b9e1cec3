package org.relay4j.server;

import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.PublicEndpoint.Flow;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;

/**
 * The visitors of one endpoint of a tunnel: counts them, passes them to the connections of the tunnel, and lets them wait, unread,
 * while no connection can take them. On the tunnel's loop, unless a method says otherwise.
 */
final class VisitorQueue implements EndpointVisitors {
    /*
     * A visitor that waits, is on its way to a connection on another loop, or comes back from there must be counted exactly once,
     * even when the endpoint has moved to another tunnel meanwhile. So a queue belongs to one tunnel for life, and knows where
     * visitors go that come too late for it.
     *
     * More than 300 lines because each way of a visitor into the queue and out of it is here, where it is counted.
     */

    private final ServerTunnel tunnel;
    private final TunnelVisitors counted; // those of the tunnel
    private final Endpoint endpoint;
    private final String name; // of the endpoint, as sent to the client
    private final ArrayDeque<Arrival> waiting = new ArrayDeque<>(0); // counted, and not read
    private final AtomicInteger visitors = new AtomicInteger(); // written on the loop
    private final AtomicInteger onTheWay = new AtomicInteger(); // to connections on other loops
    private final ServingTunnels serving;
    private int expected; // visitors that may still arrive: their header is incomplete, or the kernel holds them
    private @Nullable VisitorHandover handover; // of the endpoint to another tunnel
    private volatile @Nullable Runnable finished; // to be called at the end; null while open; written on the loop
    private boolean closed;

    VisitorQueue(ServerTunnel tunnel, Endpoint endpoint) {
        this.tunnel = tunnel;
        serving = new ServingTunnels(tunnel);
        counted = tunnel.visitors();
        this.endpoint = endpoint;
        name = endpoint.toString();
    }

    ServerTunnel tunnel() {
        return tunnel;
    }

    /** Returns the endpoint as it is sent to the client. From any thread. */
    String name() {
        return name;
    }

    /** Returns the loop on which visitors come back and leave. From any thread. */
    @Override
    public Loop loop() {
        return tunnel.loop();
    }

    /** Returns the number of visitors that were accepted and have not left. From any thread. */
    int visitors() {
        return visitors.get();
    }

    /** Returns the number of visitors that wait for a connection. */
    int waiting() {
        return waiting.size();
    }

    /** Returns whether the endpoint accepts no more visitors. */
    boolean isFinishing() {
        return finished != null;
    }

    // ---- the tunnels that serve the visitors

    /** Returns whether visitors wait because no tunnel is served. */
    boolean isHeld() {
        return serving.areHeld();
    }

    /** Decides what becomes of new visitors of the tunnel, and of those that wait. */
    void turn(Flow next) {
        join(tunnel, next);
    }

    /** Has another tunnel on this loop serve visitors, too, or changes what it does with them. */
    void join(ServerTunnel other, Flow next) {
        serving.set(other, next);
        if (isWithdrawn()) resetWaiting();
    }

    /** Another tunnel serves no more visitors. */
    void leave(ServerTunnel other) {
        serving.remove(other);
        if (isWithdrawn()) resetWaiting();
    }

    /** Returns the other tunnels that serve visitors, in the order in which they joined. */
    List<ServerTunnel> sharers() {
        return serving.sharers();
    }

    /** Returns whether visitors are reset, because each tunnel that serves them has withdrawn the endpoint. From any thread. */
    boolean isWithdrawn() {
        return serving.areWithdrawn();
    }

    // ---- visitors

    /**
     * Returns whether a visitor that has connected should be accepted. While the tunnel is held, some are accepted and wait;
     * otherwise one is accepted if a connection can take it at once.
     */
    @Override
    public boolean canAccept() {
        if (closed) return false;
        if (isWithdrawn()) return true; // it is reset
        if (serving.areHeld()) return counted.mayWait();
        return canPass();
    }

    /** Returns whether a visitor for which {@link #canAccept} has returned true does not wait, so that it may be read before. */
    boolean passesAtOnce() {
        return !isWithdrawn() && !serving.areHeld() && !tunnel.server().names().isFull();
    }

    private boolean canPass() {
        return waiting.isEmpty() && choose();
    }

    /** Chooses a connection. In a cluster, none may take a visitor while another tunnel could have the endpoint. */
    private boolean choose() {
        TunnelClaims claims = tunnel.entry().claims();
        return (claims == null || claims.mayServe(endpoint)) && serving.choose();
    }

    /** Called with a visitor that was accepted, directly after {@link #canAccept} has returned true. */
    @Override
    public void accepted(Arrival visitor) {
        // canAccept has chosen a connection, unless the last visitors are accepted before the endpoint closes
        enter(visitor, finished == null ? !serving.areHeld() : canPass());
    }

    /** Called with a visitor that has arrived at any time. It waits, however many do, if no connection can take it now. */
    @Override
    public void arrived(Arrival visitor) {
        enter(visitor, canPass());
    }

    private void enter(Arrival visitor, boolean ready) {
        if (closed && handover == null) {
            visitor.reset();
            return;
        }
        if (isWithdrawn()) {
            withdrawn(visitor);
            return;
        }
        if (!counted.admit(tunnel, visitor.address())) {
            visitor.reset();
            return;
        }
        visitors.incrementAndGet();
        if (handover != null) forward(visitor, handover);
        else if (ready) serving.chosen().visitors().take(visitor, this);
        else await(visitor);
    }

    private void withdrawn(Arrival visitor) {
        tunnel.server()
                .refused(
                        Refusal.WITHDRAWN,
                        visitor.address(),
                        "{}: visitor {} refused, its client has withdrawn {}",
                        tunnel,
                        Sockets.text(visitor.address()),
                        name);
        visitor.reset();
    }

    private void await(Arrival visitor) {
        visitor.mayWait();
        counted.waits();
        tunnel.server().names().keep(visitor);
        waiting.add(visitor);
    }

    private @Nullable Arrival next() {
        Arrival visitor = waiting.poll();
        if (visitor == null) return null;
        counted.waitsNoLonger();
        tunnel.server().names().release(visitor);
        return visitor;
    }

    /** A visitor is on its way to a connection on another loop. {@link #taken} or {@link #returned} follows. */
    void passed() {
        onTheWay.incrementAndGet();
    }

    /** A connection on another loop has taken the visitor. From any thread. */
    void taken() {
        if (onTheWay.decrementAndGet() == 0 && finished != null) loop().execute(this::resume);
    }

    /** A visitor was on its way to a connection that has no room. It waits here, even if there are many already. */
    void returned(Arrival visitor) {
        onTheWay.decrementAndGet();
        if (handover != null) forward(visitor, handover);
        else if (closed || isWithdrawn()) {
            visitor.reset();
            left(visitor);
            settle();
        } else {
            counted.waits();
            tunnel.server().names().keep(visitor);
            waiting.addFirst(visitor);
            resume();
        }
    }

    /** Called when the connection of an accepted visitor has ended. */
    void left(Arrival visitor) {
        left(visitor.address());
    }

    // ---- visitors of other nodes of the cluster

    /** Returns the connection for a visitor of another node; null if none can take it now. Otherwise {@link #admits} must follow. */
    @Nullable
    TunnelConnection chooseForPeer() {
        return closed || isWithdrawn() || serving.areHeld() || !canPass() ? null : serving.chosen();
    }

    /**
     * Counts a visitor of another node. Returns false if it would exceed a limit; otherwise {@link #left(InetSocketAddress)} must be
     * called when it has left.
     */
    boolean admits(InetSocketAddress from) {
        if (!counted.admit(tunnel, from)) return false;
        visitors.incrementAndGet();
        return true;
    }

    /** Called when an accepted visitor has left. */
    void left(InetSocketAddress from) {
        visitors.decrementAndGet();
        counted.leave(from);
    }

    /** One more visitor may arrive. It counts as waiting until {@link #expectedEnded}. */
    @Override
    public void expect() {
        expected++;
        counted.waits();
    }

    /** The visitor has arrived, or never will. */
    @Override
    public void expectedEnded() {
        expected--;
        counted.waitsNoLonger();
    }

    /** Called when a connection may accept a visitor: waiting ones are first. */
    @Override
    public void resume() {
        while (!waiting.isEmpty() && choose()) {
            Arrival visitor = next();
            if (visitor == null) break;
            try {
                serving.chosen().visitors().take(visitor, this);
            } catch (RuntimeException | Error e) {
                tunnel.server().log().failed("{}: unexpected failure, a visitor was reset", tunnel, e);
            }
        }
        if (finished != null) settle();
    }

    // ---- the move to another tunnel

    @Override
    public VisitorHandover moveTo(Loop next) {
        closed = true;
        VisitorHandover begun = new VisitorHandover(tunnel.server(), next);
        for (Arrival visitor; (visitor = next()) != null; ) {
            release(visitor, next);
            begun.add(visitor);
        }
        handover = begun;
        return begun;
    }

    private void forward(Arrival visitor, VisitorHandover to) {
        release(visitor, to.loop());
        to.addLater(visitor);
    }

    /** Another tunnel counts the visitor from now on. On its loop, the channel is registered again, perhaps with the same one. */
    private void release(Arrival visitor, Loop next) {
        visitors.decrementAndGet();
        counted.moveOut(visitor.address().getAddress());
        if (visitor.wasRead() && next != loop()) loop().deregister(visitor.channel());
    }

    /** A visitor that another tunnel has accepted waits here from now on. */
    @Override
    public void adopt(Arrival visitor) {
        visitors.incrementAndGet();
        counted.moveIn(visitor.address().getAddress());
        if (closed) {
            visitor.reset();
            left(visitor);
        } else await(visitor);
    }

    // ---- the end

    /**
     * Calls {@code then} when no visitor is expected any more, and all were passed to a connection: usually at once, otherwise when
     * the connections have room for them. If the queue is closed, {@code then} is called at once. {@link #resume} must follow.
     */
    void finish(Runnable then) {
        if (closed) then.run();
        else finished = then;
    }

    /** Finishes if no visitor is left: neither here, nor on the way to a connection, which may return it. */
    private void settle() {
        Runnable then = finished;
        if (then == null || !waiting.isEmpty() || expected > 0 || onTheWay.get() > 0) return;
        finished = null;
        then.run();
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        Runnable then = finished;
        finished = null;
        resetWaiting();
        if (then != null) loop().execute(then); // it may ask other sessions
    }

    private void resetWaiting() {
        for (Arrival visitor; (visitor = next()) != null; ) {
            visitor.reset();
            left(visitor);
        }
    }
}
