package org.relay4j.server.cluster;

import static org.relay4j.server.cluster.SimulatedTime.SECOND;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.SimulatedClient.Connection;
import org.relay4j.server.cluster.SimulatedClient.End;

/** What a relay server does with its node: tunnels that are served, held and given up. */
final class SimulatedServer implements ClusterListener {
    static final long HOLD = 5 * SECOND;

    private final SimulatedNode machine;
    private final int process;
    private final Map<String, Tunnel> tunnels = new LinkedHashMap<>();
    private boolean joined;
    private long holds;

    /** A tunnel of this server. */
    static final class Tunnel {
        final String id;
        final SimulatedClient client;
        final List<Endpoint> endpoints = new ArrayList<>();
        final long since; // when the server has got it

        @Nullable
        Connection connection; // null while it is held

        long hold;
        long resumedAt; // when its client has come back last to this server

        Tunnel(String id, Connection connection) {
            this.id = id;
            this.client = connection.client;
            since = client.cluster.time.now();
            this.connection = connection;
        }

        boolean isServed() {
            return connection != null;
        }
    }

    SimulatedServer(SimulatedNode machine, int process) {
        this.machine = machine;
        this.process = process;
    }

    void run(Runnable task) {
        machine.run(process, task);
    }

    private ClusterNode node() {
        return Objects.requireNonNull(machine.node);
    }

    private void trace(String what) {
        machine.cluster.trace(machine.name + "-" + process + " " + what);
    }

    void joined() {
        joined = true;
    }

    boolean isJoined() {
        return joined;
    }

    Map<String, Tunnel> tunnels() {
        return tunnels;
    }

    void killed() {
        for (Tunnel each : tunnels.values()) {
            if (each.connection == null) continue;
            each.connection.closeByServer();
            unserved(each);
        }
    }

    // ---- clients

    void open(Connection connection) {
        if (!joined) {
            refuse(connection);
        } else if (connection.resumed == null) {
            create(connection);
        } else {
            resume(connection, connection.resumed);
        }
    }

    private void refuse(Connection connection) {
        connection.serverOpen = false;
        machine.cluster.time.after(SimulatedTime.MILLISECOND, () -> connection.client.refused(connection));
    }

    private void create(Connection connection) {
        SimulatedClient client = connection.client;
        String id = String.format(
                "%016x%016x", machine.cluster.time.random.nextLong(), machine.cluster.time.random.nextLong());
        machine.cluster.claims.named(id, client);
        List<Endpoint> choice = client.wish == null ? machine.cluster.somePorts() : List.of(client.wish);
        claim(connection, TunnelRecord.of(id, client.name, client.leased, "text"), choice);
    }

    private void claim(Connection connection, TunnelRecord record, List<Endpoint> choice) {
        if (choice.isEmpty()) {
            refuse(connection);
            return;
        }
        Endpoint endpoint = choice.get(0);
        boolean fixed = connection.client.isFixed();
        var unused = node().claim(record, endpoint, fixed).whenComplete((done, failure) -> {
            if (failure == null) {
                Tunnel tunnel = new Tunnel(record.id(), connection);
                tunnel.endpoints.add(endpoint);
                established(tunnel, connection);
            } else if (cause(failure) instanceof EndpointTakenException taken) {
                boolean own = connection.client.name.equals(taken.holder().owner());
                if (own && connection.client.wish != null) displace(connection, record, taken);
                else claim(connection, record, choice.subList(1, choice.size()));
            } else {
                refuse(connection);
            }
        });
    }

    private void displace(Connection connection, TunnelRecord record, EndpointTakenException taken) {
        boolean fixed = connection.client.isFixed();
        var unused = node().displace(record, taken, fixed).whenComplete((done, failure) -> {
            if (failure != null) {
                refuse(connection);
                return;
            }
            Tunnel tunnel = new Tunnel(record.id(), connection);
            tunnel.endpoints.add(taken.endpoint());
            established(tunnel, connection);
        });
    }

    private static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    private void established(Tunnel tunnel, Connection connection) {
        trace("established " + tunnel.id + " " + tunnel.endpoints + " " + tunnel.client.name + " "
                + connection.serverOpen);
        tunnels.put(tunnel.id, tunnel);
        machine.cluster.changed(tunnel.id);
        machine.cluster.routes.begin(tunnel.id);
        for (Endpoint each : tunnel.endpoints) node().serve(tunnel.id, each, 1);
        if (connection.serverOpen) {
            connection.client.up(connection, tunnel.id, tunnel.endpoints);
        } else {
            gone(tunnel, End.LOSS);
        }
    }

    private void resume(Connection connection, String id) {
        Tunnel own = tunnels.get(id);
        if (own != null) {
            again(own, connection);
            return;
        }
        var unused = node().find(id).whenComplete((found, failure) -> {
            if (failure != null) {
                refuse(connection);
            } else if (found.isEmpty()) {
                connection.serverOpen = false;
                connection.client.forgotten(connection);
            } else {
                take(connection, found.get());
            }
        });
    }

    /** A client comes back to a tunnel of this server. It gets a new lease, which must be stored first: another node may have the tunnel. */
    private void again(Tunnel tunnel, Connection connection) {
        var unused = node().update(tunnel.id, text -> text + "r").whenComplete((text, failure) -> {
            if (failure != null || tunnels.get(tunnel.id) != tunnel) {
                refuse(connection);
                return;
            }
            tunnel.connection = connection;
            tunnel.resumedAt = machine.cluster.time.now();
            established(tunnel, connection);
        });
    }

    private void take(Connection connection, TunnelRecord seen) {
        var stage = connection.joins() ? node().share(seen, seen.text() + "s") : node().take(seen, seen.text() + "t");
        var unused = stage.whenComplete((record, failure) -> {
            if (failure != null) {
                refuse(connection);
                return;
            }
            Tunnel tunnel = new Tunnel(record.id(), connection);
            tunnel.endpoints.addAll(record.endpoints());
            if (tunnel.endpoints.isEmpty()) {
                node().release(tunnel.id);
                connection.serverOpen = false;
                connection.client.forgotten(connection);
            } else {
                established(tunnel, connection);
            }
        });
    }

    /** A connection has ended at the side of its client. */
    void closed(Connection connection, End how) {
        connection.serverOpen = false;
        Tunnel tunnel = served(connection);
        if (tunnel != null) gone(tunnel, how);
    }

    private void gone(Tunnel tunnel, End how) {
        trace("gone " + tunnel.id + " " + how);
        tunnel.connection = null;
        if (node().state() == RegistryState.CONNECTED) unserved(tunnel); // else it may be elsewhere
        machine.cluster.routes.end(tunnel.id);
        if (how == End.BYE || !tunnel.client.leased) {
            tunnels.remove(tunnel.id);
            node().release(tunnel.id);
        } else if (isElsewhere(tunnel)) {
            leaveToOthers(tunnel);
        } else {
            hold(tunnel);
        }
    }

    /** Another node may have taken the tunnel, which this one has not heard of yet: then it does not matter when this one ends it. */
    private void unserved(Tunnel tunnel) {
        boolean isTaken = tunnel.endpoints.stream()
                .anyMatch(
                        each -> machine.cluster.claims.isClaimedSince(tunnel.id, each, node().epoch(tunnel.id, each)));
        if (!isTaken) machine.cluster.claims.unserved(tunnel.id);
    }

    private boolean isElsewhere(Tunnel tunnel) {
        return tunnel.endpoints.stream()
                .anyMatch(each -> node().routes(each).stream()
                        .anyMatch(route -> route.tunnel().equals(tunnel.id)));
    }

    private void leaveToOthers(Tunnel tunnel) {
        tunnels.remove(tunnel.id);
        node().leaveToOthers(tunnel.id);
    }

    private void hold(Tunnel tunnel) {
        for (Endpoint each : tunnel.endpoints) node().unserve(tunnel.id, each);
        long hold = ++holds;
        tunnel.hold = hold;
        machine.cluster.time.after(
                HOLD,
                () -> run(() -> {
                    if (tunnels.get(tunnel.id) != tunnel || tunnel.isServed() || tunnel.hold != hold) return;
                    tunnels.remove(tunnel.id);
                    node().release(tunnel.id);
                }));
    }

    /** A client asks for another endpoint, or gives its second one back. */
    void another(Connection connection, Endpoint endpoint) {
        Tunnel tunnel = served(connection);
        if (tunnel == null || !joined || tunnel.client.endpoints.isEmpty()) return;
        Endpoint first = tunnel.client.endpoints.get(0);
        Endpoint second = tunnel.endpoints.stream()
                .filter(each -> !each.equals(first))
                .findAny()
                .orElse(null);
        if (second == null) {
            tunnel.client.closed.remove(endpoint);
            claim(tunnel, endpoint);
        } else {
            tunnel.client.closed.add(second);
            tunnel.endpoints.remove(second);
            node().release(tunnel.id, second);
        }
    }

    private void claim(Tunnel tunnel, Endpoint endpoint) {
        SimulatedClient client = tunnel.client;
        TunnelRecord record = TunnelRecord.of(tunnel.id, client.name, client.leased, "text");
        var unused = node().claim(record, endpoint, false).whenComplete((done, failure) -> {
            trace("another " + tunnel.id + " " + endpoint + " " + failure);
            if (failure != null) return;
            if (tunnels.get(tunnel.id) != tunnel) {
                node().release(tunnel.id, endpoint);
                return;
            }
            if (!tunnel.endpoints.contains(endpoint)) tunnel.endpoints.add(endpoint);
            if (tunnel.isServed()) node().serve(tunnel.id, endpoint, 1);
        });
    }

    private @Nullable Tunnel served(Connection connection) {
        for (Tunnel each : tunnels.values()) {
            if (each.connection == connection) return each;
        }
        return null;
    }

    // ---- visitors

    /** Returns the tunnel that a visitor is joined to; null if it is not here. An epoch of 0 is not compared. */
    @Nullable
    Tunnel accept(Endpoint endpoint, long epoch) {
        for (Tunnel each : tunnels.values()) {
            Connection connection = each.connection;
            if (connection == null || !connection.clientOpen || !each.endpoints.contains(endpoint)) continue;
            if (each.client.closed.contains(endpoint)) continue;
            if (!node().mayServe(each.id, endpoint, machine.now())) continue;
            if (epoch != 0 && node().epoch(each.id, endpoint) != epoch) continue;
            return each;
        }
        return null;
    }

    // ---- the cluster

    /** A tunnel that waits for its client is left to the node that serves it. One that is served has the endpoints that others have. */
    @Override
    public void routes(Endpoint endpoint, List<Route> now) {
        for (Route each : now) {
            machine.cluster.routes.seen(each.tunnel(), machine.name);
            Tunnel own = tunnels.get(each.tunnel());
            if (own == null) continue;
            if (!own.isServed()) leaveToOthers(own);
            else if (!own.endpoints.contains(endpoint)) claim(own, endpoint);
        }
    }

    @Override
    public void free(Endpoint endpoint) {
        trace("free " + endpoint);
    }

    @Override
    public void node(NodeInfo node) {}

    @Override
    public void nodeGone(String name) {}

    @Override
    public void lost(String id, @Nullable Endpoint endpoint, String why) {
        Tunnel tunnel = tunnels.get(id);
        trace("lost " + id + " " + endpoint + " " + why + " " + (tunnel != null));
        machine.cluster.lost(why);
        if (tunnel == null) return;
        if (endpoint != null) {
            tunnel.endpoints.remove(endpoint);
            if (tunnel.connection != null) tunnel.client.lostEndpoint(tunnel.connection, endpoint);
        }
        if (endpoint != null && !tunnel.endpoints.isEmpty()) return;
        tunnels.remove(id);
        if (endpoint != null) node().release(id);
        if (tunnel.connection != null) tunnel.connection.closeByServer();
    }

    @Override
    public void state(RegistryState state) {}
}
