package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Comparator;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Visitors of a cluster at a steady rate, each at a random node and port. The log says what they saw. */
final class Visitors implements AutoCloseable {
    /** A node holds a visitor for 30 s at most. Unit: ms. */
    static final int PATIENCE = 40_000;

    private static final int LONGEST_STAY = 5_000; // ms

    private final FaultyCluster cluster;
    private final boolean stay;
    private final Random random = new Random(1);
    private final ScheduledExecutorService pace = Executors.newSingleThreadScheduledExecutor();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Queue<Visit> log = new ConcurrentLinkedQueue<>();
    private final AtomicInteger running = new AtomicInteger();
    private final long since = System.nanoTime();
    private volatile int avoided; // node; 0: none

    /**
     * Starts.
     *
     * @param rate visitors a second
     * @param stay whether each fifth one stays for 1 to 5 seconds
     */
    Visitors(FaultyCluster cluster, int rate, boolean stay) {
        this.cluster = cluster;
        this.stay = stay;
        Future<?> unused = pace.scheduleAtFixedRate(this::next, 0, 1_000_000 / rate, TimeUnit.MICROSECONDS);
    }

    /** Returns the present time, as in the log. */
    long now() {
        return System.nanoTime() - since;
    }

    /** Sends no more visitors to a node, as a load balancer that knows of its end; 0: to all nodes. */
    void avoid(int node) {
        avoided = node;
    }

    private void next() {
        int chosen = 1 + random.nextInt(FaultyCluster.NODES);
        int node = chosen == avoided ? chosen % FaultyCluster.NODES + 1 : chosen;
        int port =
                cluster.tunnels().get(random.nextInt(cluster.tunnels().size())).port();
        int time = stay && random.nextInt(5) == 0 ? 1_000 + random.nextInt(LONGEST_STAY - 1_000) : 0;
        running.incrementAndGet();
        threads.execute(() -> visit(node, port, time));
    }

    private void visit(int node, int port, int time) {
        long begun = now();
        String answer = "";
        String failure = null;
        try {
            answer = StayService.visit(new InetSocketAddress(cluster.address(node), port), time, PATIENCE);
        } catch (IOException e) {
            failure = e.toString();
        }
        log.add(new Visit(begun, now(), node, port, time, answer, failure));
        running.decrementAndGet();
    }

    /** Waits for the visitors that are there. Returns what all of them saw, in the order of their beginning. */
    List<Visit> finish() throws InterruptedException {
        pace.shutdown();
        assertTrue(pace.awaitTermination(20, TimeUnit.SECONDS));
        threads.shutdown();
        assertTrue(
                threads.awaitTermination(2L * PATIENCE + LONGEST_STAY, TimeUnit.MILLISECONDS),
                () -> running + " visitors are still there");
        return log.stream().sorted(Comparator.comparingLong(Visit::begun)).toList();
    }

    @Override
    public void close() {
        pace.shutdownNow();
        threads.shutdownNow();
    }
}
