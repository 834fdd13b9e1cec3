package org.relay4j.micrometer;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
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
 * <tr><td>relay.tunnel.up</td><td>gauge</td><td></td><td>1 while the tunnel is up, otherwise 0</td></tr>
 * <tr><td>relay.visitors</td><td>counter</td><td></td><td>visitors accepted</td></tr>
 * <tr><td>relay.visitors.open</td><td>gauge</td><td></td><td>visitors connected now</td></tr>
 * <tr><td>relay.bytes</td><td>counter</td><td>bytes</td><td>received from visitors (tag direction=in) and sent to them (out)</td></tr>
 * <tr><td>relay.reconnects</td><td>counter</td><td></td><td>reconnects</td></tr>
 * <tr><td>relay.round.trip</td><td>gauge</td><td>time</td><td>the latest round trip to the server; NaN before the first measurement</td></tr>
 * <tr><td>relay.events.dropped</td><td>counter</td><td></td><td>events dropped because the listener was too slow</td></tr>
 * </table>
 *
 * <p>A registry refers to the tunnel weakly, so the tunnel can be garbage-collected, but it keeps the meters. A program that opens
 * many tunnels over time should call {@link #close} when one ends. Otherwise a new tunnel with the same tags is not shown,
 * because the registry keeps the first meter of each name.
 *
 * <p>Safe for use by several threads. No method blocks.
 */
public final class RelayMetrics implements MeterBinder, AutoCloseable {
    private final Tunnel tunnel;
    private final Iterable<Tag> tags;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Registered> meters = new ArrayList<>(); // guarded by lock
    private boolean closed; // guarded by lock

    private record Registered(MeterRegistry registry, Meter meter) {}

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
        this.tunnel = Objects.requireNonNull(tunnel, "tunnel");
        this.tags = Tags.of(tags);
    }

    /** Registers the meters. Does nothing after {@link #close}. */
    @Override
    public void bindTo(MeterRegistry registry) {
        lock.lock();
        try {
            if (!closed) register(registry);
        } finally {
            lock.unlock();
        }
    }

    /** Removes the meters from all registries. Does not close the tunnel. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            for (Registered each : meters) each.registry().remove(each.meter());
            meters.clear();
        } finally {
            lock.unlock();
        }
    }

    private void register(MeterRegistry registry) {
        Gauge.Builder<Tunnel> up = Gauge.builder("relay.tunnel.up", tunnel, of -> of.isOpen() ? 1 : 0)
                .description("1 while the tunnel to the relay server is up, otherwise 0");
        Gauge.Builder<Tunnel> open = Gauge.builder("relay.visitors.open", tunnel, read(TunnelStatistics::openVisitors))
                .description("Visitors connected now");
        TimeGauge.Builder<Tunnel> roundTrip = TimeGauge.builder(
                        "relay.round.trip", tunnel, TimeUnit.NANOSECONDS, read(RelayMetrics::roundTrip))
                .description("Latest round trip to the relay server");
        add(registry, up.tags(tags).register(registry));
        add(registry, counter("relay.visitors", TunnelStatistics::visitors, "Visitors accepted", registry));
        add(registry, open.tags(tags).register(registry));
        add(registry, bytes("in", TunnelStatistics::bytesIn, registry));
        add(registry, bytes("out", TunnelStatistics::bytesOut, registry));
        add(registry, counter("relay.reconnects", TunnelStatistics::reconnects, "Reconnects", registry));
        add(registry, roundTrip.tags(tags).register(registry));
        add(
                registry,
                counter(
                        "relay.events.dropped",
                        TunnelStatistics::droppedEvents,
                        "Events dropped because the listener was too slow",
                        registry));
    }

    private Meter counter(
            String name, ToDoubleFunction<TunnelStatistics> value, String description, MeterRegistry registry) {
        return FunctionCounter.builder(name, tunnel, read(value))
                .description(description)
                .tags(tags)
                .register(registry);
    }

    private Meter bytes(String direction, ToDoubleFunction<TunnelStatistics> value, MeterRegistry registry) {
        return FunctionCounter.builder("relay.bytes", tunnel, read(value))
                .baseUnit(BaseUnits.BYTES)
                .description("Bytes received from visitors and sent to them")
                .tags(tags)
                .tag("direction", direction)
                .register(registry);
    }

    /** Reads from the tunnel that the registry passes in. A captured tunnel could never be garbage-collected. */
    private static ToDoubleFunction<Tunnel> read(ToDoubleFunction<TunnelStatistics> value) {
        return of -> value.applyAsDouble(of.statistics());
    }

    private static double roundTrip(TunnelStatistics statistics) {
        Duration last = statistics.roundTrip();
        return last == null ? Double.NaN : last.toNanos();
    }

    private void add(MeterRegistry registry, Meter meter) {
        meters.add(new Registered(registry, meter));
    }
}
