package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.api.Tunnel;
import org.relay4j.server.Refusal;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;

/** The graceful end of a server or a client, with both ends real. */
@ExtendWith(LeakCheck.EachTest.class)
class ServerShutdownTest {
    private static final Duration LONG = Duration.ofMinutes(5);

    @TempDir
    Path folder;

    private final Recorder recorder = new Recorder();
    private FakeServer service;
    private RelayServer server;

    @BeforeEach
    void start() throws IOException {
        service = FakeServer.echoing();
        server = server(FixedPort.free());
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        service.close();
    }

    private static RelayServer server(int port) throws IOException {
        return RelayServer.start(Local.options().port(port).extended(true).build());
    }

    private RelayForwarder forward(RelayClientOptions.Builder options) throws IOException {
        InetSocketAddress local = InetSocketAddress.createUnresolved("localhost", service.port());
        return RelayClient.forward("localhost", server.port(), local, options.build());
    }

    private static void assertEcho(Socket visitor, String text) throws IOException {
        Visitor.send(visitor, text);
        Visitor.expect(visitor, text);
    }

    private static void leave(Socket visitor) throws IOException {
        visitor.shutdownOutput();
        Visitor.expectEnd(visitor);
    }

    @Test
    void visitorsFinishAndTheClientComesBackToTheNextServer() throws Exception {
        try (Logged log = Logged.below("org.relay4j.client");
                RelayForwarder forwarder = forward(Local.hasty(recorder))) {
            Call<Boolean> closing;
            try (Socket visitor = Visitor.connect(forwarder.publicAddress().getPort())) {
                assertEcho(visitor, "before");
                closing = Call.of(() -> server.close(LONG));
                log.await("the server shuts down within 300 s");
                Await.until(
                        "the client may not join",
                        () -> server.statistics().refusals().get(Refusal.DRAINING) > 1);
                assertEcho(visitor, "while it shuts down");
                assertTrue(forwarder.isOpen());
                leave(visitor);
            }
            assertTrue(closing.result(), "no visitor was reset");
            assertEquals(
                    "the tunnel was lost: the server has shut down",
                    recorder.awaitLoss(1, true).getMessage());
            server = server(server.port());
            recorder.awaitUp(2);
            try (Socket visitor = Visitor.connect(forwarder.publicAddress().getPort())) {
                assertEcho(visitor, "after");
            }
        }
    }

    @Test
    void allConnectionsOfATunnelServeTheirVisitorsToTheEnd() throws Exception {
        try (Logged log = Logged.below("org.relay4j.client");
                RelayForwarder forwarder = forward(Local.hasty(recorder).connections(2))) {
            log.await("another connection");
            int port = forwarder.publicAddress().getPort();
            Call<Boolean> closing;
            try (Socket one = Visitor.connect(port);
                    Socket two = Visitor.connect(port)) {
                assertEcho(one, "one");
                assertEcho(two, "two");
                closing = Call.of(() -> server.close(LONG));
                log.await("the server shuts down within 300 s");
                leave(one);
                assertEcho(two, "still here");
                leave(two);
            }
            assertTrue(closing.result(), "no visitor was reset");
            recorder.awaitLoss(1, true);
            server = server(server.port());
            recorder.awaitUp(2);
        }
    }

    @Test
    void acceptorServesTheVisitorsOfItsOtherServer() throws Exception {
        RelayServer other = server(FixedPort.free());
        List<InetSocketAddress> both = List.of(server.address(), other.address());
        try (other;
                Logged log = Logged.below("org.relay4j.client");
                RelayAcceptor acceptor =
                        RelayClient.connect(both, Local.hasty(recorder).build())) {
            Await.until("both are up", () -> acceptor.tunnels().stream().allMatch(Tunnel::isOpen));
            Tunnel leaving = acceptor.tunnels().get(0);
            int port = acceptor.tunnels().get(1).publicAddress().getPort();
            Call<Boolean> closing;
            try (Socket visitor = Visitor.connect(leaving.publicAddress().getPort());
                    Socket accepted = acceptor.accept()) {
                closing = Call.of(() -> server.close(LONG));
                log.await("the server shuts down within 300 s");
                try (Socket newcomer = Visitor.connect(port);
                        Socket served = acceptor.accept()) {
                    Visitor.send(newcomer, "through the other one");
                    Visitor.expect(served, "through the other one");
                }
                Visitor.send(accepted, "a reply");
                accepted.shutdownOutput();
                Visitor.expect(visitor, "a reply");
                leave(visitor);
            }
            assertTrue(closing.result(), "no visitor was reset");
            Await.until("it is lost", () -> !leaving.isOpen());
            server = server(server.port());
            Await.until("it is back", leaving::isOpen);
        }
    }

    @Test
    void visitorsOfAClientWithALeaseFileFinishWhileTheNextOneServes() throws Exception {
        Path file = folder.resolve("lease");
        RelayForwarder first = forward(Local.hasty(recorder).leaseFile(file));
        int port = first.publicAddress().getPort();
        try (Logged log = Logged.below("org.relay4j.server");
                Socket visitor = Visitor.connect(port)) {
            assertEcho(visitor, "before");
            Call<Boolean> closing = Call.of(() -> first.close(LONG));
            log.await("the client accepts no more visitors");
            try (Socket waiting = Visitor.connect(port);
                    RelayForwarder second = forward(Local.hasty(new Recorder()).leaseFile(file))) {
                assertEquals(port, second.publicAddress().getPort());
                assertEcho(waiting, "new");
                assertEcho(visitor, "while it ends");
                leave(visitor);
                assertTrue(closing.result(), "no visitor was reset");
                assertEcho(waiting, "still here");
            }
        }
    }
}
