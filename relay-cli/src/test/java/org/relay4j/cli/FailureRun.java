package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/** One failure under visitors, and what they saw. The node of the failure carries tunnels with one connection and with two. */
final class FailureRun {
    private static final int RATE = 100; // visitors a second
    private static final Duration BEFORE = Duration.ofSeconds(2);
    private static final Duration AFTER = Duration.ofSeconds(4);
    static final Path LOGS = Path.of("target", "cluster-failures");

    private final ClusterFailure failure;
    private final int node;
    private final Map<Integer, Set<Integer>> affected = new HashMap<>(); // ports by number of connections
    private final VisitJudge judge;
    private final long began; // ns, as in the log
    private final long over; // ns, as in the log
    private final boolean ready; // of all nodes at the end of the failure
    private final long granted; // ports that strangers got during the failure
    private final Path logs;

    /** Lets a failure happen; the cluster is steady before and afterwards. */
    FailureRun(FaultyCluster cluster, ClusterFailure failure) throws Exception {
        this.failure = failure;
        cluster.awaitSteady();
        node = cluster.busyNode();
        for (int connections = 1; connections <= 2; connections++) {
            affected.put(
                    connections, failure.isOfStore() ? cluster.ports(connections) : cluster.carried(node, connections));
        }
        try (Visitors visitors = new Visitors(cluster, RATE, false);
                Contender contender = new Contender(cluster)) {
            pass(BEFORE);
            if (!failure.visited) visitors.avoid(node);
            long before = visitors.now();
            failure.begin(cluster, node);
            began = failure.isOfNetwork() ? visitors.now() : before; // the cuts are made one after the other
            long begun = System.nanoTime();
            pass(failure.lasting);
            ready = cluster.areReady();
            long ending = System.nanoTime();
            failure.end(cluster, node);
            over = visitors.now();
            visitors.avoid(0);
            pass(AFTER);
            List<Visit> log = visitors.finish();
            judge = new VisitJudge(log, cluster.names());
            logs = LOGS.resolve(failure.name());
            cluster.write(logs, log);
            assertEquals(List.of(), judge.violations(), logs::toString);
            assertEquals(List.of(), contender.stolen(), logs::toString);
            granted = contender.granted(begun, ending);
            assertTrue(contender.granted(ending, System.nanoTime()) > 0, () -> "no new tunnel afterwards, " + logs);
        }
        cluster.awaitSteady();
    }

    /** Lets time pass, which is part of what is tested. */
    static void pass(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        for (long left; (left = end - System.nanoTime()) > 0; ) LockSupport.parkNanos(left);
    }

    /** Returns whether load balancers sent visitors to all nodes at the end of the failure. */
    boolean wereReady() {
        return ready;
    }

    /** Returns how many new tunnels there were during the failure. */
    long newTunnels() {
        return granted;
    }

    /** Returns the folder with the logs of this run. */
    Path logs() {
        return logs;
    }

    /** Judges the visitors of affected tunnels that came to other nodes after the beginning of the failure. */
    VisitJudge elsewhere(int connections) {
        Set<Integer> ports = affected.getOrDefault(connections, Set.of());
        return judge.only(visit -> visit.begun() >= began
                && ports.contains(visit.port())
                && (failure.isOfStore() || visit.node() != node));
    }

    /** Judges all visitors that came after the beginning of the failure, but for those of its node. */
    VisitJudge elsewhere() {
        return judge.only(visit -> visit.begun() >= began && (failure.isOfStore() || visit.node() != node));
    }

    /** Judges the visitors that came to the node of the failure while it lasted. */
    VisitJudge during() {
        return judge.only(visit -> visit.begun() >= began && visit.begun() < over && visit.node() == node);
    }

    /** Judges the visitors of affected tunnels that came to the node of the failure when it was over. */
    VisitJudge afterwards(int connections) {
        Set<Integer> ports = affected.getOrDefault(connections, Set.of());
        return judge.only(visit -> visit.begun() >= over && ports.contains(visit.port()) && visit.node() == node);
    }

    /** Returns the time until visitors of affected tunnels were served at the other nodes. Unit: ms. */
    double gap(int connections) {
        return elsewhere(connections).gap(began);
    }

    /** Returns the time from the end of the failure until its node served visitors of affected tunnels. Unit: ms. */
    double recovery(int connections) {
        return afterwards(connections).gap(over);
    }
}
