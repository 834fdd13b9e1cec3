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
}
