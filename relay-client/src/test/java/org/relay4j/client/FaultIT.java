package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Program;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.SessionOptions;

/** A server or a forwarder that is killed, or stopped, while visitors are in the midst of something. */
@ExtendWith(LeakCheck.EachTest.class)
class FaultIT {
    private final Recorder recorder = new Recorder();
    private FakeServer service;

    @BeforeEach
    void start() throws IOException {
        service = FakeServer.start(Traffic::serve);
    }

    @AfterEach
    void stop() throws IOException {
        service.close();
    }

    // ---- the server is another process

    @Test
    void serverIsKilled() throws Exception {
        try (Program first = server(FixedPort.free());
                RelayForwarder forwarder = forward(port(first), FaultOptions.PATIENT);
                Traffic traffic = Traffic.start(forwarder.publicAddress().getPort())) {
            first.kill();
            traffic.awaitReset();
            recorder.awaitLoss(1, true);
            service.awaitAllEnded();
            try (Program second = server(port(first))) {
                recorder.awaitUp(2);
                assertTrue(second.isAlive());
                Traffic.assertEcho(forwarder.publicAddress().getPort());
            }
        }
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no signals")
    void serverIsStoppedAndGoesOn() throws Exception {
        try (Program server = server(FixedPort.free());
                RelayForwarder forwarder = forward(port(server), FaultOptions.CAREFUL);
                Traffic traffic = Traffic.start(forwarder.publicAddress().getPort())) {
            server.suspend();
            recorder.awaitLoss(1, true);
            service.awaitAllEnded(); // the local connections were reset, though the server could not say so
            server.resume();
            traffic.awaitReset();
            recorder.awaitUp(2);
            Traffic.assertEcho(forwarder.publicAddress().getPort());
        }
    }

    /** Not a fault: it must not be taken for one. */
    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no signals")
    void serverThatIsStoppedForAMomentLosesNothing() throws Exception {
        SessionOptions pinging = FaultOptions.session(Duration.ofMillis(100), FaultOptions.PATIENT);
        try (Logged frames = Logged.tracing("org.relay4j.yamux.frames");
                Program server = server(FixedPort.free());
                RelayForwarder forwarder = forward(port(server), pinging);
                Socket visitor = Visitor.connect(forwarder.publicAddress().getPort())) {
            Visitor.send(visitor, "e");
            Visitor.expect(visitor, "e");
            server.suspend();
            long before = pings(frames);
            Await.until("it is pinged while it is stopped", () -> pings(frames) > before);
            server.resume();
            Visitor.send(visitor, "still there");
            Visitor.expect(visitor, "still there");
            assertEquals(1, recorder.events().size());
        }
    }

    // ---- the forwarder is another process

    @Test
    void forwarderIsKilled() throws Exception {
        try (RelayServer server = localServer(FaultOptions.PATIENT);
                Program first = forwarder(server)) {
            int port = publicPort(first, 1);
            try (Traffic traffic = Traffic.start(port)) {
                first.kill();
                traffic.awaitReset();
            }
            awaitNothing(server, port);
            try (Program second = forwarder(server)) {
                Traffic.assertEcho(publicPort(second, 1));
            }
        }
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no signals")
    void forwarderIsStoppedAndGoesOn() throws Exception {
        try (RelayServer server = localServer(FaultOptions.CAREFUL);
                Program forwarder = forwarder(server)) {
            int port = publicPort(forwarder, 1);
            try (Traffic traffic = Traffic.start(port)) {
                forwarder.suspend();
                traffic.awaitReset();
            }
            awaitNothing(server, port);
            forwarder.resume();
            forwarder.await("down");
            service.awaitAllEnded();
            Traffic.assertEcho(publicPort(forwarder, 2));
        }
    }

    /** The service must not take what was sent so far for all there is. */
    @Test
    void uploadThroughAForwarderThatIsKilledDoesNotLookComplete() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch cutOff = new CountDownLatch(1);
        FakeServer.Behaviour stores = connection -> {
            Visitor.expect(connection, "half of");
            begun.countDown();
            assertThrows(SocketException.class, () -> FakeServer.awaitEnd(connection));
            cutOff.countDown();
        };
        try (FakeServer storage = FakeServer.start(stores);
                RelayServer server = localServer(FaultOptions.PATIENT);
                Program forwarder = Program.start(0, FaultForwarder.class, arguments(server, storage));
                Socket visitor = Visitor.connect(publicPort(forwarder, 1))) {
            Visitor.send(visitor, "half of");
            Await.until("the service has a part of it", begun);
            forwarder.kill();
            Visitor.expectReset(visitor);
            Await.until("the service knows", cutOff);
        }
    }

    /** The same the other way round. */
    @Test
    void downloadThroughAServerThatIsKilledDoesNotLookComplete() throws Exception {
        FakeServer.Behaviour replies = connection -> {
            Visitor.send(connection, "half of");
            FakeServer.awaitEnd(connection);
        };
        try (FakeServer source = FakeServer.start(replies);
                Program server = server(FixedPort.free());
                Program forwarder = Program.start(
                        0,
                        FaultForwarder.class,
                        List.of(Integer.toString(port(server)), Integer.toString(source.port())));
                Socket visitor = Visitor.connect(publicPort(forwarder, 1))) {
            Visitor.expect(visitor, "half of");
            server.kill();
            Visitor.expectReset(visitor);
        }
    }

    // ---- both

    private static void awaitNothing(RelayServer server, int port) {
        Visitor.awaitRefused(port);
        Await.until("no visitor is left", () -> server.visitorCount() == 0);
        Await.until("no tunnel is left", () -> server.tunnelCount() == 0);
    }

    private static Program server(int port) throws IOException {
        return Program.start(0, ServerProgram.class, List.of(Integer.toString(port)));
    }

    private static int port(Program server) {
        return Integer.parseInt(server.await("port ").substring("port ".length()));
    }

    private static RelayServer localServer(Duration keepAlive) throws IOException {
        return RelayServer.start(
                Local.options().session(FaultOptions.session(keepAlive)).build());
    }

    private RelayForwarder forward(int port, Duration keepAlive) throws IOException {
        return forward(port, FaultOptions.session(keepAlive));
    }

    private RelayForwarder forward(int port, SessionOptions session) throws IOException {
        InetSocketAddress local = new InetSocketAddress(InetAddress.getLoopbackAddress(), service.port());
        return RelayClient.forward(
                "localhost", port, local, Local.hasty(recorder).session(session).build());
    }

    private static long pings(Logged frames) {
        return frames.lines().stream()
                .filter(line -> line.contains("-> PING SYN"))
                .count();
    }

    private Program forwarder(RelayServer server) throws IOException {
        return Program.start(0, FaultForwarder.class, arguments(server, service));
    }

    private static List<String> arguments(RelayServer server, FakeServer service) {
        return List.of(Integer.toString(server.port()), Integer.toString(service.port()));
    }

    /** The public port of the forwarder when it is up for the time with this number. */
    private static int publicPort(Program forwarder, int time) {
        return Integer.parseInt(forwarder.await("up ", time).substring("up ".length()));
    }
}
