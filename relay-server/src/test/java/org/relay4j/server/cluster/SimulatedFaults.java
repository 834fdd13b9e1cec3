package org.relay4j.server.cluster;

import static org.relay4j.server.cluster.SimulatedTime.MILLISECOND;
import static org.relay4j.server.cluster.SimulatedTime.SECOND;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.registry.Entry;

/** Lets nodes, their ways to each other and to the registry, and clients fail and recover, at random. */
final class SimulatedFaults {
    private static final int KINDS = 13;

    private final SimulatedCluster cluster;
    private final SimulatedTime time;
    private boolean active;
    private boolean slow; // few faults that last long, and clients that stay
    private @Nullable Runnable backup; // of the registry
    private long backupAt; // when it was made

    SimulatedFaults(SimulatedCluster cluster) {
        this.cluster = cluster;
        time = cluster.time;
    }

    void start() {
        active = true;
        if (cluster.plan.sharing()) {
            startAll();
        } else {
            slow = true;
            nextOutage();
            nextMove();
        }
    }

    private void startAll() {
        slow = time.chance(0.4);
        boolean isRestored = cluster.plan.restores();
        boolean lossy = time.chance(isRestored ? 0.1 : 0.5);
        for (SimulatedNode each : cluster.nodes) {
            double loss = lossy ? time.random.nextDouble() * 0.15 : 0;
            double late = time.chance(isRestored ? 0.1 : 0.5) ? 0.03 : 0;
            long delay = time.chance(0.2) ? 400 * MILLISECOND : 3 * MILLISECOND;
            long answers = time.chance(0.15) ? time.between(SECOND / 10, 5 * SECOND / 2) : 0;
            each.store.faults(loss, late, delay);
            each.store.slowAnswers(answers);
            cluster.trace(each.name + " loses " + loss + ", late " + late + ", delay " + delay / MILLISECOND
                    + ", answers " + answers / MILLISECOND);
        }
        nextFault();
        nextMove();
        if (isRestored) {
            nextBackup();
            nextRestore();
        }
    }

    private void nextBackup() {
        if (!active) return;
        cluster.claims.endLeases();
        backup = cluster.registry.backup();
        backupAt = time.now();
        time.after(time.between(5 * SECOND, 60 * SECOND), this::nextBackup);
    }

    private void nextRestore() {
        time.after(time.between(10 * SECOND, 60 * SECOND), () -> {
            if (!active) return;
            if (backup != null) cluster.restore(backup, backupAt);
            nextRestore();
        });
    }

    /** Ends all faults, and lets clients rest. */
    void heal() {
        active = false;
        for (SimulatedNode each : cluster.nodes) {
            each.clientsCut = false;
            each.cutPeers(false);
            each.side(0);
            each.pause(false);
            if (each.node == null) each.start();
            each.store.faults(0, 0, 2 * MILLISECOND);
            each.store.slowAnswers(0);
            each.store.cut(false);
            each.store.mute(false);
        }
        for (SimulatedClient each : cluster.clients) each.start();
    }

    private void nextFault() {
        if (!active) return;
        SimulatedNode node = cluster.anyNode();
        boolean isLong = time.chance(slow ? 0.5 : 0.15); // longer than claims last
        long duration = isLong ? time.between(55 * SECOND, 80 * SECOND) : time.between(SECOND / 10, 12 * SECOND);
        int fault = time.random.nextInt(KINDS);
        cluster.trace("fault " + fault + " " + node.name + " " + duration / MILLISECOND);
        switch (fault) {
            case 0, 9 -> node.store.cutFor(duration);
            case 1 -> partition(duration);
            case 2 -> {
                node.cutPeers(true);
                time.after(duration, () -> node.cutPeers(false));
            }
            case 3 -> {
                node.clientsCut = true;
                time.after(duration, () -> node.clientsCut = false);
            }
            case 4 -> {
                node.pause(true);
                time.after(duration, () -> node.pause(false));
            }
            case 5 -> {
                node.kill();
                time.after(Math.min(duration, 8 * SECOND), () -> {
                    if (node.node == null) node.start();
                });
            }
            case 6 -> node.store.endWatch();
            case 7 -> endLease(node);
            case 8 -> {
                node.cutPeers(true);
                time.after(duration, () -> node.cutPeers(false));
                node.store.cutFor(duration);
            }
            case 10 -> cluster.nodes.forEach(each -> each.store.cutFor(Math.min(duration, 20 * SECOND)));
            case 11 -> {
                SimulatedStore way = node.store;
                way.mute(true);
                time.after(duration, () -> way.mute(false));
            }
            default -> {
                cluster.claims.endLeases(); // first, so that the watch of the test sees it
                cluster.registry.compact();
                cluster.nodes.forEach(each -> each.store.disturbed());
            }
        }
        time.after((slow ? 3 : 1) * time.between(SECOND, 8 * SECOND), this::nextFault);
    }

    /** The leases of one node end, while the other nodes have the registry and can claim what becomes free. */
    private void nextOutage() {
        if (!active) return;
        SimulatedNode node = cluster.anyNode();
        long duration = time.between(58 * SECOND, 75 * SECOND);
        cluster.trace("outage of " + node.name);
        if (time.chance(0.2)) {
            node.pause(true);
            time.after(duration, () -> node.pause(false));
        } else {
            slowThenCut(node.store, duration);
        }
        time.after(time.between(15 * SECOND, 45 * SECOND), this::nextOutage);
    }

    /** The last answers arrive late. */
    private void slowThenCut(SimulatedStore way, long duration) {
        way.slowAnswers(29 * SECOND / 10);
        time.after(time.between(3 * SECOND, 8 * SECOND), () -> {
            if (!active) return;
            way.cutFor(duration);
            way.slowAnswers(0);
        });
    }

    /** Some nodes reach each other, but neither the registry nor the other nodes. */
    private void partition(long duration) {
        List<SimulatedNode> part =
                cluster.nodes.stream().filter(each -> time.chance(0.4)).toList();
        for (SimulatedNode each : part) {
            each.store.cutFor(duration);
            each.side(1);
            time.after(duration, () -> each.side(0));
        }
    }

    /** The registry ends the lease of routes too early. */
    private void endLease(SimulatedNode node) {
        Entry entry = cluster.entries("n/").get(new Keys("sim").node(node.name));
        if (entry != null) cluster.registry.revoke(entry.lease());
    }

    private void nextMove() {
        if (!active) return;
        SimulatedClient client = cluster.clients.get(time.random.nextInt(cluster.clients.size()));
        switch (time.random.nextInt(10)) {
            case 0, 1 -> {
                client.leave();
                if (!cluster.plan.sharing()) client.start(); // all of them want ports, of which there are too few
            }
            case 2 -> client.interrupt(false);
            case 3 -> client.interrupt(true);
            case 4, 5 -> {
                if (cluster.plan.sharing()) client.move();
            }
            case 6 -> another(client);
            case 7 -> client.widen();
            default -> client.start();
        }
        time.after((slow ? 15 : 1) * time.between(20 * MILLISECOND, 800 * MILLISECOND), this::nextMove);
    }

    /** Claims a second endpoint, or gives it back. */
    private void another(SimulatedClient client) {
        SimulatedClient.Connection connection = client.current;
        if (connection == null) return;
        Endpoint endpoint = cluster.somePorts().get(0);
        connection.server.run(() -> connection.server.another(connection, endpoint));
    }
}
