package org.relay4j.server;

import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.yamux.io.Loop;

/**
 * The visitors of one endpoint of a tunnel: counts them, passes them to the connections of the tunnel, and lets them wait, unread,
 * while no connection can take them. Endpoints of all kinds have one. On the tunnel's loop, unless a method says otherwise.
 */
final class VisitorQueue {
    /*
     * A visitor that waits, is on its way to a connection on another loop, or comes back from there must be counted exactly once,
     * even when the endpoint has moved to another tunnel meanwhile. So a queue belongs to one tunnel for life, and knows the
     * queue that has followed it.
     */

    private final ServerTunnel tunnel;
    private final TunnelVisitors counted; // those of the tunnel
    private final Endpoint endpoint;
    private final String name; // of the endpoint, as sent to the client
    private final ArrayDeque<Arrival> waiting = new ArrayDeque<>(0); // counted, and not read
    private final AtomicInteger visitors = new AtomicInteger(); // written on the loop
    private int expected; // visitors that may still arrive: their header is incomplete, or the kernel holds them
    private @Nullable VisitorQueue successor; // of the tunnel to which the endpoint has moved
    private @Nullable Runnable finished; // to be called when no visitor is left here; null while the endpoint is open
    private boolean settling; // the loops of the connections are asked for visitors on the way
    private boolean closed;

    VisitorQueue(ServerTunnel tunnel, Endpoint endpoint) {
        this.tunnel = tunnel;
        this.endpoint = endpoint;
        counted = tunnel.visitors();
        name = endpoint.toString();
    }

    ServerTunnel tunnel() {
        return tunnel;
    }

    Endpoint endpoint() {
        return endpoint;
    }

    /** Returns the endpoint as it is sent to the client. From any thread. */
    String name() {
        return name;
    }

    /** Returns the loop on which visitors come back and leave. From any thread. */
    Loop loop() {
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

    boolean isClosed() {
        return closed;
    }

    /** Returns whether the endpoint accepts no more visitors. */
    boolean isFinishing() {
        return finished != null;
    }

    // ---- visitors

    /**
     * Returns whether a visitor that has connected should be accepted. While the tunnel is held, some are accepted and wait;
     * otherwise one is accepted if a connection can take it at once.
     */
    boolean canAccept() {
        if (tunnel.isHeld()) return counted.mayWait();
        return canPass();
    }

    private boolean canPass() {
        return waiting.isEmpty() && tunnel.canTakeVisitor();
    }

    /** Called with a visitor that was accepted, directly after {@link #canAccept} has returned true. */
    void accepted(Arrival visitor) {
        // canAccept has chosen a connection, unless the last visitors are accepted before the endpoint closes
        enter(visitor, finished == null ? !tunnel.isHeld() : canPass());
    }

    /** Called with a visitor that has arrived at any time. It waits, however many do, if no connection can take it now. */
    void arrived(Arrival visitor) {
        enter(visitor, canPass());
    }

    private void enter(Arrival visitor, boolean ready) {
        if (!counted.admit(tunnel, visitor.address())) {
            visitor.reset();
            return;
        }
        visitors.incrementAndGet();
        if (ready) tunnel.take(visitor, this);
        else await(visitor);
    }

    private void await(Arrival visitor) {
        counted.waits();
        waiting.add(visitor);
    }

    private @Nullable Arrival next() {
        Arrival visitor = waiting.poll();
        if (visitor != null) counted.waitsNoLonger();
        return visitor;
    }

    /** A visitor was on its way to a connection that has no room. It waits here, even if there are many already. */
    void returned(Arrival visitor) {
        if (successor != null) {
            pass(visitor, successor);
            successor.resume();
        } else if (closed) {
            visitor.reset();
            left(visitor);
        } else {
            counted.waits();
            waiting.addFirst(visitor);
            resume();
        }
    }

    /** Called when the connection of an accepted visitor has ended. */
    void left(Arrival visitor) {
        visitors.decrementAndGet();
        counted.leave(visitor.address());
    }

    /** One more visitor may arrive. It counts as waiting until {@link #expectedEnded}. */
    void expect() {
        expected++;
        counted.waits();
    }

    /** The visitor has arrived, or never will. */
    void expectedEnded() {
        expected--;
        counted.waitsNoLonger();
    }

    /** Called when a connection may accept a visitor: waiting ones are first. */
    void resume() {
        while (!waiting.isEmpty() && tunnel.canTakeVisitor()) {
            Arrival visitor = next();
            if (visitor == null) break;
            try {
                tunnel.take(visitor, this);
            } catch (RuntimeException | Error e) {
                tunnel.server().log().failed("{}: unexpected failure, a visitor was reset", tunnel, e);
            }
        }
        if (finished != null) settle();
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
        if (settling || !isEmpty()) return;
        settling = true;
        tunnel.afterVisitorsOnTheWay(() -> {
            settling = false;
            Runnable then = finished;
            if (then == null) return; // it was closed meanwhile
            if (!isEmpty()) {
                resume();
                return;
            }
            finished = null;
            then.run();
        });
    }

    private boolean isEmpty() {
        return waiting.isEmpty() && expected == 0;
    }

    /** Moves the visitors that wait, and those that are expected, to the queue of another tunnel with the endpoint. */
    void moveTo(VisitorQueue other) {
        successor = other;
        closed = true;
        for (Arrival visitor; (visitor = next()) != null; ) pass(visitor, other);
        for (; expected > 0; expectedEnded()) other.expect();
    }

    private void pass(Arrival visitor, VisitorQueue other) {
        visitors.decrementAndGet();
        counted.moveOut(visitor.address().getAddress());
        other.visitors.incrementAndGet();
        other.counted.moveIn(visitor.address().getAddress());
        other.await(visitor);
    }

    /** Resets the visitors that wait, and those that come back from a connection. */
    void close() {
        closed = true;
        Runnable then = finished;
        finished = null;
        for (Arrival visitor; (visitor = next()) != null; ) {
            visitor.reset();
            left(visitor);
        }
        if (then != null) then.run();
    }
}
