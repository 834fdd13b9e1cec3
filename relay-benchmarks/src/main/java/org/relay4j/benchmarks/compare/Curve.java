package org.relay4j.benchmarks.compare;

import java.util.ArrayList;
import java.util.List;

/**
 * The metrics of tests that differ in one number, which is in their names: {@code vis1}, {@code vis10} and so on.
 *
 * @param prefix of the names of these tests
 * @param number what the number is
 * @param metrics of each test
 */
record Curve(String prefix, String number, List<Metric> metrics) {
    private static final double MEGA = 1e6;

    static final List<Curve> ALL = List.of(
            new Curve("fresh", "idle visitors", memory("rss_held_mb")),
            new Curve("vis", "visitors, 1 KiB messages", traffic()),
            new Curve("size", "bytes of a message, 16 visitors", traffic()),
            new Curve("tun", "tunnels, 2,000 visitors, 1 B messages", echoes()));

    private static List<Metric> traffic() {
        List<Metric> metrics = new ArrayList<>(echoes());
        metrics.add(1, new Metric("", "MB/s each way", 1, r -> r.number("per_s") * r.number("size") / MEGA));
        return metrics;
    }

    private static List<Metric> echoes() {
        List<Metric> metrics = new ArrayList<>();
        metrics.add(new Metric("", "round trips per s", 0, r -> r.number("per_s")));
        metrics.add(Metric.cpuPerOperation("", "round trip"));
        metrics.addAll(memory("rss_mb"));
        return metrics;
    }

    private static List<Metric> memory(String field) {
        return List.of(
                new Metric("", "RSS of the server, MiB", 0, r -> r.number(field + ".server")),
                new Metric("", "RSS of the forwarder, MiB", 0, r -> r.number(field + ".forwarder")));
    }

    /** Returns the numbers of the tests that have results, from small to large. */
    List<Integer> numbers(Results results) {
        return results.tests().stream()
                .filter(test -> test.matches(prefix + "[0-9]+"))
                .map(test -> Integer.valueOf(test.substring(prefix.length())))
                .sorted()
                .toList();
    }

    /** Returns the metrics of one of the tests. */
    List<Metric> at(int number) {
        return metrics.stream().map(metric -> metric.of(prefix + number)).toList();
    }
}
