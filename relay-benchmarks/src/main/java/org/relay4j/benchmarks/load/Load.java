package org.relay4j.benchmarks.load;

import java.io.IOException;

/** The load generator for relays, and its backend: a program that prints one JSON line for each run. */
public final class Load {
    static final int BUFFER = 256 << 10;
    static final double WARM_SECONDS = 2;
    static final double COUNTED_SECONDS = 5;

    private static final String USAGE = """
            usage: Load <mode> --option value ...
              backend   [--host 127.0.0.1] [--port 9000] [--buf 262144]
              bulk      --to HOST:PORT --dir up|down|both --conns N [--stalled N] [--verify] [--buf 262144]
              pingpong  --to HOST:PORT[,PORT...] --conns N --size BYTES [--interval-us U]
              mixed     --to HOST:PORT --dir up|down|both --bulk M --conns N --size BYTES [--interval-us U]
              connect   --to HOST:PORT --conns N
              idle      --to HOST:PORT --conns N [--secs S] [--parallel 64] [--setup-secs 60]
              udp-echo  --to HOST:PORT --size BYTES [--outstanding 1]
              udp-up    --to HOST:PORT --size BYTES [--outstanding 64]
            bulk, pingpong, mixed, connect: [--opening https:NAME|http:NAME]
            all but backend: [--warm S] [--secs S] [--label TEXT] [--pids NAME:PID,NAME:PID]""";

    private Load() {}

    public static void main(String[] words) throws InterruptedException {
        if (words.length == 0) {
            System.err.println(USAGE);
            System.exit(2);
        }
        Program.run(USAGE, () -> run(words[0], new Arguments(words, 1)) > 0 ? 1 : 0);
    }

    private static int run(String mode, Arguments arguments) throws IOException, InterruptedException {
        switch (mode) {
            case "backend" -> {
                try (Backend backend = new Backend(arguments)) {
                    backend.run();
                }
            }
            case "bulk", "pingpong", "mixed" -> {
                return new TrafficRun(mode, arguments).run(System.out);
            }
            case "connect" -> {
                return new ConnectRun(arguments).run(System.out);
            }
            case "idle" -> {
                return new IdleRun(arguments).run(System.out);
            }
            case "udp-echo", "udp-up" -> {
                return new UdpRun(mode, arguments).run(System.out);
            }
            default -> throw new IllegalArgumentException("no mode " + mode);
        }
        return 0;
    }
}
