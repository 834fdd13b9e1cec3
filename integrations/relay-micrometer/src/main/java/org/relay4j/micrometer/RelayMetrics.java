package org.relay4j.micrometer;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelStatistics;

/**
 * The meters of a tunnel. They read {@link Tunnel#statistics} when a registry polls them; the tunnel counts nothing extra for
 * them.
 *
 * <table>
 * <caption>Meters</caption>
 * <tr><th>name</th><th>type</th><th>unit</th><th>meaning</th></tr>
 * <tr><td>relay.client.tunnel.up</td><td>gauge</td><td></td><td>1 while the tunnel is up, otherwise 0</td></tr>
 * <tr><td>relay.client.visitors</td><td>counter</td><td></td><td>visitors accepted</td></tr>
 * <tr><td>relay.client.visitors.open</td><td>gauge</td><td></td><td>visitors connected now</td></tr>
 * <tr><td>relay.client.bytes</td><td>counter</td><td>bytes</td><td>received from visitors (tag direction=in) and sent to them (out)</td></tr>
 * <tr><td>relay.client.reconnects</td><td>counter</td><td></td><td>reconnects</td></tr>
 * <tr><td>relay.client.round.trip</td><td>gauge</td><td>time</td><td>the latest round trip to the server; NaN before the first measurement</td></tr>
 * <tr><td>relay.client.events.dropped</td><td>counter</td><td></td><td>events dropped because the listener was too slow</td></tr>
 * </table>
 *
 * <p>The metrics of the admin address of the {@code relay} command have the same names.
 *
 * <p>A registry refers to the tunnel weakly, so the tunnel can be garbage-collected, but it keeps the meters. A program that opens
 * many tunnels over time should call {@link #close} when one ends. Otherwise a new tunnel with the same tags is not shown,
 * because the registry keeps the first meter of each name.
 *
 * <p>Safe for use by several threads. No method blocks.
 */
public final class RelayMetrics implements MeterBinder, AutoCloseable {
    private final Meters<Tunnel> meters;

    /** Creates the meters of a tunnel, without tags. */
    public RelayMetrics(Tunnel tunnel) {
        this(tunnel, Tags.empty());
    }

    /**
     * Creates the meters of a tunnel.
     *
     * @param tags added to each meter; they must differ between tunnels in the same registry
     */
    public RelayMetrics(Tunnel tunnel, Iterable<Tag> tags) {
        meters = new Meters<>(Objects.requireNonNull(tunnel, "tunnel"), tags);
    }

    /** Registers the meters. Does nothing after {@link #close}. */
    @Override
    public void bindTo(MeterRegistry registry) {
        meters.bindTo(registry, this::addAll);
    }

    /** Removes the meters from all registries. Does not close the tunnel. */
    @Override
    public void close() {
        meters.close();
    }

    /** The table in docs/metrics.md has the descriptions too. */
    private void addAll(Meters<Tunnel>.Adder to) {
        to.gauge(
                "relay.client.tunnel.up",
                "1 while the tunnel to the relay server is up, otherwise 0.",
                of -> of.isOpen() ? 1 : 0);
        to.counter("relay.client.visitors", "Visitors accepted.", read(TunnelStatistics::visitors));
        to.gauge("relay.client.visitors.open", "Visitors connected.", read(TunnelStatistics::openVisitors));
        String bytes = "Bytes received from visitors (in) and sent to them (out).";
        to.bytes("relay.client.bytes", bytes, "in", read(TunnelStatistics::bytesIn));
        to.bytes("relay.client.bytes", bytes, "out", read(TunnelStatistics::bytesOut));
        to.counter(
                "relay.client.reconnects",
                "Times that the tunnel was re-established.",
                read(TunnelStatistics::reconnects));
        to.nanoseconds(
                "relay.client.round.trip",
                "Latest round trip to the relay server; NaN before the first measurement.",
                read(RelayMetrics::roundTrip));
        to.counter(
                "relay.client.events.dropped",
                "Events dropped because the listener of the tunnel was too slow.",
                read(TunnelStatistics::droppedEvents));
    }

    /** Reads from the tunnel that the registry passes in. A captured tunnel could never be garbage-collected. */
    private static ToDoubleFunction<Tunnel> read(ToDoubleFunction<TunnelStatistics> value) {
        return of -> value.applyAsDouble(of.statistics());
    }

    private static double roundTrip(TunnelStatistics statistics) {
        Duration last = statistics.roundTrip();
        return last == null ? Double.NaN : last.toNanos();
    }
}
