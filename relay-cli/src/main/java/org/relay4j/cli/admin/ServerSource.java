package org.relay4j.cli.admin;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.cli.json.JsonLine;
import org.relay4j.server.ClusterView;
import org.relay4j.server.OpenEndpoint;
import org.relay4j.server.OpenTunnel;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerStatistics;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.UnixSockets;

/** A relay server, as the admin address shows it. */
final class ServerSource implements AdminSource {
    /** Maximum number of tunnels in one response. */
    static final int MOST_TUNNELS = 1_000;

    private static final Duration PATIENCE = Duration.ofSeconds(1); // for the loops

    private final Instant since = Instant.now();
    private final RelayServer server;

    ServerSource(RelayServer server) {
        this.server = server;
    }

    @Override
    public boolean isAlive() throws InterruptedException {
        return server.isResponsive(PATIENCE);
    }

    @Override
    public String tunnels(boolean draining) {
        List<OpenTunnel> open = server.openTunnels();
        Path socket = server.options().controlSocket();
        return Identity.start("server", draining, since)
                .with("address", socket == null ? Sockets.text(server.address()) : UnixSockets.PREFIX + socket)
                .with("totals", totals(open))
                .with(
                        "limits",
                        new JsonLine()
                                .with("tunnels", server.options().maxTunnels())
                                .with("visitors", server.options().maxVisitors()))
                .with("refusals", refusals())
                .with("clients", clients())
                .with("tunnels", tunnels(open))
                .with("truncated", open.size() > MOST_TUNNELS)
                .toString();
    }

    @Override
    public @Nullable String cluster() {
        ClusterView view = server.clusterView();
        return view == null
                ? null
                : ClusterJson.of(view, server.clusterEndpoints()).toString();
    }

    @Override
    public void collect(Families into) {
        ServerMetrics.collect(server, into);
        ClusterView view = server.clusterView();
        if (view != null) ClusterMetrics.collect(view, into);
    }

    private JsonLine totals(List<OpenTunnel> open) {
        RelayServerStatistics now = server.statistics();
        int held = 0;
        int closing = 0; // they do not count towards the limit
        int connections = 0;
        for (OpenTunnel tunnel : open) {
            if (tunnel.state() == OpenTunnel.State.HELD) held++;
            if (tunnel.state() == OpenTunnel.State.CLOSING) closing++;
            connections += tunnel.connections();
        }
        return new JsonLine()
                .with("tunnels", now.tunnels())
                .with("openTunnels", Math.max(0, now.openTunnels() - closing))
                .with("heldTunnels", held)
                .with("closingTunnels", closing)
                .with("connections", connections)
                .with("pendingClients", now.pendingClients())
                .with("visitors", now.visitors())
                .with("openVisitors", now.openVisitors())
                .with("bytesIn", now.bytesIn())
                .with("bytesOut", now.bytesOut())
                .with("droppedEvents", now.droppedEvents());
    }

    private JsonLine refusals() {
        JsonLine counts = new JsonLine();
        server.statistics().refusals().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(each -> counts.with(lower(each.getKey()), each.getValue()));
        return counts;
    }

    /** The library keeps at most 1,000 names. */
    private List<JsonLine> clients() {
        return server.clients().stream()
                .map(each -> new JsonLine()
                        .with("name", each.name())
                        .with("tunnels", each.tunnels())
                        .with("openTunnels", each.openTunnels())
                        .with("visitors", each.visitors())
                        .with("openVisitors", each.openVisitors())
                        .with("bytesIn", each.bytesIn())
                        .with("bytesOut", each.bytesOut()))
                .toList();
    }

    private static List<JsonLine> tunnels(List<OpenTunnel> open) {
        List<JsonLine> lines = new ArrayList<>();
        for (OpenTunnel each : open.subList(0, Math.min(open.size(), MOST_TUNNELS))) {
            lines.add(new JsonLine()
                    .with("number", each.tunnel().number())
                    .with("id", each.id())
                    .with("name", each.name())
                    .with("state", lower(each.state()))
                    .with(
                            "endpoints",
                            each.endpoints().stream()
                                    .map(ServerSource::endpoint)
                                    .toList())
                    .with("client", Sockets.text(each.tunnel().client()))
                    .with("since", Identity.time(each.since()))
                    .with("connections", each.connections())
                    .with("openVisitors", each.openVisitors())
                    .with("visitors", each.visitors())
                    .with("bytesIn", each.bytesIn())
                    .with("bytesOut", each.bytesOut()));
        }
        return lines;
    }

    private static JsonLine endpoint(OpenEndpoint open) {
        Endpoint endpoint = open.endpoint();
        JsonLine line = new JsonLine().with("endpoint", endpoint.toString()).with("kind", lower(endpoint.kind()));
        if (endpoint.kind() == Endpoint.Kind.HOST) line.with("host", endpoint.name());
        else line.with("port", endpoint.number());
        return line.with("openVisitors", open.openVisitors());
    }

    /** Returns the name of a constant in JSON and in the labels of metrics. */
    static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
