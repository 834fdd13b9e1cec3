package org.relay4j.server.cluster;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.relay4j.api.Endpoint;

/**
 * The order in which a node tries the other nodes that serve an endpoint: by a rendezvous hash, so that the nodes of a cluster spread
 * their visitors, and each goes on using the same one.
 */
final class RouteChoice {
    private RouteChoice() {}

    /**
     * A route that can be tried.
     *
     * @param rank 0: of a node that serves; 1: of one that is about to leave; 2: of one to which there is no link at present
     */
    record Candidate(Route route, int rank) {}

    /** Returns the routes with the newest epoch, the best first. */
    static List<Route> order(String self, Endpoint endpoint, Collection<Candidate> candidates) {
        if (candidates.isEmpty()) return List.of();
        long newest =
                candidates.stream().mapToLong(each -> each.route.epoch()).max().getAsLong();
        List<Candidate> left = new ArrayList<>();
        for (Candidate each : candidates) {
            if (each.route.epoch() == newest && !each.route.node().equals(self)) left.add(each);
        }
        if (left.size() > 1) {
            String text = self + " " + endpoint + " ";
            left.sort(Comparator.comparingInt(Candidate::rank)
                    .thenComparing(Comparator.comparingLong((Candidate each) -> hash(text + each.route.node()))
                            .reversed())
                    .thenComparing(each -> each.route.node()));
        }
        return left.stream().map(Candidate::route).toList();
    }

    /** FNV-1a with the finalizer of MurmurHash3: names that differ in one character have unrelated values. */
    private static long hash(String text) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < text.length(); i++) hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
        hash = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
        hash = (hash ^ (hash >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return hash ^ (hash >>> 33);
    }
}
