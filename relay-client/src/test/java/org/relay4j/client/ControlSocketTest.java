package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.Endpoint;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;

/** A client that reaches its server through a Unix-domain socket. */
@ExtendWith(LeakCheck.EachTest.class)
class ControlSocketTest {
    @TempDir
    Path folder;

    private final Recorder recorder = new Recorder();
    private UnixDomainSocketAddress socket;
    private FakeServer service;

    @BeforeEach
    void start() throws IOException {
        socket = UnixDomainSocketAddress.of(folder.resolve("c"));
        service = FakeServer.echoing();
    }

    @AfterEach
    void stop() throws IOException {
        service.close();
    }

    private RelayServer server(boolean extended) throws IOException {
        return RelayServer.start(Local.options()
                .controlSocket(socket.getPath())
                .extended(extended)
                .build());
    }

    private RelayClientOptions.Builder options() {
        return Local.hasty(recorder);
    }

    private InetSocketAddress local() {
        return new InetSocketAddress("localhost", service.port());
    }

    private static void assertEcho(int port) throws IOException {
        try (Socket visitor = Visitor.connect(port)) {
            Visitor.send(visitor, "hello");
            Visitor.expect(visitor, "hello");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void acceptorAndForwarder(boolean extended) throws Exception {
        try (RelayServer server = server(extended);
                RelayAcceptor acceptor = RelayClient.connect(socket, options().build());
                RelayForwarder forwarder =
                        RelayClient.forward(socket, local(), options().build())) {
            InetSocketAddress address = acceptor.publicAddress();
            if (!extended) assertEquals("localhost", address.getHostString()); // otherwise the server states it
            assertTrue(address.getAddress().isLoopbackAddress());
            assertEquals(acceptor.getLocalPort(), address.getPort());
            try (Socket visitor = Visitor.connect(address.getPort());
                    Socket accepted = acceptor.accept()) {
                Visitor.send(accepted, "welcome");
                Visitor.expect(visitor, "welcome");
            }
            assertEcho(forwarder.publicAddress().getPort());
            InetSocketAddress control = forwarder.serverAddress();
            assertEquals("unix:" + socket, control.getHostString());
            assertEquals(0, control.getPort());
            assertEquals(2, server.tunnelCount());
            assertEquals(
                    extended ? "HELLO" : "PORT",
                    RelayClient.greeting(socket, options().build())
                            .split(" ", -1)[0]
                            .replaceAll("\\d+", "PORT"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void tunnelWithEndpoints(int connections) throws Exception {
        Path lease = folder.resolve("lease");
        RelayClientOptions options =
                options().connections(connections).leaseFile(lease).build();
        try (Logged log = Logged.below("org.relay4j.client")) {
            int port;
            try (RelayServer server = server(true);
                    RelayTunnel tunnel = RelayClient.open(socket, options)) {
                RelayForwarder forwarder = tunnel.forward(Endpoint.anyPort(), local());
                port = forwarder.publicAddress().getPort();
                assertTrue(forwarder.publicAddress().getAddress().isLoopbackAddress());
                assertEcho(port);
                assertEquals("RelayTunnel[unix:" + socket + " [tcp/" + port + "]]", tunnel.toString());
                assertEquals("localhost", tunnel.publicAddress().getHostString());
                log.await("tunnel unix:" + socket);
                Await.until(
                        "all connections are there",
                        () -> server.openTunnels().get(0).connections() == connections);
                assertTrue(Files.readString(lease).contains("\nfor unix:" + socket + " plain "));
            }
            assertEquals(0, log.lines("WARN").size(), log.lines("WARN")::toString); // the traffic stays on this machine
        }
    }

    @Test
    void aServerThatRestartsIsFoundAgain() throws Exception {
        RelayServer first = server(true);
        try (RelayTunnel tunnel = RelayClient.open(socket, options().build())) {
            RelayForwarder forwarder = tunnel.forward(Endpoint.anyPort(), local());
            first.close();
            Await.until("the tunnel is down", () -> !tunnel.isOpen());
            try (RelayServer second = server(true)) {
                Await.until("the tunnel is up again", () -> tunnel.isOpen() && forwarder.isOpen());
                assertEcho(forwarder.publicAddress().getPort());
                assertEquals(1, second.tunnelCount());
            }
        } finally {
            first.close();
        }
    }

    @Test
    void serversThatAreNotThere() throws IOException {
        assertUnreachable("no such file; start the service, or correct the path");
        Files.createFile(socket.getPath());
        assertUnreachable("it is a file, not a socket; correct the path");
    }

    private void assertUnreachable(String reason) {
        RelayUnreachableException failure = assertThrows(
                RelayUnreachableException.class,
                () -> RelayClient.connect(socket, options().build()));
        assertEquals("cannot connect to unix:" + socket + ": " + reason, failure.getMessage());
    }

    @Test
    void addressesThatCannotBeUsed() {
        UnixDomainSocketAddress empty = UnixDomainSocketAddress.of("");
        UnixDomainSocketAddress longest = UnixDomainSocketAddress.of("/" + "a".repeat(107));
        for (UnixDomainSocketAddress each : new UnixDomainSocketAddress[] {empty, longest}) {
            RelayClientOptions options = options().build();
            assertThrows(IllegalArgumentException.class, () -> RelayClient.connect(each, options));
            assertThrows(IllegalArgumentException.class, () -> RelayClient.open(each, options));
            assertThrows(IllegalArgumentException.class, () -> RelayClient.forward(each, local(), options));
            assertThrows(IllegalArgumentException.class, () -> RelayClient.greeting(each, options));
        }
        RelayClientOptions proxied =
                options().proxySelector(ProxySelector.getDefault()).build();
        IllegalArgumentException failure =
                assertThrows(IllegalArgumentException.class, () -> RelayClient.connect(socket, proxied));
        assertEquals(
                "there is a proxy on the way to unix:" + socket + ", which is on this machine; remove the proxy",
                failure.getMessage());
    }

    @Test
    void addressesOfSocketsAndPorts() {
        assertEquals(socket, ControlSocket.of(ControlSocket.address(socket)));
        assertEquals("unix:" + socket, HostPort.text(ControlSocket.address(socket)));
        assertNull(ControlSocket.of(InetSocketAddress.createUnresolved("relay.example.com", 7000)));
        assertNull(ControlSocket.of(InetSocketAddress.createUnresolved("unix:/run/relay.sock", 7000)));
        assertNull(ControlSocket.of(new InetSocketAddress("localhost", 0)));
    }
}
