package org.relay4j.server;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.PublicEndpoint.Flow;
import org.relay4j.yamux.io.Loop;

/**
 * The endpoints that the client of a resumed tunnel has yet to open again, because only it knows which services its next process has.
 * Until then their visitors wait. On the tunnel's loop.
 */
final class UnconfirmedEndpoints {
    /** How long endpoints are kept for a client that has resumed its tunnel. Unit: nanoseconds. */
    static final long PATIENCE = TimeUnit.SECONDS.toNanos(5);

    private final Loop loop;
    private final Set<PublicEndpoint> all = new HashSet<>(0);
    private Loop.@Nullable Timer patience; // while the client is there

    UnconfirmedEndpoints(Loop loop) {
        this.loop = loop;
    }

    boolean contains(PublicEndpoint endpoint) {
        return all.contains(endpoint);
    }

    /** Adds an endpoint, whose visitors wait. */
    void add(PublicEndpoint endpoint) {
        if (all.add(endpoint)) endpoint.turn(Flow.PAUSED);
    }

    /** The client has opened the endpoint again, or the tunnel has it no more. */
    void remove(PublicEndpoint endpoint) {
        all.remove(endpoint);
    }

    /** Another object is the same endpoint from now on. */
    void replace(PublicEndpoint before, PublicEndpoint after) {
        if (all.remove(before)) all.add(after);
    }

    /** The client is there: calls {@code late} after some time, unless all are confirmed now. */
    void limitTime(Runnable late) {
        stop();
        if (all.isEmpty()) return;
        patience = loop.schedule(PATIENCE, () -> {
            patience = null;
            late.run();
        });
    }

    /** The client is not there, or the tunnel has ended. */
    void stop() {
        if (patience != null) patience.cancel();
        patience = null;
    }

    /** Returns a copy. */
    List<PublicEndpoint> copy() {
        return List.copyOf(all);
    }
}
