package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.api.RelayOptionException;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.api.Tunnel;
import org.relay4j.api.control.Ed25519;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;

/** A first connect that is tried again, until it succeeds or its thread is interrupted. */
@ExtendWith(LeakCheck.EachTest.class)
class RetryFirstTest {
    /** The ways to get a tunnel. */
    enum Way {
        ACCEPTOR {
            @Override
            Tunnel open(int port, RelayClientOptions options) throws IOException {
                return RelayClient.connect("localhost", port, options);
            }
        },
        ACCEPTOR_OF_SEVERAL {
            @Override
            Tunnel open(int port, RelayClientOptions options) throws IOException {
                InetAddress loopback = InetAddress.getLoopbackAddress();
                List<InetSocketAddress> servers = List.of(
                        InetSocketAddress.createUnresolved("localhost", port),
                        new InetSocketAddress(loopback, NO_SERVER));
                return RelayClient.connect(servers, options);
            }
        },
        FORWARDER {
            @Override
            Tunnel open(int port, RelayClientOptions options) throws IOException {
                return RelayClient.forward("localhost", port, new InetSocketAddress("localhost", 9), options);
            }
        };

        private static final int NO_SERVER = 1;

        abstract Tunnel open(int port, RelayClientOptions options) throws IOException;
    }

    private final Recorder recorder = new Recorder();
    private int port; // where nothing listens at first

    @BeforeEach
    void findPort() {
        try (RelayServer server = Local.server()) {
            port = server.port();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private RelayClientOptions.Builder options() {
        return Local.hasty(recorder).retryFirst(true);
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void everyFailureIsRetriedUntilTheTunnelIsUp(Way way) throws IOException {
        try (Logged log = Logged.below("org.relay4j.client")) {
            Call<Tunnel> opening = Call.of(() -> way.open(port, options().build()));
            log.await("Connection refused");
            InetAddress loopback = InetAddress.getLoopbackAddress();
            FakeServer.Behaviour refusal = to -> Visitor.send(to, "ERR limit-reached too many\n");
            try (FakeServer refusing = FakeServer.start(loopback, port, refusal)) {
                log.await("limit-reached: too many");
                assertTrue(refusing.connected() > 0);
            }
            try (FakeServer foreign = FakeServer.start(loopback, port, to -> Visitor.send(to, "SSH-2.0-x\n"))) {
                log.await("it answered \"SSH-2.0-x\"");
                assertTrue(foreign.connected() > 0);
            }
            assertFalse(opening.isDone());
            assertEquals(List.of(), recorder.events());
            try (RelayServer server = Local.server(port);
                    Tunnel tunnel = opening.result()) {
                assertTrue(tunnel.isOpen());
                recorder.awaitUp(0);
                assertEquals(0, tunnel.statistics().reconnects());
                Await.until("the server counts it", () -> server.tunnelCount() == 1);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void interruptEndsThePauseBetweenTwoAttempts(Way way) {
        try (Logged log = Logged.below("org.relay4j.client")) {
            Duration pause = Duration.ofHours(1);
            Call<Tunnel> opening =
                    Call.of(() -> way.open(port, options().backoff(pause, pause).build()));
            log.await("Connection refused");
            opening.interrupt();
            opening.failure(InterruptedIOException.class);
            assertTrue(opening.endedInterrupted());
        }
        assertEquals(List.of(), recorder.events());
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void interruptEndsAnAttempt(Way way) throws IOException {
        try (FakeServer silent = FakeServer.start(InetAddress.getLoopbackAddress(), port, FakeServer::awaitEnd)) {
            Call<Tunnel> opening = Call.of(() -> way.open(
                    port, options().handshakeTimeout(Duration.ofHours(1)).build()));
            Await.until("an attempt was made", () -> silent.connected() > 0);
            opening.interrupt();
            opening.failure(InterruptedIOException.class);
            assertTrue(opening.endedInterrupted());
            silent.awaitAllEnded();
        }
        assertEquals(List.of(), recorder.events());
    }

    @Test
    void unknownHostOfTheServiceIsRetriedToo() throws IOException {
        InetSocketAddress service = InetSocketAddress.createUnresolved("service.invalid", 80);
        try (Logged log = Logged.below("org.relay4j.client");
                RelayServer server = Local.server(port)) {
            Call<Tunnel> opening = Call.of(() ->
                    RelayClient.forward("localhost", port, service, options().build()));
            Await.until("it has failed twice", () -> log.lines("WARN").size() > 1);
            log.await("unknown local host service.invalid");
            assertEquals(0, server.tunnelCount());
            opening.interrupt();
            opening.failure(InterruptedIOException.class);
        }
    }

    @Test
    void tunnelThatIsLostLaterEndsUnlessItIsToBeReestablished() throws Exception {
        RelayServer server = Local.server(port);
        try (RelayAcceptor acceptor = RelayClient.connect(
                "localhost", port, options().reconnect(false).build())) {
            server.close();
            recorder.awaitLoss(1, false);
            assertFalse(acceptor.isOpen());
        }
    }

    @Test
    void keyWithoutTlsIsNotRetried() throws Exception {
        InetAddress own = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress())
                .findFirst()
                .orElse(null);
        assumeTrue(own != null, "this machine has only the loopback interface");
        String key = Ed25519.encode(
                KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPrivate());
        RelayClientOptions named =
                options().identity(ClientIdentity.ofKey("alice", key)).build();
        try (FakeServer server = FakeServer.start(own, port, FakeServer::awaitEnd)) {
            Call<Tunnel> opening = Call.of(() -> RelayClient.connect(own.getHostAddress(), port, named));
            String message = opening.failure(RelayOptionException.class).getMessage();
            assertTrue(message.contains("has a key, but the connection"), message);
            server.awaitAllEnded();
        }
    }

    @Test
    void badArgumentsAreNotRetried() {
        assertThrows(
                IllegalArgumentException.class,
                () -> RelayClient.connect("localhost", 0, options().build()));
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void isOffByDefault(Way way) {
        assertFalse(RelayClientOptions.defaults().retryFirst());
        assertThrows(
                RelayUnreachableException.class,
                () -> way.open(port, Local.hasty(recorder).build()));
    }
}
