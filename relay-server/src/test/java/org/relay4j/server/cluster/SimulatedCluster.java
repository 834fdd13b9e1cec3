package org.relay4j.server.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.relay4j.server.cluster.SimulatedTime.MILLISECOND;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.registry.Change;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.MemoryRegistryStore;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;

/** Nodes, clients and visitors around one registry, and what must hold at each moment. */
final class SimulatedCluster {
    static final ClusterTimes TIMES = new ClusterTimes(
            Duration.ofSeconds(3),
            Duration.ofSeconds(1),
            Duration.ofSeconds(60),
            Duration.ofSeconds(2),
            Duration.ofSeconds(8));

    private static final boolean TRACE = Boolean.getBoolean("relay.simulation.trace");
    private static final Keys KEYS = new Keys("sim");

    // Without faults and visitors: a renewal of each lease, the entry of the watch, one batch, and two comparisons with
    // the store.
    private static final int MOST_REQUESTS = 6;

    final SimulatedTime time;
    final List<SimulatedNode> nodes = new ArrayList<>();
    final List<SimulatedClient> clients = new ArrayList<>();
    final MemoryRegistryStore registry;
    private final List<Endpoint> ports = new ArrayList<>();
    private final Map<Endpoint, String> owners = new HashMap<>(); // of the claims in the registry
    private final Map<String, String> names = new HashMap<>(); // of clients, by tunnel
    private final Map<String, Integer> losses = new TreeMap<>();
    private int joined; // visitors
    private int waiting;
    private boolean calm;

    SimulatedCluster(long seed, int nodeCount, int clientCount) {
        time = new SimulatedTime(seed);
        registry = new MemoryRegistryStore(time::now, Runnable::run);
        for (int i = 0; i < 2 * clientCount; i++) ports.add(Endpoint.port(20_000 + i));
        for (int i = 0; i < nodeCount; i++) nodes.add(new SimulatedNode(this, "node" + i, registry));
        for (int i = 0; i < clientCount; i++) {
            Endpoint fixed = i % 4 == 3 ? Endpoint.port(30_000 + i) : null;
            clients.add(new SimulatedClient(this, "client" + i, i % 3 != 2, fixed));
        }
        watchClaims();
        endLeases();
        links();
    }

    private void watchClaims() {
        RegistryStore.Watch unused = registry.watch(
                TRACE ? List.of(KEYS.root()) : List.of(KEYS.root() + "c/"), 0, new RegistryStore.Watcher() {
                    @Override
                    public void changed(long revision, Collection<Change> changes) {
                        for (Change each : changes) {
                            trace(revision + " " + each.key() + " "
                                    + (each.entry() == null
                                            ? "deleted"
                                            : each.entry().value()));
                            if (!each.key().startsWith(KEYS.root() + "c/")) continue;
                            Endpoint endpoint = Endpoint.parse(
                                    each.key().substring(KEYS.root().length() + 2));
                            ClaimText claim = each.entry() == null ? null : ClaimText.of(each.entry());
                            if (claim == null) owners.remove(endpoint);
                            else owners.put(endpoint, names.getOrDefault(claim.tunnel(), "nobody"));
                        }
                    }

                    @Override
                    public void ended(RegistryException why) {
                        fail("the watch of the test has ended: " + why);
                    }
                });
    }

    private void endLeases() {
        registry.endLeases();
        time.after(20 * MILLISECOND, this::endLeases);
    }

    private void links() {
        for (SimulatedNode each : nodes) each.ping(nodes);
        time.after(500 * MILLISECOND, this::links);
    }

    SimulatedNode node(String name) {
        return nodes.get(Integer.parseInt(name.substring(4)));
    }

    SimulatedNode anyNode() {
        return nodes.get(time.random.nextInt(nodes.size()));
    }

    List<Endpoint> somePorts() {
        List<Endpoint> some = new ArrayList<>(ports);
        Collections.shuffle(some, time.random);
        return some;
    }

    void named(String tunnel, SimulatedClient client) {
        names.put(tunnel, client.name);
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

    // ---- visitors

    void visitors(long interval) {
        if (!calm) {
            List<Endpoint> all = new ArrayList<>(ports);
            for (SimulatedClient each : clients) {
                if (each.fixed != null) all.add(each.fixed);
            }
            Endpoint endpoint = all.get(time.random.nextInt(all.size()));
            SimulatedClient client = anyNode().visit(endpoint);
            if (client == null) {
                waiting++;
            } else {
                joined++;
                String owner = owners.get(endpoint);
                assertTrue(
                        owner == null || owner.equals(client.name),
                        () -> "a visitor of " + endpoint + " was joined to " + client.name + ", it is of " + owner);
            }
        }
        time.after(interval, () -> visitors(interval));
    }

    void calm(boolean now) {
        calm = now;
    }

    // ---- what must hold

    /** At each moment: a node that would join a visitor to its client has the claim, or nobody has. */
    private void check() {
        for (SimulatedNode machine : nodes) {
            if (!machine.isRunning() || machine.server == null || machine.node == null) continue;
            for (SimulatedServer.Tunnel tunnel : machine.server.tunnels().values()) {
                if (tunnel.connection == null || !tunnel.connection.clientOpen) continue;
                for (Endpoint each : tunnel.endpoints) {
                    String owner = owners.get(each);
                    if (owner == null || owner.equals(tunnel.client.name)) continue;
                    if (!machine.node.mayServe(tunnel.id, each, machine.now())) continue;
                    fail(machine.name + " serves " + each + " of " + tunnel.client.name + ", it is of " + owner);
                }
            }
        }
    }

    /** Some time after the last fault: everything is served, and all agree. */
    void checkSettled() {
        Map<String, Entry> routes = entries("r/");
        for (SimulatedClient each : clients) {
            if (!each.isWanted()) continue;
            if (each.current == null) fail(each.name + " is not served");
            SimulatedNode at = each.current.node;
            for (Endpoint endpoint : each.endpoints) {
                RouteText route = route(routes.get(KEYS.route(endpoint, at.name)));
                ClaimText claim = claim(entries("c/").get(KEYS.claim(endpoint)));
                String where = endpoint + " of " + each.name + " at " + at.name;
                assertTrue(route != null && route.tunnel().equals(each.tunnel), where + " has no route");
                assertTrue(claim != null && claim.tunnel().equals(each.tunnel), where + " has no claim");
                assertEquals(claim.epoch(), route.epoch(), where);
                assertTrue(at.node != null && at.node.mayServe(each.tunnel, endpoint, at.now()), where + " is fenced");
            }
        }
        for (SimulatedNode each : nodes) checkNode(each, routes);
    }

    private void checkNode(SimulatedNode machine, Map<String, Entry> routes) {
        ClusterNode node = machine.node;
        if (node == null || machine.server == null) return;
        assertEquals(RegistryState.CONNECTED, node.state(), machine.name);
        Map<String, String> seen = new TreeMap<>();
        var unused = node.everyRoute()
                .thenAccept(all -> all.forEach((endpoint, its) -> its.forEach(route -> seen.put(
                        KEYS.route(endpoint, route.node()),
                        new RouteText(route.tunnel(), route.epoch(), route.loop()).toString()))));
        run(10 * MILLISECOND);
        Map<String, String> stored = new TreeMap<>();
        routes.forEach((key, entry) -> stored.put(key, entry.value()));
        assertEquals(stored, seen, "the view of " + machine.name);
        for (String key : routes.keySet()) {
            Keys.RouteKey route = KEYS.routeOf(key);
            if (route == null || !route.node().equals(machine.name)) continue;
            RouteText text = route(routes.get(key));
            SimulatedServer.Tunnel tunnel =
                    text == null ? null : machine.server.tunnels().get(text.tunnel());
            assertTrue(tunnel != null && tunnel.isServed(), key + " is of a tunnel that is not served there");
        }
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
        registry.readAll(KEYS.root() + kind)
                .thenAccept(seen -> seen.entries().forEach(each -> all.put(each.key(), each)));
        return all;
    }

    @Override
    public String toString() {
        return time.count() + " events, " + joined + " visitors joined, " + waiting + " waited, lost: " + losses;
    }
}
