package org.relay4j.cli.admin;

import io.prometheus.metrics.model.snapshots.Labels;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.cli.json.JsonLine;
import org.relay4j.yamux.io.LoopGroup;
import org.relay4j.yamux.io.Sockets;

/** A forwarder, as the admin address shows it. */
final class ForwarderSource implements AdminSource {
    private static final int MOST_NAMED = 5; // local services in the title
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(1); // for the loops

    private final Instant since = Instant.now();
    private final Tunnel tunnel;
    private final @Nullable String name;
    private final @Nullable InetSocketAddress local; // null: there are services
    private final Supplier<List<ForwardedService>> services;

    /**
     * Shows a forwarder.
     *
     * @param name the name that it proves; null without one
     * @param local the local service
     */
    ForwarderSource(Tunnel tunnel, @Nullable String name, InetSocketAddress local) {
        this.tunnel = tunnel;
        this.name = name;
        this.local = local;
        services = List::of;
    }

    /**
     * Shows a forwarder with several services.
     *
     * @param name the name that it proves; null without one
     * @param services its present services; called for each request
     */
    ForwarderSource(Tunnel tunnel, @Nullable String name, Supplier<List<ForwardedService>> services) {
        this.tunnel = tunnel;
        this.name = name;
        local = null;
        this.services = services;
    }

    /** The process itself ends when its forwarder has ended, so only the event loops can fail. */
    @Override
    public boolean isAlive() throws InterruptedException {
        try {
            LoopGroup loops = LoopGroup.acquireShared();
            try {
                return loops.awaitAnswers(PATIENCE);
            } finally {
                LoopGroup.releaseShared();
            }
        } catch (IOException e) {
            return false; // they cannot be started
        }
    }

    @Override
    public String tunnels(boolean draining) {
        List<ForwardedService> present = services.get();
        return Identity.start("forwarder", draining, since)
                .with("server", text(tunnel.serverAddress()))
                .with("local", local == null ? locals(present) : text(local))
                .with("tunnels", List.of(shown(present)))
                .with("truncated", false)
                .toString();
    }

    /** The table in docs/metrics.md has the help texts too. */
    @Override
    public void collect(Families into) {
        TunnelStatistics now = tunnel.statistics();
        Duration roundTrip = now.roundTrip();
        into.gauge(
                        "relay_client_tunnel_up",
                        "1 while the tunnel to the relay server is up, otherwise 0.",
                        tunnel.isOpen() ? 1 : 0)
                .counter("relay_client_visitors", "Visitors accepted.", now.visitors())
                .gauge("relay_client_visitors_open", "Visitors connected.", now.openVisitors())
                .bytes(
                        "relay_client_bytes",
                        "Bytes received from visitors (in) and sent to them (out).",
                        now.bytesIn(),
                        now.bytesOut())
                .counter("relay_client_reconnects", "Times that the tunnel was re-established.", now.reconnects())
                .gauge(
                        "relay_client_round_trip_seconds",
                        "Latest round trip to the relay server; NaN before the first measurement.",
                        roundTrip == null ? Double.NaN : roundTrip.toNanos() / 1e9)
                .counter(
                        "relay_client_events_dropped",
                        "Events dropped because the listener of the tunnel was too slow.",
                        now.droppedEvents());
        if (local == null) collect(services.get(), into);
    }

    /** Returns the local services for people. */
    private static String locals(List<ForwardedService> services) {
        String first =
                services.stream().limit(MOST_NAMED).map(ForwardedService::local).collect(Collectors.joining(", "));
        int more = services.size() - MOST_NAMED;
        return more > 0 ? first + " and " + more + " more" : first;
    }

    private static void collect(List<ForwardedService> services, Families into) {
        List<Families.Sample> up = new ArrayList<>();
        List<Families.Sample> visitors = new ArrayList<>();
        List<Families.Sample> open = new ArrayList<>();
        List<Families.Sample> bytes = new ArrayList<>();
        for (ForwardedService service : services) {
            TunnelStatistics now = service.forwarder().statistics();
            Labels labels = Labels.of("service", service.name());
            up.add(Families.Sample.of(labels, service.forwarder().isOpen() ? 1 : 0));
            visitors.add(Families.Sample.of(labels, now.visitors()));
            open.add(Families.Sample.of(labels, now.openVisitors()));
            bytes.add(Families.Sample.of(labels.add("direction", "in"), now.bytesIn()));
            bytes.add(Families.Sample.of(labels.add("direction", "out"), now.bytesOut()));
        }
        into.gauge("relay_client_service_up", "1 while the server has opened the service, otherwise 0.", up)
                .counter("relay_client_service_visitors", "Visitors accepted, by service.", visitors)
                .gauge("relay_client_service_visitors_open", "Visitors connected, by service.", open)
                .counter(
                        "relay_client_service_bytes",
                        "Bytes received from visitors (in) and sent to them (out), by service.",
                        bytes);
    }

    private List<JsonLine> endpoints(List<ForwardedService> present) {
        if (local == null) return present.stream().map(ForwardedService::shown).toList();
        InetSocketAddress address = tunnel.publicAddress();
        return List.of(ForwardedService.shown(Endpoint.port(address.getPort()), address));
    }

    private JsonLine shown(List<ForwardedService> present) {
        TunnelStatistics now = tunnel.statistics();
        Duration roundTrip = now.roundTrip();
        return new JsonLine()
                .with("id", tunnel.id())
                .with("name", name)
                .with("state", tunnel.isOpen() ? "up" : "down")
                .with("endpoints", endpoints(present))
                .with("openVisitors", now.openVisitors())
                .with("visitors", now.visitors())
                .with("bytesIn", now.bytesIn())
                .with("bytesOut", now.bytesOut())
                .with("reconnects", now.reconnects())
                .with("roundTripSeconds", roundTrip == null ? null : Double.valueOf(roundTrip.toNanos() / 1e9))
                .with("droppedEvents", now.droppedEvents());
    }

    private static String text(InetSocketAddress address) {
        return Sockets.text(address.getHostString(), address.getPort());
    }
}
