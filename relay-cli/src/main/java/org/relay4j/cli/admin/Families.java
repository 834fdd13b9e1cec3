package org.relay4j.cli.admin;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.Unit;
import java.util.ArrayList;
import java.util.List;

/** Metric families with their values at one instant. Not safe for use by several threads. */
final class Families {
    private final List<MetricSnapshot> all = new ArrayList<>();

    /** A value with its labels. */
    record Sample(Labels labels, double value) {
        static Sample of(double value) {
            return new Sample(Labels.EMPTY, value);
        }

        static Sample of(String label, String of, long value) {
            return of(Labels.of(label, of), value);
        }

        /** Exact up to 2^53. */
        static Sample of(Labels labels, long value) {
            return new Sample(labels, (double) value);
        }
    }

    /** Adds a total that never decreases. Its name gets the suffix {@code _total}. */
    Families counter(String name, String help, List<Sample> samples) {
        CounterSnapshot.Builder family = describe(CounterSnapshot.builder(), name, help);
        for (Sample sample : samples) {
            family.dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                    .labels(sample.labels)
                    .value(sample.value)
                    .build());
        }
        all.add(family.build());
        return this;
    }

    Families counter(String name, String help, long value) {
        return counter(name, help, List.of(Sample.of(Labels.EMPTY, value)));
    }

    /** Adds the bytes received from visitors and sent to them. */
    Families bytes(String name, String help, long in, long out) {
        return counter(name, help, List.of(Sample.of("direction", "in", in), Sample.of("direction", "out", out)));
    }

    Families gauge(String name, String help, List<Sample> samples) {
        GaugeSnapshot.Builder family = describe(GaugeSnapshot.builder(), name, help);
        for (Sample sample : samples) {
            family.dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder()
                    .labels(sample.labels)
                    .value(sample.value)
                    .build());
        }
        all.add(family.build());
        return this;
    }

    Families gauge(String name, String help, double value) {
        return gauge(name, help, List.of(Sample.of(value)));
    }

    /** Adds a fact. Its name gets the suffix {@code _info}. */
    Families info(String name, String help, Labels labels) {
        all.add(InfoSnapshot.builder()
                .name(name)
                .help(help)
                .dataPoint(InfoSnapshot.InfoDataPointSnapshot.builder()
                        .labels(labels)
                        .build())
                .build());
        return this;
    }

    /** Sets name, help text, and the unit that the name ends with. */
    private static <B extends MetricSnapshot.Builder<B>> B describe(B family, String name, String help) {
        if (name.endsWith("_bytes")) family.unit(Unit.BYTES);
        else if (name.endsWith("_seconds")) family.unit(Unit.SECONDS);
        return family.name(name).help(help);
    }

    List<MetricSnapshot> all() {
        return all;
    }
}
