package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelLostException;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;

/** One acceptor with a public port on each of several relay servers. */
@ExtendWith(LeakCheck.EachTest.class)
class SeveralServersTest {
    private final Recorder recorder = new Recorder();
    private RelayServer one;
    private RelayServer other;

    @BeforeEach
    void start() throws IOException {
        one = Local.server();
        other = Local.server();
    }

    @AfterEach
    void stop() {
        one.close();
        other.close();
    }

    private static InetSocketAddress address(RelayServer server) {
        return InetSocketAddress.createUnresolved("localhost", server.port());
    }

    private RelayAcceptor connect(RelayClientOptions.Builder options) throws IOException {
        return RelayClient.connect(List.of(address(one), address(other)), options.build());
    }

    private RelayAcceptor connectBoth(RelayClientOptions.Builder options) throws IOException {
        RelayAcceptor acceptor = connect(options);
        Await.until("both stand", () -> acceptor.tunnels().stream().allMatch(Tunnel::isOpen));
        return acceptor;
    }

    private static void assertServed(RelayAcceptor acceptor, Tunnel through) throws IOException {
        int port = through.publicAddress().getPort();
        try (Socket visitor = Visitor.connect(port);
                Socket accepted = acceptor.accept()) {
            assertEquals(port, accepted.getLocalPort());
            Visitor.send(visitor, "ping");
            Visitor.expect(accepted, "ping");
        }
    }

    @Test
    void visitorsOfBothComeToOneAccept() throws IOException {
        try (RelayAcceptor acceptor = connectBoth(Local.hasty(recorder))) {
            assertEquals(2, acceptor.tunnels().size());
            Tunnel first = acceptor.tunnels().get(0);
            Tunnel second = acceptor.tunnels().get(1);
            assertEquals(one.port(), first.serverAddress().getPort());
            assertEquals(other.port(), second.serverAddress().getPort());
            assertServed(acceptor, first);
            assertServed(acceptor, second);
            assertEquals(first.publicAddress(), acceptor.publicAddress());
            assertEquals(first.publicAddress(), acceptor.getLocalSocketAddress());
            assertEquals(2, acceptor.statistics().visitors());
            assertEquals(1, first.statistics().visitors());
        }
    }

    @Test
    void lossOfOneIsNotNoticedByAccept() throws IOException {
        try (RelayAcceptor acceptor = connectBoth(Local.hasty(recorder))) {
            int port = one.port();
            Tunnel lost = acceptor.tunnels().get(0);
            Tunnel left = acceptor.tunnels().get(1);
            Call<Socket> accepting = Call.of(acceptor::accept).awaitBlocked();
            one.close();
            Await.until("it is lost", () -> !lost.isOpen());
            assertTrue(acceptor.isOpen());
            assertFalse(accepting.isDone());
            assertEquals(left.publicAddress(), acceptor.publicAddress());
            try (Socket visitor = Visitor.connect(left.publicAddress().getPort());
                    Socket accepted = accepting.result()) {
                Visitor.send(visitor, "x");
                Visitor.expect(accepted, "x");
            }
            one = Local.server(port);
            Await.until("it is back", lost::isOpen);
            assertServed(acceptor, lost);
            assertEquals(1, acceptor.statistics().reconnects());
        }
    }

    @Test
    void serverThatIsNotThereAtFirstIsTriedAgain() throws IOException {
        int port = one.port();
        InetSocketAddress late = address(one);
        one.close();
        RelayClientOptions options = Local.hasty(recorder).build();
        try (RelayAcceptor acceptor = RelayClient.connect(List.of(late, address(other)), options)) {
            assertEquals(other.port(), acceptor.serverAddress().getPort());
            Tunnel missing = acceptor.tunnels().get(0);
            assertFalse(missing.isOpen());
            assertThrows(IllegalStateException.class, missing::publicAddress);
            assertEquals(port, missing.serverAddress().getPort());
            one = Local.server(port);
            Await.until("it has come", missing::isOpen);
            assertServed(acceptor, missing);
            assertEquals(0, acceptor.statistics().reconnects());
        }
    }

    @Test
    void listenerIsToldOfEachTunnel() throws IOException {
        RelayAcceptor acceptor = connectBoth(Local.hasty(recorder));
        recorder.awaitUp(1);
        assertNotEquals(recorder.await(0).tunnel(), recorder.await(1).tunnel());
        assertTrue(acceptor.tunnels().contains(recorder.await(0).tunnel()));
        other.close();
        assertSame(TunnelLostException.class, recorder.awaitLoss(2, true).getClass());
        assertSame(acceptor.tunnels().get(1), recorder.await(2).tunnel());
        assertTrue(acceptor.close(Duration.ofSeconds(20)));
        recorder.awaitClose(3);
        recorder.awaitClose(4);
    }

    @Test
    void oneTunnelCanBeClosedAlone() throws IOException {
        try (RelayAcceptor acceptor = connectBoth(Local.hasty(recorder))) {
            Tunnel closed = acceptor.tunnels().get(0);
            assertTrue(closed.close(Duration.ofSeconds(20)));
            Await.until("the server has no tunnel", () -> one.tunnelCount() == 0);
            assertServed(acceptor, acceptor.tunnels().get(1));
            assertFalse(acceptor.isClosed());
        }
    }

    @Test
    void acceptFailsWhenAllAreLostForGood() throws IOException {
        try (RelayAcceptor acceptor = connectBoth(Local.hasty(recorder).reconnect(false))) {
            Call<Socket> accepting = Call.of(acceptor::accept).awaitBlocked();
            one.close();
            recorder.awaitLoss(2, false);
            assertFalse(accepting.isDone());
            other.close();
            SocketException failure = accepting.failure(SocketException.class);
            assertTrue(failure.getMessage().startsWith("the tunnel was lost"), failure.getMessage());
            assertThrows(SocketException.class, acceptor::accept);
            assertFalse(acceptor.isClosed());
        }
    }

    @Test
    void acceptFailsWhenTheLastTunnelWasClosedByItself() throws IOException {
        try (RelayAcceptor acceptor = connectBoth(Local.hasty(recorder))) {
            Call<Socket> accepting = Call.of(acceptor::accept).awaitBlocked();
            for (Tunnel tunnel : acceptor.tunnels()) tunnel.close();
            assertEquals(
                    "Socket closed", accepting.failure(SocketException.class).getMessage());
            assertThrows(SocketException.class, acceptor::accept);
        }
    }

    @Test
    void acceptFailsWhenOneTunnelWasClosedAndTheOtherIsLost() throws IOException {
        try (RelayAcceptor acceptor = connectBoth(Local.hasty(recorder).reconnect(false))) {
            Call<Socket> accepting = Call.of(acceptor::accept).awaitBlocked();
            acceptor.tunnels().get(0).close();
            recorder.awaitClose(2);
            other.close();
            SocketException failure = accepting.failure(SocketException.class);
            assertTrue(failure.getMessage().startsWith("the tunnel was lost"), failure.getMessage());
        }
    }

    @Test
    void addressesAreThoseOfATunnelThatStands() throws IOException {
        try (RelayAcceptor acceptor = connectBoth(Local.hasty(recorder))) {
            Tunnel left = acceptor.tunnels().get(1);
            one.close();
            Await.until("the first is lost", () -> !acceptor.tunnels().get(0).isOpen());
            assertEquals(left.publicAddress(), acceptor.getLocalSocketAddress());
            assertEquals(left.publicAddress().getPort(), acceptor.getLocalPort());
        }
    }

    @Test
    void failureOfAllIsThatOfTheFirst() {
        List<InetSocketAddress> servers = List.of(address(one), address(other));
        one.close();
        other.close();
        RelayUnreachableException failure = assertThrows(
                RelayUnreachableException.class,
                () -> RelayClient.connect(servers, Local.hasty(recorder).build()));
        assertTrue(failure.getMessage().contains(":" + servers.get(0).getPort()), failure.getMessage());
        assertEquals(1, failure.getSuppressed().length);
        assertEquals(List.of(), recorder.events());
    }

    @Test
    void interruptEndsTheWaitForTheFirst() throws IOException {
        try (FakeServer silent = FakeServer.saying("");
                FakeServer quiet = FakeServer.saying("")) {
            List<InetSocketAddress> servers = List.of(
                    new InetSocketAddress("localhost", silent.port()),
                    new InetSocketAddress("localhost", quiet.port()));
            Call<RelayAcceptor> connecting = Call.of(
                    () -> RelayClient.connect(servers, Local.hasty(recorder).build()));
            Await.until("both are asked", () -> silent.connected() + quiet.connected() == 2);
            connecting.interrupt();
            connecting.failure(InterruptedIOException.class);
            assertTrue(connecting.endedInterrupted());
        }
    }

    @Test
    void listOfServersIsChecked() {
        RelayClientOptions options = RelayClientOptions.defaults();
        InetSocketAddress server = address(one);
        InetSocketAddress zero = InetSocketAddress.createUnresolved("localhost", 0);
        assertThrows(IllegalArgumentException.class, () -> RelayClient.connect(List.of(), options));
        assertThrows(IllegalArgumentException.class, () -> RelayClient.connect(List.of(server, server), options));
        assertThrows(IllegalArgumentException.class, () -> RelayClient.connect(List.of(zero), options));
        assertThrows(NullPointerException.class, () -> RelayClient.connect((List<InetSocketAddress>) null, options));
        assertThrows(NullPointerException.class, () -> RelayClient.connect(List.of(server), null));
    }
}
