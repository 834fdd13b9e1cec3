package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.io.BufferPool;

/** A peer that neither reads nor disconnects, or has vanished: it costs a bounded amount of memory, and does not affect others. */
@ExtendWith(LeakCheck.EachTest.class)
class SilenceIT {
    private static final int STUCK = 10;
    private static final long WINDOW = 256 * 1024; // bytes, of one stream
    private static final long CHUNK = 64 * 1024; // bytes, the largest unit in which what waits is kept
    private static final long OUTPUT = 520 * 1024; // bytes, of one session

    private final Recorder recorder = new Recorder();
    private final List<Socket> sockets = new ArrayList<>();
    private final List<Call<Void>> calls = new ArrayList<>();
    private FakeServer service;
    private RelayServer server;

    @BeforeEach
    void start() throws IOException {
        service = FakeServer.start(Traffic::serve);
        server = RelayServer.start(
                Local.options().session(FaultOptions.session()).build());
    }

    @AfterEach
    void stop() throws IOException {
        for (Socket socket : sockets) socket.close();
        server.close();
        service.close();
    }

    // ---- a vanished peer

    @Test
    void connectionThatLeadsNowhereIsNoticedAtBothEnds() throws Exception {
        try (Wire wire = new Wire(server.port());
                RelayForwarder forwarder = forward(wire.port(), service);
                Traffic traffic = Traffic.start(forwarder.publicAddress().getPort())) {
            int port = forwarder.publicAddress().getPort();
            wire.cut();
            traffic.awaitReset();
            Visitor.awaitRefused(port);
            Await.until("the server has no tunnel", () -> server.tunnelCount() == 0 && server.visitorCount() == 0);
            Throwable cause = recorder.awaitLoss(1, true);
            assertTrue(
                    cause.getMessage().contains("silent") || cause.getMessage().contains("not read"), cause::toString);
            service.awaitAllEnded();
            wire.mend();
            recorder.awaitUp(2);
            Traffic.assertEcho(forwarder.publicAddress().getPort());
        }
    }

    @Test
    void idleConnectionThatLeadsNowhereIsNoticedAtBothEnds() throws Exception {
        try (Wire wire = new Wire(server.port());
                RelayForwarder forwarder = forward(wire.port(), service);
                Socket visitor = Visitor.connect(forwarder.publicAddress().getPort())) {
            Visitor.send(visitor, "e");
            Visitor.expect(visitor, "e");
            wire.cut();
            Visitor.expectReset(visitor);
            recorder.awaitLoss(1, true);
            Await.until("the server has no tunnel", () -> server.tunnelCount() == 0);
        }
    }

    // ---- a peer that does not read

    @Test
    void visitorsThatNeverRead() throws Exception {
        try (RelayForwarder forwarder = forward(server.port(), service)) {
            int port = forwarder.publicAddress().getPort();
            for (int i = 0; i < STUCK; i++) Visitor.send(visit(port), ">");
            // Each has filled its kernel and most of its window: what is more, waits at the service.
            awaitInUse(STUCK * WINDOW / 2); // how much the kernels take differs from run to run
            assertOthersAreServed(port, STUCK * (WINDOW + CHUNK) + 2 * OUTPUT);
            Await.until("only they are left", () -> server.visitorCount() == STUCK);
            for (Socket visitor : sockets) Visitor.reset(visitor);
            awaitNobodyAndNothing();
            assertTrue(forwarder.isOpen());
            assertEquals(1, recorder.events().size());
        }
    }

    @Test
    void serviceThatNeverReads() throws Exception {
        FakeServer.Behaviour deaf = connection -> {
            int first = connection.getInputStream().read();
            if (first == 'e') {
                connection.getOutputStream().write(first);
                FakeServer.echo(connection);
            } else sockets.get(0).getInputStream().read(); // until the test is over
        };
        try (FakeServer deafService = FakeServer.start(deaf);
                RelayForwarder forwarder = forward(server.port(), deafService)) {
            int port = forwarder.publicAddress().getPort();
            for (int i = 0; i < STUCK; i++) upload(visit(port));
            awaitInUse(STUCK * WINDOW / 2); // how much the kernels take differs from run to run
            assertOthersAreServed(port, STUCK * (WINDOW + CHUNK) + 2 * OUTPUT);
            for (Socket visitor : sockets) Visitor.reset(visitor);
            for (Call<Void> call : calls) call.failure(SocketException.class);
        }
        awaitNobodyAndNothing();
    }

    @Test
    void applicationThatNeverReads() throws Exception {
        RelayClientOptions options =
                Local.hasty(recorder).session(FaultOptions.session()).build();
        try (RelayAcceptor acceptor = RelayClient.connect("localhost", server.port(), options)) {
            int port = acceptor.getLocalPort();
            List<Socket> unread = new ArrayList<>();
            for (int i = 0; i < STUCK; i++) {
                upload(visit(port));
                unread.add(acceptor.accept());
            }
            awaitInUse(STUCK * WINDOW);
            calls.add(Call.run(() -> {
                try (Socket read = acceptor.accept()) {
                    FakeServer.echo(read);
                }
            }));
            assertOthersAreServed(port, STUCK * (WINDOW + CHUNK) + 2 * OUTPUT);
            for (Socket accepted : unread) Visitor.reset(accepted);
            for (Call<Void> call : calls.subList(0, STUCK)) call.failure(SocketException.class);
            awaitNobodyAndNothing();
        }
    }

    @Test
    void clientThatNeverReads() throws Exception {
        try (RelayForwarder other = forward(server.port(), service);
                SocketChannel client = SocketChannel.open(server.address())) {
            int port = readPort(client);
            client.write(ByteBuffer.wrap(HexFormat.of().parseHex("000200020000000000000001"))); // the pong, once
            for (int i = 0; i < STUCK; i++) upload(visit(port));
            // However many visitors send: what waits for the client is one buffer.
            assertOthersAreServed(other.publicAddress().getPort(), 3 * OUTPUT + 2 * CHUNK);
            for (Call<Void> call : calls) call.failure(SocketException.class);
            Visitor.awaitRefused(port);
            Await.until("one tunnel is left", () -> server.tunnelCount() == 1);
            awaitNobodyAndNothing();
            Traffic.assertEcho(other.publicAddress().getPort());
        }
    }

    private static int readPort(SocketChannel client) throws IOException {
        StringBuilder line = new StringBuilder();
        int next = client.socket().getInputStream().read();
        for (; next != '\n'; next = client.socket().getInputStream().read()) line.append((char) next);
        return Integer.parseInt(line.toString());
    }

    // ---- what all have in common

    /** Somebody else sends a lot there and back, while the memory that is in use stays within {@code most}. */
    private static void assertOthersAreServed(int port, long most) throws IOException {
        byte[] sent = new byte[64 * 1024];
        new Random(3).nextBytes(sent);
        try (Socket visitor = Visitor.connect(port)) {
            Visitor.send(visitor, "e");
            Visitor.expect(visitor, "e");
            for (int i = 0; i < 500; i++) {
                visitor.getOutputStream().write(sent);
                byte[] back = visitor.getInputStream().readNBytes(sent.length);
                assertTrue(Arrays.equals(sent, back), "part " + i);
                long inUse = BufferPool.shared().inUse();
                assertTrue(inUse <= most, inUse + " bytes are in use, and no more than " + most + " should be");
            }
        }
    }

    private Socket visit(int port) throws IOException {
        Socket visitor = Visitor.connect(port);
        visitor.setSoTimeout(0);
        sockets.add(visitor);
        return visitor;
    }

    private void upload(Socket visitor) {
        calls.add(Call.run(() -> {
            byte[] bytes = new byte[16_384];
            while (true) visitor.getOutputStream().write(bytes);
        }));
    }

    private static void awaitInUse(long bytes) {
        Await.until(
                () -> "at least " + bytes + " bytes wait, now "
                        + BufferPool.shared().inUse(),
                () -> BufferPool.shared().inUse() >= bytes);
    }

    private void awaitNobodyAndNothing() {
        Await.until("no visitor is left", () -> server.visitorCount() == 0);
        Await.until(
                () -> "no memory is in use, now " + BufferPool.shared().inUse(),
                () -> BufferPool.shared().inUse() == 0);
    }

    private RelayForwarder forward(int port, FakeServer to) throws IOException {
        InetSocketAddress local = new InetSocketAddress(InetAddress.getLoopbackAddress(), to.port());
        RelayClientOptions options =
                Local.hasty(recorder).session(FaultOptions.session()).build();
        return RelayClient.forward("localhost", port, local, options);
    }
}
