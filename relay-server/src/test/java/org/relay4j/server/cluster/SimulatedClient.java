package org.relay4j.server.cluster;

import static org.relay4j.server.cluster.SimulatedTime.MILLISECOND;
import static org.relay4j.server.cluster.SimulatedTime.SECOND;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;

/** A client that wants one endpoint to be served: it connects to any node, comes back with its lease, moves, and leaves. */
final class SimulatedClient {
    final String name;
    final boolean leased;
    final @Nullable Endpoint fixed; // null: a port that the server chooses
    final SimulatedCluster cluster;

    @Nullable
    String tunnel; // its lease

    @Nullable
    Connection current; // null: not connected

    List<Endpoint> endpoints = List.of();
    private @Nullable Connection pending;
    private boolean wanted;

    /** A connection, as both sides see it. */
    static final class Connection {
        final SimulatedClient client;
        final SimulatedNode node;
        final SimulatedServer server;
        final @Nullable String resumed; // the tunnel that is resumed or joined
        final boolean joins;
        boolean clientOpen = true;
        boolean serverOpen = true;

        Connection(SimulatedClient client, SimulatedNode node, @Nullable String resumed, boolean joins) {
            this.client = client;
            this.node = node;
            this.resumed = resumed;
            this.joins = joins;
            server = Objects.requireNonNull(node.server);
        }

        /** The client closes it. The server sees that, or a connection that is silent. */
        void closeByClient(boolean goodbye) {
            if (!clientOpen) return;
            clientOpen = false;
            boolean arrives = !node.clientsCut;
            client.cluster.time.after(
                    arrives ? MILLISECOND : 4 * SECOND,
                    () -> server.run(() -> server.closed(this, arrives && goodbye)));
        }

        /** The server closes it, or has ended. */
        void closeByServer() {
            serverOpen = false;
            client.cluster.time.after(node.clientsCut ? 4 * SECOND : MILLISECOND, () -> client.lost(this));
        }
    }

    SimulatedClient(SimulatedCluster cluster, String name, boolean leased, @Nullable Endpoint fixed) {
        this.cluster = cluster;
        this.name = name;
        this.leased = leased;
        this.fixed = fixed;
    }

    void start() {
        if (wanted) return;
        wanted = true;
        connect(false);
    }

    boolean isWanted() {
        return wanted;
    }

    /** Ends its tunnel for good. */
    void leave() {
        wanted = false;
        if (pending != null) pending.closeByClient(true);
        if (current != null) current.closeByClient(true);
        pending = null;
        current = null;
        tunnel = null;
        endpoints = List.of();
    }

    /** Opens a second connection, to another node if possible, and gives up the first one when it is served. */
    void move() {
        if (leased && current != null && pending == null) connect(true);
    }

    /** Its connection is interrupted. */
    void interrupt() {
        if (current == null) return;
        Connection broken = current;
        broken.closeByClient(false);
        lost(broken);
    }

    private void connect(boolean joins) {
        if (!wanted || pending != null) return;
        SimulatedNode node = cluster.anyNode();
        if (!node.isRunning() || node.clientsCut || (joins && current != null && node == current.node)) {
            if (!joins) later(300 * MILLISECOND);
            return;
        }
        Connection next = new Connection(this, node, leased ? tunnel : null, joins);
        pending = next;
        cluster.time.after(MILLISECOND, () -> next.server.run(() -> next.server.open(next)));
        cluster.time.after(10 * SECOND, () -> {
            if (pending != next) return;
            next.closeByClient(false);
            refused(next);
        });
    }

    private void later(long nanos) {
        cluster.time.after(nanos, () -> {
            if (current == null) connect(false);
        });
    }

    /** The tunnel is served. */
    void up(Connection connection, String id, List<Endpoint> its) {
        if (pending != connection || !connection.clientOpen) return;
        pending = null;
        Connection before = current;
        current = connection;
        tunnel = id;
        endpoints = new ArrayList<>(its);
        if (before != null) before.closeByClient(true);
    }

    void lostEndpoint(Connection connection, Endpoint endpoint) {
        if (current == connection)
            endpoints =
                    endpoints.stream().filter(each -> !each.equals(endpoint)).toList();
    }

    void refused(Connection connection) {
        if (pending != connection) return;
        pending = null;
        if (current == null) later(500 * MILLISECOND);
    }

    /** The tunnel no longer exists. */
    void forgotten(Connection connection) {
        if (pending == connection && current == null) tunnel = null;
        refused(connection);
    }

    void lost(Connection connection) {
        connection.clientOpen = false;
        if (pending == connection) refused(connection);
        if (current != connection) return;
        current = null;
        if (!leased) tunnel = null;
        later(cluster.time.between(50 * MILLISECOND, 300 * MILLISECOND));
    }
}
