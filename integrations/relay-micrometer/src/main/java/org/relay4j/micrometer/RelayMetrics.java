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
 * The meters of a tunnel, which read {@link Tunnel#statistics} when a registry asks them: nothing is measured for them beside
 * what the tunnel counts anyway.
 *
 * <table>
 * <caption>Meters</caption>
 * <tr><th>name</th><th>type</th><th>unit</th><th>meaning</th></tr>
 * <tr><td>relay.tunnel.up</td><td>gauge</td><td></td><td>1 while the tunnel stands, else 0</td></tr>
 * <tr><td>relay.visitors</td><td>counter</td><td></td><td>visitors that were accepted</td></tr>
 * <tr><td>relay.visitors.open</td><td>gauge</td><td></td><td>visitors that are connected</td></tr>
 * <tr><td>relay.bytes</td><td>counter</td><td>bytes</td><td>that came from visitors (tag direction=in) and were sent to them (out)</td></tr>
 * <tr><td>relay.reconnects</td><td>counter</td><td></td><td>how often the tunnel was re-established</td></tr>
 * <tr><td>relay.round.trip</td><td>gauge</td><td>time</td><td>the last to the server; not a number before it is known</td></tr>
 * <tr><td>relay.events.dropped</td><td>counter</td><td></td><td>events that were dropped because the listener was too slow</td></tr>
 * </table>
 *
 * <p>A registry does not keep the tunnel from being collected. It does keep the meters: {@link #close} takes them out, which
 * a program should do that opens tunnels ever anew, since meters of the same name and tags would go on showing the first.
 * Safe for use by several threads; nothing here blocks.
 */
public final class RelayMetrics implements MeterBinder, AutoCloseable {
    private final Tunnel tunnel;
    private final Iterable<Tag> tags;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Registered> meters = new ArrayList<>(); // guarded by lock
    private boolean closed; // guarded by lock

    private record Registered(MeterRegistry registry, Meter meter) {}

    /** The meters of a tunnel, without tags of their own. */
    public RelayMetrics(Tunnel tunnel) {
        this(tunnel, Tags.empty());
    }

    /**
     * The meters of a tunnel.
     *
     * @param tags told with each of them; they must differ for tunnels that are shown in one registry
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

    /** Takes the meters out of the registries again. The tunnel is left as it is. */
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
                .description("1 while the tunnel to the relay server stands, else 0");
        Gauge.Builder<Tunnel> open = Gauge.builder("relay.visitors.open", tunnel, read(TunnelStatistics::openVisitors))
                .description("Visitors that are connected");
        TimeGauge.Builder<Tunnel> roundTrip = TimeGauge.builder(
                        "relay.round.trip", tunnel, TimeUnit.NANOSECONDS, read(RelayMetrics::roundTrip))
                .description("The last round trip to the relay server");
        add(registry, up.tags(tags).register(registry));
        add(registry, counter("relay.visitors", TunnelStatistics::visitors, "Visitors that were accepted", registry));
        add(registry, open.tags(tags).register(registry));
        add(registry, bytes("in", TunnelStatistics::bytesIn, registry));
        add(registry, bytes("out", TunnelStatistics::bytesOut, registry));
        add(registry, counter("relay.reconnects", TunnelStatistics::reconnects, "Tunnels re-established", registry));
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
                .description("Bytes that have come from visitors, and that were sent to them")
                .tags(tags)
                .tag("direction", direction)
                .register(registry);
    }

    /** By way of the tunnel that the registry hands in: one that was captured could never be collected. */
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
