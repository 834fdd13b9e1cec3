package org.relay4j.server.cluster;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.server.cluster.SimulatedTime.MILLISECOND;
import static org.relay4j.server.cluster.SimulatedTime.SECOND;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A cluster of 25 nodes in virtual time, of whose tunnels a twentieth comes and goes each second. The nightly run has 10,000 tunnels for a
 * minute; {@code -Drelay.simulation.tunnels=<n>} sets another number, with a minute.
 */
@Tag("slow")
class ClusterScaleTest {
    private static final int NODES = 25;
    private static final int SMALL = 1_000; // tunnels
    private static final Integer CHOSEN = Integer.getInteger("relay.simulation.tunnels");
    private static final boolean LONG = CHOSEN != null || Boolean.getBoolean("relay.nightly");
    private static final int TUNNELS = CHOSEN != null ? CHOSEN : LONG ? 10_000 : SMALL;
    private static final int SECONDS = LONG ? 60 : 10;
    private static final int CHANGES = TUNNELS / 20; // tunnels that come, and as many that go, each second

    private static final int CLIENTS = TUNNELS + TUNNELS / 10;

    private final SimulatedCluster cluster = new SimulatedCluster(
            1, new SimulatedCluster.Plan(NODES, CLIENTS, CLIENTS * 3 / 2, false, false, SECOND / 4));
    private final SimulatedTime time = cluster.time;
    private final List<SimulatedClient> away = new ArrayList<>(cluster.clients);
    private final List<SimulatedClient> here = new ArrayList<>();

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES) // 10,000 tunnels take one to two minutes
    void routesAreAtAllNodesWithinATenthOfASecond() {
        for (SimulatedNode each : cluster.nodes) each.start();
        cluster.run(5 * SECOND);
        each(2L * CHANGES, TUNNELS, () -> {
            here.add(any(away));
            here.get(here.size() - 1).start();
        });
        cluster.run(12 * SECOND);
        cluster.checkSettled();
        cluster.visitors.start(5 * MILLISECOND);
        long cpu = cpu();
        each(CHANGES, CHANGES * SECONDS, this::change);
        cluster.run((SECONDS + 1) * SECOND);
        cpu = cpu() - cpu;
        cluster.visitors.calm(true);
        cluster.run(2 * SECOND);
        cluster.checkSettled();
        cluster.checkNothingIsLeft();
        SimulatedRoutes routes = cluster.routes;
        System.out.printf(
                "%d nodes, %d tunnels, %d + %d a second for %d s: %.1f s of CPU time; %d routes at all nodes within"
                        + " %.1f ms (half), %.1f ms (99 %%), %.1f ms (all); %s%n",
                NODES,
                TUNNELS,
                CHANGES,
                CHANGES,
                SECONDS,
                cpu / 1e9,
                routes.count(),
                routes.within(0.5) / 1e6,
                routes.within(0.99) / 1e6,
                routes.within(1) / 1e6,
                cluster);
        assertTrue(routes.count() >= TUNNELS + CHANGES * SECONDS * 9 / 10, "only " + routes.count() + " routes");
        assertTrue(routes.within(1) < 100 * MILLISECOND, "a route took " + routes.within(1) / MILLISECOND + " ms");
        assertTrue(routes.pending() == 0, "a route is not known to all nodes");
    }

    /** Has something happen at a rate for each second. */
    private void each(long rate, int count, Runnable event) {
        for (int n = 0; n < count; n++) time.after(n * SECOND / rate, event);
    }

    /** A client comes, and another one goes. */
    private void change() {
        SimulatedClient goes = any(here);
        SimulatedClient comes = any(away);
        goes.leave();
        comes.start();
        here.add(comes);
        away.add(goes);
    }

    private SimulatedClient any(List<SimulatedClient> list) {
        int index = time.random.nextInt(list.size());
        SimulatedClient last = list.remove(list.size() - 1);
        return index == list.size() ? last : list.set(index, last);
    }

    private static long cpu() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
}
