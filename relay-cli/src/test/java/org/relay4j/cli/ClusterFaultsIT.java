package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three nodes and three members of etcd on hosts of their own, with visitors all the time: the failures that are most likely. {@link
 * ClusterFaultFigures} has all of them, and says how long each takes.
 */
@Tag("peers")
class ClusterFaultsIT {
    /** For a machine under load; {@link ClusterFaultFigures} measures. Unit: ms. */
    private static final int SOON = 5_000;

    @TempDir
    private Path folder;

    @Test
    void noVisitorThatComesAfterAKillIsLost() throws Exception {
        try (FaultyCluster cluster = new FaultyCluster(folder)) {
            FailureRun run = new FailureRun(cluster, ClusterFailure.NODE_KILLED);
            for (int connections = 1; connections <= 2; connections++) {
                assertTrue(run.elsewhere(connections).count() > 50, "visitors");
                assertTrue(run.gap(connections) < SOON, run.logs()::toString);
            }
            assertEquals(List.of(), run.elsewhere().failures(), run.logs()::toString);
        }
    }

    @Test
    void noVisitorNoticesTheDeathOfTheLeaderOfTheStore() throws Exception {
        try (FaultyCluster cluster = new FaultyCluster(folder)) {
            FailureRun run = new FailureRun(cluster, ClusterFailure.LEADER_KILLED);
            assertTrue(run.elsewhere().count() > 500, "visitors");
            assertEquals(List.of(), run.elsewhere().failures(), run.logs()::toString);
            assertTrue(run.elsewhere().longestWait() < SOON, run.logs()::toString);
        }
    }
}
