package org.relay4j.registry.etcd;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;

/** Real etcd processes on loopback, in a folder of their own. Fails if there is no etcd. */
final class EtcdMembers implements AutoCloseable {
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private final Path folder = Files.createTempDirectory("relay-etcd-");
    private final Map<Integer, Process> processes = new TreeMap<>();
    private final List<String> options;
    private final String scheme;
    private final int count;
    private final int ports; // the lowest of them: two for each member

    private EtcdMembers(int count, String scheme, List<String> options) throws IOException {
        this.count = count;
        this.scheme = scheme;
        this.options = options;
        ports = FixedPort.range(2 * count);
    }

    /** Starts a cluster, and waits until it has a leader. */
    static EtcdMembers start(int count, String... options) throws IOException {
        return start(count, "http", List.of(options));
    }

    static EtcdMembers start(int count, String scheme, List<String> options) throws IOException {
        EtcdMembers members = new EtcdMembers(count, scheme, options);
        for (int i = 0; i < count; i++) members.run(i);
        Await.until(
                () -> "etcd answers: " + members.logs(),
                () -> IntStream.range(0, count).allMatch(members::isHealthy));
        return members;
    }

    /** Starts a member, also again. */
    void run(int member) throws IOException {
        List<String> command = new ArrayList<>(List.of("etcd", "--name=m" + member));
        command.add("--data-dir=" + folder.resolve("m" + member));
        command.add("--listen-client-urls=" + endpoint(member));
        command.add("--advertise-client-urls=" + endpoint(member));
        command.add("--listen-peer-urls=" + peer(member));
        command.add("--initial-advertise-peer-urls=" + peer(member));
        command.add("--initial-cluster="
                + IntStream.range(0, count)
                        .mapToObj(i -> "m" + i + "=" + peer(i))
                        .collect(Collectors.joining(",")));
        command.add("--unsafe-no-fsync"); // the disk is not what is tested
        command.addAll(options);
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log(member).toFile()))
                .start();
        processes.put(member, process);
    }

    private Path log(int member) {
        return folder.resolve("m" + member + ".log");
    }

    private String logs() {
        StringBuilder logs = new StringBuilder();
        for (int i = 0; i < count; i++) {
            try {
                logs.append(Files.readString(log(i)));
            } catch (IOException e) {
                logs.append(e);
            }
        }
        return logs.toString();
    }

    String endpoint(int member) {
        return scheme + "://127.0.0.1:" + port(member);
    }

    int port(int member) {
        return ports + 2 * member;
    }

    private String peer(int member) {
        return "http://127.0.0.1:" + (ports + 2 * member + 1);
    }

    /** Returns the endpoints of all members, as in the option {@code --cluster}. */
    String endpoints() {
        return IntStream.range(0, count).mapToObj(this::endpoint).collect(Collectors.joining(","));
    }

    /** Opens a store of all members. */
    RegistryStore open() {
        return new EtcdRegistryProvider().open(endpoints(), name -> null);
    }

    private boolean isHealthy(int member) {
        Process process = processes.get(member);
        assertTrue(process.isAlive(), this::logs);
        if (!scheme.equals("http")) return readLog(member).contains("ready to serve client requests");
        try {
            return get(member, "/health").contains("\"true\"");
        } catch (IOException e) {
            return false;
        }
    }

    private String readLog(int member) {
        try {
            return Files.readString(log(member));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String get(int member, String path) throws IOException {
        return send(HttpRequest.newBuilder(URI.create(endpoint(member) + path)));
    }

    /** Sends a request to the gateway of a member, as an administrator would with curl. */
    String post(int member, String path, String body) throws IOException {
        return send(HttpRequest.newBuilder(URI.create(endpoint(member) + path))
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    private static String send(HttpRequest.Builder request) throws IOException {
        try {
            HttpRequest limited = request.timeout(Duration.ofSeconds(5)).build();
            return CLIENT.send(limited, HttpResponse.BodyHandlers.ofString()).body();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    /** Forgets the history before a revision. */
    void compact(long revision) throws IOException {
        post(0, "/v3/kv/compaction", "{\"revision\":\"" + revision + "\"}");
    }

    /** Returns the member that leads, as the first one that answers sees it. */
    int leader() throws IOException {
        for (int member = 0; member < count; member++) {
            if (!processes.get(member).isAlive()) continue;
            Json status = Json.read(post(member, "/v3/maintenance/status", "{}"));
            if (status.text("leader").equals(status.object("header").text("member_id"))) return member;
        }
        throw new IOException("no leader");
    }

    void kill(int member) throws IOException {
        Process process = processes.get(member);
        process.destroyForcibly();
        Await.until("etcd has ended", () -> !process.isAlive());
    }

    void suspend(int member) throws IOException {
        signal(member, "STOP");
    }

    void resume(int member) throws IOException {
        signal(member, "CONT");
    }

    private void signal(int member, String signal) throws IOException {
        try {
            new ProcessBuilder("kill", "-" + signal, "" + processes.get(member).pid())
                    .start()
                    .waitFor();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    /** Returns the processor time that a member has used; seconds. */
    double cpu(int member) {
        return processes.get(member).info().totalCpuDuration().orElseThrow().toNanos() / 1e9;
    }

    /** Returns the folder that a member has its data in. */
    Path data(int member) {
        return folder.resolve("m" + member);
    }

    /** Runs etcdctl with the first member. */
    String control(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("etcdctl", "--endpoints=" + endpoint(0)));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("ETCDCTL_API", "3");
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            assertTrue(process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0, output);
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
        return output;
    }

    @Override
    public void close() throws IOException {
        processes.values().forEach(Process::destroyForcibly); // also if it is suspended
        processes.values().forEach(process -> Await.until("etcd has ended", () -> !process.isAlive()));
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
        }
    }
}
