package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;

/** Three nodes as processes of their own, with a real etcd: visitors of any node, the death of a node, and a rolling restart. */
@Timeout(180)
@Tag("peers")
class ClusterProcessIT {
    private static final int NODES = 3;

    @TempDir
    private Path folder;

    private final int control = FixedPort.free();
    private final int peer = FixedPort.free();
    private final int port = FixedPort.free(); // the only public one
    private final List<AutoCloseable> open = new ArrayList<>();
    private final ChildProcess[] nodes = new ChildProcess[NODES + 1]; // from 1
    private final List<ChildProcess> started = new ArrayList<>();
    private final int[] admin = new int[NODES + 1];
    private String store;
    private ClusterKeys keys;

    ClusterProcessIT() throws IOException {}

    @BeforeEach
    void start() throws Exception {
        String url = "http://127.0.0.1:" + FixedPort.free();
        String peers = "http://127.0.0.1:" + FixedPort.free();
        ChildProcess etcd = ChildProcess.start(Etcd.member(folder, "etcd", url, peers, "etcd=" + peers));
        open.add(etcd);
        Etcd.awaitReady(etcd);
        store = "etcd:" + url;
        keys = new ClusterKeys(folder, NODES);
        for (int n = 1; n <= NODES; n++) {
            admin[n] = FixedPort.free();
            startNode(n);
        }
    }

    @AfterEach
    void stop() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) open.get(i).close();
        for (ChildProcess each : nodes) if (each != null) each.close();
    }

    private void startNode(int number) throws InterruptedException {
        nodes[number] = ChildProcess.relay(arguments(number).toArray(String[]::new));
        started.add(nodes[number]);
        assertEquals(control, RelayPair.controlPort(nodes[number].line()));
    }

    private List<String> arguments(int number) {
        String address = "127.0.1." + number;
        List<String> all = new ArrayList<>(List.of(
                "--bind=" + address,
                "--public-bind=" + address,
                "--extended",
                "--public-ports=" + port,
                "--cluster=" + store,
                "--node=n" + number,
                "--peer=" + address + ":" + peer,
                "--drain-delay=2s",
                "--grace-period=20s",
                "--admin=127.0.0.1:" + admin[number],
                String.valueOf(control)));
        all.addAll(keys.arguments(number));
        return all;
    }

    /** A forwarder that knows all nodes. */
    private void forwarder(int local) throws InterruptedException {
        ChildProcess forwarder = ChildProcess.relay(
                "--localForwardPort=" + local,
                "--nodes=127.0.1.2:" + control + ",127.0.1.3:" + control,
                "127.0.1.1:" + control);
        open.add(forwarder);
        assertEquals(port, RelayPair.publicPort(forwarder.line(), local));
    }

    private String logs() {
        StringBuilder logs = new StringBuilder();
        for (ChildProcess each : started) logs.append(each.errors()).append(System.lineSeparator());
        return logs.toString();
    }

    private void visit(int node, int time) throws IOException {
        StayService.visit(new InetSocketAddress(InetAddress.getByName("127.0.1." + node), port), time);
    }

    private boolean isServed(int node) {
        try {
            visit(node, 0);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Returns the node that serves the port, as another node sees it. */
    private int carrier(int asked) throws InterruptedException {
        String shown = status(asked);
        String rest = shown.substring(shown.indexOf("\"nodes\":\"n") + 10);
        return rest.charAt(0) - '0';
    }

    private String status(int asked) throws InterruptedException {
        try (ChildProcess status =
                ChildProcess.relay("cluster", "status", "--json", "--admin=127.0.0.1:" + admin[asked])) {
            String line = status.line();
            assertEquals(0, status.awaitExit());
            return line;
        }
    }

    @Test
    void nodeIsKilledAndTheClientIsServedByAnother() throws Exception {
        try (StayService service = new StayService()) {
            forwarder(service.port());
            for (int n = 1; n <= NODES; n++) {
                int node = n;
                Await.until("node " + n + " serves visitors", () -> isServed(node));
            }
            int killed = carrier(1);
            int other = killed == 1 ? 2 : 1;
            int third = 6 - killed - other;
            assertTrue(status(other).contains("\"name\":\"n" + third + "\""));
            nodes[killed].kill();
            long begun = System.nanoTime();
            visit(third, 0); // it waits, and is not refused
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
            System.out.println("served again after " + millis + " ms");
            assertTrue(millis < 5_000, millis + " ms");
            visit(other, 0);
        }
    }

    @Test
    void allNodesAreRestartedAndNoVisitorIsCut() throws Exception {
        try (StayService service = new StayService()) {
            forwarder(service.port());
            Load load = new Load();
            for (int n = 1; n <= NODES; n++) {
                int node = n;
                Await.until("node " + n + " serves visitors", () -> isServed(node));
            }
            load.begin();
            for (int n = 1; n <= NODES; n++) {
                load.avoid(n); // as a load balancer does, within the drain delay
                nodes[n].terminate();
                startNode(n);
                int node = n;
                Await.until("node " + n + " serves visitors again", () -> isServed(node));
                load.avoid(0);
            }
            load.finish();
            assertEquals("[]", load.failures.toString(), this::logs);
            assertTrue(load.served.get() > 100, () -> load.served + " visitors");
        }
    }

    @Test
    void badArgumentsNameTheRemedy() throws Exception {
        assertFails(2, "the same range at all nodes", without("--public-ports"));
        assertFails(2, "--peer=<address:port>", without("--peer="));
        assertFails(1, "relay://relay/other", changed("--node=other"));
        assertFails(1, "relay://elsewhere/n1", changed("--cluster-name=elsewhere"));
        assertFails(1, "n1", changed("--peer=127.0.1.9:" + peer, "--bind=127.0.1.9"));
        assertFails(2, "the installed stores are: etcd", changed("--cluster=zookeeper:x"));
        int closed = FixedPort.free();
        assertFails(
                1,
                "127.0.0.1:" + closed,
                changed("--cluster=etcd:http://127.0.0.1:" + closed, "--peer=127.0.1.9:" + peer, "--bind=127.0.1.9"));
    }

    private static void assertFails(int code, String part, List<String> arguments) throws InterruptedException {
        try (ChildProcess relay = ChildProcess.relay(arguments.toArray(String[]::new))) {
            assertEquals(code, relay.awaitExit(), relay::toString);
            assertTrue(relay.errors().contains(part), relay::toString); // besides lines about other nodes
        }
    }

    private List<String> without(String start) {
        List<String> all = arguments(1);
        all.removeIf(each -> each.startsWith(start));
        return all;
    }

    private List<String> changed(String... others) {
        List<String> all = arguments(1);
        all.removeIf(each -> each.startsWith("--admin="));
        for (String other : others) {
            String name = other.substring(0, other.indexOf('=') + 1);
            all.removeIf(each -> each.startsWith(name));
        }
        return Stream.concat(Arrays.stream(others), all.stream()).toList();
    }

    /** Visitors at a steady pace, of all nodes but one: four short ones, then one that stays for 1 to 5 seconds. */
    private final class Load {
        private final Random random = new Random(1);
        private final ScheduledExecutorService pace = Executors.newSingleThreadScheduledExecutor();
        private final ExecutorService threads = Executors.newCachedThreadPool();
        private final Queue<String> failures = new ConcurrentLinkedQueue<>();
        private final AtomicInteger served = new AtomicInteger();
        private volatile int avoided;
        private int started;

        void begin() {
            Future<?> unused = pace.scheduleAtFixedRate(this::next, 0, 40, TimeUnit.MILLISECONDS);
        }

        void avoid(int node) {
            avoided = node;
        }

        private void next() {
            int time = ++started % 5 == 0 ? 1_000 + random.nextInt(4_000) : 0;
            int chosen = 1 + random.nextInt(NODES);
            int node = chosen == avoided ? chosen % NODES + 1 : chosen;
            threads.execute(() -> {
                try {
                    visit(node, time);
                    served.incrementAndGet();
                } catch (IOException | RuntimeException | Error e) {
                    failures.add(LocalTime.now(ZoneId.systemDefault()) + " visit of node " + node + " for " + time
                            + " ms: " + e);
                }
            });
        }

        void finish() throws InterruptedException {
            pace.shutdown();
            assertTrue(pace.awaitTermination(20, TimeUnit.SECONDS));
            threads.shutdown();
            assertTrue(threads.awaitTermination(30, TimeUnit.SECONDS));
        }
    }
}
