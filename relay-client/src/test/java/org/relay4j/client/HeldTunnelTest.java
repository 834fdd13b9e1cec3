package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerListener;
import org.relay4j.server.ServedTunnel;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;

/** Leases between a real client and a real server: the public port outlives connections and processes. */
@ExtendWith(LeakCheck.EachTest.class)
class HeldTunnelTest {
    @TempDir
    Path folder;

    private final Recorder recorder = new Recorder();
    private final Semaphore held = new Semaphore(0);
    private FakeServer service;
    private RelayServer server;
    private FakeServer path; // between client and server
    private final List<Socket> carried = new CopyOnWriteArrayList<>(); // connections of clients

    @BeforeEach
    void start() throws IOException {
        service = FakeServer.echoing();
        server = RelayServer.start(Local.options()
                .port(0)
                .extended(true)
                .listener(new RelayServerListener() {
                    @Override
                    public void tunnelHeld(RelayServer server, ServedTunnel tunnel) {
                        held.release();
                    }
                })
                .build());
        path = FakeServer.start(this::carry);
    }

    @AfterEach
    void stop() throws IOException {
        path.close();
        server.close();
        service.close();
    }

    private void carry(Socket near) throws IOException {
        carried.add(near);
        try (Socket far = Visitor.connect(server.port())) {
            Call.run(() -> {
                try (near) {
                    far.getInputStream().transferTo(near.getOutputStream());
                }
            });
            near.getInputStream().transferTo(far.getOutputStream());
        }
    }

    private RelayForwarder forward(RelayClientOptions.Builder options) throws IOException {
        InetSocketAddress local = InetSocketAddress.createUnresolved("localhost", service.port());
        return RelayClient.forward("localhost", path.port(), local, options.build());
    }

    private static void assertEcho(Socket visitor) throws IOException {
        Visitor.send(visitor, "hello");
        Visitor.expect(visitor, "hello");
    }

    @Test
    void visitorsWaitWhileTheClientComesBack() throws Exception {
        try (Logged log = Logged.below("org.relay4j");
                RelayForwarder forwarder = forward(Local.hasty(recorder))) {
            int port = forwarder.publicAddress().getPort();
            String id = forwarder.id();
            assertTrue(id != null && id.matches("[0-9a-f]{32}"), id);
            try (Socket before = Visitor.connect(port)) {
                assertEcho(before);
                path.close();
                Visitor.expectReset(before);
            }
            held.acquire();
            try (Socket waiting = Visitor.connect(port)) {
                Visitor.send(waiting, "hello");
                path = FakeServer.start(InetAddress.getLoopbackAddress(), path.port(), this::carry);
                Visitor.expect(waiting, "hello");
            }
            recorder.awaitUp(2);
            assertEquals(port, forwarder.publicAddress().getPort());
            assertEquals(id, forwarder.id());
            log.await("(port " + port + ", " + id + "): resumed by client");
            log.await("tunnel localhost:" + port + " (" + id + "): lost, ");
        }
    }

    @Test
    void restartedForwarderComesBackToItsVisitors() throws Exception {
        Path file = folder.resolve("lease");
        int port;
        try (RelayForwarder first = forward(Local.hasty(recorder).leaseFile(file))) {
            port = first.publicAddress().getPort();
            try (Socket visitor = Visitor.connect(port)) {
                assertEcho(visitor); // only the tunnel of a client that has answered is held
            }
        }
        held.acquire();
        try (Socket waiting = Visitor.connect(port)) {
            Visitor.send(waiting, "hello");
            try (RelayForwarder second = forward(Local.hasty(recorder).leaseFile(file))) {
                assertEquals(port, second.publicAddress().getPort());
                Visitor.expect(waiting, "hello");
            }
        }
    }

    @Test
    void deliberateEndGivesThePortBack() throws Exception {
        RelayForwarder forwarder = forward(Local.hasty(recorder));
        int port = forwarder.publicAddress().getPort();
        forwarder.close();
        Visitor.awaitRefused(port);
        RelayAcceptor acceptor = RelayClient.connect(
                "localhost", path.port(), Local.hasty(recorder).build());
        acceptor.close();
        Visitor.awaitRefused(acceptor.getLocalPort());
        Await.until("no tunnel is kept", () -> server.statistics().openTunnels() == 0);
        assertEquals(0, held.availablePermits());
    }

    @Test
    void lossOfOneOfTwoConnectionsCostsItsVisitorsOnly() throws Exception {
        List<Socket> visitors = new ArrayList<>();
        try (Logged log = Logged.below("org.relay4j.client");
                RelayForwarder forwarder = forward(Local.hasty(recorder).connections(2))) {
            log.await("another connection");
            int port = forwarder.publicAddress().getPort();
            for (int i = 0; i < 4; i++) {
                Socket visitor = Visitor.connect(port);
                visitors.add(visitor);
                assertEcho(visitor);
            }
            carried.get(0).close();
            Await.until("another one took its place", () -> carried.size() == 3);
            int left = 0;
            for (Socket visitor : visitors) left += stillEchoes(visitor) ? 1 : 0;
            assertEquals(2, left);
            try (Socket later = Visitor.connect(port)) {
                assertEcho(later);
            }
            assertEquals(1, recorder.events().size(), "the tunnel was up all the time");
            assertEquals(0, held.availablePermits());
        } finally {
            for (Socket visitor : visitors) visitor.close();
        }
    }

    private static boolean stillEchoes(Socket visitor) {
        try {
            assertEcho(visitor);
            return true;
        } catch (IOException e) {
            return false; // it was reset
        }
    }
}
