package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Lets a cluster fail in all ways, and prints how long its visitors notice it, as rows of the Markdown table in docs/cluster.md. No test
 * runs it, because times depend on the machine; the command is in that document. What does not depend on it is asserted.
 */
@Timeout(3_600)
class ClusterFaultFigures {
    private static final int RUNS = Integer.getInteger("relay.figures.runs", 3);
    private static final String FAILURES =
            System.getProperty("relay.figures.failures", ".*"); // names of ClusterFailure
    private static final int ROUNDS = 3;
    private static final int RATE = 200; // visitors a second

    private static final Path LOGS = FailureRun.LOGS.resolve("ROLLING_RESTART");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource
    void failure(ClusterFailure failure) throws Exception {
        if (!failure.name().matches(FAILURES)) return;
        List<FailureRun> runs = new ArrayList<>();
        try (FaultyCluster cluster = new FaultyCluster(folder)) {
            for (int n = 0; n < RUNS; n++) runs.add(new FailureRun(cluster, failure));
        }
        for (int connections = 1; connections <= 2; connections++) print(failure, connections, runs);
        for (FailureRun run : runs) {
            if (!failure.isOfStore()) continue;
            assertEquals(List.of(), run.elsewhere().failures(), run.logs()::toString);
            assertTrue(run.wereReady(), run.logs()::toString);
            if (failure == ClusterFailure.STORE_LOST) assertEquals(0, run.newTunnels(), run.logs()::toString);
        }
    }

    private static void print(ClusterFailure failure, int connections, List<FailureRun> runs) {
        List<Double> gaps = new ArrayList<>();
        List<Double> waits = new ArrayList<>();
        List<Double> recoveries = new ArrayList<>();
        int lost = 0;
        int lostAtNode = 0;
        for (FailureRun run : runs) {
            gaps.add(run.gap(connections));
            waits.add(run.elsewhere(connections).longestWait());
            recoveries.add(run.recovery(connections));
            lost += run.elsewhere(connections).failures().size();
            lostAtNode += run.during().failures().size();
        }
        System.out.printf(
                Locale.ROOT,
                "| %s | %d | %s | %s | %d | %s | %d |%n",
                failure.title,
                connections,
                seconds(gaps),
                seconds(waits),
                lost,
                failure.isOfStore() ? "" : seconds(recoveries),
                lostAtNode);
    }

    /** Returns median and maximum. */
    private static String seconds(List<Double> millis) {
        Collections.sort(millis);
        return String.format(
                Locale.ROOT,
                "%.2f, %.2f s",
                millis.get(millis.size() / 2) / 1_000,
                millis.get(millis.size() - 1) / 1_000);
    }

    /** All nodes, one after the other, three times. No visitor is cut, however long it stays within the grace period. */
    @Test
    void rollingRestart() throws Exception {
        if (!"ROLLING_RESTART".matches(FAILURES)) return;
        List<Visit> log = List.of();
        List<?> stolen;
        try (FaultyCluster cluster = new FaultyCluster(folder)) {
            cluster.awaitSteady(); // nodes that have just been started have no links yet
            try (Visitors visitors = new Visitors(cluster, RATE, true);
                    Contender contender = new Contender(cluster)) {
                try {
                    restartAll(cluster, visitors);
                    log = visitors.finish();
                } finally {
                    cluster.write(LOGS, log);
                }
                stolen = contender.stolen();
            }
            VisitJudge judge = new VisitJudge(log, cluster.names());
            System.out.printf(
                    Locale.ROOT,
                    "rolling restart: %d visitors, %d not served, longest wait %.2f s%n",
                    judge.count(),
                    judge.failures().size(),
                    judge.longestWait() / 1_000);
            assertEquals(List.of(), judge.violations(), LOGS::toString);
            assertEquals(List.of(), judge.failures(), LOGS::toString);
            assertEquals(List.of(), stolen, LOGS::toString);
            assertTrue(judge.count() > 1_000, () -> judge.count() + " visitors");
        }
    }

    private static void restartAll(FaultyCluster cluster, Visitors visitors) throws InterruptedException {
        for (int round = 0; round < ROUNDS; round++) {
            for (int node = 1; node <= FaultyCluster.NODES; node++) {
                visitors.avoid(node); // as a load balancer does, within the drain delay
                cluster.node(node).terminate();
                cluster.startNode(node);
                cluster.awaitSteady();
                visitors.avoid(0);
                FailureRun.pass(Duration.ofSeconds(1));
            }
        }
    }
}
