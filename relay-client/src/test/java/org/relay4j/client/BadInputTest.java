package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ServerSocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.testing.Await;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.SessionOptions;

/** Null, closed and double use of every public method: what java.net does, or an exception that names the argument. */
@ExtendWith(LeakCheck.EachTest.class)
class BadInputTest {
    private static final RelayClientOptions OPTIONS = RelayClientOptions.defaults();
    private static final UnixDomainSocketAddress SOCKET = UnixDomainSocketAddress.of("/no/such/socket");
    private static final InetSocketAddress LOCAL = new InetSocketAddress("localhost", 6379);

    private RelayServer server;

    @BeforeEach
    void start() throws IOException {
        server = Local.server();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @TestFactory
    Stream<DynamicTest> nullIsNamed() {
        return Stream.of(
                named("host", () -> RelayClient.connect(null, 7000)),
                named("options", () -> RelayClient.connect("localhost", 7000, null)),
                named("servers", () -> RelayClient.connect((List<InetSocketAddress>) null, OPTIONS)),
                named("server", () -> RelayClient.connect((UnixDomainSocketAddress) null, OPTIONS)),
                named("options", () -> RelayClient.connect(SOCKET, null)),
                named("server", () -> RelayClient.open(null, OPTIONS)),
                named("options", () -> RelayClient.open(SOCKET, null)),
                named("server", () -> RelayClient.forward((UnixDomainSocketAddress) null, LOCAL, OPTIONS)),
                named("local", () -> RelayClient.forward(SOCKET, null, OPTIONS)),
                named("options", () -> RelayClient.forward(SOCKET, LOCAL, null)),
                named("server", () -> RelayClient.greeting(null, OPTIONS)),
                named("options", () -> RelayClient.greeting(SOCKET, null)),
                named("host", () -> RelayClient.serverSocketFactory(null, 7000, OPTIONS)),
                named("options", () -> RelayClient.serverSocketFactory("localhost", 7000, null)),
                named("host", () -> RelayClient.forward(null, 7000, LOCAL)),
                named("local", () -> RelayClient.forward("localhost", 7000, null)),
                named("options", () -> RelayClient.forward("localhost", 7000, LOCAL, null)),
                named("options", () -> RelayServer.start(null)),
                named(
                        "connectTimeout",
                        () -> RelayClientOptions.builder().connectTimeout(null).build()),
                named(
                        "handshakeTimeout",
                        () -> RelayClientOptions.builder()
                                .handshakeTimeout(null)
                                .build()),
                named(
                        "localConnectTimeout",
                        () -> RelayClientOptions.builder()
                                .localConnectTimeout(null)
                                .build()),
                named(
                        "shortest backoff",
                        () -> RelayClientOptions.builder()
                                .backoff(null, Duration.ofSeconds(1))
                                .build()),
                named(
                        "longest backoff",
                        () -> RelayClientOptions.builder()
                                .backoff(Duration.ofSeconds(1), null)
                                .build()),
                named(
                        "session",
                        () -> RelayClientOptions.builder().session(null).build()),
                named(
                        "session",
                        () -> RelayServerOptions.builder().session(null).build()),
                named(
                        "handshakeTimeout",
                        () -> RelayServerOptions.builder()
                                .handshakeTimeout(null)
                                .build()),
                named(
                        "keepAliveTimeout",
                        () -> SessionOptions.builder().keepAliveTimeout(null).build()));
    }

    private static DynamicTest named(String argument, Executable call) {
        return DynamicTest.dynamicTest(argument, () -> {
            NullPointerException failure = assertThrows(NullPointerException.class, call);
            assertNotNull(failure.getMessage());
            assertTrue(failure.getMessage().contains(argument), failure.getMessage());
        });
    }

    @Test
    void portsOutOfRangeAreNamed() {
        for (int port : new int[] {-1, 0, 65_536}) {
            IllegalArgumentException failure =
                    assertThrows(IllegalArgumentException.class, () -> RelayClient.connect("localhost", port));
            assertEquals("port is " + port + ", it must be 1 to 65535", failure.getMessage());
            assertThrows(IllegalArgumentException.class, () -> RelayClient.forward("localhost", port, LOCAL));
            assertThrows(
                    IllegalArgumentException.class, () -> RelayClient.serverSocketFactory("localhost", port, OPTIONS));
        }
        assertThrows(
                IllegalArgumentException.class,
                () -> RelayClient.forward("localhost", server.port(), new InetSocketAddress("localhost", 0)));
    }

    @Test
    void closedAcceptorRefusesEverythingAsAServerSocketDoes() throws IOException {
        RelayAcceptor acceptor = RelayClient.connect("localhost", server.port());
        acceptor.close();
        acceptor.close();
        assertTrue(acceptor.isClosed());
        assertTrue(acceptor.isBound());
        assertEquals("Socket is closed", failure(acceptor::accept));
        assertEquals("Socket is closed", failure(acceptor::acceptStream));
        assertEquals("Socket is closed", failure(() -> acceptor.bind(null)));
        assertEquals("Socket is closed", failure(() -> acceptor.setSoTimeout(1)));
        assertEquals("Socket is closed", failure(() -> acceptor.getReuseAddress()));
        assertNotNull(acceptor.publicAddress());
        assertNotNull(acceptor.statistics());
        Await.until("it has ended", () -> acceptor.close(Duration.ZERO));
        assertThrows(NullPointerException.class, () -> acceptor.close(null));
    }

    @Test
    void negativeTimeoutsAreRefused() throws IOException {
        try (RelayAcceptor acceptor = RelayClient.connect("localhost", server.port());
                FakeServer service = FakeServer.echoing();
                RelayForwarder forwarder = RelayClient.forward(
                        "localhost", server.port(), new InetSocketAddress("localhost", service.port()))) {
            assertThrows(IllegalArgumentException.class, () -> acceptor.setSoTimeout(-1));
            assertThrows(IllegalArgumentException.class, () -> acceptor.close(Duration.ofMillis(-1)));
            assertThrows(IllegalArgumentException.class, () -> forwarder.close(Duration.ofMillis(-1)));
            assertTrue(acceptor.isOpen() && forwarder.isOpen(), "a call that was refused has done nothing");
            assertFalse(acceptor.isClosed());
        }
    }

    @Test
    void timeoutsOfAnyLengthAreTaken() throws Exception {
        Duration forever = ChronoUnit.FOREVER.getDuration();
        try (FakeServer service = FakeServer.echoing();
                RelayAcceptor acceptor = RelayClient.connect("localhost", server.port());
                RelayAcceptor other = RelayClient.connect("localhost", server.port())) {
            RelayForwarder forwarder =
                    RelayClient.forward("localhost", server.port(), new InetSocketAddress("localhost", service.port()));
            assertTrue(forwarder.close(forever));
            assertTrue(acceptor.close(forever));
            assertTrue(other.tunnels().get(0).close(forever));
            acceptor.awaitEnd();
            other.awaitEnd();
            assertNull(acceptor.endCause());
        }
    }

    @Test
    void closedForwarderCanBeClosedAgain() throws Exception {
        try (FakeServer service = FakeServer.echoing()) {
            RelayForwarder forwarder =
                    RelayClient.forward("localhost", server.port(), new InetSocketAddress("localhost", service.port()));
            forwarder.close();
            forwarder.close();
            forwarder.awaitEnd();
            assertTrue(forwarder.close(Duration.ZERO));
            assertFalse(forwarder.isOpen());
            assertEquals(null, forwarder.endCause());
            assertNotNull(forwarder.statistics());
        }
    }

    @Test
    void factoryMakesAServerSocketForEachCall() throws IOException {
        ServerSocketFactory factory = RelayClient.serverSocketFactory("localhost", server.port(), OPTIONS);
        ServerSocket one = factory.createServerSocket();
        try (ServerSocket other = factory.createServerSocket(8080, 50)) {
            assertTrue(one.getLocalPort() != other.getLocalPort());
            one.close();
            try (Socket visitor = Visitor.connect(other.getLocalPort());
                    Socket accepted = other.accept()) {
                Visitor.send(visitor, "x");
                Visitor.expect(accepted, "x");
            }
        }
        Await.until("no tunnel is left", () -> server.tunnelCount() == 0);
    }

    private static String failure(Executable call) {
        return assertThrows(SocketException.class, call).getMessage();
    }
}
