package org.relay4j.benchmarks.cluster;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.relay4j.benchmarks.load.Arguments;
import org.relay4j.benchmarks.load.Program;

/**
 * Measures a cluster of relay servers as real processes on the loopback addresses of a Linux machine: their start, tunnels that come and
 * go at several rates, visitors of any tunnel at any node, the time until all nodes serve a new tunnel, and the death of a node. All
 * clients and visitors are in this process.
 *
 * <p>The store is an etcd of one member, or a {@link StandInRegistry}: the latter shows what the relay servers can do if the store
 * is no limit.
 */
public final class ClusterLoad {
    private static final int OVERLOADED = 3; // exit code
    private static final int LATE = 4; // exit code
    private static final String USAGE = """
            usage: ClusterLoad [--option value ...]
              --store etcd|standin   the registry: an etcd of one member, or one in the memory of a process (etcd)
              --nodes N              relay servers, at 127.0.1.1 and up (3)
              --tunnels N            tunnels that are opened before the load (100)
              --filling N            how many of them at once (8)
              --rates A,B,...        a step for each: tunnels that come in a second; as many go (0,10)
              --kill                 kill a node after the first step, and start it again
              --visitors N           visitors in a second, of tunnels and nodes at random (50)
              --samples N            further tunnels in a second, each of which is visited at all nodes (1)
              --warm S, --secs S     seconds of load of a step before the counted ones, and those (5, 20)
              --rest S               seconds without load, after the first tunnels (3)
              --limit S              seconds after which the run is ended, whatever it does (900)
              --heap SIZE            -Xmx of a node (128m)
              --jvm OPTION           a further option of a node's JVM, without its hyphen: XX:TieredStopAtLevel=1
              --relay PATH           relay.jar (relay-cli/target/relay.jar)
              --control PORT         control port of the nodes; the next three are used, too (7000)
              --ports MIN-MAX        public ports (10000-31999)
              --out FOLDER           gets results.jsonl, table.md and warnings.txt
            exit code: 0, 1 failure, 2 usage, 3 the machine does not carry the first step, 4 the limit is over""";

    private ClusterLoad() {}

    public static void main(String[] words) throws InterruptedException {
        Program.run(USAGE, () -> {
            Plan plan = new Plan(new Arguments(words, 0));
            endAfter(plan.limit);
            List<Result> results = run(plan, System.out);
            System.out.println("\n" + Table.of(results));
            return exitCode(results);
        });
    }

    /** Ends this process, whose shutdown hook ends all others. */
    private static void endAfter(int seconds) {
        Thread thread = new Thread(() -> {
            try {
                TimeUnit.SECONDS.sleep(seconds);
            } catch (InterruptedException e) {
                return; // nobody does that
            }
            System.err.println("the limit of " + seconds + " s is over");
            System.exit(LATE);
        });
        thread.setDaemon(true);
        thread.start();
    }

    private static int exitCode(List<Result> results) {
        if (results.stream().anyMatch(result -> result.number("foreign") > 0)) return 1;
        boolean carried = results.stream()
                .anyMatch(result -> result.get("rate") != null && Boolean.TRUE.equals(result.get("carried")));
        return carried ? 0 : OVERLOADED;
    }

    /** Makes a run, which ends with the first part that the machine does not carry. */
    static List<Result> run(Plan plan, PrintStream out) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("relay-cluster-");
        Report report = new Report(out, plan.out);
        try (Cluster cluster = new Cluster(plan, folder);
                Service service = new Service()) {
            Runtime.getRuntime().addShutdownHook(new Thread(cluster::kill)); // for a run that is interrupted
            cluster.startStore();
            try (Fleet fleet = new Fleet(cluster, plan.nodes, service);
                    Run run = new Run(plan, cluster, fleet, new Visitors(plan.nodes))) {
                parts(plan, run, report);
                cluster.kill(); // first: tunnels then end at once
            } finally {
                report.warnings(cluster.warnings());
            }
        } finally {
            delete(folder);
        }
        return report.results();
    }

    private static void parts(Plan plan, Run run, Report report) throws IOException, InterruptedException {
        report.add(run.start());
        if (!report.add(run.fill()) || !report.add(run.link()) || !report.add(run.idle())) return;
        boolean first = true;
        for (int rate : plan.rates) {
            if (!run.hasTime(plan.warm + plan.seconds) || !report.add(run.step(rate))) return;
            if (first && plan.kill && !(report.add(run.kill()) && report.add(run.restart()))) return;
            first = false;
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
        }
    }
}
