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
 * <tr><td>relay.events.untold</td><td>counter</td><td></td><td>events that a listener was too slow to be told</td></tr>
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
        add(
                registry,
                Gauge.builder("relay.tunnel.up", tunnel, of -> of.isOpen() ? 1 : 0)
                        .description("1 while the tunnel to the relay server stands, else 0")
                        .tags(tags)
                        .register(registry));
        counter(
                registry,
                "relay.visitors",
                "visitors",
                "Visitors that were accepted",
                of -> of.statistics().visitors());
        add(
                registry,
                Gauge.builder(
                                "relay.visitors.open",
                                tunnel,
                                of -> of.statistics().openVisitors())
                        .description("Visitors that are connected")
                        .tags(tags)
                        .register(registry));
        bytes(registry, "in", of -> of.statistics().bytesIn());
        bytes(registry, "out", of -> of.statistics().bytesOut());
        counter(
                registry,
                "relay.reconnects",
                null,
                "How often the tunnel was re-established",
                of -> of.statistics().reconnects());
        add(
                registry,
                TimeGauge.builder("relay.round.trip", tunnel, TimeUnit.NANOSECONDS, RelayMetrics::roundTrip)
                        .description("The last round trip to the relay server")
                        .tags(tags)
                        .register(registry));
        counter(
                registry,
                "relay.events.untold",
                "Events that a tunnel listener was too slow to be told",
                of -> of.statistics().untold());
    }

    private static double roundTrip(Tunnel of) {
        Duration last = of.statistics().roundTrip();
        return last == null ? Double.NaN : last.toNanos();
    }

    private void bytes(MeterRegistry registry, String direction, ToDoubleFunction<Tunnel> value) {
        add(
                registry,
                FunctionCounter.builder("relay.bytes", tunnel, value)
                        .baseUnit(BaseUnits.BYTES)
                        .description("Bytes that have come from visitors, and that were sent to them")
                        .tags(tags)
                        .tag("direction", direction)
                        .register(registry));
    }

    private void counter(MeterRegistry registry, String name, String description, ToDoubleFunction<Tunnel> value) {
        add(
                registry,
                FunctionCounter.builder(name, tunnel, value)
                        .description(description)
                        .tags(tags)
                        .register(registry));
    }

    private void add(MeterRegistry registry, Meter meter) {
        meters.add(new Registered(registry, meter));
    }
}
