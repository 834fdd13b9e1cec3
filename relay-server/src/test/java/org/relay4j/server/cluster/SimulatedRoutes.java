package org.relay4j.server.cluster;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Measures how long it takes until all other nodes know the route of a tunnel. */
final class SimulatedRoutes {
    private final SimulatedTime time;
    private final int others; // nodes that have to know a route
    private final Map<String, Long> begun = new HashMap<>(); // when, by tunnel
    private final Map<String, Set<String>> known = new HashMap<>(); // nodes, by tunnel
    private final List<Long> times = new ArrayList<>(); // nanoseconds

    SimulatedRoutes(SimulatedTime time, int nodes) {
        this.time = time;
        others = nodes - 1;
    }

    /** A node serves the tunnel from now on. */
    void begin(String tunnel) {
        begun.put(tunnel, time.now());
        known.put(tunnel, new HashSet<>());
    }

    /** Another node knows its route. */
    void seen(String tunnel, String node) {
        Set<String> nodes = known.get(tunnel);
        if (nodes == null || !nodes.add(node) || nodes.size() < others) return;
        times.add(time.now() - begun.get(tunnel));
        end(tunnel);
    }

    /** The node serves the tunnel no longer. */
    void end(String tunnel) {
        begun.remove(tunnel);
        known.remove(tunnel);
    }

    /** Returns how many routes all nodes have known. */
    int count() {
        return times.size();
    }

    /** Returns the time within which a part of all routes was known to all nodes. Unit: nanoseconds. */
    long within(double part) {
        List<Long> sorted = new ArrayList<>(times);
        Collections.sort(sorted);
        return sorted.get((int) Math.ceil(part * sorted.size()) - 1);
    }

    /** Returns the longest time for which a route is not yet known to all nodes. Unit: nanoseconds. */
    long pending() {
        return begun.values().stream()
                .mapToLong(each -> time.now() - each)
                .max()
                .orElse(0);
    }
}
