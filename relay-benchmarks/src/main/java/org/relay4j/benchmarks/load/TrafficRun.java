package org.relay4j.benchmarks.load;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The modes bulk, pingpong and mixed: steady traffic that is measured during an interval in the middle. */
final class TrafficRun {
    private static final double NANOS = 1e9;

    private final String mode;
    private final double warm;
    private final double counted;
    private final String label;
    private final Processes processes;
    private final List<Traffic> traffic = new ArrayList<>();
    private final CountDownLatch broken = new CountDownLatch(1);

    TrafficRun(String mode, Arguments arguments) throws IOException {
        this.mode = mode;
        warm = arguments.number("warm", Load.WARM_SECONDS);
        counted = arguments.number("secs", Load.COUNTED_SECONDS);
        label = arguments.text("label", "");
        processes = new Processes(arguments.text("pids", ""));
        int connections = arguments.integer("conns", 1);
        Opening opening = Opening.of(arguments);
        if (!mode.equals("pingpong")) {
            int bulk = mode.equals("mixed") ? arguments.integer("bulk", 1) : connections;
            traffic.add(new BulkTraffic(arguments, opening, bulk, broken));
        }
        if (!mode.equals("bulk")) {
            traffic.add(new PingTraffic(arguments, opening, connections, broken));
        }
        arguments.rejectUnused();
    }

    /** Runs, prints the result, and returns the number of errors. */
    int run(PrintStream out) throws IOException, InterruptedException {
        traffic.forEach(Thread::start);
        pass(warm);
        long start = System.nanoTime();
        Map<String, Double> cpuBefore = processes.cpuSeconds();
        traffic.forEach(each -> each.counting = true);
        pass(counted);
        Map<String, Double> cpuAfter = processes.cpuSeconds();
        double seconds = (System.nanoTime() - start) / NANOS;
        Map<String, Double> resident = processes.residentMib();
        for (Traffic each : traffic) {
            each.finish();
        }
        Json json = new Json().put("mode", mode).put("label", label).put("secs", seconds);
        traffic.forEach(each -> each.report(json, seconds));
        int errors = reportErrors(json);
        if (!processes.isEmpty()) {
            json.put("cpu_s", Processes.difference(cpuAfter, cpuBefore)).put("rss_mb", resident);
        }
        out.println(json);
        return errors;
    }

    private int reportErrors(Json json) {
        Errors all = new Errors();
        traffic.forEach(each -> all.add(each.errors()));
        all.report(json);
        return all.count();
    }

    /** Waits, unless some traffic has ended early. */
    private void pass(double seconds) throws InterruptedException {
        if (broken.await((long) (seconds * NANOS), TimeUnit.NANOSECONDS)) {
            System.err.println("traffic broke off");
        }
    }
}
