package org.relay4j.cli.admin;

import java.util.List;
import org.relay4j.cli.json.JsonLine;
import org.relay4j.server.ClusterView;

/** The JSON object of {@code /api/cluster}. */
final class ClusterJson {
    /** Maximum number of endpoints in one response. */
    static final int MOST_ENDPOINTS = 10_000;

    private ClusterJson() {}

    static JsonLine of(ClusterView view, List<ClusterView.Served> served) {
        return new JsonLine()
                .with("cluster", view.name())
                .with("node", view.node())
                .with("store", view.storeReachable() ? "reachable" : "unreachable")
                .with("lagMillis", view.lag().toMillis())
                .with("nodes", view.nodes().stream().map(ClusterJson::node).toList())
                .with(
                        "endpoints",
                        served.stream()
                                .limit(MOST_ENDPOINTS)
                                .map(ClusterJson::endpoint)
                                .toList())
                .with("truncated", served.size() > MOST_ENDPOINTS)
                .with("here", counts(view.counts()));
    }

    private static JsonLine node(ClusterView.Node node) {
        return new JsonLine()
                .with("name", node.name())
                .with("address", node.address())
                .with("version", node.version())
                .with("state", node.draining() ? "draining" : "serving")
                .with("endpoints", node.endpoints())
                .with("linked", node.linked())
                .with("roundTripMicros", node.roundTrip().toNanos() / 1_000)
                .with("visitorsSent", node.sent())
                .with("visitorsReceived", node.received());
    }

    private static JsonLine endpoint(ClusterView.Served served) {
        return new JsonLine()
                .with("endpoint", served.endpoint().toString())
                .with("tunnel", served.tunnel())
                .with("nodes", String.join(",", served.nodes()));
    }

    private static JsonLine counts(ClusterView.Counts counts) {
        return new JsonLine()
                .with("tunnels", counts.tunnels())
                .with("claims", counts.claims())
                .with("unsettledTunnels", counts.unsettled())
                .with("lost", counts.lost())
                .with("refusedClaims", counts.refused())
                .with("routedEndpoints", counts.routed())
                .with("unboundEndpoints", counts.unbound())
                .with("waitingVisitors", counts.waiting())
                .with("passingVisitors", counts.passing())
                .with("retries", counts.retries())
                .with("expiredVisitors", counts.expired())
                .with("gaps", counts.gaps())
                .with("gapMillis", counts.gapTime().toMillis())
                .with("longestGapMillis", counts.longestGap().toMillis());
    }
}
