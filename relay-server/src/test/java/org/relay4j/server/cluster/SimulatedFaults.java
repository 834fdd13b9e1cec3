package org.relay4j.server.cluster;

import static org.relay4j.server.cluster.SimulatedTime.MILLISECOND;
import static org.relay4j.server.cluster.SimulatedTime.SECOND;

import org.relay4j.api.Endpoint;
import org.relay4j.server.registry.Entry;

/** Lets nodes, their ways to each other and to the registry, and clients fail and recover, at random. */
final class SimulatedFaults {
    private final SimulatedCluster cluster;
    private final SimulatedTime time;
    private boolean active;
    private boolean slow; // few faults that last long, and clients that stay

    SimulatedFaults(SimulatedCluster cluster) {
        this.cluster = cluster;
        time = cluster.time;
    }

    void start() {
        active = true;
        slow = time.chance(0.4);
        boolean lossy = time.chance(0.5);
        for (SimulatedNode each : cluster.nodes) {
            double loss = lossy ? time.random.nextDouble() * 0.15 : 0;
            double late = time.chance(0.5) ? 0.03 : 0;
            long delay = time.chance(0.2) ? 400 * MILLISECOND : 3 * MILLISECOND;
            each.store.faults(loss, late, delay);
            cluster.trace(each.name + " loses " + loss + ", late " + late + ", delay " + delay / MILLISECOND);
        }
        nextFault();
        nextMove();
    }

    /** Ends all faults, and lets clients rest. */
    void heal() {
        active = false;
        for (SimulatedNode each : cluster.nodes) {
            each.clientsCut = false;
            each.cutPeers(false);
            each.pause(false);
            if (each.node == null) each.start();
            each.store.faults(0, 0, 2 * MILLISECOND);
            each.store.cut(false);
        }
        for (SimulatedClient each : cluster.clients) each.start();
    }

    private void nextFault() {
        if (!active) return;
        SimulatedNode node = cluster.anyNode();
        boolean isLong = time.chance(slow ? 0.5 : 0.15);
        long duration = isLong ? time.between(55 * SECOND, 80 * SECOND) : time.between(SECOND / 10, 12 * SECOND);
        int fault = time.random.nextInt(10);
        cluster.trace("fault " + fault + " " + node.name + " " + duration / MILLISECOND);
        switch (fault) {
            case 0, 1 -> {
                node.store.cut(true);
                SimulatedStore way = node.store;
                time.after(duration, () -> way.cut(false));
            }
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
                node.store.cut(true);
                SimulatedStore way = node.store;
                time.after(duration, () -> {
                    node.cutPeers(false);
                    way.cut(false);
                });
            }
            default -> {
                cluster.endLeases(); // first, so that the watch of the test sees it
                cluster.registry.compact();
                cluster.nodes.forEach(each -> each.store.disturbed());
            }
        }
        time.after((slow ? 3 : 1) * time.between(SECOND, 8 * SECOND), this::nextFault);
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
            case 0, 1 -> client.leave();
            case 2 -> client.interrupt(false);
            case 3 -> client.interrupt(true);
            case 4, 5 -> client.move();
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
