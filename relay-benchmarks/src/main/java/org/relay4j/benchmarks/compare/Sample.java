package org.relay4j.benchmarks.compare;

import java.util.List;

/** The finite values of a sample, sorted. */
final class Sample {
    private final double[] sorted;

    Sample(List<Double> values) {
        sorted = values.stream()
                .mapToDouble(Double::doubleValue)
                .filter(Double::isFinite)
                .sorted()
                .toArray();
    }

    boolean isEmpty() {
        return sorted.length == 0;
    }

    double median() {
        int middle = sorted.length / 2;
        if (isEmpty()) {
            return Double.NaN;
        }
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    double min() {
        return isEmpty() ? Double.NaN : sorted[0];
    }

    double max() {
        return isEmpty() ? Double.NaN : sorted[sorted.length - 1];
    }
}
