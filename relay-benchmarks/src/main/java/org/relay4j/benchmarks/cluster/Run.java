package org.relay4j.benchmarks.cluster;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The parts of a run. Each of them returns its figures, and whether the machine has {@code carried} it: as much as was asked for, with
 * one failure in a hundred at most. For one thread.
 */
final class Run implements AutoCloseable {
    private static final int LINKING = 4; // links between nodes that are made at once: each costs a TLS handshake
    private static final int MOST_WAITING = 512; // visitors that wait for the tunnels of a killed node
    private static final long END_SECONDS = 90; // each operation ends by itself before
    private static final long SETTLED = TimeUnit.SECONDS.toNanos(5); // a tunnel is visited, and may go, from then on
    private static final double CARRIED = 0.9; // of the rate
    private static final double FAILED = 0.01; // of the operations, and of the tunnels, that may fail
    private static final double SECOND = 1e9;

    private final Plan plan;
    private final Cluster cluster;
    private final Fleet fleet;
    private final Visitors visitors;
    private final Pace pace = new Pace();
    private final long begin = System.nanoTime();

    Run(Plan plan, Cluster cluster, Fleet fleet, Visitors visitors) {
        this.plan = plan;
        this.cluster = cluster;
        this.fleet = fleet;
        this.visitors = visitors;
    }

    private Phase phase(String name) throws IOException {
        return new Phase(name, cluster, fleet, visitors);
    }

    /** Returns whether so many more seconds are within the limit of the run. */
    boolean hasTime(long seconds) {
        return System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(plan.limit - seconds);
    }

    /** Starts the nodes. */
    Result start() throws IOException, InterruptedException {
        long before = System.nanoTime();
        cluster.startNodes();
        Result result = new Result("start").put("secs", (System.nanoTime() - before) / SECOND);
        Shares.of(cluster.processes().cpuSeconds()).forEach((name, value) -> result.put("cpu_s_" + name, value));
        Shares.of(cluster.processes().residentMib()).forEach((name, value) -> result.put("rss_mib_" + name, value));
        return result.put("carried", true);
    }

    /** Opens the tunnels that are there from the beginning, a few at once, for at most half of the time. */
    Result fill() throws IOException, InterruptedException {
        Phase phase = phase("fill");
        AtomicInteger opened = new AtomicInteger();
        ExecutorService filling = Executors.newFixedThreadPool(plan.filling);
        for (int n = 0; n < plan.filling; n++) {
            filling.execute(() -> {
                while (hasTime(plan.limit / 2) && opened.getAndIncrement() < plan.tunnels) fleet.join(0);
            });
        }
        await(filling, plan.limit);
        Result result = phase.end().report();
        return result.put("carried", isClean(result) && fleet.size() == plan.tunnels);
    }

    /** Has each node link to each other one: otherwise the first visitors of the load would wait for that. */
    Result link() throws IOException, InterruptedException {
        Phase phase = phase("link");
        visitAtEachNode();
        Result result = phase.end().report();
        return result.put("carried", isClean(result));
    }

    /** Visits a tunnel of each node at each node. */
    private void visitAtEachNode() throws InterruptedException {
        ExecutorService linking = Executors.newFixedThreadPool(LINKING);
        for (Fleet.Member tunnel : fleet.ofEachNode()) {
            for (int n = 1; n <= plan.nodes; n++) {
                int node = n;
                linking.execute(() -> visitors.visit(tunnel, node));
            }
        }
        await(linking, plan.limit);
    }

    /** Puts no load on: what tunnels and links cost while nothing happens. */
    Result idle() throws IOException, InterruptedException {
        Phase phase = phase("idle");
        TimeUnit.SECONDS.sleep(plan.rest);
        Result result = phase.end().report();
        return result.put("carried", isClean(result));
    }

    private static void await(ExecutorService work, long seconds) throws InterruptedException {
        work.shutdown();
        if (!work.awaitTermination(seconds, TimeUnit.SECONDS))
            throw new IllegalStateException("no end after " + seconds + " s");
    }

    /** Has tunnels come and go at a rate, while visitors come to all nodes. */
    Result step(int rate) throws IOException, InterruptedException {
        pace.every(rate, () -> fleet.join(0));
        pace.every(rate, () -> fleet.leave(SETTLED));
        pace.every(plan.visitors, this::visitOne);
        pace.every(rate == 0 ? 0 : plan.samples, this::sampleOne);
        TimeUnit.SECONDS.sleep(plan.warm);
        Phase phase = phase(rate == 0 ? "calm" : "churn " + rate);
        int leftOut = pace.leftOut();
        TimeUnit.SECONDS.sleep(plan.seconds);
        phase.end();
        leftOut = pace.leftOut() - leftOut;
        pace.stop();
        Result result = phase.report().put("rate", rate).put("left_out", leftOut);
        boolean kept = result.number("came_per_s") >= CARRIED * rate && leftOut == 0;
        return result.put("carried", kept && isClean(result));
    }

    /**
     * Kills the last node, and lets a visitor come at once to each of its tunnels, at another node: there it waits until the client is
     * back. The node is not started again.
     */
    Result kill() throws IOException, InterruptedException {
        pace.every(plan.visitors, this::visitOne);
        TimeUnit.SECONDS.sleep(plan.warm);
        Phase phase = phase("kill");
        List<Fleet.Member> its =
                fleet.at(plan.nodes).stream().limit(MOST_WAITING).toList();
        Visitors waiting = new Visitors(plan.nodes);
        Times back = new Times();
        visitors.avoid(plan.nodes);
        waiting.avoid(plan.nodes);
        ExecutorService threads = Executors.newFixedThreadPool(Math.max(1, its.size()));
        long killed = System.nanoTime();
        fleet.returns.begin(killed);
        cluster.kill(plan.nodes);
        for (Fleet.Member each : its) {
            threads.execute(() -> {
                if (waiting.visit(each)) back.add(System.nanoTime() - killed);
            });
        }
        TimeUnit.SECONDS.sleep(plan.seconds);
        await(threads, END_SECONDS);
        phase.end();
        pace.stop();
        fleet.returns.end();
        Result result = phase.report().put("killed_tunnels", its.size()).put("back", back);
        result.put("noticed", fleet.returns.noticed)
                .put("granted", fleet.returns.granted)
                .put("most_at_one_node", Returns.mostAtOne(its.stream().map(Fleet.Member::node)));
        result.put("back_errors", waiting.errors.count())
                .put("foreign", visitors.foreign.get() + waiting.foreign.get());
        if (waiting.errors.count() > 0) result.put("back_errors_first", waiting.errors.first());
        return result.put("carried", back.count() == its.size());
    }

    /** Starts the node that was killed, and then has it link to the others. */
    Result restart() throws IOException, InterruptedException {
        Phase phase = phase("restart");
        cluster.startNode(plan.nodes);
        phase.end();
        visitors.avoid(0);
        visitAtEachNode();
        Result result = phase.report();
        return result.put("carried", isClean(result));
    }

    /** Returns whether at most one operation and one tunnel in a hundred have failed, and no visitor has reached another tunnel. */
    private static boolean isClean(Result result) {
        double failed = result.number("join_errors") + result.number("visit_errors") + result.number("sample_errors");
        double done = result.number("claim_number") + result.number("visit_number") + result.number("all_serve_number");
        return failed <= FAILED * done
                && result.number("lost") <= FAILED * result.number("tunnels")
                && result.number("foreign") == 0;
    }

    private void visitOne() {
        Fleet.Member tunnel = fleet.any(SETTLED);
        if (tunnel == null) return;
        visitors.visit(tunnel);
        Fleet.visited(tunnel);
    }

    private void sampleOne() {
        Fleet.Member tunnel = fleet.join(1);
        if (tunnel == null) return;
        visitors.sample(tunnel);
        Fleet.visited(tunnel);
    }

    @Override
    public void close() {
        pace.close();
    }
}
