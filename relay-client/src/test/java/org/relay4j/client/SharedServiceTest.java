package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.Endpoint;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.control.Ed25519;
import org.relay4j.server.ClientLimits;
import org.relay4j.server.NamedClient;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;

/** Two tunnels of one name that serve one port and one host name, on a relay server. */
@ExtendWith(LeakCheck.EachTest.class)
class SharedServiceTest {
    private static final Endpoint NAME = Endpoint.host("app.example.com");
    private static final ServiceOptions SHARED =
            ServiceOptions.builder().share(true).build();
    private static final KeyPair KEYS = keys();

    private static KeyPair keys() {
        try {
            return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private final List<AutoCloseable> open = new ArrayList<>();
    private int port; // that is shared
    private Endpoint shared;
    private int names; // the port of names
    private RelayServer server;
    private FakeServer one;
    private FakeServer two;
    private volatile boolean mayShare = true;

    @BeforeEach
    void start() throws IOException {
        port = FixedPort.free();
        shared = Endpoint.port(port);
        names = FixedPort.free();
        server = RelayServer.start(Local.options()
                .extended(true)
                .httpPort(names)
                .policy(name -> CompletableFuture.completedFuture(Optional.of(client())))
                .build());
        open.add(server);
        one = keep(FakeServer.saying("one"));
        two = keep(FakeServer.saying("two"));
    }

    private NamedClient client() {
        ClientLimits limits = ClientLimits.builder()
                .ports(1_024, 65_535)
                .host("app.example.com")
                .share(mayShare)
                .build();
        return NamedClient.ofKey(Ed25519.encode(KEYS.getPublic()), limits);
    }

    @AfterEach
    void stop() throws Exception {
        for (int i = open.size(); i-- > 0; ) open.get(i).close();
    }

    private <T extends AutoCloseable> T keep(T resource) {
        open.add(resource);
        return resource;
    }

    private RelayTunnel tunnel(int control) throws IOException {
        ClientIdentity alice = ClientIdentity.ofKey("alice", Ed25519.encode(KEYS.getPrivate()));
        RelayClientOptions.Builder options = Local.hasty(new Recorder()).identity(alice);
        return keep(RelayClient.open("localhost", control, options.build()));
    }

    private static InetSocketAddress local(FakeServer service) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), service.port());
    }

    /** Connects a visitor, who stays, and returns which service has answered. */
    private String visit() throws IOException {
        return answer(keep(Visitor.connect(port)));
    }

    private String visitByName() throws IOException {
        Socket visitor = keep(Visitor.connect(names));
        Visitor.send(visitor, "GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n");
        return answer(visitor);
    }

    private static String answer(Socket visitor) throws IOException {
        return new String(visitor.getInputStream().readNBytes(3), StandardCharsets.US_ASCII);
    }

    /** The answer to the second line shows that the server has read the first. */
    private static void settle(RelayTunnel tunnel) throws IOException {
        tunnel.acceptor(Endpoint.anyPort()).close();
    }

    @Test
    void visitorsOfAPortAndANameGoToTheTunnelWithTheFewest() throws Exception {
        RelayTunnel first = tunnel(server.port());
        RelayTunnel second = tunnel(server.port());
        for (Endpoint endpoint : List.of(shared, NAME)) {
            first.forward(endpoint, local(one), SHARED);
            second.forward(endpoint, local(two), SHARED);
        }
        for (int i = 0; i < 3; i++) {
            assertFalse(visit().equals(visit()), "both went to the same");
            assertFalse(visitByName().equals(visitByName()), "both went to the same");
        }
        assertEquals(6 + 2, one.connected(), "its visitors, and a check of each endpoint");
        assertEquals(6 + 2, two.connected(), "its visitors, and a check of each endpoint");
        first.close();
        for (int i = 0; i < 3; i++) {
            assertEquals("two", visit());
            assertEquals("two", visitByName());
        }
    }

    @Test
    void tunnelWhoseServiceIsDownGetsNoVisitors() throws Exception {
        HealthCheck check = HealthCheck.tcp().interval(Duration.ofMillis(10)).thresholds(1, 1);
        ServiceOptions checked =
                ServiceOptions.builder().share(true).healthCheck(check).build();
        FakeServer failing = FakeServer.saying("sad");
        int local = failing.port();
        RelayTunnel first = tunnel(server.port());
        RelayTunnel second = tunnel(server.port());
        try (Logged log = Logged.below("org.relay4j.client")) {
            first.forward(shared, local(failing), checked);
            second.forward(shared, local(two), SHARED);
            failing.close();
            log.await("the endpoint is withdrawn");
            settle(first);
            for (int i = 0; i < 5; i++) assertEquals("two", visit());
            keep(FakeServer.start(InetAddress.getLoopbackAddress(), local, connection -> {
                Visitor.send(connection, "yes");
                FakeServer.awaitEnd(connection);
            }));
            log.await("is up again");
            settle(first);
            assertEquals("yes", visit());
        }
    }

    @Test
    void serviceThatCannotBeConnectedToLeavesItsVisitorsToTheOther() throws Exception {
        FakeServer failing = FakeServer.saying("sad");
        int local = failing.port();
        RelayTunnel first = tunnel(server.port());
        RelayTunnel second = tunnel(server.port());
        try (Logged log = Logged.below("org.relay4j.client")) {
            first.forward(shared, local(failing), SHARED);
            second.forward(shared, local(two), SHARED);
            failing.close();
            Await.until("a visitor was reset", () -> {
                try (Socket visitor = Visitor.connect(port)) {
                    return visitor.getInputStream().read() < 0;
                } catch (SocketException e) {
                    return true;
                }
            });
            log.await("the endpoint is withdrawn");
            settle(first);
            for (int i = 0; i < 5; i++) assertEquals("two", visit());
            keep(FakeServer.start(InetAddress.getLoopbackAddress(), local, connection -> {
                Visitor.send(connection, "yes");
                FakeServer.awaitEnd(connection);
            }));
            log.await("is up again");
            settle(first);
            assertEquals("yes", visit());
        }
    }

    @Test
    void lostTunnelLeavesItsVisitorsToTheOther() throws Exception {
        FakeServer way = keep(FakeServer.start(this::pass));
        RelayTunnel first = tunnel(way.port());
        RelayForwarder lost = first.forward(shared, local(one), SHARED);
        tunnel(server.port()).forward(shared, local(two), SHARED);
        Set<String> served = new HashSet<>();
        for (int i = 0; i < 2; i++) served.add(visit());
        assertEquals(Set.of("one", "two"), served);
        way.close();
        Await.until("it is lost", () -> !lost.isOpen());
        Await.until("the server has noticed", () -> server.visitorCount() == 1);
        for (int i = 0; i < 5; i++) assertEquals("two", visit());
    }

    /** Passes the bytes of a client to the server and back, until one of them closes its connection. */
    private void pass(Socket client) throws IOException {
        try (Socket to = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            var unused = Call.run(() -> to.getInputStream().transferTo(client.getOutputStream()));
            client.getInputStream().transferTo(to.getOutputStream());
        }
    }

    @Tag("slow") // a second until the server has asked the other tunnel
    @Test
    void policyMustAllowIt() throws Exception {
        mayShare = false;
        RelayTunnel first = tunnel(server.port());
        RelayRefusedException alone =
                assertThrows(RelayRefusedException.class, () -> first.forward(shared, local(one), SHARED));
        assertEquals("port-unavailable", alone.code());
        String why =
                "localhost:" + server.port() + " refused tcp/" + port + ", port-unavailable: the server does not let"
                        + " it be shared; set share = true for this client in the clients file";
        assertEquals(why, alone.getMessage());
        Visitor.awaitRefused(port); // it was given back
        RelayForwarder unshared = first.forward(shared, local(one));
        RelayRefusedException second = assertThrows(
                RelayRefusedException.class, () -> tunnel(server.port()).forward(shared, local(two), SHARED));
        assertTrue(second.detail().contains("the server does not let it be shared"), second::getMessage);
        assertEquals("one", visit());
        assertTrue(unshared.isOpen());
    }

    @Test
    void othersMustShareIt() throws Exception {
        tunnel(server.port()).forward(shared, local(one));
        RelayRefusedException refused = assertThrows(
                RelayRefusedException.class, () -> tunnel(server.port()).forward(shared, local(two), SHARED));
        assertTrue(refused.detail().endsWith(" of the same name, which does not share it"), refused::getMessage);
    }

    @Test
    void onlyNamedEndpointsOfConnectionsAreShared() throws Exception {
        RelayTunnel tunnel = tunnel(server.port());
        for (Endpoint endpoint : List.of(Endpoint.anyPort(), Endpoint.anyHost())) {
            IllegalArgumentException wrong =
                    assertThrows(IllegalArgumentException.class, () -> tunnel.acceptor(endpoint, SHARED));
            assertTrue(wrong.getMessage().endsWith("name the port or the host name"), wrong::getMessage);
        }
        assertThrows(IllegalArgumentException.class, () -> tunnel.forward(Endpoint.udpPort(1), local(one), SHARED));
        assertThrows(IllegalArgumentException.class, () -> tunnel.datagrams(Endpoint.udpPort(1), SHARED));
    }
}
