package org.relay4j.server.cluster;

import static org.relay4j.server.cluster.SimulatedTime.MILLISECOND;
import static org.relay4j.server.cluster.SimulatedTime.SECOND;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Runs whole clusters in virtual time. {@code -Drelay.simulation.seed=<n>} repeats one seed, {@code -Drelay.simulation.seeds=<n>} sets
 * their number.
 */
@Tag("slow")
class ClusterSimulationTest {
    private static final int SEEDS =
            Integer.getInteger("relay.simulation.seeds", Boolean.getBoolean("relay.nightly") ? 500 : 40);
    private static final boolean VERBOSE = Boolean.getBoolean("relay.simulation.verbose");

    @Test
    @Timeout(value = 30, unit = TimeUnit.MINUTES) // the nightly run, which needs half a second a seed
    void endpointsHaveOneOwnerAndTunnelsAreServed() {
        Long only = Long.getLong("relay.simulation.seed");
        long first = only == null ? Long.getLong("relay.simulation.first", 1) : only;
        long count = only == null ? SEEDS : 1;
        for (long seed = first; seed < first + count; seed++) {
            try {
                simulate(seed);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
    }

    /** Runs a cluster, and throws what it finds. */
    static void simulate(long seed) {
        int nodes = 3 + (int) (seed % 3);
        // Each fourth seed has fewer ports than clients, and deadlines with no margin for anything but the rates of
        // clocks.
        boolean sharing = seed % 4 != 0;
        boolean restores = seed % 8 == 3;
        SimulatedCluster cluster = new SimulatedCluster(
                seed, new SimulatedCluster.Plan(nodes, 12, sharing ? 18 : 5, sharing, restores, 0));
        SimulatedFaults faults = new SimulatedFaults(cluster);
        for (SimulatedNode each : cluster.nodes) each.start();
        for (SimulatedClient each : cluster.clients) each.start();
        cluster.visitors.start(30 * MILLISECOND);
        cluster.run(5 * SECOND);
        for (int round = 0; round < 2; round++) {
            cluster.visitors.calm(false);
            faults.start();
            // Without sharing, leases are to end while the faults go on.
            long least = sharing ? 40 * SECOND : 90 * SECOND;
            cluster.run(cluster.time.between(least, least + (sharing ? 70 : 40) * SECOND));
            faults.heal();
            cluster.run(25 * SECOND);
            cluster.checkSettled();
        }
        cluster.visitors.calm(true);
        if (restores) {
            cluster.run(75 * SECOND); // until two scans have found what a backup has brought back
        } else {
            cluster.run(30 * SECOND);
            cluster.checkNothingIsLeft(); // a scan may find it later: without backups there must be nothing to find
        }
        cluster.run(45 * SECOND);
        cluster.checkSettled();
        cluster.checkNothingIsLeft();
        if (VERBOSE) System.out.println("seed " + seed + ": " + cluster);
    }
}
