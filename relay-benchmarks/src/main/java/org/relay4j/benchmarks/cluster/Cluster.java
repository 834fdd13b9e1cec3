package org.relay4j.benchmarks.cluster;

import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.relay4j.benchmarks.load.Processes;
import org.relay4j.testing.SelfSignedKeys;

/**
 * The processes of the store and of the nodes. Node {@code n} has the address 127.0.1.n. {@link #close} ends them, and no others. For
 * one thread, except for {@link #kill()} and {@link #control}.
 */
final class Cluster implements AutoCloseable {
    private static final int AT_ONCE = 2; // nodes that start: each needs a processor for a second
    private static final long START_SECONDS = 60;
    private static final int MOST_WARNINGS = 10_000; // that are kept of a run

    private final Plan plan;
    private final Path folder;
    private final Map<String, Process> processes = new ConcurrentSkipListMap<>();
    private final List<Path> logs = new ArrayList<>(); // of all processes that were started
    private final ReentrantLock lock = new ReentrantLock();
    private boolean ended; // no more processes are started; guarded by lock

    Cluster(Plan plan, Path folder) {
        this.plan = plan;
        this.folder = folder;
    }

    /** Starts the store. Blocks until it serves. */
    void startStore() throws IOException, InterruptedException {
        writeCertificates();
        if (plan.store == Plan.Store.ETCD) startEtcd();
        else startStandIn();
    }

    /** Starts the nodes, two at once. Blocks until all of them serve clients. */
    void startNodes() throws IOException, InterruptedException {
        for (int n = 1; n <= plan.nodes; n += AT_ONCE) {
            Map<String, Path> starting = new TreeMap<>();
            for (int each = n; each <= Math.min(plan.nodes, n + AT_ONCE - 1); each++) {
                starting.put(node(each), run(node(each), nodeCommand(each)));
            }
            for (Map.Entry<String, Path> each : starting.entrySet()) await(each.getKey(), each.getValue(), "listening");
        }
    }

    /** Starts a node again. Blocks until it serves clients. */
    void startNode(int number) throws IOException, InterruptedException {
        await(node(number), run(node(number), nodeCommand(number)), "listening");
    }

    private static String node(int number) {
        return "n" + number;
    }

    private void startEtcd() throws IOException, InterruptedException {
        String peers = "http://127.0.0.1:" + (plan.control + 3);
        Path log = run(
                "store",
                List.of(
                        "etcd",
                        "--data-dir=" + folder.resolve("etcd"),
                        "--listen-client-urls=" + etcd(),
                        "--advertise-client-urls=" + etcd(),
                        "--listen-peer-urls=" + peers,
                        "--initial-advertise-peer-urls=" + peers,
                        "--initial-cluster=default=" + peers));
        await("store", log, "ready to serve client requests");
    }

    private String etcd() {
        return "http://127.0.0.1:" + storePort();
    }

    private int storePort() {
        return plan.control + 2;
    }

    private void startStandIn() throws IOException, InterruptedException {
        Path log = run("store", java("-Xmx256m", StandInRegistry.class.getName(), "" + storePort()));
        await("store", log, "listening");
    }

    private void writeCertificates() throws IOException {
        StringBuilder authority = new StringBuilder();
        for (int n = 1; n <= plan.nodes; n++) {
            Path file = folder.resolve(node(n));
            SelfSignedKeys keys = SelfSignedKeys.make(Path.of(file + ".p12"), node(n), "relay://relay/" + node(n));
            try {
                keys.writeKey(Path.of(file + ".key"));
                authority.append(Files.readString(keys.writeCertificate(Path.of(file + ".pem"))));
            } catch (GeneralSecurityException e) {
                throw new IOException(e);
            }
        }
        Files.writeString(folder.resolve("ca.pem"), authority);
    }

    private List<String> nodeCommand(int number) {
        String address = Loopback.node(number).getHostAddress();
        Path file = folder.resolve(node(number));
        return java(
                "-Xmx" + plan.heap,
                plan.jvm.isEmpty() ? "-Xshare:auto" : "-" + plan.jvm,
                "org.relay4j.cli.Main",
                "--quiet",
                "--bind=" + address,
                "--public-bind=" + address,
                "--public-ports=" + plan.ports,
                "--extended", // clients get leases, with which they come back to their ports
                "--max-tunnels=60000",
                "--max-tunnels-per-address=60000",
                "--cluster=" + (plan.store == Plan.Store.ETCD ? "etcd:" + etcd() : "standin:127.0.0.1:" + storePort()),
                "--node=" + node(number),
                "--peer=" + address + ":" + (plan.control + 1),
                "--peer-cert=" + file + ".pem",
                "--peer-key=" + file + ".key",
                "--peer-ca=" + folder.resolve("ca.pem"),
                "" + plan.control);
    }

    /** A command with the options of the JVM that the launcher of Relay has. */
    private List<String> java(String... words) {
        String classes;
        try {
            classes = Path.of(Cluster.class
                            .getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:MaxNewSize=5m",
                "-Xms16m",
                "-cp",
                plan.relay + File.pathSeparator + classes));
        command.addAll(List.of(words));
        return command;
    }

    /** Starts a process. Returns its log. */
    private Path run(String name, List<String> command) throws IOException {
        Path log = folder.resolve(name + "-" + logs.size() + ".log");
        logs.add(log);
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        lock.lock();
        try {
            if (ended) throw new IOException("the run has ended");
            processes.put(name, builder.start());
        } finally {
            lock.unlock();
        }
        return log;
    }

    private void await(String name, Path log, String text) throws IOException, InterruptedException {
        Process process = Objects.requireNonNull(processes.get(name));
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (!Files.readString(log).contains(text)) {
            if (!process.isAlive() || System.nanoTime() - end > 0) {
                throw new IOException(name + " did not start: " + Files.readString(log));
            }
            Thread.sleep(20); // a file does not tell that it has grown
        }
    }

    InetSocketAddress control(int node) {
        return new InetSocketAddress(Loopback.node(node), plan.control);
    }

    /** Returns the processes that run: of the store, the nodes, and this one with its clients. */
    Processes processes() {
        String running = processes.entrySet().stream()
                .filter(each -> each.getValue().isAlive())
                .map(each -> each.getKey() + ":" + each.getValue().pid() + ",")
                .collect(Collectors.joining());
        return new Processes(running + "clients:" + ProcessHandle.current().pid());
    }

    /** Returns the warnings and errors that the nodes have logged. */
    List<String> warnings() throws IOException {
        List<String> lines = new ArrayList<>();
        for (Path log : logs) {
            for (String line : Files.readAllLines(log)) {
                if (lines.size() == MOST_WARNINGS) return lines;
                boolean isOne = line.contains(" WARN ") || line.contains(" ERROR ");
                if (isOne) lines.add(log.getFileName() + ": " + line);
            }
        }
        return lines;
    }

    /** Kills a node, and waits until its process has ended. */
    void kill(int number) {
        Process process = Objects.requireNonNull(processes.get(node(number)));
        process.destroyForcibly();
        process.onExit().join();
    }

    /** Ends all processes, and starts no more. May be called by any thread. */
    void kill() {
        lock.lock();
        try {
            ended = true;
        } finally {
            lock.unlock();
        }
        processes.values().forEach(Process::destroyForcibly);
        for (Process process : processes.values()) process.onExit().join();
    }

    @Override
    public void close() {
        kill();
    }
}
