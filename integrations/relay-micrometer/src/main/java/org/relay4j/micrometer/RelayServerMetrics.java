package org.relay4j.micrometer;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.Locale;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.relay4j.server.DatagramDrop;
import org.relay4j.server.OpenTunnel;
import org.relay4j.server.Refusal;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerStatistics;

/**
 * The meters of a relay server. They read {@link RelayServer#statistics} and {@link RelayServer#openTunnels} when a registry
 * polls them; the server counts nothing extra for them.
 *
 * <table>
 * <caption>Meters</caption>
 * <tr><th>name</th><th>type</th><th>unit</th><th>meaning</th></tr>
 * <tr><td>relay.server.tunnels</td><td>counter</td><td></td><td>tunnels established</td></tr>
 * <tr><td>relay.server.tunnels.open</td><td>gauge</td><td></td><td>established tunnels (tag state=served, held or closing)</td></tr>
 * <tr><td>relay.server.tunnels.limit</td><td>gauge</td><td></td><td>maximum number of tunnels</td></tr>
 * <tr><td>relay.server.connections.open</td><td>gauge</td><td></td><td>connections to the clients of established tunnels</td></tr>
 * <tr><td>relay.server.clients.pending</td><td>gauge</td><td></td><td>connected clients that have not answered yet</td></tr>
 * <tr><td>relay.server.visitors</td><td>counter</td><td></td><td>visitors accepted</td></tr>
 * <tr><td>relay.server.visitors.open</td><td>gauge</td><td></td><td>visitors connected</td></tr>
 * <tr><td>relay.server.visitors.limit</td><td>gauge</td><td></td><td>maximum number of connected visitors</td></tr>
 * <tr><td>relay.server.bytes</td><td>counter</td><td>bytes</td><td>received from visitors (tag direction=in) and sent to them (out)</td></tr>
 * <tr><td>relay.server.refusals</td><td>counter</td><td></td><td>clients and visitors refused (tag reason, a {@link Refusal} in lower case)</td></tr>
 * <tr><td>relay.server.udp.visitors</td><td>counter</td><td></td><td>visitors of UDP ports: addresses, with a port</td></tr>
 * <tr><td>relay.server.udp.visitors.open</td><td>gauge</td><td></td><td>present visitors of UDP ports</td></tr>
 * <tr><td>relay.server.datagrams</td><td>counter</td><td></td><td>datagrams received from visitors (tag direction=in) and sent to them (out)</td></tr>
 * <tr><td>relay.server.datagrams.dropped</td><td>counter</td><td></td><td>datagrams dropped (tag reason, a {@link DatagramDrop} in lower case)</td></tr>
 * <tr><td>relay.server.events.dropped</td><td>counter</td><td></td><td>events dropped because the listener was too slow</td></tr>
 * </table>
 *
 * <p>The metrics of the admin address of the {@code relay} command have the same names. Those of single clients are not among
 * the meters, because meters cannot come and go with a poll; see {@link RelayServer#clients}.
 *
 * <p>A registry refers to the server weakly, so the server can be garbage-collected, but it keeps the meters until {@link #close}.
 *
 * <p>Safe for use by several threads. No method blocks.
 */
public final class RelayServerMetrics implements MeterBinder, AutoCloseable {
    private final Meters<RelayServer> meters;

    /** Creates the meters of a server, without tags. */
    public RelayServerMetrics(RelayServer server) {
        this(server, Tags.empty());
    }

    /**
     * Creates the meters of a server.
     *
     * @param tags added to each meter; they must differ between servers in the same registry
     */
    public RelayServerMetrics(RelayServer server, Iterable<Tag> tags) {
        meters = new Meters<>(Objects.requireNonNull(server, "server"), tags);
    }

    /** Registers the meters. Does nothing after {@link #close}. */
    @Override
    public void bindTo(MeterRegistry registry) {
        meters.bindTo(registry, this::addAll);
    }

    /** Removes the meters from all registries. Does not close the server. */
    @Override
    public void close() {
        meters.close();
    }

    /** The table in docs/metrics.md has the descriptions too. */
    private void addAll(Meters<RelayServer>.Adder to) {
        addTunnels(to);
        to.counter("relay.server.visitors", "Visitors accepted.", read(RelayServerStatistics::visitors));
        to.gauge("relay.server.visitors.open", "Visitors connected.", read(RelayServerStatistics::openVisitors));
        to.gauge(
                "relay.server.visitors.limit",
                "Maximum number of connected visitors.",
                of -> of.options().maxVisitors());
        String bytes = "Bytes received from visitors (in) and sent to them (out).";
        to.bytes("relay.server.bytes", bytes, "in", read(RelayServerStatistics::bytesIn));
        to.bytes("relay.server.bytes", bytes, "out", read(RelayServerStatistics::bytesOut));
        for (Refusal reason : Refusal.values()) {
            to.counter(
                    "relay.server.refusals",
                    "Clients and visitors refused, by reason.",
                    Tags.of("reason", lower(reason)),
                    read(now -> now.refusals().getOrDefault(reason, 0L).doubleValue()));
        }
        addUdpPorts(to);
        to.counter(
                "relay.server.events.dropped",
                "Events dropped because the listener of the server was too slow.",
                read(RelayServerStatistics::droppedEvents));
    }

    private static void addUdpPorts(Meters<RelayServer>.Adder to) {
        to.counter(
                "relay.server.udp.visitors",
                "Visitors of UDP ports: addresses, with a port.",
                of -> of.datagrams().visitors());
        to.gauge(
                "relay.server.udp.visitors.open",
                "Present visitors of UDP ports.",
                of -> of.datagrams().openVisitors());
        String datagrams = "Datagrams received from visitors (in) and sent to them (out).";
        to.counter(
                "relay.server.datagrams",
                datagrams,
                Tags.of("direction", "in"),
                of -> of.datagrams().in());
        to.counter(
                "relay.server.datagrams",
                datagrams,
                Tags.of("direction", "out"),
                of -> of.datagrams().out());
        for (DatagramDrop reason : DatagramDrop.values()) {
            to.counter(
                    "relay.server.datagrams.dropped",
                    "Datagrams dropped, by reason.",
                    Tags.of("reason", lower(reason)),
                    of -> of.datagrams().dropped().getOrDefault(reason, 0L).doubleValue());
        }
    }

    private static void addTunnels(Meters<RelayServer>.Adder to) {
        to.counter("relay.server.tunnels", "Tunnels established.", read(RelayServerStatistics::tunnels));
        for (OpenTunnel.State state : OpenTunnel.State.values()) {
            to.gauge(
                    "relay.server.tunnels.open",
                    "Established tunnels, by state.",
                    Tags.of("state", lower(state)),
                    of -> of.openTunnels().stream()
                            .filter(tunnel -> tunnel.state() == state)
                            .count());
        }
        to.gauge(
                "relay.server.tunnels.limit",
                "Maximum number of tunnels.",
                of -> of.options().maxTunnels());
        to.gauge(
                "relay.server.connections.open",
                "Connections to the clients of established tunnels.",
                of -> of.openTunnels().stream()
                        .mapToInt(OpenTunnel::connections)
                        .sum());
        to.gauge(
                "relay.server.clients.pending",
                "Connected clients that have not answered yet.",
                read(RelayServerStatistics::pendingClients));
    }

    /** Reads from the server that the registry passes in. A captured server could never be garbage-collected. */
    private static ToDoubleFunction<RelayServer> read(ToDoubleFunction<RelayServerStatistics> value) {
        return of -> value.applyAsDouble(of.statistics());
    }

    private static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
