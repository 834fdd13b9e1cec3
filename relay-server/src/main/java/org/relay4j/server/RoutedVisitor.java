package org.relay4j.server;

import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A visitor whose tunnel is at another node of the cluster, until one of them has taken it. Nothing is read from it meanwhile. */
final class RoutedVisitor {
    private final long until; // ns; when it is reset
    private final Set<String> asked = new HashSet<>(2); // nodes, since it waited last
    private final Arrival arrival;
    private @Nullable String id; // in logs, once it is known

    RoutedVisitor(Arrival arrival, long until) {
        this.arrival = arrival;
        this.until = until;
    }

    Arrival arrival() {
        return arrival;
    }

    /** Returns what identifies it in the logs of all nodes. */
    String id(RelayServer server) {
        String known = id;
        if (known == null) id = known = arrival.newId(server);
        return known;
    }

    /** Returns whether a node was not asked yet, and counts it as asked. */
    boolean asks(String node) {
        return asked.add(node);
    }

    /** It waits: every node may be asked again. */
    void waits() {
        asked.clear();
    }

    boolean isLate(long now) {
        return now - until >= 0;
    }
}
