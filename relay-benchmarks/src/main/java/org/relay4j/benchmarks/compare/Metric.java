package org.relay4j.benchmarks.compare;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/** One metric of a test: a row of the tables. */
record Metric(String test, String title, int decimals, ToDoubleFunction<ResultLine> value) {
    private static final double MB_PER_GB = 1e3;
    private static final double MICROS = 1e6;

    private static final List<Metric> TCP = List.of(
            rate("up1", "bulk up, 1 connection"),
            cpuPerGb("up1"),
            rate("dn1", "bulk down, 1"),
            cpuPerGb("dn1"),
            rate("up8", "bulk up, 8"),
            cpuPerGb("up8"),
            slowest("up8", "slowest of 8"),
            rate("dn8", "bulk down, 8"),
            cpuPerGb("dn8"),
            slowest("dn8", "slowest of 8"),
            rate("up64", "bulk up, 64"),
            cpuPerGb("up64"),
            slowest("up64", "slowest of 64"),
            rate("dn64", "bulk down, 64"),
            cpuPerGb("dn64"),
            slowest("dn64", "slowest of 64"),
            rate("dn8s1", "bulk down, 8, beside one that does not read"),
            cpuPerGb("dn8s1"),
            rate("dn8s1000", "bulk down, 8, beside 1,000 that do not read"),
            cpuPerGb("dn8s1000"),
            slowest("dn8s1000", "slowest of 8"),
            new Metric("dn8s1000", "RSS of the server, MiB", 0, r -> r.number("rss_mb.server")),
            new Metric("dn8s1000", "RSS of the forwarder, MiB", 0, r -> r.number("rss_mb.forwarder")),
            new Metric("pp1", "ping-pong 1 B, p50 us", 1, r -> r.number("p50_us")),
            new Metric("pp1", "p99 us", 0, r -> r.number("p99_us")),
            cpuPerOperation("pp1", "round trip"),
            new Metric("pp64", "ping-pong, 64 connections, per s", 0, r -> r.number("per_s")),
            cpuPerOperation("pp64", "round trip"),
            new Metric("conn", "connect, echo, close, per s", 0, r -> r.number("per_s")),
            cpuPerOperation("conn", "connection"),
            new Metric("mixup", "echo beside bulk up, p50 us", 0, r -> r.number("p50_us")),
            new Metric("mixup", "p99 us", 0, r -> r.number("p99_us")),
            rate("mixup", "at"),
            cpuPerGb("mixup"),
            new Metric("mixdn", "echo beside bulk down, p50 us", 0, r -> r.number("p50_us")),
            new Metric("mixdn", "p99 us", 0, r -> r.number("p99_us")),
            rate("mixdn", "at"),
            cpuPerGb("mixdn"),
            new Metric("mixboth", "echo beside bulk both ways, p50 us", 0, r -> r.number("p50_us")),
            new Metric("mixboth", "p99 us", 0, r -> r.number("p99_us")),
            rate("mixboth", "at"),
            cpuPerGb("mixboth"),
            new Metric("idle10k", "idle visitors, RSS of the server, MiB", 0, r -> r.number("rss_held_mb.server")),
            new Metric("idle10k", "RSS of the forwarder, MiB", 0, r -> r.number("rss_held_mb.forwarder")),
            new Metric("idle10k", "threads of the server", 0, r -> r.number("threads.server")),
            new Metric("idle10k", "threads of the forwarder", 0, r -> r.number("threads.forwarder")),
            new Metric(
                    "idle10k",
                    "CPU s of both while held",
                    2,
                    r -> r.number("idle_cpu_s.server", "idle_cpu_s.forwarder")),
            new Metric("start", "start of the server, ms", 1, r -> r.number("server_ms")),
            new Metric(
                    "start",
                    "start of the forwarder to the first visitor served, ms",
                    1,
                    r -> r.number("forwarder_ms")),
            new Metric("start", "RSS of the server then, MiB", 1, r -> r.number("rss_mb.server")),
            new Metric("start", "RSS of the forwarder then, MiB", 1, r -> r.number("rss_mb.forwarder")));

    static final List<Metric> ALL = Stream.of(
                    TCP,
                    udpEcho("udp1-64", "64 B, 1 outstanding"),
                    udpEcho("udp1-1200", "1,200 B, 1 outstanding"),
                    udpEcho("udp64-64", "64 B, 64 outstanding"),
                    udpEcho("udp64-1200", "1,200 B, 64 outstanding"),
                    program("nginx", "nginx, 1 KiB, 64 connections kept alive"),
                    program("nginxclose", "nginx, 1 KiB, 64 at once, a connection each"),
                    program("redis", "redis-benchmark GET, 64 connections"),
                    udpUp("udpup-64", "64 B"),
                    udpUp("udpup-1200", "1,200 B"))
            .flatMap(List::stream)
            .toList();

    /** Returns the same metric of another test. */
    Metric of(String other) {
        return new Metric(other, title, decimals, value);
    }

    String format(double number) {
        return Double.isNaN(number) ? "" : String.format(Locale.ROOT, "%." + decimals + "f", number);
    }

    private static Metric rate(String test, String title) {
        return new Metric(test, title + ", MB/s", 0, r -> r.number("MBps"));
    }

    private static Metric slowest(String test, String title) {
        return new Metric(test, title + ", share of the mean", 2, r -> r.number("min_share"));
    }

    private static List<Metric> udpEcho(String test, String title) {
        return List.of(
                new Metric(test, "UDP echo, " + title + ", p50 us", 1, r -> r.number("p50_us")),
                new Metric(test, "p99 us", 0, r -> r.number("p99_us")),
                new Metric(test, "round trips per s", 0, r -> r.number("per_s")),
                cpuPerOperation(test, "round trip"),
                lost(test));
    }

    private static List<Metric> program(String test, String title) {
        return List.of(
                new Metric(test, title + ", requests per s", 0, r -> r.number("per_s")),
                new Metric(test, "p50 us", 0, r -> r.number("p50_us")),
                new Metric(test, "p99 us", 0, r -> r.number("p99_us")),
                cpuPerOperation(test, "request"));
    }

    private static List<Metric> udpUp(String test, String title) {
        return List.of(
                new Metric(test, "UDP up, " + title + ", datagrams per s", 0, r -> r.number("per_s")),
                cpuPerOperation(test, "datagram"),
                lost(test));
    }

    private static Metric lost(String test) {
        return new Metric(test, "lost", 0, r -> r.number("lost"));
    }

    private static Metric cpuPerGb(String test) {
        return new Metric(test, "CPU s per GB", 2, r -> cpu(r) / (r.number("MBps") * r.number("secs") / MB_PER_GB));
    }

    static Metric cpuPerOperation(String test, String operation) {
        return new Metric(test, "CPU us per " + operation, 1, r -> cpu(r) * MICROS / r.number("samples"));
    }

    /** Returns the CPU seconds of the processes of a relay: two, and the entry of a cluster; NaN without a relay. */
    private static double cpu(ResultLine result) {
        double entry = result.number("cpu_s.entry");
        return result.number("cpu_s.server", "cpu_s.forwarder") + (Double.isNaN(entry) ? 0 : entry);
    }
}
