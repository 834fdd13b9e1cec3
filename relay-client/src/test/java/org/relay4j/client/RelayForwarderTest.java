package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;

/** A forwarder between a real server and a local service. */
@ExtendWith(LeakCheck.class)
class RelayForwarderTest {
    private RelayServer server;

    @BeforeEach
    void start() throws IOException {
        server = Local.server();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    // ---- bytes and ends

    @Test
    void bytesArriveUnchangedInBothDirections() throws IOException {
        long seed = 7;
        Random random = new Random(seed);
        try (FakeServer service = FakeServer.echoing();
                RelayForwarder forwarder = forward(service)) {
            for (int size : new int[] {0, 1, 11, 12, 13, 65_535, 65_536, 262_144, 262_145, 5_000_000}) {
                byte[] bytes = new byte[size];
                random.nextBytes(bytes);
                try (Socket visitor = visit(forwarder)) {
                    Call<Void> sending = Call.run(() -> {
                        visitor.getOutputStream().write(bytes);
                        visitor.shutdownOutput();
                    });
                    assertArrayEquals(bytes, visitor.getInputStream().readAllBytes(), size + " bytes, seed " + seed);
                    sending.result();
                }
            }
            assertEquals(10, service.connected());
            awaitVisitors(0);
        }
    }

    @Test
    void manyVisitorsAtOnceAreKeptApart() throws IOException {
        try (FakeServer service = FakeServer.echoing();
                RelayForwarder forwarder = forward(service)) {
            List<Call<Void>> calls = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                String text = "visitor " + i + " of fifty\n";
                calls.add(Call.run(() -> {
                    try (Socket visitor = visit(forwarder)) {
                        for (int j = 0; j < 20; j++) {
                            Visitor.send(visitor, text);
                            Visitor.expect(visitor, text);
                        }
                    }
                }));
            }
            calls.forEach(Call::result);
            awaitVisitors(0);
        }
    }

    @Test
    void serviceHearsTheEndOfTheVisitorAndRepliesLate() throws IOException {
        CountDownLatch replied = new CountDownLatch(1);
        FakeServer.Behaviour late = connection -> {
            Visitor.expect(connection, "request");
            Visitor.expectEnd(connection);
            replied.await();
            Visitor.send(connection, "late reply");
        };
        try (FakeServer service = FakeServer.start(late);
                RelayForwarder forwarder = forward(service);
                Socket visitor = visit(forwarder)) {
            Visitor.send(visitor, "request");
            visitor.shutdownOutput();
            assertTrue(server.visitorCount() > 0 || forwarder.isOpen());
            replied.countDown();
            Visitor.expect(visitor, "late reply");
            Visitor.expectEnd(visitor);
            awaitVisitors(0);
        }
    }

    @Test
    void visitorSpeaksOnAfterTheServiceHasEnded() throws IOException {
        CountDownLatch heard = new CountDownLatch(1);
        FakeServer.Behaviour ended = connection -> {
            Visitor.send(connection, "goodbye");
            connection.shutdownOutput();
            Visitor.expect(connection, "one more thing");
            heard.countDown();
            Visitor.expectEnd(connection);
        };
        try (FakeServer service = FakeServer.start(ended);
                RelayForwarder forwarder = forward(service);
                Socket visitor = visit(forwarder)) {
            Visitor.expect(visitor, "goodbye");
            Visitor.expectEnd(visitor);
            Visitor.send(visitor, "one more thing");
            Await.until("the service has heard it", heard);
            visitor.shutdownOutput();
            service.awaitAllEnded();
            awaitVisitors(0);
            assertTrue(forwarder.isOpen());
        }
    }

    @Test
    void resetOfTheVisitorReachesTheService() throws IOException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch reset = new CountDownLatch(1);
        FakeServer.Behaviour listens = connection -> {
            Visitor.expect(connection, "begun");
            begun.countDown();
            Visitor.expectReset(connection);
            reset.countDown();
        };
        try (FakeServer service = FakeServer.start(listens);
                RelayForwarder forwarder = forward(service)) {
            Socket visitor = visit(forwarder);
            Visitor.send(visitor, "begun");
            Await.until("the service has heard it", begun);
            Visitor.reset(visitor);
            Await.until("the service was notified", reset);
        }
    }

    // ---- the service

    @Test
    void serviceThatResetsItsConnectionResetsThatVisitorAlone() throws IOException {
        FakeServer.Behaviour moody = connection -> {
            if (connection.getInputStream().read() == 'R') connection.setSoLinger(true, 0);
            else FakeServer.echo(connection);
        };
        try (FakeServer service = FakeServer.start(moody);
                RelayForwarder forwarder = forward(service);
                Socket happy = visit(forwarder);
                Socket sad = visit(forwarder)) {
            Visitor.send(happy, "Hello");
            Visitor.expect(happy, "ello");
            Visitor.send(sad, "R");
            Visitor.expectReset(sad);
            Visitor.send(happy, " again");
            Visitor.expect(happy, " again");
            awaitVisitors(1);
        }
    }

    @Test
    void serviceThatIsNotThereResetsEachVisitor() throws IOException {
        int port;
        try (FakeServer free = FakeServer.echoing()) {
            port = free.port();
        }
        InetSocketAddress local = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        try (Logged log = Logged.below("org.relay4j.client");
                RelayForwarder forwarder = RelayClient.forward("localhost", server.port(), local)) {
            for (int i = 0; i < 20; i++) {
                try (Socket visitor = visit(forwarder)) {
                    Visitor.expectReset(visitor);
                }
            }
            assertTrue(forwarder.isOpen());
            assertNull(forwarder.endCause());
            List<String> warnings = log.lines("WARN");
            assertTrue(warnings.size() >= 1 && warnings.size() < 15, warnings::toString);
            assertTrue(
                    warnings.get(0)
                            .contains("cannot connect to the local service " + local.getHostString() + ":" + port),
                    warnings::toString);
            assertTrue(warnings.get(0).contains("refused"), warnings::toString);

            // It may come later.
            try (FakeServer service = FakeServer.start(InetAddress.getLoopbackAddress(), port, FakeServer::echo);
                    Socket visitor = visit(forwarder)) {
                Visitor.send(visitor, "hello");
                Visitor.expect(visitor, "hello");
                assertEquals(1, service.connected());
            }
        }
    }

    @Test
    void localhostMeansAllItsAddresses() throws IOException {
        // Where localhost has an IPv6 address, a service that listens on that alone is found.
        for (InetAddress address : InetAddress.getAllByName("localhost")) {
            try (FakeServer service = FakeServer.start(address, 0, FakeServer::echo);
                    RelayForwarder forwarder = RelayClient.forward(
                            "localhost", server.port(), new InetSocketAddress("localhost", service.port()));
                    Socket visitor = visit(forwarder)) {
                Visitor.send(visitor, "hello");
                Visitor.expect(visitor, "hello");
            }
        }
    }

    @Test
    void hostOfTheServiceIsResolvedWhenItIsNot() throws IOException {
        try (FakeServer service = FakeServer.echoing();
                RelayForwarder forwarder = RelayClient.forward(
                        "localhost", server.port(), InetSocketAddress.createUnresolved("localhost", service.port()));
                Socket visitor = visit(forwarder)) {
            Visitor.send(visitor, "hello");
            Visitor.expect(visitor, "hello");
        }
    }

    @Test
    void serviceIsReplacedForNewVisitors() throws IOException {
        try (FakeServer before = FakeServer.echoing();
                FakeServer after = FakeServer.saying("the other service");
                RelayForwarder forwarder = forward(before);
                Socket present = visit(forwarder)) {
            Visitor.send(present, "hello");
            Visitor.expect(present, "hello");
            InetSocketAddress unknown = InetSocketAddress.createUnresolved("no-such-host.invalid", 1);
            assertThrows(UnknownHostException.class, () -> forwarder.forwardTo(unknown));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> forwarder.forwardTo(InetSocketAddress.createUnresolved("localhost", 0)));
            try (Socket visitor = visit(forwarder)) {
                Visitor.send(visitor, "hello");
                Visitor.expect(visitor, "hello");
            }

            forwarder.forwardTo(InetSocketAddress.createUnresolved("localhost", after.port()));
            try (Socket visitor = visit(forwarder)) {
                Visitor.expect(visitor, "the other service");
            }
            Visitor.send(present, "still here");
            Visitor.expect(present, "still here");
            assertTrue(forwarder.toString().endsWith(" -> localhost:" + after.port() + "]"), forwarder::toString);
        }
    }

    @Test
    void unknownHostOfTheServiceIsReportedAtOnce() {
        UnknownHostException failure = assertThrows(
                UnknownHostException.class,
                () -> RelayClient.forward(
                        "localhost", server.port(), InetSocketAddress.createUnresolved("service.invalid", 80)));
        assertEquals("unknown local host service.invalid", failure.getMessage());
        assertEquals(0, server.tunnelCount());
        assertThrows(
                IllegalArgumentException.class,
                () -> RelayClient.forward("localhost", server.port(), new InetSocketAddress("localhost", 0)));
    }

    @Test
    void firstFailureIsFinal() throws IOException {
        int port = server.port();
        server.close();
        InetSocketAddress local = new InetSocketAddress("localhost", 80);
        assertThrows(RelayUnreachableException.class, () -> RelayClient.forward("localhost", port, local));
        try (FakeServer refusing = FakeServer.saying("ERR no-port-free none\n")) {
            assertThrows(
                    org.relay4j.api.RelayRefusedException.class,
                    () -> RelayClient.forward("localhost", refusing.port(), local));
        }
    }

    // ---- the end

    @Test
    void closeResetsVisitorsAndLocalConnections() throws Exception {
        CountDownLatch reset = new CountDownLatch(1);
        Recorder recorder = new Recorder();
        FakeServer.Behaviour listens = connection -> {
            Visitor.send(connection, "half a rep");
            Visitor.expectReset(connection);
            reset.countDown();
        };
        try (FakeServer service = FakeServer.start(listens)) {
            RelayForwarder forwarder = forward(service, recorder);
            assertEquals("localhost", forwarder.publicAddress().getHostString());
            assertEquals(server.port(), forwarder.serverAddress().getPort());
            try (Socket visitor = visit(forwarder)) {
                Visitor.expect(visitor, "half a rep");
                forwarder.close();
                Visitor.expectReset(visitor);
            }
            Await.until("the service was notified", reset);
            forwarder.awaitEnd();
            assertNull(forwarder.endCause());
            assertFalse(forwarder.isOpen());
            recorder.awaitUp(0);
            recorder.awaitClose(1);
            assertEquals(2, recorder.events().size());
            Visitor.awaitRefused(forwarder.publicAddress().getPort());
            Await.until("the server has noticed", () -> server.tunnelCount() == 0);
            forwarder.close();
            forwarder.close();
        }
    }

    @Test
    void closeOfAnInterruptedThreadStillCloses() throws Exception {
        try (FakeServer service = FakeServer.echoing()) {
            RelayForwarder forwarder = forward(service);
            Call<Void> closing = Call.run(() -> {
                Thread.currentThread().interrupt();
                forwarder.close();
            });
            closing.result();
            assertTrue(closing.endedInterrupted());
            forwarder.awaitEnd();
            assertNull(forwarder.endCause());
        }
    }

    @Test
    void waitingForTheEndCanBeInterrupted() throws Exception {
        try (FakeServer service = FakeServer.echoing();
                RelayForwarder forwarder = forward(service)) {
            Call<Void> waiting = Call.run(forwarder::awaitEnd);
            waiting.interrupt();
            waiting.failure(InterruptedException.class);
            assertTrue(forwarder.isOpen());
        }
    }

    @Test
    void lossOfTheServerResetsLocalConnections() throws Exception {
        Recorder recorder = new Recorder();
        CountDownLatch reset = new CountDownLatch(2);
        FakeServer.Behaviour listens = connection -> {
            Visitor.send(connection, "half a rep");
            assertThrows(SocketException.class, () -> FakeServer.awaitEnd(connection));
            reset.countDown();
        };
        try (FakeServer service = FakeServer.start(listens);
                RelayForwarder forwarder = forward(service, recorder);
                Socket one = visit(forwarder);
                Socket two = visit(forwarder)) {
            Visitor.expect(one, "half a rep");
            Visitor.expect(two, "half a rep");
            server.close();
            Visitor.expectReset(one);
            Visitor.expectReset(two);
            Await.until("the service was notified of both", reset);
            recorder.awaitLoss(1, true);
        }
    }

    private RelayForwarder forward(FakeServer service) throws IOException {
        return forward(service, new Recorder());
    }

    private RelayForwarder forward(FakeServer service, Recorder recorder) throws IOException {
        InetSocketAddress local = new InetSocketAddress(InetAddress.getLoopbackAddress(), service.port());
        return RelayClient.forward(
                "localhost", server.port(), local, Local.hasty(recorder).build());
    }

    private static Socket visit(RelayForwarder forwarder) throws IOException {
        return Visitor.connect(forwarder.publicAddress().getPort());
    }

    private void awaitVisitors(int count) {
        Await.until(count + " visitors", () -> server.visitorCount() == count);
    }
}
