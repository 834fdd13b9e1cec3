package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Prints the figures of docs/operations.md about failures, and those of floods, as two Markdown tables. No test runs it, because times depend on
 * the machine; the command is in that document.
 */
@Timeout(3_600)
class FaultFigures {
    private static final int RUNS = Integer.getInteger("relay.figures.runs", 3);
    private static final double COUNTED = Integer.getInteger("relay.figures.seconds", 10); // s
    private static final String FLOODS = System.getProperty("relay.figures.floods", ".*"); // names of Flood.Kind
    private static final Duration OUTAGE = Duration.ofSeconds(5);
    private static final Duration QUIET = Duration.ofSeconds(12); // the tunnel is still watched, but less often
    private static final Duration IDLE = Duration.ofSeconds(250); // longer than it is watched

    @TempDir
    private Path folder;

    private final List<String> table = new ArrayList<>();
    private int files; // made so far

    /** Returns the time in ms until a visitor is served, from the moment when that is possible again. */
    private interface Fault {
        double run() throws Exception;
    }

    @Test
    void processes() throws Exception {
        begin();
        measure("forwarder killed, started again", () -> forwarderKilled());
        for (int connections = 1; connections <= 2; connections++) {
            int count = connections;
            String with = ", " + count + (count == 1 ? " connection" : " connections");
            measure("forwarder stopped for 5 s (SIGSTOP)" + with, () -> stopped(count, false));
            measure("server stopped for 5 s (SIGSTOP)" + with, () -> stopped(count, true));
            measure("stopped forwarder, second one started" + with, () -> succeeded(count));
        }
        print();
    }

    @Test
    void shortCuts() throws Exception {
        begin();
        measure("no packet passes for 5 s, 1 connection", () -> cut(1, true, OUTAGE));
        measure("the same, the visitor comes after 1 s", () -> cutAfter(Duration.ZERO, Duration.ofSeconds(1)));
        measure("the same, unused for 12 s, the visitor comes after 1 s", () -> cutAfter(QUIET, Duration.ofSeconds(1)));
        measure("the same, unused for 12 s, the visitor comes at the end", () -> cutAfter(QUIET, OUTAGE));
        measure("the same, at most 1 s between two attempts of TCP", () -> cutWithBoundedRetransmission());
        measure("one of two connections silent: from then on", () -> oneSilent());
        print();
    }

    @Test
    void cutsOfAnIdleTunnel() throws Exception {
        begin();
        measure(
                "no packet passes for 5 s, idle, the visitor comes after 1 s",
                () -> cutAfter(IDLE, Duration.ofSeconds(1)));
        print();
    }

    @Test
    void longCuts() throws Exception {
        begin();
        measure("no packet passes for 60 s, 1 connection", () -> cut(1, true, Duration.ofSeconds(60)));
        print();
    }

    @Test
    void linkDown() throws Exception {
        begin();
        measure("link down for 60 s, 1 connection", () -> cut(1, false, Duration.ofSeconds(60)));
        print();
    }

    @Test
    void cutsOfTwoConnections() throws Exception {
        begin();
        measure("no packet passes for 20 s, 2 connections", () -> cut(2, true, Duration.ofSeconds(20)));
        measure("link down for 20 s, 2 connections", () -> cut(2, false, Duration.ofSeconds(20)));
        print();
    }

    private void begin() {
        table.add("| fault | first visitor served after it is over: median, longest |");
        table.add("|---|---:|");
    }

    private void measure(String name, Fault fault) throws Exception {
        List<Double> times = new ArrayList<>();
        for (int run = 0; run < RUNS; run++) times.add(fault.run());
        Collections.sort(times);
        table.add(String.format(
                Locale.ROOT,
                "| %s | %.2f s, %.2f s |",
                name,
                times.get(times.size() / 2) / 1_000,
                times.get(times.size() - 1) / 1_000));
        System.out.println(table.get(table.size() - 1));
    }

    private void print() {
        System.out.println();
        table.forEach(System.out::println);
    }

    // ---- faults of processes

    private double forwarderKilled() throws Exception {
        try (NetworkedRelay relay = new NetworkedRelay()) {
            String[] arguments = relay.forwarder(newFile(), 1);
            try (ChildProcess first = relay.networks.onClient(arguments)) {
                int port = RelayPair.publicPort(first.line());
                if (!relay.serves(port))
                    throw new IOException("no echo"); // the server keeps the port only of a client that has answered
                first.kill();
                try (Socket waiting = relay.visitor(port)) {
                    Echo.send(waiting, "x");
                    long since = System.nanoTime();
                    try (ChildProcess second = relay.networks.onClient(arguments)) {
                        return served(waiting, since, second);
                    }
                }
            }
        }
    }

    private double stopped(int connections, boolean server) throws Exception {
        try (NetworkedRelay relay = new NetworkedRelay();
                ChildProcess forwarder = relay.networks.onClient(relay.forwarder(newFile(), connections))) {
            int port = publicPort(forwarder, connections);
            ChildProcess stopped = server ? relay.server : forwarder;
            stopped.suspend();
            try (Socket waiting = relay.visitor(port)) {
                Echo.send(waiting, "x");
                pass(OUTAGE);
                long since = System.nanoTime();
                stopped.resume();
                return served(waiting, since, forwarder);
            }
        }
    }

    private double succeeded(int connections) throws Exception {
        Path lease = newFile();
        Path copy = newFile();
        try (NetworkedRelay relay = new NetworkedRelay();
                ChildProcess first = relay.networks.onClient(relay.forwarder(lease, connections))) {
            int port = publicPort(first, connections);
            first.suspend();
            Files.copy(lease, copy);
            long since = System.nanoTime();
            try (ChildProcess second = relay.networks.elsewhere(relay.forwarder(copy, connections))) {
                assertEquals(port, RelayPair.publicPort(second.line()));
                return (System.nanoTime() - since) / 1e6;
            }
        }
    }

    // ---- faults of the network

    /**
     * @param unused how long the tunnel is not used before the outage
     * @param early when the visitor comes, after the beginning of the outage
     */
    private double cutAfter(Duration unused, Duration early) throws Exception {
        try (NetworkedRelay relay = new NetworkedRelay();
                ChildProcess forwarder = relay.networks.onClient(relay.forwarder(newFile(), 1))) {
            int port = publicPort(forwarder, 1);
            if (!relay.serves(port)) throw new IOException("no echo");
            pass(unused);
            relay.networks.cut(true);
            pass(early);
            try (Socket waiting = relay.visitor(port)) {
                Echo.send(waiting, "x");
                pass(OUTAGE.minus(early));
                relay.networks.mend(true);
                return served(waiting, System.nanoTime(), forwarder);
            }
        }
    }

    private double cut(int connections, boolean silent, Duration time) throws Exception {
        try (NetworkedRelay relay = new NetworkedRelay()) {
            return cut(relay, connections, silent, time);
        }
    }

    private double cutWithBoundedRetransmission() throws Exception {
        try (NetworkedRelay relay = new NetworkedRelay(true)) {
            return cut(relay, 1, true, OUTAGE);
        }
    }

    private double cut(NetworkedRelay relay, int connections, boolean silent, Duration time) throws Exception {
        try (ChildProcess forwarder = relay.networks.onClient(relay.forwarder(newFile(), connections))) {
            int port = publicPort(forwarder, connections);
            relay.networks.cut(silent);
            pass(time);
            try (Socket waiting = relay.visitor(port)) {
                Echo.send(waiting, "x");
                relay.networks.mend(silent);
                return served(waiting, System.nanoTime(), forwarder);
            }
        }
    }

    /** Visitors arrive ten times a second; the last one that waits for long decides. */
    private double oneSilent() throws Exception {
        try (NetworkedRelay relay = new NetworkedRelay();
                ChildProcess forwarder = relay.networks.onClient(relay.forwarder(newFile(), 2))) {
            int port = publicPort(forwarder, 2);
            relay.silenceOneConnection(forwarder);
            long since = System.nanoTime();
            double last = 0; // ms
            for (int n = 0; n < 50; n++) {
                double arrived = (System.nanoTime() - since) / 1e6;
                try (Socket visitor = relay.visitor(port)) {
                    visitor.setSoTimeout(100);
                    Echo.send(visitor, "x");
                    if (visitor.getInputStream().read() != 'x') throw new IOException("no echo");
                    pass(Duration.ofMillis(100));
                } catch (SocketTimeoutException e) {
                    last = arrived;
                }
            }
            return last;
        }
    }

    private static double served(Socket waiting, long since, ChildProcess forwarder) {
        try {
            waiting.setSoTimeout(60_000);
            Echo.expect(waiting, "x");
            return (System.nanoTime() - since) / 1e6;
        } catch (IOException e) {
            throw new AssertionError("not served, " + forwarder, e);
        }
    }

    private static int publicPort(ChildProcess forwarder, int connections) throws InterruptedException {
        int port = RelayPair.publicPort(forwarder.line());
        if (connections > 1) forwarder.errorLine("another connection");
        return port;
    }

    private Path newFile() {
        return folder.resolve("lease" + files++);
    }

    private static void pass(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        for (long left; (left = end - System.nanoTime()) > 0; ) LockSupport.parkNanos(left);
    }

    // ---- floods

    @Test
    void floods() throws Exception {
        String pin = ChildProcess.makeCertificate(folder);
        table.add("| flood | throughput kept by the tunnel | with the flood elsewhere | slowest new client, visitor"
                + " | server's memory before, during |");
        table.add("|---|---:|---:|---:|---:|");
        for (Flood.Kind kind : Flood.Kind.values()) {
            if (kind.name().matches(FLOODS)) flood(kind, kind.tls ? pin : null);
        }
        print();
    }

    private void flood(Flood.Kind kind, String pin) throws Exception {
        try (FloodedTunnel tunnel = new FloodedTunnel(folder, pin)) {
            rate(tunnel, 2 * COUNTED); // warm, like the next line
            newcomers(tunnel);
            double before = rate(tunnel, COUNTED);
            long memory = Flood.residentMemory(tunnel.server);
            double during;
            String newcomers;
            long memoryDuring;
            try (Flood flood = kind.start(tunnel.controlPort, tunnel.publicPort)) {
                during = rate(tunnel, kind.isHasty() ? 2 * COUNTED : COUNTED);
                newcomers = newcomers(tunnel);
                memoryDuring = Flood.residentMemory(tunnel.server);
                System.out.println(kind + ": " + flood.count() + " connections");
            }
            double without = (before + rate(tunnel, COUNTED)) / 2; // before and after
            String elsewhere = kind.isHasty() ? percent(elsewhere(tunnel), without) : "";
            table.add(String.format(
                    Locale.ROOT,
                    "| %s | %s | %s | %s | %d, %d MiB |",
                    kind.title,
                    percent(during, without),
                    elsewhere,
                    newcomers,
                    memory,
                    memoryDuring));
            System.out.println(table.get(table.size() - 1));
        }
    }

    /** The flood itself needs processors: its cost is known from a port of another process that only accepts. */
    private static double elsewhere(FloodedTunnel tunnel) throws Exception {
        try (ServerSocket other = new ServerSocket(0, 4_096, InetAddress.getLoopbackAddress());
                Flood flood =
                        Flood.hasty(new InetSocketAddress(InetAddress.getLoopbackAddress(), other.getLocalPort()))) {
            Thread accepting = new Thread(() -> acceptAll(other));
            accepting.setDaemon(true);
            accepting.start();
            double rate = rate(tunnel, COUNTED);
            if (flood.count() == 0) throw new IOException("there was no flood");
            return rate;
        }
    }

    private static void acceptAll(ServerSocket other) {
        try {
            while (true) other.accept().close();
        } catch (IOException e) {
            // closed
        }
    }

    private static String newcomers(FloodedTunnel tunnel) throws Exception {
        long client = 0;
        long visitor = 0;
        for (int n = 0; n < 10; n++) {
            long begun = System.nanoTime();
            tunnel.serveNewClient();
            client = Math.max(client, System.nanoTime() - begun);
            begun = System.nanoTime();
            tunnel.serveNewVisitor();
            visitor = Math.max(visitor, System.nanoTime() - begun);
        }
        return String.format(Locale.ROOT, "%.2f s, %.2f s", client / 1e9, visitor / 1e9);
    }

    private static double rate(FloodedTunnel tunnel, double seconds) {
        long bytes = tunnel.steady.received();
        long since = System.nanoTime();
        pass(Duration.ofNanos((long) (seconds * TimeUnit.SECONDS.toNanos(1))));
        return (tunnel.steady.received() - bytes) * 1e3 / (System.nanoTime() - since); // MB/s
    }

    private static String percent(double during, double without) {
        return Math.round(100 * during / without) + " %";
    }
}
