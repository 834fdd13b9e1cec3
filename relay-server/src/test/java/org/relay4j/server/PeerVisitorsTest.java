package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.api.Endpoint;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.server.peer.PeerCode;
import org.relay4j.server.peer.PeerRequest;
import org.relay4j.testing.Await;
import org.relay4j.yamux.io.Loop;

/** What a node with a valid certificate cannot have another node do. */
@Tag("slow")
class PeerVisitorsTest {
    private static final InetSocketAddress VISITOR = new InetSocketAddress("192.0.2.1", 4_321);
    private static final ProxyHeader HEADER = ProxyHeader.of(VISITOR, VISITOR);

    @TempDir
    private static Path folder;

    private TestCluster cluster;
    private RelayServer server;

    @BeforeEach
    void start() throws Exception {
        cluster = new TestCluster(folder, 1);
        server = cluster.start(1);
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    private ServerTunnel tunnel(Endpoint endpoint) {
        ServerTunnel tunnel = server.cluster().local(endpoint);
        assertNotNull(tunnel);
        return tunnel;
    }

    private long epoch(Endpoint endpoint) {
        TunnelClaims claims = tunnel(endpoint).entry().claims();
        assertNotNull(claims);
        return claims.epoch(endpoint);
    }

    private @Nullable PeerCode refusal(Endpoint endpoint, long epoch, ProxyHeader visitor, Loop loop) throws Exception {
        PeerRequest request = new PeerRequest("n2", endpoint, epoch, visitor, loop);
        CompletableFuture<PeerCode> code = new CompletableFuture<>();
        loop.execute(() ->
                code.complete(new PeerVisitors(server.cluster()).visit(request).refusal()));
        return code.get(20, TimeUnit.SECONDS);
    }

    @Test
    void visitorsOfWhatIsNotServedHereAreRefused() throws Exception {
        try (AskingClient client = AskingClient.connect(server, "resume").establish()) {
            Endpoint port = Endpoint.port(client.port());
            Loop loop = tunnel(port).loop();
            Loop other = server.loops().get(0) == loop
                    ? server.loops().get(1)
                    : server.loops().get(0);
            long epoch = epoch(port);
            assertEquals(PeerCode.SUPERSEDED, refusal(port, epoch - 1, HEADER, loop));
            assertEquals(PeerCode.SUPERSEDED, refusal(port, epoch + 1, HEADER, loop));
            assertEquals(PeerCode.NOT_HERE, refusal(port, epoch, HEADER, other));
            assertEquals(PeerCode.NOT_HERE, refusal(Endpoint.port(1), epoch, HEADER, loop));
            ProxyHeader unknown = ProxyHeader.unknown();
            assertEquals(PeerCode.LIMIT, refusal(port, epoch, unknown, loop));
            client.die();
            Await.until(
                    "held",
                    () -> server.openTunnels().stream().anyMatch(each -> each.state() == OpenTunnel.State.HELD));
            assertEquals(PeerCode.NOT_HERE, refusal(port, epoch, HEADER, loop));
        }
    }

    private PeerCode answer(Endpoint endpoint, long epoch, String owner, Loop loop) throws Exception {
        PeerRequest request = new PeerRequest("n2", endpoint, epoch, ProxyHeader.unknown(), loop);
        CompletableFuture<PeerCode> code = new CompletableFuture<>();
        loop.execute(() -> new PeerVisitors(server.cluster()).ask(request, owner, code::complete));
        return code.get(20, TimeUnit.SECONDS);
    }

    @Test
    void aQuestionAboutWhatIsNotServedHereHarmsNothing() throws Exception {
        int number = cluster.lowestPort();
        ClientLimits limits = ClientLimits.builder().port(number).build();
        try (AskingClient client =
                        AskingClient.connect(server, "resume", "alice", limits).establish();
                AskingClient nameless = AskingClient.connect(server, "resume").establish()) {
            Endpoint port = Endpoint.port(number);
            Endpoint others = Endpoint.port(nameless.port());
            Loop loop = tunnel(port).loop();
            Loop other = server.loops().get(0) == loop
                    ? server.loops().get(1)
                    : server.loops().get(0);
            long epoch = epoch(port);
            assertEquals(PeerCode.NOT_HERE, answer(Endpoint.port(1), epoch, "alice", loop));
            assertEquals(PeerCode.NOT_HERE, answer(port, epoch, "bob", loop));
            assertEquals(PeerCode.NOT_HERE, answer(port, epoch, "Alice", loop));
            assertEquals(PeerCode.NOT_HERE, answer(port, epoch, "alice", other));
            Loop its = tunnel(others).loop();
            assertEquals(PeerCode.NOT_HERE, answer(others, epoch(others), "alice", its)); // it has no name
            assertEquals(PeerCode.SUPERSEDED, answer(port, epoch + 1, "alice", loop));
            assertEquals(PeerCode.SUPERSEDED, answer(port, epoch - 1, "alice", loop));
            client.yamux().expectNothing(); // not even a ping
            assertEquals(2, server.tunnelCount());
        }
    }

    @Test
    void visitorsOfUdpPortsAreRefused() throws Exception {
        int number = cluster.lowestPort() + 5;
        ClientLimits limits = ClientLimits.builder().udpPorts(number, number).build();
        try (AskingClient client = AskingClient.connect(server, "port=none visitor-address resume", "a", limits)
                .establish()
                .control()) {
            Endpoint endpoint = client.open("udp/" + number);
            assertEquals(Endpoint.Kind.UDP, endpoint.kind());
            assertEquals(
                    PeerCode.NOT_HERE,
                    refusal(endpoint, epoch(endpoint), HEADER, tunnel(endpoint).loop()));
        }
    }
}
