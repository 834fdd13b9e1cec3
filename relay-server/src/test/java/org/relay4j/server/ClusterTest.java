package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.api.Endpoint;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.server.cluster.Route;
import org.relay4j.server.registry.MemoryRegistryStore;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;

/** Nodes of a cluster in one JVM, with real links between them: any node in, the right client out. */
@Tag("slow")
@ExtendWith(LeakCheck.EachTest.class)
class ClusterTest {
    @TempDir
    private static Path folder;

    private TestCluster cluster;

    @BeforeEach
    void make() throws Exception {
        cluster = new TestCluster(folder, 3);
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    @Test
    void visitorOfAnyNodeReachesTheClient() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        try (AskingClient client = AskingClient.connect(first, "").establish()) {
            assertEquals("n1", client.line().value("node"));
            TestCluster.awaitRouted(second, client.port());
            Socket visitor = TestCluster.visit(second, client.port());
            Visitor.send(visitor, "hello");
            client.yamux().expect(WireFrame.window(1, SYN, 0), WireFrame.data(1, "hello"));
            client.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "there"));
            Visitor.expect(visitor, "there");
            Visitor.reset(visitor);
        }
    }

    @Test
    void clientOfANodeThatWasKilledComesBackToAnotherAndWaitingVisitorsAreServed() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        RelayServer third = cluster.start(3);
        AskingClient client = AskingClient.connect(first, "resume").establish();
        TestCluster.awaitRouted(third, client.port());
        cluster.kill(first);
        Socket waiting = TestCluster.visit(third, client.port());
        Visitor.send(waiting, "hello");
        try (AskingClient back = AskingClient.connect(second, "resume=" + client.lease())) {
            assertEquals(client.port(), back.port());
            assertEquals("n2", back.line().value("node"));
            assertNotEquals(client.lease(), back.lease());
            back.yamux().expect(WireFrame.ping(SYN, 1));
            back.yamux().send(WireFrame.ping(ACK, 1));
            back.yamux().expect(WireFrame.window(1, SYN, 0), WireFrame.data(1, "hello"));
            back.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "there"));
            Visitor.expect(waiting, "there");
            Visitor.reset(waiting);
        }
        client.close();
    }

    @Test
    void tunnelMovesFromNodeToNodeAndIsResetWhereItWas() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        AskingClient before = AskingClient.connect(first, "resume").establish();
        TestCluster.awaitRouted(second, before.port());
        Socket connected = TestCluster.visit(second, before.port());
        before.yamux().expect(WireFrame.window(1, SYN, 0));
        try (AskingClient after =
                AskingClient.connect(second, "resume=" + before.lease()).establish()) {
            assertEquals(before.port(), after.port());
            before.yamux().expectGone();
            Visitor.expectReset(connected);
            TestCluster.awaitRouted(first, after.port());
            Socket visitor = TestCluster.visit(first, after.port());
            after.yamux().expect(WireFrame.window(1, SYN, 0));
            Visitor.reset(visitor);
            Await.until("no tunnel at n1", () -> first.tunnelCount() == 0);
        }
        before.close();
    }

    @Test
    void leaseOfAnotherClientIsRefusedAtEveryNode() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        try (AskingClient client = AskingClient.connect(first, "resume").establish()) {
            String id = Lease.tunnelOf(client.lease());
            AskingClient.connect(second, "resume=" + id + "." + "0".repeat(32)).assertRefused("lease-unknown");
            AskingClient.connect(second, "resume=" + "0".repeat(32) + ".1").assertRefused("lease-unknown");
            AskingClient.connect(second, "resume=" + client.lease(), "somebody", ClientLimits.defaults())
                    .assertRefused("lease-unknown");
            AskingClient.connect(second, "visitor-address resume=" + client.lease())
                    .assertRefused("bad-request");
            assertEquals(1, first.tunnelCount());
            assertEquals(0, second.tunnelCount());
            TestCluster.awaitRouted(second, client.port());
            Socket visitor = TestCluster.visit(second, client.port());
            client.yamux().expect(WireFrame.window(1, SYN, 0));
            Visitor.reset(visitor);
        }
    }

    @Test
    void tunnelAtTwoNodesOutlivesOne() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        RelayServer third = cluster.start(3);
        AskingClient one = AskingClient.connect(first, "resume").establish();
        TestCluster.awaitRouted(second, one.port());
        try (AskingClient two =
                AskingClient.connect(second, "join=" + one.lease()).establish()) {
            assertEquals(one.port(), two.port());
            assertNotEquals(one.line().value("connection"), two.line().value("connection"));
            assertEquals(1, first.tunnelCount());
            Socket near = TestCluster.visit(second, one.port());
            assertEquals(WireFrame.window(1, SYN, 0), two.next());
            cluster.kill(first);
            TestCluster.awaitRouted(third, one.port());
            Socket far = TestCluster.visit(third, one.port());
            assertEquals(WireFrame.window(3, SYN, 0), two.next());
            Visitor.reset(near);
            Visitor.reset(far);
        }
        one.close();
    }

    @Test
    void visitorsOfATunnelWithoutAConnectionGoToTheOtherNode() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        AskingClient one = AskingClient.connect(first, "resume").establish();
        TestCluster.awaitRouted(second, one.port());
        try (AskingClient two =
                AskingClient.connect(second, "join=" + one.lease()).establish()) {
            one.die();
            Await.until("no tunnel at n1", () -> first.tunnelCount() == 0);
            TestCluster.awaitRouted(first, one.port());
            Socket visitor = TestCluster.visit(first, one.port());
            assertEquals(WireFrame.window(1, SYN, 0), two.next());
            Visitor.reset(visitor);
        }
    }

    @Test
    void visitorsWaitWhileTheClientIsAway() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        AskingClient before = AskingClient.connect(first, "resume").establish();
        TestCluster.awaitRouted(second, before.port());
        before.die();
        Await.until("held", () -> heldAt(first));
        Socket waiting = TestCluster.visit(second, before.port());
        Visitor.send(waiting, "hello");
        try (AskingClient after = AskingClient.connect(first, "resume=" + before.lease())) {
            after.yamux().expect(WireFrame.ping(SYN, 1));
            after.yamux().send(WireFrame.ping(ACK, 1));
            after.yamux().expect(WireFrame.window(1, SYN, 0), WireFrame.data(1, "hello"));
            Visitor.reset(waiting);
        }
    }

    private static boolean heldAt(RelayServer server) {
        return server.openTunnels().stream().anyMatch(tunnel -> tunnel.state() == OpenTunnel.State.HELD);
    }

    @Test
    void visitorsAreResetAndThePortClosedWhenNobodyComesBack() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2, options -> options, node -> node.hold(Duration.ofMillis(300)));
        AskingClient client = AskingClient.connect(first, "resume").establish();
        TestCluster.awaitRouted(second, client.port());
        client.die();
        Await.until("held", () -> heldAt(first));
        Socket waiting = TestCluster.visit(second, client.port());
        Visitor.expectReset(waiting);
        Await.until("closed", () -> isRefused(second, client.port()));
    }

    @Test
    void portOfATunnelThatHasEndedIsClosedAtAllNodesLongBeforeTheHoldTime() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2, options -> options, node -> node.hold(Duration.ofMinutes(10)));
        AskingClient client = AskingClient.connect(first, "resume").establish();
        TestCluster.awaitRouted(second, client.port());
        client.control().say("BYE");
        client.close();
        Await.until("closed", () -> isRefused(second, client.port()));
    }

    private static boolean isRefused(RelayServer server, int port) {
        try (Socket tried = TestCluster.visit(server, port)) {
            return !tried.isConnected();
        } catch (IOException e) {
            return true;
        }
    }

    @Test
    void noTwoTunnelsHaveOnePort() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        ClientLimits limits = ClientLimits.builder()
                .ports(cluster.lowestPort(), cluster.lowestPort() + 3)
                .build();
        try (AskingClient one = AskingClient.connect(first, "").establish();
                AskingClient two = AskingClient.connect(second, "").establish()) {
            assertNotEquals(one.port(), two.port());
            int wanted = cluster.lowestPort();
            while (wanted == one.port() || wanted == two.port()) wanted++;
            try (AskingClient fixed =
                    AskingClient.connect(first, "port=" + wanted, "a", limits).establish()) {
                assertEquals(wanted, fixed.port());
                AskingClient.connect(second, "port=" + wanted, "b", limits).assertRefused("port-unavailable");
                TestCluster.awaitRouted(second, wanted);
                AskingClient.connect(second, "port=" + wanted, "b", limits).assertRefused("port-unavailable");
            }
        }
    }

    @Test
    void allPortsOfTheRangeAreGivenOutOnce() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        Set<Integer> ports = new HashSet<>();
        List<AskingClient> clients = new ArrayList<>();
        for (int n = 0; n < 8; n++) {
            AskingClient client = AskingClient.connect(n % 2 == 0 ? first : second, "resume");
            clients.add(client);
            ports.add(client.port());
        }
        assertEquals(8, ports.size());
        AskingClient.connect(first, "resume").assertRefused("no-port-free");
        for (AskingClient each : clients) each.close();
    }

    @Test
    void lossOfTheStoreStopsNewTunnelsAndNothingElse() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        AskingClient client = AskingClient.connect(first, "resume").establish();
        TestCluster.awaitRouted(second, client.port());
        cluster.cut(first);
        cluster.cut(second);
        Socket visitor = TestCluster.visit(second, client.port());
        client.yamux().expect(WireFrame.window(1, SYN, 0));
        AskingClient.connect(first, "resume").assertRefused("registry-unavailable");
        client.die();
        Visitor.expectReset(visitor);
        // Its client may have been at another node, and the port may be another client's by now.
        AskingClient.connect(first, "resume=" + client.lease()).assertRefused("registry-unavailable");
        cluster.mend(first);
        cluster.mend(second);
        Await.until("mended", () -> new Newly(first).isGranted());
        try (AskingClient back =
                AskingClient.connect(first, "resume=" + client.lease()).establish()) {
            assertEquals(client.port(), back.port());
        }
    }

    @Test
    void leaseThatCouldNotBeStoredIsStoredWhenTheStoreIsBack() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        AskingClient client = AskingClient.connect(first, "resume").establish();
        TestCluster.awaitRouted(second, client.port());
        Await.until("seen", () -> first.clusterView().storeReachable());
        cluster.cut(first);
        AskingClient again =
                AskingClient.connect(first, "resume=" + client.lease()).establish();
        Await.until("noticed", () -> !first.clusterView().storeReachable());
        cluster.mend(first);
        Await.until("the lease is known to the other node", () -> {
            try (AskingClient back = AskingClient.connect(second, "resume=" + again.lease())) {
                return back.line().has("lease");
            }
        });
        again.close();
        client.close();
    }

    /** A further tunnel. */
    private record Newly(RelayServer server) {
        boolean isGranted() throws IOException {
            try (AskingClient client = AskingClient.connect(server, "")) {
                return client.line().has("port");
            }
        }
    }

    @Test
    void visitorNeverFindsThePortClosedWhileTheTunnelMoves() throws Exception {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        AskingClient client = AskingClient.connect(first, "resume").establish();
        int port = client.port();
        TestCluster.awaitRouted(second, port);
        AtomicBoolean over = new AtomicBoolean();
        ConcurrentLinkedQueue<String> refused = new ConcurrentLinkedQueue<>();
        List<Thread> visitors = new ArrayList<>();
        for (RelayServer each : List.of(first, second)) {
            Thread thread = new Thread(() -> {
                while (!over.get()) {
                    try (Socket visitor = TestCluster.visit(each, port)) {
                        visitor.setSoLinger(true, 0);
                    } catch (IOException e) {
                        refused.add(e.toString());
                    }
                }
            });
            thread.start();
            visitors.add(thread);
        }
        for (int n = 0; n < 10; n++) {
            AskingClient next = AskingClient.connect(n % 2 == 0 ? second : first, "resume=" + client.lease());
            assertTrue(next.line().has("lease"), next.line()::toString);
            client.close();
            client = next;
            client.yamux().expect(WireFrame.ping(SYN, 1));
            client.yamux().send(WireFrame.ping(ACK, 1));
        }
        over.set(true);
        for (Thread each : visitors) each.join();
        assertEquals(List.of(), List.copyOf(refused));
        client.close();
    }

    @Test
    void nodeThatLeavesKeepsItsVisitorsAndItsClientJoinsAnother() throws Exception {
        RelayServer first = cluster.start(1, options -> options, node -> node.drainDelay(Duration.ofSeconds(20)));
        RelayServer second = cluster.start(2);
        AskingClient one =
                AskingClient.connect(first, "resume drain").establish().control();
        int port = one.port();
        TestCluster.awaitRouted(second, port);
        Socket before = TestCluster.visit(second, port);
        assertEquals(WireFrame.window(1, SYN, 0), one.next());
        one.yamux().send(WireFrame.window(1, ACK, 0));
        CompletableFuture<Boolean> drained = CompletableFuture.supplyAsync(() -> first.close(Duration.ofSeconds(30)));
        assertTrue(one.hear().startsWith("DRAIN "));
        Socket during = TestCluster.visit(first, port);
        assertEquals(WireFrame.window(3, SYN, 0), one.next());
        one.yamux().send(WireFrame.window(3, ACK, 0));
        try (AskingClient two =
                AskingClient.connect(second, "join=" + one.lease()).establish()) {
            one.yamux().send(WireFrame.goAway(0));
            Await.until("no endpoint at n1", () -> routed(first, port));
            Socket after = TestCluster.visit(first, port);
            assertEquals(WireFrame.window(1, SYN, 0), two.next());
            two.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "there"));
            Visitor.expect(after, "there");
            one.yamux().send(WireFrame.data(1, "still"), WireFrame.data(3, "here"));
            Visitor.expect(before, "still");
            Visitor.expect(during, "here");
            Visitor.reset(before);
            Visitor.reset(during);
            Visitor.reset(after);
            assertEquals(WireFrame.window(1, RST, 0), two.next());
            first.close();
            assertNotNull(drained.get());
            Socket last = TestCluster.visit(second, port);
            assertEquals(WireFrame.window(3, SYN, 0), two.next());
            Visitor.reset(last);
        }
        one.close();
    }

    private static boolean routed(RelayServer server, int port) {
        Cluster node = server.cluster();
        return node != null && node.routed().isOpen(Endpoint.port(port));
    }

    @Test
    void clientOfANodeThatHasLeftFindsItsTunnelAtAnother() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        AskingClient one = AskingClient.connect(first, "resume").establish();
        TestCluster.awaitRouted(second, one.port());
        first.close();
        try (AskingClient two =
                AskingClient.connect(second, "resume=" + one.lease()).establish()) {
            assertEquals(one.port(), two.port());
            Socket visitor = TestCluster.visit(second, one.port());
            assertEquals(WireFrame.window(1, SYN, 0), two.next());
            Visitor.reset(visitor);
        }
        one.close();
    }

    @Test
    void endpointsAreOpenedWithdrawnAndClosedAtAllNodes() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        ClientLimits limits = ClientLimits.builder()
                .ports(cluster.lowestPort(), cluster.lowestPort() + 7)
                .build();
        try (AskingClient client = AskingClient.connect(first, "port=none visitor-address resume", "a", limits)
                .establish()
                .control()) {
            int port = client.open("tcp/" + (cluster.lowestPort() + 5)).number();
            TestCluster.awaitRouted(second, port);
            Socket visitor = TestCluster.visit(second, port);
            ProxyHeader header = client.header(1);
            assertEquals("tcp/" + port, header.endpoint());
            assertEquals(visitor.getLocalSocketAddress(), header.source());
            assertEquals(visitor.getRemoteSocketAddress(), header.destination());
            assertNotNull(header.uniqueId());
            client.say("READY tcp/" + port + " no");
            Await.until(
                    "no route",
                    () -> second.cluster().routes(Endpoint.port(port)).isEmpty());
            Socket waiting = TestCluster.visit(second, port);
            client.say("READY tcp/" + port + " yes");
            client.header(3);
            Visitor.reset(waiting);
            assertEquals("CLOSED tcp/" + port, client.ask("CLOSE tcp/" + port));
            Await.until("another client may have it", () -> {
                try (AskingClient next = AskingClient.connect(second, "port=" + port, "b", limits)) {
                    return next.line().has("port");
                }
            });
            Visitor.reset(visitor);
        }
    }

    @Test
    void endpointThatIsOpenedAtOneNodeIsServedByTheOtherConnectionToo() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        RelayServer third = cluster.start(3);
        ClientLimits limits = ClientLimits.builder()
                .ports(cluster.lowestPort(), cluster.lowestPort() + 7)
                .build();
        AskingClient one = AskingClient.connect(
                        first, "port=" + cluster.lowestPort() + " visitor-address resume", "a", limits)
                .establish()
                .control();
        TestCluster.awaitRouted(second, one.port());
        try (AskingClient two = AskingClient.connect(second, "join=" + one.lease() + " visitor-address", "a", limits)
                .establish()) {
            int port = one.open("tcp/" + (cluster.lowestPort() + 5)).number();
            Await.until(
                    "two routes",
                    () -> third.cluster().routes(Endpoint.port(port)).size() == 2);
            cluster.kill(first);
            Socket visitor = TestCluster.visit(third, port);
            assertEquals("tcp/" + port, two.header(1).endpoint());
            Visitor.reset(visitor);
        }
        one.close();
    }

    @Test
    void endpointThatIsOpenedWhileAnotherConnectionJoinsStays() throws Exception {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        RelayServer third = cluster.start(3);
        ClientLimits limits = ports(8);
        AskingClient one = shared(first, limits);
        TestCluster.awaitRouted(second, one.port());
        CompletableFuture<Endpoint> opened = new CompletableFuture<>();
        cluster.beforeNextChange(second, () -> {
            try {
                opened.complete(one.open("tcp/" + (cluster.lowestPort() + 5)));
            } catch (IOException | AssertionError e) {
                opened.completeExceptionally(e);
            }
        });
        try (AskingClient two = AskingClient.connect(second, "join=" + one.lease() + " visitor-address", "a", limits)
                .establish()) {
            Endpoint further = opened.get(20, TimeUnit.SECONDS);
            Await.until("two routes", () -> third.cluster().routes(further).size() == 2);
            cluster.kill(first);
            Socket visitor = TestCluster.visit(third, further.number());
            assertEquals(further.toString(), two.header(1).endpoint());
            Visitor.reset(visitor);
        }
        one.close();
    }

    private ClientLimits ports(int count) {
        return ClientLimits.builder()
                .ports(cluster.lowestPort(), cluster.lowestPort() + count - 1)
                .build();
    }

    /** A client that may open further endpoints. */
    private AskingClient shared(RelayServer at, ClientLimits limits) throws IOException {
        return AskingClient.connect(at, "port=" + cluster.lowestPort() + " visitor-address resume", "a", limits)
                .establish()
                .control();
    }

    @Test
    void endpointThatOneNodeDoesNotAllowStaysAtTheOther() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        RelayServer third = cluster.start(3);
        AskingClient one = shared(first, ports(8));
        Endpoint further = one.open("tcp/" + (cluster.lowestPort() + 5));
        TestCluster.awaitRouted(second, further.number());
        try (AskingClient two = AskingClient.connect(second, "join=" + one.lease() + " visitor-address", "a", ports(2))
                .establish()) {
            assertEquals(one.port(), two.port());
            Await.until(
                    "two routes",
                    () -> third.cluster().routes(Endpoint.port(one.port())).size() == 2);
            assertEquals(1, third.cluster().routes(further).size());
            Socket visitor = TestCluster.visit(second, further.number());
            assertEquals(further.toString(), one.header(1).endpoint());
            Visitor.reset(visitor);
        }
        one.close();
    }

    @Test
    void endpointThatCannotBeClaimedWhereItsTunnelIsSharedIsPassedOn() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        AskingClient one = shared(first, ports(8));
        TestCluster.awaitRouted(second, one.port());
        try (AskingClient two = AskingClient.connect(second, "join=" + one.lease() + " visitor-address", "a", ports(8))
                .establish()) {
            assertEquals(one.port(), two.port());
            cluster.cut(second);
            Endpoint further = one.open("tcp/" + (cluster.lowestPort() + 5));
            TestCluster.awaitRouted(second, further.number());
            Socket visitor = TestCluster.visit(second, further.number());
            assertEquals(further.toString(), one.header(1).endpoint());
            Visitor.reset(visitor);
        }
        one.close();
    }

    @Test
    void tunnelThatComesToAFullNodeDisplacesOneThatIsHeld() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2, options -> options.maxTunnels(1), node -> node);
        AskingClient before = AskingClient.connect(second, "resume").establish();
        before.die();
        Await.until("held", () -> heldAt(second));
        AskingClient client = AskingClient.connect(first, "resume").establish();
        TestCluster.awaitRouted(second, client.port());
        try (AskingClient back =
                AskingClient.connect(second, "resume=" + client.lease()).establish()) {
            assertEquals(client.port(), back.port());
            Await.until("the held one has ended", () -> second.tunnelCount() == 1);
            AskingClient.connect(second, "").assertRefused("limit-reached");
        }
        client.close();
    }

    @Test
    void visitorBeyondALimitOfTheTunnelIsReset() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        ClientLimits limits =
                ClientLimits.builder().port(cluster.lowestPort()).maxVisitors(1).build();
        try (AskingClient client = AskingClient.connect(first, "", "a", limits).establish()) {
            TestCluster.awaitRouted(second, client.port());
            Socket admitted = TestCluster.visit(second, client.port());
            assertEquals(WireFrame.window(1, SYN, 0), client.next());
            client.yamux().send(WireFrame.window(1, ACK, 0));
            Visitor.expectReset(TestCluster.visit(second, client.port()));
            assertEquals(1, first.visitorCount());
            Visitor.reset(admitted);
            Await.until("left", () -> first.visitorCount() == 0 && second.visitorCount() == 0);
        }
    }

    /** A visitor of the second node, whose client is at the first one, says nothing. */
    private static void expectIdleReset(RelayServer first, RelayServer second) throws IOException {
        try (AskingClient client = AskingClient.connect(first, "").establish()) {
            TestCluster.awaitRouted(second, client.port());
            Socket visitor = TestCluster.visit(second, client.port());
            assertEquals(WireFrame.window(1, SYN, 0), client.next());
            client.yamux().send(WireFrame.window(1, ACK, 0));
            Visitor.expectReset(visitor);
            assertEquals(WireFrame.window(1, RST, 0), client.next());
        }
    }

    @Test
    void idleVisitorOfAnotherNodeIsReset() throws IOException {
        RelayServer first = cluster.start(1, options -> options.idleTimeout(Duration.ofMillis(200)), node -> node);
        RelayServer second = cluster.start(2);
        expectIdleReset(first, second);
    }

    @Test
    void idleVisitorIsResetByTheNodeThatItHasConnectedTo() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2, options -> options.idleTimeout(Duration.ofMillis(200)), node -> node);
        expectIdleReset(first, second);
        Await.until("left", () -> first.visitorCount() == 0 && second.visitorCount() == 0);
    }

    @Test
    void certificateOfAnotherNodeIsRefusedAtTheStart() throws IOException {
        IOException refused =
                assertThrows(IOException.class, () -> cluster.start(1, options -> options, node -> node.node("other")));
        assertTrue(refused.getMessage().contains("relay://test/other"), refused::getMessage);
    }

    @Test
    void nameOfALiveNodeIsRefusedAtTheStart() throws IOException {
        cluster.start(1);
        InetAddress other = TestCluster.address(4);
        IOException refused = assertThrows(
                IOException.class,
                () -> cluster.start(
                        1,
                        options -> options.bindAddress(other),
                        node -> node.peerAddress(new InetSocketAddress(other, cluster.peerPort()))));
        assertTrue(refused.getMessage().contains("n1"), refused::getMessage);
    }

    @Test
    void clientWithANameGetsItsOwnPortAtAnotherNodeWithoutALease() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        ClientLimits limits = ClientLimits.builder().port(cluster.lowestPort()).build();
        AskingClient one = AskingClient.connect(first, "", "a", limits).establish();
        TestCluster.awaitRouted(second, one.port());
        cluster.kill(first);
        Await.until(
                "no route",
                () -> second.cluster().routes(Endpoint.port(one.port())).isEmpty());
        AskingClient.connect(second, "port=" + one.port(), "b", limits).assertRefused("port-unavailable");
        try (AskingClient two = AskingClient.connect(second, "", "a", limits).establish()) {
            assertEquals(one.port(), two.port());
            Socket visitor = TestCluster.visit(second, two.port());
            assertEquals(WireFrame.window(1, SYN, 0), two.next());
            Visitor.reset(visitor);
        }
        one.close();
    }

    /** A client whose only answer to pings is that of a thread of the test. */
    private static CompletableFuture<AskingClient> askLater(RelayServer at, String name, ClientLimits limits) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return AskingClient.connect(at, "", name, limits);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    @Test
    void clientThatAnswersKeepsItsPortWhenItsNameAsksForItAtAnotherNode() throws Exception {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        ClientLimits limits = ClientLimits.builder().port(cluster.lowestPort()).build();
        try (AskingClient one = AskingClient.connect(first, "", "a", limits).establish()) {
            TestCluster.awaitRouted(second, one.port());
            CompletableFuture<AskingClient> two = askLater(second, "a", limits);
            WireFrame ping = one.yamux().next();
            assertEquals(WireFrame.ping(SYN, ping.length()), ping);
            one.yamux().send(WireFrame.ping(ACK, ping.length()));
            two.get(20, TimeUnit.SECONDS).assertRefused("port-unavailable");
            AskingClient.connect(second, "port=" + one.port(), "b", limits).assertRefused("port-unavailable");
            Socket visitor = TestCluster.visit(second, one.port());
            assertEquals(WireFrame.window(1, SYN, 0), one.next());
            Visitor.reset(visitor);
        }
    }

    @Test
    void silentClientYieldsItsPortToItsNameAtAnotherNode() throws Exception {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        RelayServer third = cluster.start(3);
        ClientLimits limits = ClientLimits.builder().port(cluster.lowestPort()).build();
        AskingClient one = AskingClient.connect(first, "", "a", limits).establish();
        TestCluster.awaitRouted(second, one.port());
        TestCluster.awaitRouted(third, one.port());
        try (AskingClient two =
                AskingClient.connect(second, "", "a", limits).establish()) { // one does not answer the ping
            assertEquals(one.port(), two.port());
            Await.until("no tunnel at n1", () -> first.tunnelCount() == 0);
            Await.until("one route", () -> {
                List<Route> routes = third.cluster().routes(Endpoint.port(two.port()));
                return routes.size() == 1 && routes.get(0).node().equals("n2");
            });
            Socket visitor = TestCluster.visit(third, two.port());
            assertEquals(WireFrame.window(1, SYN, 0), two.next());
            Visitor.reset(visitor);
        }
        one.close();
    }

    @Test
    void silentClientYieldsAnEndpointThatItsNameOpensAtAnotherNode() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        AskingClient one = shared(first, ports(8));
        Endpoint wanted = one.open("tcp/" + (cluster.lowestPort() + 5));
        TestCluster.awaitRouted(second, wanted.number());
        try (AskingClient two = AskingClient.connect(second, "port=none visitor-address", "a", ports(8))
                .establish()
                .control()) {
            assertEquals(wanted, two.open(wanted.toString()));
            Socket visitor = TestCluster.visit(second, wanted.number());
            assertEquals(wanted.toString(), two.header(1).endpoint());
            Visitor.reset(visitor);
        }
        one.close();
    }

    @Test
    void portOfASilentClientIsRefusedWhileItsNodeCannotBeAsked() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        ClientLimits limits = ClientLimits.builder().port(cluster.lowestPort()).build();
        try (AskingClient one = AskingClient.connect(first, "", "a", limits).establish()) {
            TestCluster.awaitRouted(second, one.port());
            second.cluster().links().close();
            AskingClient.connect(second, "", "a", limits).assertRefused("port-unavailable");
            assertEquals(1, first.tunnelCount());
        }
    }

    /** Waits until a tunnel depends on the leases of a node. */
    private static void awaitStored(RelayServer at, String lease) {
        Cluster node = at.cluster();
        Await.until(
                "the tunnel is stored by " + node.name(),
                () -> node.node().find(Lease.tunnelOf(lease)).toCompletableFuture().join().stream()
                        .anyMatch(record -> record.stored().node().equals(node.name())));
    }

    @Test
    void leaseThatAnotherNodeHasGrantedIsKnownWhereItsTunnelIsShared() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        AskingClient one = AskingClient.connect(first, "resume").establish();
        TestCluster.awaitRouted(second, one.port());
        try (AskingClient two =
                AskingClient.connect(second, "join=" + one.lease()).establish()) {
            assertEquals(one.port(), two.port());
            AskingClient again =
                    AskingClient.connect(first, "resume=" + one.lease()).establish();
            try (AskingClient three =
                    AskingClient.connect(second, "join=" + again.lease()).establish()) {
                assertEquals(one.port(), three.port());
                assertEquals(
                        2,
                        second.cluster()
                                .tunnel(Lease.tunnelOf(again.lease()))
                                .connections()
                                .size());
                cluster.kill(first);
                awaitStored(second, again.lease());
                try (AskingClient four =
                        AskingClient.connect(second, "join=" + again.lease()).establish()) {
                    assertEquals(one.port(), four.port());
                }
            }
            again.close();
        }
        one.close();
    }

    @Test
    void leaseThatWasGrantedBeforeTheOtherNodeDiedIsKnownWhereItsTunnelIsShared() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        AskingClient one = AskingClient.connect(first, "resume").establish();
        TestCluster.awaitRouted(second, one.port());
        try (AskingClient two =
                AskingClient.connect(second, "join=" + one.lease()).establish()) {
            AskingClient again =
                    AskingClient.connect(first, "resume=" + one.lease()).establish();
            cluster.kill(first);
            awaitStored(second, again.lease());
            try (AskingClient three =
                    AskingClient.connect(second, "join=" + again.lease()).establish()) {
                assertEquals(two.port(), three.port());
            }
            again.close();
        }
        one.close();
    }

    @Test
    void tunnelThatLosesItsConnectionsAtTwoNodesAtTheSameTimeIsFoundAtAThird() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        RelayServer third = cluster.start(3);
        AskingClient one = AskingClient.connect(first, "resume").establish();
        TestCluster.awaitRouted(second, one.port());
        AskingClient two = AskingClient.connect(second, "join=" + one.lease()).establish();
        Endpoint port = Endpoint.port(one.port());
        Await.until("two routes", () -> third.cluster().routes(port).size() == 2);
        cluster.cutAll(second); // it cannot learn that n1 leaves the tunnel, too
        one.die();
        Await.until("no tunnel at n1", () -> first.tunnelCount() == 0);
        Await.until("one route", () -> third.cluster().routes(port).size() == 1);
        two.die();
        Await.until("no tunnel at n2", () -> second.tunnelCount() == 0);
        cluster.mend(second);
        Await.until("no route", () -> third.cluster().routes(port).isEmpty());
        try (AskingClient back =
                AskingClient.connect(third, "resume=" + one.lease()).establish()) {
            assertEquals(port, Endpoint.port(back.port()));
        }
    }

    @Test
    void hostNamesAreServedByAllNodes() throws IOException {
        RelayServer first = cluster.start(1, options -> options.httpPort(0), node -> node);
        RelayServer second = cluster.start(2, options -> options.httpPort(0), node -> node);
        ClientLimits limits = ClientLimits.builder().host("app.example.com").build();
        try (AskingClient client = AskingClient.connect(first, "port=none visitor-address resume", "a", limits)
                .establish()
                .control()) {
            assertEquals(Endpoint.host("app.example.com"), client.open("host/app.example.com"));
            Await.until("routed", () -> second.cluster().routed().isOpen(Endpoint.host("app.example.com")));
            try (Socket visitor =
                    new Socket(TestCluster.address(2), second.httpAddress().getPort())) {
                visitor.setSoTimeout(20_000);
                String request = "GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n";
                Visitor.send(visitor, request);
                assertEquals("host/app.example.com", client.header(1).endpoint());
                client.yamux().send(WireFrame.window(1, ACK, 0));
                assertEquals(WireFrame.data(1, request), client.next());
                client.yamux().send(WireFrame.data(1, "there"));
                Visitor.expect(visitor, "there");
                Visitor.reset(visitor);
            }
            assertEquals("CLOSED host/app.example.com", client.ask("CLOSE host/app.example.com"));
        }
    }

    @Test
    void viewShowsNodesAndWhoServesWhat() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        try (AskingClient client = AskingClient.connect(first, "resume").establish()) {
            TestCluster.awaitRouted(second, client.port());
            Socket visitor = TestCluster.visit(second, client.port());
            client.yamux().expect(WireFrame.window(1, SYN, 0));
            client.yamux().send(WireFrame.window(1, ACK, 0));
            Await.until("counted", () -> second.clusterView().counts().passing() == 1);
            Await.until(
                    "the node has told its state", () -> second.clusterView().storeReachable());
            ClusterView view = second.clusterView();
            assertEquals("test", view.name());
            assertEquals("n2", view.node());
            assertEquals(
                    List.of("n1", "n2"),
                    view.nodes().stream().map(ClusterView.Node::name).toList());
            assertEquals(1, view.nodes().get(0).sent());
            assertTrue(view.nodes().get(0).linked());
            assertEquals(1, view.counts().routed());
            assertEquals(
                    List.of(new ClusterView.Served(
                            Endpoint.port(client.port()), Lease.tunnelOf(client.lease()), List.of("n1"))),
                    second.clusterEndpoints());
            assertEquals(1, first.clusterView().nodes().get(1).received());
            Await.until(
                    "the node has seen its own route",
                    () -> first.clusterView().nodes().get(0).endpoints() == 1);
            assertEquals(0, view.nodes().get(1).endpoints());
            Visitor.reset(visitor);
            Await.until("left", () -> second.clusterView().counts().passing() == 0);
        }
    }

    @Test
    void someVisitorsWaitUnreadAndTheOthersInTheKernel() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        AskingClient before = AskingClient.connect(first, "resume").establish();
        TestCluster.awaitRouted(second, before.port());
        before.die();
        Await.until("held", () -> heldAt(first));
        List<Socket> visitors = new ArrayList<>();
        for (int n = 0; n < RoutedVisitors.MOST_WAITING + 10; n++)
            visitors.add(TestCluster.visit(second, before.port()));
        Await.until("as many wait as may", () -> second.visitorCount() == RoutedVisitors.MOST_WAITING);
        try (AskingClient after = AskingClient.connect(first, "resume=" + before.lease())) {
            int served = 0;
            while (served < visitors.size()) {
                WireFrame frame = after.next();
                if ((frame.flags() & SYN) != 0) served++;
            }
            assertEquals(visitors.size(), second.visitorCount());
            for (Socket each : visitors) Visitor.reset(each);
            Await.until("all have left", () -> second.visitorCount() == 0 && first.visitorCount() == 0);
        }
    }

    @Test
    void nodeWithoutItsStoreDoesNotStart() throws IOException {
        CutStore store = new CutStore(new MemoryRegistryStore(System::nanoTime, Runnable::run));
        store.cut();
        IOException refused =
                assertThrows(IOException.class, () -> cluster.start(1, options -> options, node -> node.store(store)));
        assertTrue(refused.getMessage().contains("cannot join the cluster 'test': "), refused::getMessage);
        cluster.start(1); // its ports are free again
    }

    @Test
    void portThatAnotherProgramHasIsOpenedWhenItIsFree() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        ClientLimits limits = ClientLimits.builder().port(cluster.lowestPort()).build();
        try (AskingClient client = taken(first, second, limits)) {
            TestCluster.awaitRouted(second, client.port());
            assertEquals(0, second.clusterView().counts().unbound());
        }
    }

    @Test
    void portThatCannotBeOpenedIsTriedAgainOnceAtATimeHoweverOftenItsRoutesChange() throws Exception {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        ClientLimits limits = ClientLimits.builder().port(cluster.lowestPort()).build();
        Endpoint port = Endpoint.port(cluster.lowestPort());
        Cluster node = second.cluster();
        assertNotNull(node);
        try (ServerSocket program = new ServerSocket(cluster.lowestPort(), 1, TestCluster.address(2));
                AskingClient client =
                        AskingClient.connect(first, "", "a", limits).establish()) {
            assertEquals(program.getLocalPort(), client.port());
            Await.until("not opened", () -> second.clusterView().counts().unbound() == 1);
            for (int n = 0; n < 10; n++) node.routed().changed(port, () -> {});
            CompletableFuture<Integer> retries = new CompletableFuture<>();
            second.loops().of(port).execute(() -> retries.complete(node.routed().retries()));
            assertEquals(1, retries.get());
        }
    }

    @Test
    void tunnelThatLosesItsOnlyEndpointEnds() throws IOException {
        RelayServer first = cluster.start(1);
        cluster.start(2);
        try (AskingClient client = AskingClient.connect(first, "resume").establish()) {
            lose(first, client, Endpoint.port(client.port()));
            client.yamux().expectGone();
            Await.until("ended", () -> first.tunnelCount() == 0);
        }
    }

    @Test
    void clientOfATunnelThatLosesOneOfItsEndpointsConnectsAgain() throws IOException {
        RelayServer first = cluster.start(1);
        cluster.start(2);
        ClientLimits limits = ClientLimits.builder()
                .ports(cluster.lowestPort(), cluster.lowestPort() + 7)
                .build();
        int port = cluster.lowestPort() + 1;
        AskingClient before = AskingClient.connect(first, "port=none visitor-address resume", "a", limits)
                .establish()
                .control();
        before.open("tcp/" + port);
        before.open("tcp/" + (port + 1));
        lose(first, before, Endpoint.port(port));
        before.yamux().expectGone();
        Await.until("held", () -> heldAt(first));
        try (AskingClient after = AskingClient.connect(
                        first, "port=none visitor-address resume=" + before.lease(), "a", limits)
                .establish()
                .control()) {
            assertEquals(Endpoint.port(port + 1), after.open("tcp/" + (port + 1)));
        }
        before.close();
    }

    /** The node learns that another one has an endpoint of a tunnel. */
    private static void lose(RelayServer at, AskingClient client, Endpoint endpoint) {
        Cluster node = at.cluster();
        if (node == null) throw new AssertionError("not a node");
        node.lost(Lease.tunnelOf(client.lease()), endpoint, "another node has it");
    }

    @Test
    void storeIsClosedIfTheServerDoesNotStart() throws IOException {
        CutStore store = new CutStore(new MemoryRegistryStore(System::nanoTime, Runnable::run));
        Path missing = folder.resolve("missing.pem");
        assertThrows(
                IOException.class,
                () -> cluster.start(
                        1,
                        options -> options,
                        node -> node.store(store).peerCertificate(missing, missing, cluster.authority())));
        assertTrue(store.isClosed());
    }

    /** A tunnel whose port is in use at the other node, for a moment. */
    private AskingClient taken(RelayServer first, RelayServer second, ClientLimits limits) throws IOException {
        try (ServerSocket program = new ServerSocket(cluster.lowestPort(), 1, TestCluster.address(2))) {
            AskingClient client = AskingClient.connect(first, "", "a", limits).establish();
            Await.until("not opened", () -> second.clusterView().counts().unbound() == 1);
            assertTrue(program.isBound());
            return client;
        }
    }

    @Test
    void portThatNoClientMayHaveIsNotOpenedForARouteAlone() throws Exception {
        Path clients = folder.resolve("clients.toml");
        int granted = FixedPort.range(1);
        Files.writeString(
                clients,
                "[clients.alice]\nkey = \"MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\"\nports = ["
                        + granted + "]\n");
        TunnelPolicy policy = TunnelPolicy.ofFile(clients);
        RelayServer first = cluster.start(1, options -> options.policy(policy), node -> node);
        RelayServer second = cluster.start(2);
        int foreign = FixedPort.range(1);
        try (Logged log = Logged.below(RelayServer.class.getName())) {
            for (int port : List.of(foreign, cluster.peerPort(), first.port(), granted)) {
                cluster.write("r/tcp/" + port + "/n2", "route tunnel=0123456789abcdef0123456789abcdef epoch=1 loop=0");
            }
            TestCluster.awaitRouted(first, granted);
            Await.until("those that are not", () -> first.cluster().routed().unbound() == 3);
            assertEquals(1, first.cluster().routed().size());
            assertThrows(IOException.class, () -> TestCluster.visit(first, foreign));
            log.await("tcp/" + foreign
                    + " of the cluster cannot be opened here, trying again every 2 s: it is none of the");
        }
        assertEquals(0, second.cluster().routed().size());
    }

    @Test
    void claimThatIsAnsweredAfterItsTunnelHasEndedLeavesNothing() throws IOException {
        RelayServer first = cluster.start(1);
        CompletableFuture<Void> answer = new CompletableFuture<>();
        cluster.delayClaims(first, answer);
        AskingClient.connect(first, "resume").assertRefused("registry-unavailable");
        Await.until("ended", () -> first.tunnelCount() == 0);
        assertEquals(1, cluster.keys("c/").size());
        answer.complete(null);
        Await.until("claim given back", () -> cluster.keys("c/").isEmpty());
        Await.until("record deleted", () -> cluster.keys("t/").isEmpty());
    }

    /** Else clients that come back all at once would displace each other, and none would get its tunnel. */
    @Test
    void clientsThatWaitForTheStoreAreNotDisplacedByNewerOnes() throws Exception {
        RelayServer first = cluster.start(1, options -> options.maxPendingPerAddress(2), options -> options);
        CompletableFuture<Void> answer = new CompletableFuture<>();
        cluster.delayClaims(first, answer);
        Call<AskingClient> one = Call.of(() -> AskingClient.connect(first, "resume"));
        Call<AskingClient> two = Call.of(() -> AskingClient.connect(first, "resume"));
        Await.until("both are claiming", () -> cluster.keys("c/").size() == 2);
        for (int n = 0; n < 3; n++) AskingClient.connect(first, "").assertRefused("registry-unavailable");
        answer.complete(null);
        try (AskingClient client = one.result();
                AskingClient other = two.result()) {
            assertNotEquals(client.establish().port(), other.establish().port());
        }
        assertEquals(3, first.statistics().refusals().get(Refusal.PENDING));
    }

    /** Else each would take so long that none is answered in time. */
    @Test
    void onlySomeClaimsAreUnderWayAtOnce() throws Exception {
        int number = ClaimTurns.AT_ONCE + 4;
        int lowest = FixedPort.range(number);
        RelayServer node = cluster.start(1, options -> options.publicPorts(lowest, lowest + number - 1), each -> each);
        CompletableFuture<Void> answers = new CompletableFuture<>();
        cluster.delayClaims(node, answers);
        List<Call<AskingClient>> clients = new ArrayList<>();
        for (int n = 0; n < number; n++)
            clients.add(Call.of(() -> AskingClient.connect(node, "resume").establish()));
        Await.until("four wait", () -> node.gate().turns().waiting() == 4);
        answers.complete(null);
        for (Call<AskingClient> each : clients) each.result().close();
        assertEquals(0, node.gate().turns().waiting());
    }

    @Test
    void storeThatRefusesAClaimIsQuotedInTheLogAndNotToTheClient() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        AskingClient elsewhere = AskingClient.connect(second, "resume").establish();
        TestCluster.awaitRouted(first, elsewhere.port());
        try (Logged log = Logged.below(RelayServer.class.getName());
                Logged node = Logged.below("org.relay4j.server.cluster.ClusterNode")) {
            cluster.fill(first, "database space exceeded; run etcdctl alarm disarm");
            AskingClient.connect(first, "resume").assertRefused("registry-unavailable");
            String line = log.await("database space exceeded; run etcdctl alarm disarm");
            assertTrue(line.startsWith("WARN relay server: cannot claim tcp/"), line);
            AskingClient.connect(first, "resume=" + elsewhere.lease()).assertRefused("registry-unavailable");
            log.await("cannot take over tunnel " + Lease.tunnelOf(elsewhere.lease()) + ": database space exceeded");
            assertEquals(List.of(), node.lines("ERROR"));
        }
        elsewhere.close();
    }
}
