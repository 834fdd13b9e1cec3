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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The mode connect: a number of concurrent connections, each of which is opened, echoes one byte and is closed. */
final class ConnectRun {
    private static final double NANOS = 1e9;
    private static final long SELECT_MILLIS = 100;
    private static final byte MARK = 'x';

    private final InetSocketAddress to;
    private final int connections;
    private final double warm;
    private final double counted;
    private final Opening opening;
    private final String label;
    private final Processes processes;
    private final Latencies latencies = new Latencies();
    private final ByteBuffer echo = ByteBuffer.allocateDirect(16);
    private final Errors errors = new Errors();
    private boolean counting;
    private int live;

    ConnectRun(Arguments arguments) throws IOException {
        to = arguments.to();
        connections = arguments.integer("conns", 16);
        warm = arguments.number("warm", Load.WARM_SECONDS);
        counted = arguments.number("secs", Load.COUNTED_SECONDS);
        opening = Opening.of(arguments);
        label = arguments.text("label", "");
        processes = new Processes(arguments.text("pids", ""));
        arguments.rejectUnused();
    }

    /** Runs, prints the result, and returns the number of errors. */
    int run(PrintStream out) throws IOException {
        try (Selector selector = Selector.open()) {
            runFor(selector, warm);
            counting = true;
            long start = System.nanoTime();
            Map<String, Double> cpuBefore = processes.cpuSeconds();
            runFor(selector, counted);
            Map<String, Double> cpuAfter = processes.cpuSeconds();
            double seconds = (System.nanoTime() - start) / NANOS;
            for (SelectionKey key : selector.keys()) {
                key.channel().close();
            }
            Json json = new Json()
                    .put("mode", "connect")
                    .put("label", label)
                    .put("secs", seconds)
                    .put("conns", connections)
                    .put("per_s", latencies.count() / seconds)
                    .put("samples", latencies.count());
            latencies.report(json);
            errors.report(json);
            if (!processes.isEmpty()) {
                json.put("cpu_s", Processes.difference(cpuAfter, cpuBefore)).put("rss_mb", processes.residentMib());
            }
            out.println(json);
            return errors.count();
        }
    }

    private void runFor(Selector selector, double seconds) throws IOException {
        long end = System.nanoTime() + (long) (seconds * NANOS);
        while (System.nanoTime() - end < 0) {
            while (live < connections && open(selector)) {
                live++;
            }
            selector.select(this::handle, SELECT_MILLIS);
        }
    }

    private boolean open(Selector selector) throws IOException {
        long start = System.nanoTime();
        try {
            SocketChannel channel = Sockets.connecting(to);
            Attempt attempt = new Attempt(channel, start);
            channel.register(selector, SelectionKey.OP_CONNECT, attempt);
            if (channel.isConnected()) {
                attempt.ask(channel.keyFor(selector), opening);
            }
            return true;
        } catch (IOException noPortFree) {
            errors.add(noPortFree);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1)); // waits for other connections to end
            return false;
        }
    }

    private void handle(SelectionKey key) {
        Attempt attempt = (Attempt) key.attachment();
        try {
            if (key.isConnectable()) {
                attempt.channel.finishConnect();
                attempt.ask(key, opening);
            } else if (attempt.answered(echo)) {
                if (counting) {
                    latencies.add(System.nanoTime() - attempt.start);
                }
                attempt.channel.close();
                live--;
            }
        } catch (IOException e) {
            errors.add(e);
            Sockets.close(attempt.channel);
            live--;
        }
    }

    /** One connection from its opening to its end. */
    private record Attempt(SocketChannel channel, long start) {
        void ask(SelectionKey key, Opening opening) throws IOException {
            channel.write(opening.before(Mode.ECHO.request(MARK)));
            key.interestOps(SelectionKey.OP_READ);
        }

        boolean answered(ByteBuffer echo) throws IOException {
            int n = channel.read(echo.clear());
            if (n < 0) {
                throw new EOFException("closed before the echo");
            }
            if (n > 1 || (n == 1 && echo.get(0) != MARK)) {
                throw new IOException("the echo differs from the sent byte");
            }
            return n == 1;
        }
    }
}
