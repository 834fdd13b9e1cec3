package org.relay4j.server.cluster;

import static org.relay4j.server.cluster.SimulatedTime.MILLISECOND;
import static org.relay4j.server.cluster.SimulatedTime.SECOND;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;

/**
 * A client that wants one endpoint to be served: it connects to any node, comes back with its lease, moves, and leaves. Some want two
 * connections, to different nodes.
 */
final class SimulatedClient {
    final String name;
    final boolean leased;
    final @Nullable Endpoint wish; // null: a port that the server chooses
    final SimulatedCluster cluster;

    @Nullable
    String tunnel; // its lease

    @Nullable
    Connection current; // null: not connected

    @Nullable
    Connection second; // not without current

    List<Endpoint> endpoints = List.of();
    final Set<Endpoint> closed = new HashSet<>(); // by the client, which resets visitors of them
    private final boolean several; // whether it wants two connections
    private @Nullable Connection pending;
    private boolean wanted;

    /** What a connection is for. */
    enum Purpose {
        FIRST,
        MOVE,
        SECOND
    }

    /** How a connection ends. */
    enum End {
        BYE,
        GO_AWAY,
        LOSS
    }

    /** A connection, as both sides see it. */
    static final class Connection {
        final SimulatedClient client;
        final SimulatedNode node;
        final SimulatedServer server;
        final @Nullable String resumed; // the tunnel that is resumed or joined
        final Purpose purpose;
        boolean clientOpen = true;
        boolean serverOpen = true;

        Connection(SimulatedClient client, SimulatedNode node, @Nullable String resumed, Purpose purpose) {
            this.client = client;
            this.node = node;
            this.resumed = resumed;
            this.purpose = purpose;
            server = Objects.requireNonNull(node.server);
        }

        boolean joins() {
            return purpose != Purpose.FIRST;
        }

        /** The client closes it. The server sees that, or a connection that is silent. */
        void closeByClient(End how) {
            if (!clientOpen) return;
            clientOpen = false;
            boolean arrives = !node.clientsCut;
            client.cluster.time.after(
                    arrives ? MILLISECOND : 4 * SECOND,
                    () -> server.run(() -> server.closed(this, arrives ? how : End.LOSS)));
        }

        /** The server closes it, or has ended. */
        void closeByServer() {
            serverOpen = false;
            client.cluster.time.after(node.clientsCut ? 4 * SECOND : MILLISECOND, () -> client.lost(this));
        }
    }

    SimulatedClient(SimulatedCluster cluster, String name, boolean leased, boolean several, @Nullable Endpoint wish) {
        this.cluster = cluster;
        this.name = name;
        this.leased = leased;
        this.several = leased && several;
        this.wish = wish;
    }

    /** Returns whether its port can be given to nobody else. */
    boolean isFixed() {
        return wish != null && wish.number() >= 45_000;
    }

    void start() {
        if (wanted) return;
        wanted = true;
        connect(Purpose.FIRST);
    }

    boolean isWanted() {
        return wanted;
    }

    /** Returns whether it may come back to a tunnel. */
    boolean mayReturnTo(String id) {
        return leased && id.equals(tunnel);
    }

    /** Ends its tunnel for good. */
    void leave() {
        wanted = false;
        if (pending != null) pending.closeByClient(End.BYE);
        if (current != null) current.closeByClient(End.BYE);
        if (second != null) second.closeByClient(End.BYE);
        pending = null;
        current = null;
        second = null;
        tunnel = null;
        endpoints = List.of();
    }

    /** Opens another connection, to another node if possible, and gives up the first one when it is served. */
    void move() {
        if (leased && current != null && pending == null) connect(Purpose.MOVE);
    }

    /** Opens a second connection if it wants one. */
    void widen() {
        if (several && current != null && second == null) connect(Purpose.SECOND);
    }

    /** One of its connections is interrupted, or all are at the same time. */
    void interrupt(boolean all) {
        Connection first = current;
        Connection other = second;
        if (all && other != null) broken(other);
        if (first != null) broken(first);
    }

    private void broken(Connection connection) {
        connection.closeByClient(End.LOSS);
        lost(connection);
    }

    private void connect(Purpose purpose) {
        if (!wanted || pending != null) return;
        SimulatedNode node = cluster.anyNode();
        boolean first = purpose == Purpose.FIRST;
        boolean known = (current != null && node == current.node) || (second != null && node == second.node);
        if (!node.isRunning() || node.clientsCut || (!first && known)) {
            if (first) later(300 * MILLISECOND);
            return;
        }
        Connection next = new Connection(this, node, leased ? tunnel : null, purpose);
        pending = next;
        cluster.time.after(MILLISECOND, () -> next.server.run(() -> next.server.open(next)));
        cluster.time.after(10 * SECOND, () -> {
            if (pending != next) return;
            next.closeByClient(End.LOSS);
            refused(next);
        });
    }

    private void later(long nanos) {
        cluster.time.after(nanos, () -> {
            if (current == null) connect(Purpose.FIRST);
        });
    }

    /** The tunnel is served. */
    void up(Connection connection, String id, List<Endpoint> its) {
        if (pending != connection || !connection.clientOpen) return;
        pending = null;
        if (!id.equals(tunnel)) closed.clear();
        tunnel = id;
        if (connection.purpose == Purpose.SECOND && current != null) {
            second = connection;
            return;
        }
        Connection before = current;
        current = connection;
        Endpoint first = endpoints.isEmpty() ? null : endpoints.get(0);
        endpoints = new ArrayList<>(its);
        if (first != null && endpoints.remove(first)) endpoints.add(0, first);
        if (before != null) before.closeByClient(End.GO_AWAY);
        if (several) cluster.time.after(cluster.time.between(50 * MILLISECOND, SECOND), this::widen);
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
        if (second == connection) second = null;
        if (current != connection) return;
        current = second;
        second = null;
        if (current != null) return;
        if (!leased) tunnel = null;
        later(cluster.time.between(50 * MILLISECOND, 300 * MILLISECOND));
    }
}
