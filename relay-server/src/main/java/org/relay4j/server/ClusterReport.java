package org.relay4j.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.ClusterStatus;
import org.relay4j.server.cluster.NodeInfo;
import org.relay4j.server.cluster.RegistryState;
import org.relay4j.server.cluster.Route;
import org.relay4j.server.peer.PeerLinkStatus;
import org.relay4j.yamux.io.Sockets;

/** Shows what a node knows of its cluster. */
final class ClusterReport {
    private final Cluster cluster;
    private final ClusterStatus status;
    private final Map<String, Long> sent;
    private final Map<String, Long> received;
    private final Map<String, PeerLinkStatus> links = new HashMap<>(); // that are up, by node

    ClusterReport(Cluster cluster) {
        this.cluster = cluster;
        status = cluster.node().status();
        sent = cluster.counts().sent();
        received = cluster.counts().received();
        for (PeerLinkStatus link : cluster.links().statuses()) if (link.up()) links.put(link.node(), link);
    }

    ClusterView view(String name) {
        List<ClusterView.Node> nodes = new ArrayList<>();
        nodes.add(node(status.self()));
        for (NodeInfo each : status.nodes()) nodes.add(node(each));
        nodes.sort(Comparator.comparing(ClusterView.Node::name));
        return new ClusterView(
                name,
                status.self().name(),
                status.state() == RegistryState.CONNECTED,
                Duration.ofNanos(status.watchLag()),
                nodes,
                counts());
    }

    private ClusterView.Node node(NodeInfo info) {
        String name = info.name();
        @Nullable PeerLinkStatus link = links.get(name);
        return new ClusterView.Node(
                name,
                Sockets.text(
                        info.peerAddress().getHostString(), info.peerAddress().getPort()),
                info.version(),
                info.draining(),
                status.routes().getOrDefault(name, 0),
                link != null,
                Duration.ofNanos(link == null ? 0 : link.roundTrip()),
                sent.getOrDefault(name, 0L),
                received.getOrDefault(name, 0L));
    }

    /** Returns the endpoints of all tunnels that are served, by name. Blocks for a second at most. */
    static List<ClusterView.Served> endpoints(Cluster cluster) {
        List<ClusterView.Served> served = new ArrayList<>();
        everyRoute(cluster).forEach((endpoint, routes) -> {
            if (routes.isEmpty()) return;
            List<String> nodes = routes.stream().map(Route::node).sorted().toList();
            served.add(new ClusterView.Served(endpoint, routes.get(0).tunnel(), nodes));
        });
        served.sort(Comparator.comparing(each -> each.endpoint().toString()));
        return served;
    }

    private static Map<Endpoint, List<Route>> everyRoute(Cluster cluster) {
        try {
            return cluster.node().everyRoute().toCompletableFuture().get(1, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            return Map.of(); // the node has ended, or is very busy
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Map.of();
        }
    }

    private ClusterView.Counts counts() {
        ClusterCounts own = cluster.counts();
        ClusterStatus.Work work = status.work();
        ClusterStatus.Gaps gaps = status.gaps();
        return new ClusterView.Counts(
                work.tunnels(),
                work.endpoints(),
                work.unsettled(),
                work.lost().values().stream().mapToLong(Long::longValue).sum(),
                own.claimsRefused(),
                cluster.routed().size(),
                cluster.routed().unbound(),
                own.waiting(),
                own.passing(),
                own.retries(),
                own.expired(),
                gaps.count(),
                Duration.ofNanos(gaps.total()),
                Duration.ofNanos(gaps.longest()));
    }
}
