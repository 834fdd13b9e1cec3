package org.relay4j.server.cluster;

import static org.relay4j.server.cluster.SimulatedTime.MILLISECOND;
import static org.relay4j.server.cluster.SimulatedTime.SECOND;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.registry.MemoryRegistryStore;

/** A machine with a clock of its own, on which one process at a time runs a {@link ClusterNode} and a {@link SimulatedServer}. */
final class SimulatedNode {
    private static final long SETTLING = 15 * SECOND;

    final String name;
    final SimulatedCluster cluster;
    final double rate; // of its clock
    private final long offset; // of its clock
    private final MemoryRegistryStore registry;
    private int processes;
    private boolean paused;
    private final ArrayDeque<Runnable> deferred = new ArrayDeque<>(); // while it is paused
    private final Map<String, Long> linksSince = new HashMap<>(); // when a link has answered last
    SimulatedStore store;
    boolean clientsCut; // clients and visitors do not reach it
    private boolean peersCut; // other nodes do not reach it
    private int side; // nodes with another one do not reach it
    private boolean unsettled; // a backup was restored, which it may not have noticed
    private long unsettledSince;
    long disturbedAt; // when something has happened to it last that visitors can notice

    @Nullable
    ClusterNode node;

    @Nullable
    SimulatedServer server;

    SimulatedNode(SimulatedCluster cluster, String name, MemoryRegistryStore registry) {
        this.cluster = cluster;
        this.name = name;
        this.registry = registry;
        SimulatedTime time = cluster.time;
        double range = time.chance(0.5) ? 1 : time.random.nextDouble();
        rate = 1 + (time.chance(0.5) ? 0.01 : -0.01) * range;
        offset = time.random.nextLong() >> 8;
        store = new SimulatedStore(time, registry, cluster.claims::endLeases);
    }

    long now() {
        return offset + (long) (cluster.time.now() * rate);
    }

    // ---- processes

    void start() {
        int process = ++processes;
        disturbedAt = cluster.time.now();
        deferred.clear();
        paused = false;
        store = new SimulatedStore(cluster.time, registry, cluster.claims::endLeases);
        server = new SimulatedServer(this, process);
        unsettled = false;
        ClusterSettings settings = ClusterSettings.of(
                        "sim", name, InetSocketAddress.createUnresolved(name, 7002), 2, "test")
                .incarnation(name + "-" + process)
                .times(cluster.times())
                .lease(Duration.ofNanos(SimulatedServer.HOLD));
        node = new ClusterNode(settings, store, new Clock(process), server);
        SimulatedServer its = server;
        var unused = node.join().whenComplete((done, failure) -> {
            if (failure == null) its.joined();
            else cluster.time.after(SECOND, () -> restart(process));
        });
    }

    private void restart(int process) {
        if (process == processes && node != null) start();
    }

    void kill() {
        processes++;
        unsettled = false;
        paused = false;
        deferred.clear();
        store.cut(true);
        store.close();
        if (server != null) server.killed();
        node = null;
        server = null;
    }

    void cutPeers(boolean now) {
        disturbedAt = cluster.time.now();
        peersCut = now;
    }

    void side(int now) {
        disturbedAt = cluster.time.now();
        side = now;
    }

    void pause(boolean now) {
        disturbedAt = cluster.time.now();
        paused = now && node != null;
        if (now) return;
        while (!paused && !deferred.isEmpty()) deferred.pollFirst().run();
    }

    /** The registry may no longer have its claims. */
    void unsettled() {
        unsettled = true;
        unsettledSince = cluster.time.now();
    }

    /** Returns whether it may have claims that the registry does not have: until it had the time to compare them without a fault. */
    boolean isUnsettled() {
        if (!unsettled) return false;
        long since = Math.max(unsettledSince, Math.max(disturbedAt, store.disturbedAt()));
        boolean isReached = isRunning() && store.isReliableSince(since);
        unsettled = !isReached || cluster.time.now() - since < SETTLING;
        return unsettled;
    }

    boolean isRunning() {
        return node != null && !paused;
    }

    boolean isAlive(int process) {
        return node != null && process == processes;
    }

    /** Runs a task of a process, later if it is paused, never if it has ended. */
    void run(int process, Runnable task) {
        if (!isAlive(process)) return;
        if (paused) deferred.addLast(() -> run(process, task));
        else task.run();
    }

    private final class Clock implements ClusterTime {
        private final int process;

        Clock(int process) {
            this.process = process;
        }

        @Override
        public long nanoTime() {
            return now();
        }

        @Override
        public Runnable schedule(long nanos, Runnable task) {
            boolean[] cancelled = new boolean[1];
            cluster.time.after((long) (nanos / rate), () -> {
                if (!cancelled[0]) run(process, task);
            });
            return () -> cancelled[0] = true;
        }

        @Override
        public void execute(Runnable task) {
            cluster.time.after(0, () -> run(process, task));
        }
    }

    // ---- links

    boolean reaches(SimulatedNode other) {
        return isRunning() && other.isRunning() && !peersCut && !other.peersCut && side == other.side;
    }

    /** Called each half second. */
    void ping(List<SimulatedNode> all) {
        if (!isRunning() || node == null) return;
        for (SimulatedNode other : new ArrayList<>(all)) {
            if (other == this) continue;
            if (reaches(other)) {
                linksSince.put(other.name, cluster.time.now());
                node.peerAlive(other.name, now());
            } else if (cluster.time.now() - linksSince.getOrDefault(other.name, 0L) > 1_500 * MILLISECOND) {
                node.peerDead(other.name);
            }
        }
    }

    /** A visitor arrives. Returns the tunnel that it is joined to; null if it has to wait. */
    SimulatedServer.@Nullable Tunnel visit(Endpoint endpoint) {
        if (!isRunning() || node == null || server == null) return null;
        SimulatedServer.Tunnel own = server.accept(endpoint, 0);
        if (own != null) return own;
        for (Route each : node.routes(endpoint)) {
            SimulatedNode other = cluster.node(each.node());
            if (!reaches(other) || other.server == null) continue;
            SimulatedServer.Tunnel its = other.server.accept(endpoint, each.epoch());
            if (its != null) return its;
        }
        return null;
    }
}
