package org.relay4j.server;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Loop;

/**
 * The visitors of an endpoint that moves from one tunnel to another: those that waited there, and those that arrive or return too
 * late. On the loop of the tunnel that gets the endpoint, unless a method says otherwise.
 */
final class VisitorHandover {
    private final RelayServer server;
    private final Loop loop;
    private final ArrayDeque<Arrival> waiting = new ArrayDeque<>(); // until the endpoint belongs to that tunnel
    private @Nullable EndpointVisitors to;
    private boolean over; // no tunnel gets the endpoint

    VisitorHandover(RelayServer server, Loop loop) {
        this.server = server;
        this.loop = loop;
    }

    /** Returns the loop to which the endpoint moves. From any thread. */
    Loop loop() {
        return loop;
    }

    /** Adds a visitor that waited, before the endpoint leaves its loop. */
    void add(Arrival visitor) {
        waiting.add(visitor);
    }

    /** Adds a visitor that comes too late for its tunnel. From any thread. */
    void addLater(Arrival visitor) {
        loop.execute(() -> late(visitor));
    }

    private void late(Arrival visitor) {
        if (over) drop(visitor);
        else if (to == null) waiting.add(visitor);
        else {
            to.adopt(visitor);
            to.resume();
        }
    }

    /** The endpoint belongs to a tunnel. */
    void end(EndpointVisitors next) {
        to = next;
        for (Arrival visitor; (visitor = waiting.poll()) != null; ) next.adopt(visitor);
    }

    /** The endpoint was closed before it belonged to a tunnel. */
    void cancel() {
        over = true;
        for (Arrival visitor; (visitor = waiting.poll()) != null; ) drop(visitor);
    }

    private void drop(Arrival visitor) {
        visitor.reset();
        server.admission().leaveVisitor();
    }
}
