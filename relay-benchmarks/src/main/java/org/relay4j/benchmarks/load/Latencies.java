package org.relay4j.benchmarks.load;

import java.util.Arrays;

/** The durations of single operations. All are kept, so the quantiles are exact. */
final class Latencies {
    private static final double NANOS_PER_MICRO = 1000;

    private long[] nanos = new long[1 << 16];
    private int count;

    void add(long duration) {
        if (count == nanos.length) {
            nanos = Arrays.copyOf(nanos, 2 * count);
        }
        nanos[count++] = duration;
    }

    int count() {
        return count;
    }

    void report(Json json) {
        Arrays.sort(nanos, 0, count);
        json.put("p50_us", micros(0.5))
                .put("p90_us", micros(0.9))
                .put("p99_us", micros(0.99))
                .put("p999_us", micros(0.999))
                .put("max_us", micros(1));
    }

    private double micros(double quantile) {
        if (count == 0) {
            return -1;
        }
        return nanos[Math.min(count - 1, (int) (quantile * count))] / NANOS_PER_MICRO;
    }
}
