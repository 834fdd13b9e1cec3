package org.relay4j.cli.admin;

import io.prometheus.metrics.model.snapshots.Labels;
import java.util.ArrayList;
import java.util.List;
import org.relay4j.server.ClusterView;

/** The metrics of a node of a cluster. The table in docs/metrics.md has their help texts too. */
final class ClusterMetrics {
    private static final double SECOND = 1e9; // ns

    private ClusterMetrics() {}

    static void collect(ClusterView view, Families into) {
        ClusterView.Counts here = view.counts();
        into.gauge(
                        "relay_cluster_store_reachable",
                        "Whether the store of the cluster can be reached.",
                        view.storeReachable() ? 1 : 0)
                .gauge(
                        "relay_cluster_store_lag_seconds",
                        "How long the node has waited to see its own last change in the store.",
                        view.lag().toNanos() / SECOND)
                .gauge(
                        "relay_cluster_nodes",
                        "Nodes of the cluster.",
                        view.nodes().size())
                .gauge("relay_cluster_tunnels", "Tunnels that the node carries.", here.tunnels())
                .gauge("relay_cluster_claims", "Endpoints that the node has claimed.", here.claims())
                .gauge(
                        "relay_cluster_tunnels_unsettled",
                        "Tunnels whose state in the store is to be changed, or is not known.",
                        here.unsettled())
                .counter("relay_cluster_lost", "Tunnels and endpoints lost to other nodes.", here.lost())
                .counter(
                        "relay_cluster_claims_refused",
                        "Claims refused because another tunnel had the endpoint.",
                        here.refused());
        ofVisitors(here, into);
        ofNodes(view, into);
    }

    private static void ofVisitors(ClusterView.Counts here, Families into) {
        into.gauge(
                        "relay_cluster_endpoints_routed",
                        "Ports and host names open here for tunnels of other nodes.",
                        here.routed())
                .gauge(
                        "relay_cluster_endpoints_unbound",
                        "Ports and host names of other nodes that could not be opened here.",
                        here.unbound())
                .gauge("relay_cluster_visitors_waiting", "Visitors that wait for a node to take them.", here.waiting())
                .gauge("relay_cluster_visitors_passing", "Visitors that other nodes serve.", here.passing())
                .counter(
                        "relay_cluster_retries",
                        "Visitors that a node did not take, and that were offered to the next one or waited.",
                        here.retries())
                .counter(
                        "relay_cluster_visitors_expired",
                        "Visitors reset because no node has taken them in time.",
                        here.expired())
                .counter("relay_cluster_gaps", "Times at which an endpoint had no node, and got one.", here.gaps())
                .gauge(
                        "relay_cluster_gap_longest_seconds",
                        "Duration of the longest of these times.",
                        here.longestGap().toNanos() / SECOND);
    }

    private static void ofNodes(ClusterView view, Families into) {
        List<Families.Sample> endpoints = new ArrayList<>();
        List<Families.Sample> links = new ArrayList<>();
        List<Families.Sample> roundTrips = new ArrayList<>();
        List<Families.Sample> visitors = new ArrayList<>();
        for (ClusterView.Node node : view.nodes()) {
            Labels labels = Labels.of("node", node.name());
            endpoints.add(Families.Sample.of(labels, (long) node.endpoints()));
            if (node.name().equals(view.node())) continue;
            links.add(Families.Sample.of(labels, node.linked() ? 1L : 0L));
            if (node.linked())
                roundTrips.add(new Families.Sample(labels, node.roundTrip().toNanos() / SECOND));
            visitors.add(Families.Sample.of(Labels.of("node", node.name(), "direction", "out"), node.sent()));
            visitors.add(Families.Sample.of(Labels.of("node", node.name(), "direction", "in"), node.received()));
        }
        into.gauge("relay_cluster_routes", "Endpoints that each node serves.", endpoints)
                .gauge("relay_cluster_links_up", "Whether a link to the other node is up.", links)
                .gauge(
                        "relay_cluster_link_round_trip_seconds",
                        "Most recent round-trip time of the link to the other node.",
                        roundTrips)
                .counter(
                        "relay_cluster_visitors_forwarded",
                        "Visitors passed to the other node (out), and taken from it (in).",
                        visitors);
    }
}
