package org.relay4j.micrometer;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.BaseUnits;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/** The meters of one object in all registries. Safe for use by several threads. */
final class Meters<T> {
    private final T source;
    private final Tags tags;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Registered> meters = new ArrayList<>(); // guarded by lock
    private boolean closed; // guarded by lock

    private record Registered(MeterRegistry registry, Meter meter) {}

    Meters(T source, Iterable<Tag> tags) {
        this.source = source;
        this.tags = Tags.of(tags);
    }

    /** Has meters registered, unless they were removed. */
    void bindTo(MeterRegistry registry, Consumer<Adder> all) {
        lock.lock();
        try {
            if (!closed) all.accept(new Adder(registry));
        } finally {
            lock.unlock();
        }
    }

    /** Removes the meters from all registries. */
    void close() {
        lock.lock();
        try {
            closed = true;
            for (Registered each : meters) each.registry().remove(each.meter());
            meters.clear();
        } finally {
            lock.unlock();
        }
    }

    /** Adds meters to a registry. Their values are read from the object that the registry passes in: it refers to it weakly. */
    final class Adder {
        private final MeterRegistry registry;

        private Adder(MeterRegistry registry) {
            this.registry = registry;
        }

        void gauge(String name, String description, Tags more, ToDoubleFunction<T> value) {
            add(Gauge.builder(name, source, value)
                    .description(description)
                    .tags(tags.and(more))
                    .register(registry));
        }

        void gauge(String name, String description, ToDoubleFunction<T> value) {
            gauge(name, description, Tags.empty(), value);
        }

        void nanoseconds(String name, String description, ToDoubleFunction<T> value) {
            add(TimeGauge.builder(name, source, TimeUnit.NANOSECONDS, value)
                    .description(description)
                    .tags(tags)
                    .register(registry));
        }

        void counter(String name, String description, Tags more, ToDoubleFunction<T> value) {
            counter(FunctionCounter.builder(name, source, value), description, more);
        }

        void counter(String name, String description, ToDoubleFunction<T> value) {
            counter(name, description, Tags.empty(), value);
        }

        void bytes(String name, String description, String direction, ToDoubleFunction<T> value) {
            FunctionCounter.Builder<T> counter =
                    FunctionCounter.builder(name, source, value).baseUnit(BaseUnits.BYTES);
            counter(counter, description, Tags.of("direction", direction));
        }

        private void counter(FunctionCounter.Builder<T> counter, String description, Tags more) {
            add(counter.description(description).tags(tags.and(more)).register(registry));
        }

        private void add(Meter meter) {
            meters.add(new Registered(registry, meter));
        }
    }
}
