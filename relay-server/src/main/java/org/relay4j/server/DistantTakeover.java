package org.relay4j.server;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.Route;
import org.relay4j.yamux.io.Loop;

/**
 * A client takes over an endpoint of a tunnel with its own name that other nodes of the cluster serve, if no connection answers at any of
 * them. On the loop of the client.
 */
final class DistantTakeover {
    /** How long the other nodes may take. Unit: nanoseconds. */
    private static final long PATIENCE = TimeUnit.MILLISECONDS.toNanos(2_000);

    private final List<Route> routes;
    private final LongConsumer decided;
    private int left; // nodes that have not answered
    private boolean over;
    private Loop.Timer timer;

    private DistantTakeover(Loop loop, List<Route> routes, LongConsumer decided) {
        this.routes = routes;
        this.decided = decided;
        left = routes.size();
        timer = loop.schedule(PATIENCE, () -> decide(0));
    }

    /**
     * Asks the nodes.
     *
     * @param owner the name of the client; null without one: it cannot take over anything
     * @param decided called on the loop, now or within 2 s: with the epoch of the claim that may be displaced, or with 0 if the endpoint is in
     *     use or a node has not answered
     */
    static void begin(Cluster cluster, Endpoint wanted, @Nullable String owner, Loop loop, LongConsumer decided) {
        if (owner == null) {
            decided.accept(0);
            return;
        }
        List<Route> routes = cluster.routes(wanted);
        DistantTakeover takeover = new DistantTakeover(loop, routes, decided);
        if (routes.isEmpty()) takeover.decide(0); // it has just been given up: the client tries again
        for (Route each : routes) {
            cluster.links().ask(each, wanted, owner, silent -> loop.execute(() -> takeover.answered(silent)));
        }
    }

    private void answered(boolean silent) {
        if (!silent) decide(0);
        else if (--left == 0) decide(routes.get(0).epoch());
    }

    private void decide(long epoch) {
        if (over) return;
        over = true;
        timer.cancel();
        decided.accept(epoch);
    }
}
