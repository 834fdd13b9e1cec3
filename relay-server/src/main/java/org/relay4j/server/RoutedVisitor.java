package org.relay4j.server;

import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;

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

    /** Returns what identifies it in the logs of all nodes: the choice of its load balancer, or a new one. */
    String id(RelayServer server) {
        String known = id;
        if (known == null) {
            ProxyHeader proxied = arrival.proxied();
            String chosen = proxied == null ? null : proxied.uniqueId();
            known = chosen == null ? server.newVisitorId() : chosen;
            id = known;
        }
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
