package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.relay4j.api.json.JsonReader;
import org.relay4j.testing.Await;

/**
 * Three nodes and three members of etcd, each on a host of its own, and forwarders on this host: two with one connection and two with
 * two, each to a service that answers with its own name.
 */
final class FaultyCluster implements AutoCloseable {
    static final int NODES = 3;
    static final int CONTROL = 7000;

    private static final int PEER = 7002;
    private static final int ADMIN = 7003;
    private static final int LOWEST_PORT = 20_000;
    private static final int SPARE_PORTS = 20; // beside those of the tunnels
    private static final int PROMPT = 1_000; // ms; a healthy cluster serves a visitor in this time
    private static final String TOKEN = "no-secret-in-a-test-but-long-enough";
    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();

    /** A forwarder and its service. */
    record Tunnel(int port, int connections, String name, StayService service, ChildProcess forwarder) {}

    final ClusterNetwork network;
    private final Path folder;
    private final ClusterKeys keys;
    private final ChildProcess[] nodes = new ChildProcess[NODES + 1]; // from 1
    private final ChildProcess[] members = new ChildProcess[NODES + 1]; // of etcd, from 1
    private int killed; // the member that was killed last
    private final List<Tunnel> tunnels = new ArrayList<>();
    private final Map<String, ChildProcess> started = new HashMap<>(); // also those that have ended

    FaultyCluster(Path folder) throws Exception {
        this.folder = folder;
        keys = new ClusterKeys(folder, NODES);
        network = new ClusterNetwork();
        boolean complete = false;
        try {
            for (int n = 1; n <= NODES; n++) startMember(n);
            for (int n = 1; n <= NODES; n++) Etcd.awaitReady(members[n]);
            for (int n = 1; n <= NODES; n++) launchNode(n);
            for (int n = 1; n <= NODES; n++) awaitNode(n);
            for (int connections : new int[] {1, 2, 1, 2}) startTunnel(connections);
            complete = true;
        } finally {
            if (!complete) close();
        }
    }

    // ---- processes

    /** Starts a member of etcd, also again. */
    void startMember(int number) {
        String all = IntStream.rangeClosed(1, NODES)
                .mapToObj(n -> "e" + n + "=" + member(n, 2380))
                .collect(Collectors.joining(","));
        members[number] = network.start(
                "e" + number, Etcd.member(folder, "e" + number, member(number, 2379), member(number, 2380), all));
        keep("e" + number, members[number]);
    }

    private String member(int number, int port) {
        return "http://" + network.address("e" + number) + ":" + port;
    }

    private void launchNode(int number) {
        String address = address(number);
        List<String> arguments = new ArrayList<>(List.of(
                "--bind=" + address,
                "--public-bind=" + address,
                "--extended",
                "--public-ports=" + LOWEST_PORT + "-" + (LOWEST_PORT + 3 + SPARE_PORTS),
                "--cluster=etcd:"
                        + IntStream.rangeClosed(1, NODES)
                                .mapToObj(n -> member(n, 2379))
                                .collect(Collectors.joining(",")),
                "--node=n" + number,
                "--peer=" + address + ":" + PEER,
                "--drain-delay=2s",
                "--grace-period=20s",
                "--admin=" + address + ":" + ADMIN,
                String.valueOf(CONTROL)));
        arguments.addAll(keys.arguments(number));
        nodes[number] =
                network.relay("n" + number, Map.of("RELAY_ADMIN_TOKEN", TOKEN), arguments.toArray(String[]::new));
        keep("n" + number, nodes[number]);
    }

    private void awaitNode(int number) throws InterruptedException {
        assertEquals(CONTROL, RelayPair.controlPort(nodes[number].line()));
    }

    /** Starts a node, also again, and waits until it takes clients. */
    void startNode(int number) throws InterruptedException {
        launchNode(number);
        awaitNode(number);
    }

    private void startTunnel(int connections) throws IOException, InterruptedException {
        int number = tunnels.size();
        String name = "secret-" + number + "-" + Long.toHexString(System.nanoTime());
        StayService service = new StayService(name);
        int first = number / 2; // one with each number of connections at the first node
        String others = IntStream.range(1, NODES)
                .mapToObj(n -> address(1 + (first + n) % NODES) + ":" + CONTROL)
                .collect(Collectors.joining(","));
        ChildProcess forwarder = ChildProcess.relay(
                "--localForwardPort=" + service.port(),
                "--connections=" + connections,
                "--nodes=" + others,
                address(1 + first) + ":" + CONTROL);
        keep("f" + number, forwarder);
        int port = RelayPair.publicPort(forwarder.line(), service.port());
        tunnels.add(new Tunnel(port, connections, name, service, forwarder));
    }

    private void keep(String name, ChildProcess process) {
        String file = name;
        for (int n = 2; started.containsKey(file); n++) file = name + "-" + n;
        started.put(file, process);
    }

    ChildProcess node(int number) {
        return nodes[number];
    }

    ChildProcess member(int number) {
        return members[number];
    }

    List<Tunnel> tunnels() {
        return tunnels;
    }

    /** Returns whether a port belongs to one of the tunnels. */
    boolean isTaken(int port) {
        return tunnels.stream().anyMatch(tunnel -> tunnel.port() == port);
    }

    /** Returns the names of the services, by port. */
    Map<Integer, String> names() {
        return tunnels.stream().collect(Collectors.toMap(Tunnel::port, Tunnel::name));
    }

    /** Returns the ports of the tunnels that have so many connections. */
    Set<Integer> ports(int connections) {
        return tunnels.stream()
                .filter(tunnel -> tunnel.connections() == connections)
                .map(Tunnel::port)
                .collect(Collectors.toSet());
    }

    String address(int node) {
        return network.address("n" + node);
    }

    // ---- states

    /** Returns the answer of a node's admin address, or an empty text if there is none. */
    private String ask(int node, String path) {
        URI uri = URI.create("http://" + address(node) + ":" + ADMIN + path);
        HttpRequest request = HttpRequest.newBuilder(uri)
                .header("Authorization", "Bearer " + TOKEN)
                .timeout(Duration.ofSeconds(2))
                .build();
        try {
            HttpResponse<String> answer = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
            return answer.statusCode() == 200 ? answer.body() : "";
        } catch (IOException e) {
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }

    /** Returns whether a load balancer sends visitors to all nodes. */
    boolean areReady() {
        return IntStream.rangeClosed(1, NODES).noneMatch(n -> ask(n, "/readyz").isEmpty());
    }

    /** Returns the nodes that carry each port, as one node sees it. */
    private Map<Integer, Set<Integer>> carriers(int asked) {
        Map<Integer, Set<Integer>> carriers = new HashMap<>();
        String answer = ask(asked, "/api/cluster");
        if (answer.isEmpty()) return carriers;
        Map<?, ?> view = (Map<?, ?>) JsonReader.read(answer);
        if (!(view.get("endpoints") instanceof List<?> endpoints)) return carriers;
        for (Object each : endpoints) {
            Map<?, ?> endpoint = (Map<?, ?>) each;
            int port = Integer.parseInt(String.valueOf(endpoint.get("endpoint")).replace("tcp/", ""));
            Set<Integer> at = Set.of(String.valueOf(endpoint.get("nodes")).split(",")).stream()
                    .map(name -> Integer.parseInt(name.substring(1)))
                    .collect(Collectors.toSet());
            carriers.put(port, at);
        }
        return carriers;
    }

    /** Returns a node that carries tunnels of both kinds. Only while the cluster is {@link #awaitSteady steady}. */
    int busyNode() {
        Map<Integer, Set<Integer>> carriers = carriers(1);
        for (int n = 1; n <= NODES; n++) {
            if (!carried(n, 1, carriers).isEmpty() && !carried(n, 2, carriers).isEmpty()) return n;
        }
        throw new AssertionError("no node carries both kinds of tunnels: " + carriers);
    }

    /** Returns the ports with so many connections that a node carries, as it sees it. */
    Set<Integer> carried(int node, int connections) {
        return carried(node, connections, carriers(node));
    }

    private Set<Integer> carried(int node, int connections, Map<Integer, Set<Integer>> carriers) {
        return ports(connections).stream()
                .filter(port -> carriers.getOrDefault(port, Set.of()).contains(node))
                .collect(Collectors.toSet());
    }

    /** Waits until all nodes agree on who carries what, and serve all ports at once. */
    void awaitSteady() {
        Await.until("etcd has a leader", () -> leader() != 0);
        for (Tunnel tunnel : tunnels) {
            for (int n = 1; n <= NODES; n++) {
                int node = n;
                Await.until(
                        () -> "node " + node + " serves port " + tunnel.port() + ", nodes by port: " + carriers(node),
                        () -> carriers(node)
                                                .getOrDefault(tunnel.port(), Set.of())
                                                .size()
                                        == tunnel.connections()
                                && serves(node, tunnel));
            }
        }
    }

    private boolean serves(int node, Tunnel tunnel) {
        try {
            return StayService.visit(new InetSocketAddress(address(node), tunnel.port()), 0, PROMPT)
                    .equals(tunnel.name());
        } catch (IOException e) {
            return false;
        }
    }

    /** Returns the member of etcd that leads; 0 if none does. */
    int leader() {
        for (int n = 1; n <= NODES; n++) {
            if (!members[n].isAlive()) continue;
            HttpRequest request = HttpRequest.newBuilder(URI.create(member(n, 2379) + "/v3/maintenance/status"))
                    .POST(HttpRequest.BodyPublishers.ofString("{}"))
                    .timeout(Duration.ofSeconds(2))
                    .build();
            try {
                String body = CLIENT.send(request, HttpResponse.BodyHandlers.ofString())
                        .body();
                Map<?, ?> status = (Map<?, ?>) JsonReader.read(body);
                Map<?, ?> header = (Map<?, ?>) status.get("header");
                if (header != null && String.valueOf(header.get("member_id")).equals(status.get("leader"))) return n;
            } catch (IOException e) {
                // it does not answer: the next one may lead
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return 0;
            }
        }
        return 0;
    }

    void killLeader() throws InterruptedException {
        killed = leader();
        member(killed).kill();
    }

    /** Starts the member again that was killed last. */
    void startKilledLeader() throws InterruptedException {
        startMember(killed);
        Etcd.awaitReady(member(killed));
    }

    // ---- the end

    /** Writes what all processes have logged so far, and what the visitors saw, to a folder. */
    void write(Path to, List<Visit> visits) throws IOException {
        Files.createDirectories(to);
        for (Map.Entry<String, ChildProcess> each : started.entrySet()) {
            Files.writeString(
                    to.resolve(each.getKey() + ".log"), each.getValue().errors());
        }
        Files.write(
                to.resolve("visits.log"), visits.stream().map(Visit::toString).toList());
    }

    @Override
    public void close() throws IOException {
        started.values().forEach(ChildProcess::close);
        for (Tunnel tunnel : tunnels) tunnel.service().close();
        network.close();
    }
}
