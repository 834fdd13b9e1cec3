package org.relay4j.benchmarks.cluster;

import java.io.IOException;
import java.util.Map;
import org.relay4j.benchmarks.load.Errors;
import org.relay4j.benchmarks.load.Processes;

/**
 * Counts what the clients and visitors of a run experience from its beginning on, and what the processes use meanwhile. For one thread,
 * and one phase at a time.
 */
final class Phase {
    private static final double SECOND = 1e9;

    private final Cluster cluster;
    private final Fleet fleet;
    private final Visitors visitors;
    private final Result result;
    private final int joinErrors;
    private final int visitErrors;
    private final int sampleErrors;
    private final int lost;
    private final int left;
    private final Map<String, Double> cpu; // seconds, by process
    private final long begin = System.nanoTime();

    /** Begins it. */
    Phase(String run, Cluster cluster, Fleet fleet, Visitors visitors) throws IOException {
        this.cluster = cluster;
        this.fleet = fleet;
        this.visitors = visitors;
        result = new Result(run);
        fleet.claims.clear();
        visitors.clear();
        joinErrors = fleet.errors.count();
        visitErrors = visitors.errors.count();
        sampleErrors = visitors.sampleErrors.count();
        lost = fleet.lost.get();
        left = fleet.left.get();
        cpu = cluster.processes().cpuSeconds();
    }

    /** Ends the counted time. Operations that began in it may still be under way, and are counted by {@link #report}. */
    Phase end() throws IOException {
        Processes processes = cluster.processes();
        double seconds = (System.nanoTime() - begin) / SECOND;
        Map<String, Double> used = Processes.difference(processes.cpuSeconds(), cpu);
        used.replaceAll((name, each) -> each / seconds);
        result.put("secs", seconds)
                .put("tunnels", fleet.size())
                .put("came_per_s", fleet.claims.count() / seconds)
                .put("went_per_s", (fleet.left.get() - left) / seconds);
        Shares.of(used).forEach((name, value) -> result.put("cores_" + name, value));
        Shares.of(processes.residentMib()).forEach((name, value) -> result.put("rss_mib_" + name, value));
        return this;
    }

    /** Returns the figures, once no operation is under way any more. */
    Result report() {
        result.put("claim", fleet.claims)
                .put("all_accept", visitors.accepted)
                .put("all_serve", visitors.served)
                .put("visit", visitors.visits);
        put("join_errors", fleet.errors, joinErrors);
        put("visit_errors", visitors.errors, visitErrors);
        put("sample_errors", visitors.sampleErrors, sampleErrors);
        return result.put("lost", fleet.lost.get() - lost).put("foreign", visitors.foreign.get());
    }

    private void put(String name, Errors errors, int before) {
        int more = errors.count() - before;
        result.put(name, more);
        if (more > 0) result.put(name + "_first", errors.first());
    }
}
