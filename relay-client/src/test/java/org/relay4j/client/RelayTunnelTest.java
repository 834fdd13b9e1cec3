package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.Endpoint;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.control.Ed25519;
import org.relay4j.server.ClientLimits;
import org.relay4j.server.NamedClient;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;

/** A tunnel with several endpoints, on a relay server. */
@ExtendWith(LeakCheck.EachTest.class)
class RelayTunnelTest {
    private static final KeyPair KEYS = keys();
    private static final ClientIdentity ALICE = ClientIdentity.ofKey("alice", Ed25519.encode(KEYS.getPrivate()));

    private static KeyPair keys() {
        try {
            return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private final Recorder recorder = new Recorder();
    private int control;
    private int names; // the port of names
    private RelayServer server;
    private FakeServer service;

    @BeforeEach
    void start() throws IOException {
        control = FixedPort.free();
        names = FixedPort.free();
        server = server();
        service = FakeServer.echoing();
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        service.close();
    }

    private RelayServer server() throws IOException {
        ClientLimits limits = ClientLimits.builder()
                .ports(1_024, 65_535)
                .host("app.example.com")
                .maxConnections(2)
                .build();
        NamedClient alice = NamedClient.ofKey(Ed25519.encode(KEYS.getPublic()), limits);
        return RelayServer.start(Local.options()
                .port(control)
                .extended(true)
                .httpPort(names)
                .policy(name ->
                        CompletableFuture.completedFuture(name.equals("alice") ? Optional.of(alice) : Optional.empty()))
                .build());
    }

    private RelayClientOptions.Builder options() {
        return Local.hasty(recorder).identity(ALICE);
    }

    private RelayTunnel open(RelayClientOptions.Builder options) throws IOException {
        return RelayClient.open("localhost", control, options.build());
    }

    private InetSocketAddress local() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), service.port());
    }

    private static void assertEcho(int port) throws IOException {
        try (Socket visitor = Visitor.connect(port)) {
            Visitor.send(visitor, "hello");
            Visitor.expect(visitor, "hello");
        }
    }

    private static void assertAccepts(RelayAcceptor acceptor) throws IOException {
        try (Socket visitor = Visitor.connect(acceptor.getLocalPort());
                Socket accepted = acceptor.accept()) {
            assertEquals(visitor.getLocalSocketAddress(), accepted.getRemoteSocketAddress());
            Visitor.send(accepted, "welcome");
            Visitor.expect(visitor, "welcome");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void endpointsComeAndGo(int connections) throws Exception {
        try (RelayTunnel tunnel = open(options().connections(connections))) {
            RelayAcceptor acceptor = tunnel.acceptor(Endpoint.anyPort());
            RelayForwarder forwarder = tunnel.forward(Endpoint.anyPort(), local());
            RelayForwarder web = tunnel.forward(Endpoint.host("app.example.com"), local());
            int port = forwarder.publicAddress().getPort();
            for (int i = 0; i < 20; i++) {
                assertAccepts(acceptor);
                assertEcho(port);
            }
            assertEquals("app.example.com", web.publicAddress().getHostString());
            assertEquals(names, web.publicAddress().getPort());
            try (Socket visitor = Visitor.connect(names)) {
                String request = "GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n";
                Visitor.send(visitor, request);
                Visitor.expect(visitor, request);
            }
            assertEquals(20, forwarder.statistics().visitors());
            Await.until("all have left", () -> forwarder.statistics().openVisitors() == 0);
            assertEquals(20 * 5, forwarder.statistics().bytesOut());

            int closed = acceptor.getLocalPort();
            acceptor.close();
            acceptor.awaitEnd();
            Visitor.awaitRefused(closed);
            assertEcho(port);
            RelayAcceptor again = tunnel.acceptor(Endpoint.port(closed));
            assertAccepts(again);
            assertEquals(List.of(forwarder.endpoint(), web.endpoint(), again.endpoint()), tunnel.endpoints());
            RelayRefusedException refused = assertThrows(
                    RelayRefusedException.class, () -> tunnel.forward(Endpoint.host("other.example.com"), local()));
            assertEquals("port-unavailable", refused.code());
        }
    }

    @Test
    void endpointsStayTheSameWhenAConnectionIsLost() throws Exception {
        try (RelayTunnel tunnel = open(options())) {
            RelayAcceptor acceptor = tunnel.acceptor(Endpoint.anyPort());
            RelayForwarder forwarder = tunnel.forward(Endpoint.anyPort(), local());
            int port = forwarder.publicAddress().getPort();
            int other = acceptor.getLocalPort();
            server.close();
            recorder.awaitLoss(1, true);
            server = server(); // it knows nothing of the tunnel
            Await.until("both are open again", () -> acceptor.isOpen() && forwarder.isOpen());
            assertEquals(port, forwarder.publicAddress().getPort());
            assertEquals(other, acceptor.getLocalPort());
            assertEcho(port);
            assertAccepts(acceptor);
        }
    }

    @Test
    @Tag("slow")
    void endpointsStayTheSameInTheNextProcess(@TempDir Path folder) throws Exception {
        RelayClientOptions.Builder options = options().leaseFile(folder.resolve("lease"));
        ServiceOptions database = ServiceOptions.builder().name("database").build();
        int port;
        try (RelayTunnel tunnel = open(options)) {
            tunnel.acceptor(Endpoint.anyPort());
            port = tunnel.forward(Endpoint.anyPort(), local(), database)
                    .publicAddress()
                    .getPort();
            Path file = folder.resolve("lease");
            Await.until("it is kept", () -> Files.readString(file).contains("endpoint database tcp/" + port(tunnel)));
        }
        try (RelayTunnel tunnel = open(options);
                Socket early = Visitor.connect(port)) { // waits
            RelayForwarder forwarder = tunnel.forward(Endpoint.anyPort(), local(), database);
            assertEquals(port, forwarder.publicAddress().getPort());
            Visitor.send(early, "hello");
            Visitor.expect(early, "hello");
            assertTrue(forwarder.isOpen());
        }
    }

    private static int port(RelayTunnel tunnel) {
        return tunnel.endpoints().get(1).number();
    }

    @Test
    void clientWithoutANameHasOneEndpoint() throws Exception {
        try (RelayTunnel tunnel =
                RelayClient.open("localhost", control, Local.hasty(recorder).build())) {
            RelayAcceptor acceptor = tunnel.acceptor(Endpoint.anyPort());
            assertAccepts(acceptor);
            RelayRefusedException refused =
                    assertThrows(RelayRefusedException.class, () -> tunnel.acceptor(Endpoint.anyPort()));
            assertEquals("limit-reached", refused.code());
            acceptor.close();
            acceptor.awaitEnd();
            assertAccepts(tunnel.acceptor(Endpoint.anyPort()));
        }
    }
}
