package org.relay4j.benchmarks.cluster;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the clients of a node experience when it is killed, which shows where time goes until a visitor is answered: when they notice, when
 * another node has given them their tunnels again, and which one. Safe for use by several threads.
 */
final class Returns {
    final Times noticed = new Times(); // from the kill to the loss of the connection
    final Times granted = new Times(); // from the kill until the client has its tunnel again

    private final Set<Object> away = ConcurrentHashMap.newKeySet(); // tunnels that were lost, and not back
    private volatile long killed; // ns
    private volatile boolean begun;

    /** Counts from now on. Unit: nanoseconds. */
    void begin(long now) {
        noticed.clear();
        granted.clear();
        away.clear();
        killed = now;
        begun = true;
    }

    /** Counts no more. */
    void end() {
        begun = false;
    }

    /** A tunnel was lost. */
    void lost(Object tunnel, long now) {
        if (begun && away.add(tunnel)) noticed.add(now - killed);
    }

    /** A tunnel is up; the first time, or again. */
    void up(Object tunnel, long now) {
        if (begun && away.remove(tunnel)) granted.add(now - killed);
    }

    /** Returns the number of tunnels at the node that has most of them; 0 if there are none. */
    static int mostAtOne(Stream<String> nodes) {
        Map<String, Long> counts = nodes.collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
        return counts.values().stream().mapToInt(Math::toIntExact).max().orElse(0);
    }
}
