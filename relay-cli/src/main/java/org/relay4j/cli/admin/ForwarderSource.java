package org.relay4j.cli.admin;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.cli.json.JsonLine;
import org.relay4j.yamux.io.LoopGroup;
import org.relay4j.yamux.io.Sockets;

/** A forwarder, as the admin address shows it. */
final class ForwarderSource implements AdminSource {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(1); // for the loops

    private final Instant since = Instant.now();
    private final Tunnel tunnel;
    private final @Nullable String name;
    private final InetSocketAddress local;

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
        return Identity.start("forwarder", draining, since)
                .with("server", text(tunnel.serverAddress()))
                .with("local", text(local))
                .with("tunnels", List.of(shown()))
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
    }

    private JsonLine shown() {
        TunnelStatistics now = tunnel.statistics();
        InetSocketAddress address = tunnel.publicAddress();
        JsonLine endpoint = new JsonLine()
                .with("kind", "tcp")
                .with("host", address.getHostString())
                .with("port", address.getPort());
        Duration roundTrip = now.roundTrip();
        return new JsonLine()
                .with("id", tunnel.id())
                .with("name", name)
                .with("state", tunnel.isOpen() ? "up" : "down")
                .with("endpoints", List.of(endpoint))
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
