package org.relay4j.server.cluster;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;

/** Visitors of any endpoint, at any node: each is joined to the owner of the endpoint, or waits. */
final class SimulatedVisitors {
    private final SimulatedCluster cluster;
    private final List<Endpoint> endpoints = new ArrayList<>();
    private final Map<String, Visit> last = new HashMap<>(); // that was joined, by node and endpoint
    private int joined;
    private int waiting;
    private boolean calm;

    /** A visitor that was joined to a connection. */
    private record Visit(
            @Nullable SimulatedServer entry,
            SimulatedServer.Tunnel tunnel,
            SimulatedClient.Connection connection,
            long epoch,
            long at) {}

    SimulatedVisitors(SimulatedCluster cluster) {
        this.cluster = cluster;
    }

    void add(Endpoint endpoint) {
        endpoints.add(endpoint);
    }

    /** A visitor comes from time to time. */
    void start(long interval) {
        if (!calm) visit(cluster.anyNode(), endpoints.get(cluster.time.random.nextInt(endpoints.size())));
        cluster.time.after(interval, () -> start(interval));
    }

    void calm(boolean now) {
        calm = now;
    }

    private void visit(SimulatedNode entry, Endpoint endpoint) {
        SimulatedServer.Tunnel tunnel = entry.visit(endpoint);
        String key = entry.name + " " + endpoint;
        if (tunnel == null) {
            waiting++;
            Visit before = last.get(key);
            if (before != null) checkWaiting(entry, endpoint, before);
            return;
        }
        joined++;
        SimulatedClient.Connection connection = Objects.requireNonNull(tunnel.connection);
        String owner = cluster.claims.owner(endpoint);
        String name = tunnel.client.name;
        assertTrue(
                owner == null || owner.equals(name) || connection.node.isUnsettled(),
                () -> "a visitor of " + endpoint + " was joined to " + name + ", it is of " + owner);
        long epoch = Objects.requireNonNull(connection.node.node).epoch(tunnel.id, endpoint);
        last.put(key, new Visit(entry.server, tunnel, connection, epoch, cluster.time.now()));
    }

    /** A visitor does not wait if an earlier one did not, and nothing has happened but to the way from its client's node to the registry. */
    private void checkWaiting(SimulatedNode entry, Endpoint endpoint, Visit before) {
        SimulatedClient.Connection connection = before.connection;
        SimulatedNode target = connection.node;
        boolean isServed = before.tunnel.connection == connection
                && connection.clientOpen
                && !connection.client.closed.contains(endpoint) // perhaps at a node that cannot tell the registry
                && before.tunnel.id.equals(
                        cluster.claims.claimant(endpoint)) // its client may have given it back at another node
                && target.isRunning()
                && connection.server.equals(target.server)
                && connection.server.tunnels().get(before.tunnel.id) == before.tunnel;
        boolean isCalm = before.entry == entry.server
                && before.tunnel.resumedAt + SimulatedTime.SECOND < before.at // a route that was being deleted is back
                && entry.isRunning()
                && entry.disturbedAt + SimulatedTime.SECOND < before.at // it has heard of the others since
                && entry.store.disturbedAt() < before.at
                && target.disturbedAt + SimulatedTime.SECOND < before.at // its links have answered since
                && target.store.isReliableSince(before.at);
        if (!isServed || !isCalm || target.node == null || cluster.isUnsettled()) return;
        if (!target.node.mayServe(before.tunnel.id, endpoint, target.now())) return;
        if (target.node.epoch(before.tunnel.id, endpoint) != before.epoch) return; // given back and claimed again
        fail("a visitor of " + endpoint + " waits at " + entry.name + ", but " + target.name + " serves it");
    }

    @Override
    public String toString() {
        return joined + " visitors joined, " + waiting + " waited";
    }
}
