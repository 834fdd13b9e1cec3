package org.relay4j.benchmarks.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class SummaryTest {
    private final Summary summary = new Summary(new Results(List.of(
            up1("go", 0, 300, 1.0),
            up1("relay", 0, 600, 0.5),
            up1("relay", 1, 900, 0.5),
            up1("go", 1, 300, 1.0),
            up1("relay", 2, 300, 0.5),
            "{\"mode\":\"idle\",\"label\":\"go/idle10k/0\",\"errors\":1,\"error\":\"a } and a \\\" in it\","
                    + "\"rss_held_mb\":{\"server\":269.000,\"forwarder\":277.000},\"threads\":{\"server\":11.000}}",
            "not a result",
            "{\"label\":\"\"}")));

    private static String up1(String variant, int round, double rate, double cpu) {
        return String.format(
                "{\"mode\":\"bulk\",\"label\":\"%s/up1/%d\",\"secs\":2.000,\"MBps\":%f,\"errors\":0,"
                        + "\"cpu_s\":{\"server\":%f,\"forwarder\":%f},\"rss_mb\":{\"server\":50.000}}",
                variant, round, rate, cpu, cpu);
    }

    @Test
    void headingIsWhatTheFileSaysOfItself() {
        List<String> lines = List.of("#     compare/run --rounds 3", "#", "# 2 processors", up1("go", 0, 300, 1.0));
        assertEquals("    compare/run --rounds 3\n\n2 processors\n", Summary.heading(lines));
        assertEquals("", new Summary(new Results(lines.subList(0, 3))).ratios(List.of("relay/go")));
    }

    @Test
    void mediansOfEachVariant() {
        assertEquals("""

                | median of 3 rounds | go | relay |
                |---|---:|---:|
                | bulk up, 1 connection, MB/s | 300 | 600 |
                | CPU s per GB | 3.33 | 0.83 |
                | idle visitors, RSS of the server, MiB | 269 |  |
                | RSS of the forwarder, MiB | 277 |  |
                | threads of the server | 11 |  |
                """, summary.medians());
    }

    @Test
    void relayIsComparedWithAllOthersUnlessPairsAreNamed() {
        assertEquals(List.of("relay/go"), summary.pairs(List.of("#     compare/run --rounds 3")));
        List<String> named = List.of("#     compare/run --pairs relay-tls/ssh,relay/go --rounds 3");
        assertEquals(List.of("relay-tls/ssh", "relay/go"), summary.pairs(named));
    }

    @Test
    void ratiosOnlyWithinARound() {
        assertEquals("""

                | ratio per round, median [min-max] | relay / go |
                |---|---:|
                | up1: bulk up, 1 connection, MB/s | 2.50 [2.00-3.00] |
                | up1: CPU s per GB | 0.21 [0.17-0.25] |
                """, summary.ratios(List.of("relay/go", "relay/splice2")));
        assertEquals("", summary.ratios(List.of("relay/splice2")));
    }

    @Test
    void runsWithErrorsAreNamed() {
        assertTrue(summary.failures().contains("go/idle10k/0"));
    }

    private static String echoes(String variant, String test, int round, int perSecond) {
        return String.format(
                "{\"mode\":\"pingpong\",\"label\":\"%s/%s/%d\",\"secs\":2.000,\"size\":1024,\"samples\":%d,\"per_s\":%d,\"errors\":0,"
                        + "\"cpu_s\":{\"server\":1.0,\"forwarder\":0.5},\"rss_mb\":{\"server\":50.2,\"forwarder\":60.0}}",
                variant, test, round, 2 * perSecond, perSecond);
    }

    @Test
    void curvesHaveARowForEachNumberFromSmallToLarge() {
        Results results = new Results(List.of(
                echoes("relay", "vis1000", 0, 50_000),
                echoes("relay", "vis1000", 1, 70_000),
                echoes("relay", "vis20", 0, 40_000),
                echoes("go", "vis20", 0, 20_000)));
        assertEquals("""

                | visitors, 1 KiB messages | variant | round trips per s | MB/s each way | CPU us per round trip | RSS of the server, MiB | RSS of the forwarder, MiB |
                |---|---:|---:|---:|---:|---:|---:|
                | 20 | relay | 40000 | 41.0 | 18.8 | 50 | 60 |
                | 20 | go | 20000 | 20.5 | 37.5 | 50 | 60 |
                | 1,000 | relay | 60000 | 61.4 | 12.9 | 50 | 60 |
                """, new Summary(results).curves());
        assertEquals("", new Summary(results).medians());
        assertEquals("", new Summary(results).ratios(List.of("relay/go")));
        assertEquals("", summary.curves());
    }

    @Test
    void startsAreMeasuredInMilliseconds() {
        Results results = new Results(List.of(
                "{\"mode\":\"start\",\"label\":\"relay/start/0\",\"server_ms\":312.5,\"forwarder_ms\":410.0,\"errors\":0,"
                        + "\"rss_mb\":{\"server\":40.0,\"forwarder\":44.0}}"));
        assertEquals("""

                | median of 1 rounds | relay |
                |---|---:|
                | start of the server, ms | 312.5 |
                | start of the forwarder to the first visitor served, ms | 410.0 |
                | RSS of the server then, MiB | 40.0 |
                | RSS of the forwarder then, MiB | 44.0 |
                """, new Summary(results).medians());
    }

    @Test
    void csvHasALineForEachMetricAndVariant() {
        Results results = new Results(
                List.of(up1("go", 0, 300, 1.0), up1("go", 1, 400, 1.0), echoes("relay", "tun10", 0, 40_000)));
        assertEquals("""
                test,metric,variant,median,min,max
                up1,"bulk up, 1 connection, MB/s",go,350.0000,300.0000,400.0000
                up1,CPU s per GB,go,2.9167,2.5000,3.3333
                tun10,round trips per s,relay,40000.0000,40000.0000,40000.0000
                tun10,CPU us per round trip,relay,18.7500,18.7500,18.7500
                tun10,"RSS of the server, MiB",relay,50.2000,50.2000,50.2000
                tun10,"RSS of the forwarder, MiB",relay,60.0000,60.0000,60.0000
                """, new Csv(results).lines());
    }
}
