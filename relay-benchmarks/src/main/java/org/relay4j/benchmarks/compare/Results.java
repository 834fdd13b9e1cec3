package org.relay4j.benchmarks.compare;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** All result lines of a comparison, by variant, test and round. */
final class Results {
    private final Map<String, ResultLine> byLabel = new LinkedHashMap<>();
    private final Set<String> variants = new LinkedHashSet<>();
    private final Set<String> tests = new LinkedHashSet<>();
    private final Set<String> rounds = new LinkedHashSet<>();

    Results(List<String> lines) {
        for (String line : lines) {
            ResultLine.parse(line).ifPresent(this::add);
        }
    }

    private void add(ResultLine result) {
        byLabel.put(key(result.variant(), result.test(), result.round()), result);
        variants.add(result.variant());
        tests.add(result.test());
        rounds.add(result.round());
    }

    Set<String> variants() {
        return variants;
    }

    Set<String> tests() {
        return tests;
    }

    int rounds() {
        return rounds.size();
    }

    /** Returns a metric of a variant for each round that has it. */
    Sample of(Metric metric, String variant) {
        List<Double> values = new ArrayList<>();
        for (String round : rounds) {
            values.add(value(metric, variant, round));
        }
        return new Sample(values);
    }

    /** Returns the ratio of a metric of two variants for each round that has both. */
    Sample ratio(Metric metric, String variant, String other) {
        List<Double> values = new ArrayList<>();
        for (String round : rounds) {
            values.add(value(metric, variant, round) / value(metric, other, round));
        }
        return new Sample(values);
    }

    /** Returns the labels of the runs that had errors. */
    List<String> failed() {
        List<String> labels = new ArrayList<>();
        byLabel.forEach((label, result) -> {
            if (result.number("errors") != 0) {
                labels.add(label);
            }
        });
        return labels;
    }

    private double value(Metric metric, String variant, String round) {
        ResultLine result = byLabel.get(key(variant, metric.test(), round));
        return result == null ? Double.NaN : metric.value().applyAsDouble(result);
    }

    private static String key(String variant, String test, String round) {
        return variant + "/" + test + "/" + round;
    }
}
