package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;

/** How a forwarder connects to its local service, whose host may have several addresses, and some of them may not answer. */
@ExtendWith(LeakCheck.EachTest.class)
@EnabledOnOs(value = OS.LINUX, disabledReason = "needs 127.0.0.2, and a full backlog that ignores connects")
class LocalConnectTest {
    private RelayServer server;
    private InetAddress one;
    private InetAddress two;
    private InetAddress three;

    @BeforeEach
    void start() throws IOException {
        server = Local.server();
        one = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        two = InetAddress.getByAddress(new byte[] {127, 0, 0, 2});
        three = InetAddress.getByAddress(new byte[] {127, 0, 0, 3});
    }

    @AfterEach
    void stop() {
        server.close();
    }

    /** A port whose backlog is full: connects to it wait for ever. */
    private static final class Silent implements Closeable {
        private final ServerSocket listener;
        private final List<Socket> waiting = new ArrayList<>();

        Silent(InetAddress address, int port) throws IOException {
            listener = new ServerSocket(port, 1, address);
            while (true) {
                Socket socket = new Socket();
                waiting.add(socket);
                try {
                    socket.connect(listener.getLocalSocketAddress(), 100);
                } catch (SocketTimeoutException e) {
                    return;
                }
            }
        }

        int port() {
            return listener.getLocalPort();
        }

        @Override
        public void close() throws IOException {
            for (Socket socket : waiting) socket.close();
            listener.close();
        }
    }

    /** A forwarder to a service whose host has these addresses. */
    private final class Forwarding implements Closeable {
        final ServiceConnection connection;
        final TunnelEvents events = new TunnelEvents(null, null); // without a listener the tunnel is not asked for

        Forwarding(Duration timeout, int port, InetAddress... addresses) throws IOException {
            RelayClientOptions options =
                    RelayClientOptions.builder().localConnectTimeout(timeout).build();
            LocalService service = LocalService.tcp("service.example", port, addresses);
            ForwardService forwarding =
                    new ForwardService(new LocalTarget(() -> service), timeout, null, new Visits(events));
            forwarding.prepare();
            connection = ServiceConnection.start(
                    ControlConnection.open("localhost", server.port(), options), events, options, forwarding);
        }

        Socket visit() throws IOException {
            return Visitor.connect(connection.publicAddress().getPort());
        }

        void awaitNobody() {
            Await.until("no visitor is left", () -> events.statistics().openVisitors() == 0);
        }

        @Override
        public void close() throws IOException {
            connection.close();
            try {
                assertTrue(connection.awaitTermination(Await.DEADLINE.toNanos()));
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Test
    void addressThatRefusesIsFollowedByTheNext() throws IOException {
        int port = FixedPort.free(); // at all three addresses
        try (FakeServer service = FakeServer.start(two, port, FakeServer::echo);
                Forwarding forwarding = new Forwarding(Duration.ofHours(1), port, one, three, two)) {
            for (int i = 0; i < 100; i++) {
                try (Socket visitor = forwarding.visit()) {
                    Visitor.send(visitor, "hello");
                    Visitor.expect(visitor, "hello");
                }
            }
            assertEquals(100, service.connected());
        }
    }

    @Test
    void addressThatDoesNotAnswerIsFollowedByTheNext() throws IOException {
        int port = FixedPort.free(); // at all three addresses
        try (FakeServer service = FakeServer.start(two, port, FakeServer::echo);
                Silent silent = new Silent(one, port);
                Forwarding forwarding = new Forwarding(Duration.ofMillis(50), silent.port(), one, three, two);
                Socket visitor = forwarding.visit()) {
            // Sent before the connect, kept, and delivered to the address that accepts.
            Visitor.send(visitor, "hello");
            visitor.shutdownOutput();
            Visitor.expect(visitor, "hello");
            Visitor.expectEnd(visitor);
            assertEquals(1, service.connected());
            assertTrue(silent.waiting.size() > 1);
            forwarding.awaitNobody();
        }
    }

    @Test
    void visitorIsResetWhenNoAddressAnswers() throws IOException {
        int port = FixedPort.free(); // at both addresses
        try (Logged log = Logged.below("org.relay4j.client");
                Silent silent = new Silent(one, port);
                Silent other = new Silent(two, silent.port());
                Forwarding forwarding = new Forwarding(Duration.ofMillis(50), other.port(), one, two)) {
            try (Socket visitor = forwarding.visit()) {
                Visitor.send(visitor, "hello");
                Visitor.expectReset(visitor);
            }
            log.await("visitor reset, cannot connect to the local service service.example:" + port
                    + ": no answer within 50 ms");
            forwarding.awaitNobody();
            assertTrue(forwarding.connection.isOpen());
            assertEquals(1, forwarding.events.statistics().visitors());
        }
    }

    @Test
    void visitorThatLeavesMeanwhileIsNoFailureOfTheService() throws IOException {
        try (Logged log = Logged.below("org.relay4j.client");
                Silent silent = new Silent(one, 0);
                Forwarding forwarding = new Forwarding(Duration.ofHours(1), silent.listener.getLocalPort(), one)) {
            Socket visitor = forwarding.visit();
            Visitor.send(visitor, "hello");
            Await.until("it was accepted", () -> forwarding.events.statistics().openVisitors() == 1);
            Visitor.reset(visitor);
            forwarding.awaitNobody();
            assertEquals(List.of(), log.lines("WARN"));
        }
    }

    @Test
    void connectsInProgressEndWithTheTunnel() throws IOException {
        try (Silent silent = new Silent(one, 0);
                Forwarding forwarding = new Forwarding(Duration.ofHours(1), silent.listener.getLocalPort(), one);
                Socket visitor = forwarding.visit()) {
            Await.until("it was accepted", () -> forwarding.events.statistics().openVisitors() == 1);
            forwarding.connection.close();
            Visitor.expectReset(visitor);
            forwarding.awaitNobody();
        }
    }

    @Test
    void endOfAVisitorIsLoggedWithWhatItWas() throws IOException {
        try (Logged log = Logged.below("org.relay4j.client");
                FakeServer service = FakeServer.start(one, 0, FakeServer::echo);
                Forwarding forwarding = new Forwarding(Duration.ofSeconds(10), service.port(), one)) {
            try (Socket visitor = forwarding.visit()) {
                Visitor.send(visitor, "hello");
                Visitor.expect(visitor, "hello");
            }
            String line = log.await("has disconnected after ");
            assertTrue(line.contains("of 127.0.0.1:" + service.port()), line);
            assertTrue(line.endsWith(" ms, 5 bytes in, 5 bytes out"), line);
        }
    }

    @Test
    void serviceOnAllAddressesOfThisMachineIsFound() throws IOException {
        try (FakeServer service = FakeServer.start(InetAddress.getByAddress(new byte[4]), 0, FakeServer::echo);
                RelayForwarder forwarder =
                        RelayClient.forward("localhost", server.port(), new InetSocketAddress(service.port()));
                Socket visitor = Visitor.connect(forwarder.publicAddress().getPort())) {
            Visitor.send(visitor, "hello");
            Visitor.expect(visitor, "hello");
            assertTrue(forwarder.toString().endsWith(" -> 0.0.0.0:" + service.port() + "]"), forwarder::toString);
        }
    }

    @Test
    void addressesAreWrittenAsPeopleDo() throws IOException {
        byte[] bytes = new byte[16];
        InetAddress all = InetAddress.getByAddress(bytes);
        bytes[15] = 1;
        InetAddress six = InetAddress.getByAddress(bytes);
        assertEquals("0.0.0.0:7", HostPort.text(new InetSocketAddress(7)));
        assertEquals("0.0.0.0:7", HostPort.text(new InetSocketAddress(all, 7)));
        assertEquals("[0:0:0:0:0:0:0:1]:7", HostPort.text(new InetSocketAddress(six, 7)));
        assertEquals("relay:7", HostPort.text(InetSocketAddress.createUnresolved("relay", 7)));
    }
}
