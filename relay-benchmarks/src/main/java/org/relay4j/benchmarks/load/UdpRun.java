package org.relay4j.benchmarks.load;

import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.util.Map;

/** The modes udp-echo and udp-up: datagrams of one visitor of a UDP port. */
final class UdpRun {
    private static final double NANOS = 1e9;
    private static final int WINDOW = 64; // datagrams, for which the default buffers of all kernels have room

    private final String mode;
    private final InetSocketAddress to;
    private final int size;
    private final int outstanding;
    private final double warm;
    private final double counted;
    private final String label;
    private final Processes processes;

    UdpRun(String mode, Arguments arguments) {
        this.mode = mode;
        to = arguments.to();
        size = arguments.integer("size", 64);
        if (size < UdpEchoes.SMALLEST) {
            throw new IllegalArgumentException("--size is at least " + UdpEchoes.SMALLEST + " for UDP, not " + size);
        }
        outstanding = arguments.integer("outstanding", mode.equals("udp-up") ? WINDOW : 1);
        warm = arguments.number("warm", Load.WARM_SECONDS);
        counted = arguments.number("secs", Load.COUNTED_SECONDS);
        label = arguments.text("label", "");
        processes = new Processes(arguments.text("pids", ""));
        arguments.rejectUnused();
    }

    /** Runs, prints the result, and returns the number of errors. */
    int run(PrintStream out) throws IOException {
        try (UdpTraffic traffic =
                mode.equals("udp-up") ? new UdpUpload(to, size, outstanding) : new UdpEchoes(to, size, outstanding)) {
            traffic.runFor(warm);
            traffic.counting = true;
            long start = System.nanoTime();
            Map<String, Double> cpuBefore = processes.cpuSeconds();
            traffic.runFor(counted);
            Map<String, Double> cpuAfter = processes.cpuSeconds();
            double seconds = (System.nanoTime() - start) / NANOS;
            Json json = new Json()
                    .put("mode", mode)
                    .put("label", label)
                    .put("secs", seconds)
                    .put("size", size);
            traffic.report(json, seconds);
            Errors errors = new Errors();
            if (traffic.samples() == 0) {
                errors.add(new IOException("no datagram has come back from " + to));
            }
            errors.report(json);
            if (!processes.isEmpty()) {
                json.put("cpu_s", Processes.difference(cpuAfter, cpuBefore)).put("rss_mb", processes.residentMib());
            }
            out.println(json);
            return errors.count();
        }
    }
}
