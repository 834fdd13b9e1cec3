package org.relay4j.server.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.relay4j.server.cluster.SimulatedTime.MILLISECOND;
import static org.relay4j.server.cluster.SimulatedTime.SECOND;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.MemoryRegistryStore;

/** Nodes, clients and visitors around one registry, and what must hold at each moment. */
final class SimulatedCluster {
    static final ClusterTimes TIMES = new ClusterTimes(
            Duration.ofSeconds(3),
            Duration.ofSeconds(1),
            Duration.ofSeconds(60),
            Duration.ofSeconds(2),
            Duration.ofSeconds(6));

    /*
     * The margin covers the rates of clocks and nothing else: a deadline that is a little too late shows. It would not cover a claim that
     * depends on the lease of another node.
     */
    private static final ClusterTimes THIN = new ClusterTimes(
            TIMES.node(), TIMES.nodeRenewal(), TIMES.claim(), TIMES.claimRenewal(), Duration.ofMillis(610));

    static final boolean TRACE = Boolean.getBoolean("relay.simulation.trace");
    private static final Keys KEYS = new Keys("sim");

    private static final int MOST_PORTS = 64; // that a client is offered

    // Without faults and visitors: a renewal of each lease, the entry of the watch, one batch, and two comparisons with
    // the store.
    private static final int MOST_REQUESTS = 6;

    final SimulatedTime time;
    final List<SimulatedNode> nodes = new ArrayList<>();
    final List<SimulatedClient> clients = new ArrayList<>();
    final MemoryRegistryStore registry;
    final SimulatedRoutes routes;
    final Plan plan;
    private long sweptAt;
    private long checks; // of an endpoint at a node
    private final Set<String> changed = new LinkedHashSet<>(); // tunnels, since the last check
    private final List<Endpoint> ports = new ArrayList<>();
    final SimulatedVisitors visitors = new SimulatedVisitors(this);
    final SimulatedClaims claims;
    private final Map<String, Integer> losses = new TreeMap<>();

    /**
     * What a cluster consists of.
     *
     * @param ports number of ports from which servers choose
     * @param sharing whether some clients have two connections, or move, so that two nodes carry one tunnel
     * @param restores whether backups of the registry are restored
     * @param sweep time between two checks of everything; in between, what has changed is checked. With 0, everything is checked after
     *     each event, and some clients wait for ports of others. Unit: nanoseconds.
     */
    record Plan(int nodes, int clients, int ports, boolean sharing, boolean restores, long sweep) {}

    SimulatedCluster(long seed, Plan plan) {
        this.plan = plan;
        time = new SimulatedTime(seed);
        registry = new MemoryRegistryStore(time::now, Runnable::run);
        claims = new SimulatedClaims(this);
        routes = new SimulatedRoutes(time, plan.nodes);
        boolean isSmall = plan.sweep == 0;
        for (int i = 0; i < plan.ports; i++) ports.add(Endpoint.port(20_000 + i));
        for (int i = 0; i < plan.nodes; i++) nodes.add(new SimulatedNode(this, "node" + i, registry));
        for (int i = 0; i < plan.clients; i++) {
            Endpoint wish = i % 4 == 3 ? Endpoint.port(45_000 + i) : null;
            // Waits until the port of others is free, which a claim that is used too long shows.
            if (i % 4 == 1 && isSmall && plan.sharing) wish = ports.get(i % plan.ports);
            clients.add(new SimulatedClient(this, "client" + i, i % 3 != 2, i % 2 == 0 && plan.sharing, wish));
            if (i % 4 == 3 && wish != null) visitors.add(wish);
        }
        ports.forEach(visitors::add);
        keepEndingLeases();
        links();
    }

    private void keepEndingLeases() {
        claims.endLeases();
        time.after(20 * MILLISECOND, this::keepEndingLeases);
    }

    private void links() {
        for (SimulatedNode each : nodes) each.ping(nodes);
        time.after(500 * MILLISECOND, this::links);
    }

    /** Restores a backup of the registry, which was made at some time, while nodes and clients go on. */
    void restore(Runnable backup, long madeAt) {
        trace("restore");
        claims.restore(backup, madeAt);
        for (SimulatedNode each : nodes) each.store.restored();
        unsettled();
    }

    /** Nodes may have claims that the registry does not have. */
    void unsettled() {
        nodes.forEach(SimulatedNode::unsettled);
    }

    /** Returns whether a node may have claims that the registry does not have. */
    boolean isUnsettled() {
        return nodes.stream().anyMatch(SimulatedNode::isUnsettled);
    }

    ClusterTimes times() {
        return plan.sharing ? TIMES : THIN;
    }

    SimulatedNode node(String name) {
        return nodes.get(Integer.parseInt(name.substring(4)));
    }

    SimulatedNode anyNode() {
        return nodes.get(time.random.nextInt(nodes.size()));
    }

    /** Returns different ports in any order, and not all if there are many. */
    List<Endpoint> somePorts() {
        if (ports.size() <= MOST_PORTS) {
            List<Endpoint> all = new ArrayList<>(ports);
            Collections.shuffle(all, time.random);
            return all;
        }
        Set<Endpoint> some = new LinkedHashSet<>();
        while (some.size() < MOST_PORTS) some.add(ports.get(time.random.nextInt(ports.size())));
        return List.copyOf(some);
    }

    /** Adds a line to the trace of a run of one seed. */
    void trace(String what) {
        if (TRACE) System.out.printf("%10.4f %s%n", time.now() / 1e9, what);
    }

    void lost(String why) {
        losses.merge(why, 1, Integer::sum);
    }

    void run(long nanos) {
        time.run(nanos, this::check);
    }

    // ---- what must hold

    /** At each moment: a node that would join a visitor to its client has the claim, or nobody has. */
    private void check() {
        if (claims.failure() != null) fail(claims.failure());
        boolean all = time.now() - sweptAt >= plan.sweep;
        if (all) sweptAt = time.now();
        for (SimulatedNode machine : nodes) {
            if (!machine.isRunning() || machine.server == null || machine.isUnsettled()) continue;
            Map<String, SimulatedServer.Tunnel> tunnels = machine.server.tunnels();
            if (all) {
                for (SimulatedServer.Tunnel each : tunnels.values()) check(machine, each);
            } else {
                for (String id : changed) {
                    SimulatedServer.Tunnel tunnel = tunnels.get(id);
                    if (tunnel != null) check(machine, tunnel);
                }
            }
        }
        changed.clear();
    }

    private void check(SimulatedNode machine, SimulatedServer.Tunnel tunnel) {
        if (machine.node == null || tunnel.connection == null || !tunnel.connection.clientOpen) return;
        for (Endpoint each : tunnel.endpoints) {
            checks++;
            String owner = claims.owner(each);
            if (owner == null || owner.equals(tunnel.client.name) || tunnel.client.closed.contains(each)) continue;
            if (!machine.node.mayServe(tunnel.id, each, machine.now())) continue;
            fail(machine.name + " serves " + each + " of " + tunnel.client.name + ", it is of " + owner);
        }
    }

    /** A server has a tunnel, or a client for it. */
    void changed(String tunnel) {
        changed.add(tunnel);
    }

    /** Some time after the last fault: everything is served, and all agree. */
    void checkSettled() {
        // A port that was given back just now is about to be claimed by a client that waits for it.
        for (int i = 0; i < 10 && time.now() - claims.changedAt() < SECOND; i++) run(SECOND);
        Map<String, Entry> stored = entries("r/");
        stored.putAll(entries("c/"));
        for (SimulatedClient each : clients) {
            if (!each.isWanted()) continue;
            if (each.current == null) {
                List<Endpoint> choice = each.wish == null ? ports : List.of(each.wish);
                boolean isRefused = !each.isFixed() && claims.have(choice);
                assertTrue(isRefused, each.name + " is not served");
                continue;
            }
            checkServed(each, each.current.node, stored);
            if (each.second != null) checkServed(each, each.second.node, stored);
        }
        for (SimulatedNode each : nodes) checkNode(each);
    }

    private void checkServed(SimulatedClient client, SimulatedNode at, Map<String, Entry> stored) {
        SimulatedServer.Tunnel tunnel =
                at.server == null ? null : at.server.tunnels().get(client.tunnel);
        assertTrue(tunnel != null && tunnel.isServed(), client.name + " has no tunnel at " + at.name);
        // It may have lost its first endpoint to another client, and have another one.
        boolean hasFirst = client.endpoints.isEmpty() || tunnel.endpoints.contains(client.endpoints.get(0));
        assertTrue(hasFirst && !tunnel.endpoints.isEmpty(), client.name + " has no endpoint");
        for (Endpoint endpoint : tunnel.endpoints) {
            RouteText route = route(stored.get(KEYS.route(endpoint, at.name)));
            ClaimText claim = claim(stored.get(KEYS.claim(endpoint)));
            String where = endpoint + " of " + client.name + " at " + at.name;
            assertTrue(route != null && route.tunnel().equals(client.tunnel), where + " has no route");
            assertTrue(claim != null && claim.tunnel().equals(client.tunnel), where + " has no claim");
            assertEquals(claim.epoch(), route.epoch(), where);
            assertTrue(at.node != null && at.node.mayServe(client.tunnel, endpoint, at.now()), where + " is fenced");
        }
    }

    private void checkNode(SimulatedNode machine) {
        ClusterNode node = machine.node;
        if (node == null || machine.server == null) return;
        assertEquals(RegistryState.CONNECTED, node.state(), machine.name);
        Map<String, Entry> routes = entries("r/");
        Map<String, String> seen = view(node);
        // A route that changes meanwhile, such as one of a backup that a node finds and deletes, may be in the view or
        // not.
        for (int i = 0; i < 10 && !routes.equals(entries("r/")); i++) {
            routes = entries("r/");
            seen = view(node);
        }
        Map<String, String> stored = new TreeMap<>();
        routes.forEach((key, entry) -> stored.put(key, entry.value()));
        assertEquals(stored, seen, "the view of " + machine.name);
        for (String key : routes.keySet()) {
            Keys.RouteKey route = KEYS.routeOf(key);
            if (route == null || !route.node().equals(machine.name)) continue;
            if (!plan.restores) checkOwnRoute(key, routes.get(key), machine.server);
        }
    }

    /** Returns the routes that a node knows when it has seen all changes up to now, with what is stored of them, by key. */
    private Map<String, String> view(ClusterNode node) {
        run(10 * MILLISECOND);
        Map<String, String> seen = new TreeMap<>();
        var unused = node.everyRoute()
                .thenAccept(all -> all.forEach((endpoint, its) -> its.forEach(route -> seen.put(
                        KEYS.route(endpoint, route.node()),
                        new RouteText(route.tunnel(), route.epoch(), route.loop()).toString()))));
        run(10 * MILLISECOND);
        return seen;
    }

    private static void checkOwnRoute(String key, @Nullable Entry entry, SimulatedServer server) {
        RouteText text = route(entry);
        SimulatedServer.Tunnel tunnel = text == null ? null : server.tunnels().get(text.tunnel());
        assertTrue(tunnel != null && tunnel.isServed(), key + " is of a tunnel that is not served there");
    }

    /** Still later: what depends on the lease of a living node is of a tunnel that it carries. */
    void checkNothingIsLeft() {
        entries("c/").forEach((key, entry) -> {
            ClaimText claim = claim(entry);
            if (claim != null) checkCarried(key, claim.node(), claim.tunnel());
        });
        entries("t/").forEach((key, entry) -> {
            String id = key.substring(KEYS.tunnel("").length());
            TunnelRecord record = RecordText.parse(id, entry);
            if (record == null) fail(key + " cannot be read");
            checkCarried(key, new NodeId(record.stored().node(), record.stored().incarnation()), id);
        });
        entries("r/").forEach((key, entry) -> {
            Keys.RouteKey route = KEYS.routeOf(key);
            SimulatedServer server = route == null ? null : node(route.node()).server;
            if (server != null) checkOwnRoute(key, entry, server);
        });
        for (SimulatedNode each : nodes) {
            if (each.node == null) continue;
            ClusterStatus.Work work = each.node.status().work();
            assertEquals(0, work.unsettled(), each.name);
            assertTrue(work.requests() <= MOST_REQUESTS, each.name + " has " + work.requests() + " requests under way");
        }
    }

    private void checkCarried(String key, NodeId id, String tunnel) {
        SimulatedNode machine = node(id.name());
        Entry entry = entries("n/").get(KEYS.node(id.name()));
        NodeInfo info = entry == null ? null : NodeText.parse(id.name(), entry.value());
        if (info == null || !info.incarnation().equals(id.incarnation()) || machine.server == null) return;
        assertTrue(machine.server.tunnels().containsKey(tunnel), key + " is left at " + id);
    }

    private static @Nullable RouteText route(@Nullable Entry entry) {
        return entry == null ? null : RouteText.of(entry);
    }

    private static @Nullable ClaimText claim(@Nullable Entry entry) {
        return entry == null ? null : ClaimText.of(entry);
    }

    Map<String, Entry> entries(String kind) {
        Map<String, Entry> all = new TreeMap<>();
        claims.endLeases();
        registry.readAll(KEYS.root() + kind)
                .thenAccept(seen -> seen.entries().forEach(each -> all.put(each.key(), each)));
        return all;
    }

    /** Returns the number of transactions that were sent. */
    private long commits() {
        return nodes.stream().mapToLong(each -> each.store.commits()).sum();
    }

    @Override
    public String toString() {
        return time.count() + " events, " + checks + " checks, " + commits() + " transactions, " + visitors + ", lost: "
                + losses;
    }
}
