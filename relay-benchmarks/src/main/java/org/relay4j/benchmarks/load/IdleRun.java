package org.relay4j.benchmarks.load;

import java.io.EOFException;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** The mode idle: many connections, each checked with an echo, then held, then checked again. */
final class IdleRun {
    private static final double NANOS = 1e9;
    private static final double SWEEP_SECONDS = 20;
    private static final long SELECT_MILLIS = 100;

    private final InetSocketAddress to;
    private final int connections;
    private final int parallel;
    private final double hold;
    private final double setupLimit;
    private final String label;
    private final Processes processes;
    private final ByteBuffer echo = ByteBuffer.allocateDirect(16);
    private final Errors errors = new Errors();
    private int started;
    private int waiting; // connections that wait for an echo
    private int alive; // connections that have echoed in the current round

    IdleRun(Arguments arguments) {
        to = arguments.to();
        connections = arguments.integer("conns", 1000);
        parallel = arguments.integer("parallel", 64);
        hold = arguments.number("secs", 3);
        setupLimit = arguments.number("setup-secs", 60);
        label = arguments.text("label", "");
        processes = new Processes(arguments.text("pids", ""));
        arguments.rejectUnused();
    }

    /** Runs, prints the result and returns the number of connections that failed or did not answer at the end. */
    int run(PrintStream out) throws IOException {
        try (Selector selector = Selector.open()) {
            Map<String, Double> before = processes.residentMib();
            double setup = open(selector);
            int opened = alive;
            Map<String, Double> open = processes.residentMib();
            Map<String, Double> cpuBefore = processes.cpuSeconds();
            pause(hold);
            Map<String, Double> cpuAfter = processes.cpuSeconds();
            Map<String, Double> held = processes.residentMib();
            Map<String, Double> threads = processes.threads();
            double sweep = sweep(selector);
            Json json = new Json()
                    .put("mode", "idle")
                    .put("label", label)
                    .put("conns", connections)
                    .put("opened", opened)
                    .put("alive_after", alive)
                    .put("setup_s", setup)
                    .put("sweep_s", sweep);
            errors.report(json);
            if (!processes.isEmpty()) {
                json.put("rss_before_mb", before)
                        .put("rss_open_mb", open)
                        .put("rss_held_mb", held)
                        .put("rss_after_mb", processes.residentMib())
                        .put("threads", threads)
                        .put("idle_cpu_s", Processes.difference(cpuAfter, cpuBefore));
            }
            out.println(json);
            return errors.count() + connections - alive;
        }
    }

    private double open(Selector selector) throws IOException {
        long start = System.nanoTime();
        while ((started < connections || waiting > 0) && secondsSince(start) < setupLimit) {
            while (started < connections && waiting < parallel) {
                SocketChannel channel = Sockets.connecting(to);
                SelectionKey key = channel.register(selector, SelectionKey.OP_CONNECT);
                started++;
                waiting++;
                if (channel.isConnected()) {
                    ask(key);
                }
            }
            selector.select(this::handle, SELECT_MILLIS);
        }
        return secondsSince(start);
    }

    /** Sends one byte over every connection and waits for all echoes. */
    private double sweep(Selector selector) throws IOException {
        long start = System.nanoTime();
        waiting = 0;
        alive = 0;
        for (SelectionKey key : selector.keys()) {
            SocketChannel channel = (SocketChannel) key.channel();
            if (channel.isConnected()) {
                waiting++;
                try {
                    channel.write(ByteBuffer.wrap(new byte[] {'y'}));
                } catch (IOException e) {
                    failed(channel, e);
                }
            }
        }
        while (waiting > 0 && secondsSince(start) < SWEEP_SECONDS) {
            selector.select(this::handle, SELECT_MILLIS);
        }
        return secondsSince(start);
    }

    private void handle(SelectionKey key) {
        SocketChannel channel = (SocketChannel) key.channel();
        try {
            if (key.isConnectable()) {
                channel.finishConnect();
                ask(key);
                return;
            }
            int n = channel.read(echo.clear());
            if (n < 0) {
                throw new EOFException("closed by the backend");
            }
            alive += n;
            waiting -= n;
        } catch (IOException e) {
            failed(channel, e);
        }
    }

    private static void ask(SelectionKey key) throws IOException {
        ((SocketChannel) key.channel()).write(Mode.ECHO.request((byte) 'x'));
        key.interestOps(SelectionKey.OP_READ);
    }

    private void failed(SocketChannel channel, IOException cause) {
        errors.add(cause);
        waiting--;
        Sockets.close(channel);
    }

    private static void pause(double seconds) {
        long end = System.nanoTime() + (long) (seconds * NANOS);
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    private static double secondsSince(long start) {
        return (System.nanoTime() - start) / NANOS;
    }
}
