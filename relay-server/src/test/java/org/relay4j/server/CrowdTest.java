package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.Endpoint;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.io.Listener;
import org.relay4j.yamux.io.Loop;

/** Connections that have waited in the kernel, because more came than the loop has time for. */
@ExtendWith(LeakCheck.EachTest.class)
class CrowdTest {
    private ServerSocketChannel kernel; // holds the connections
    private RelayServer server;

    @BeforeEach
    void start() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        kernel = ServerSocketChannel.open().bind(new InetSocketAddress(loopback, 0));
        server = RelayServer.start(RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .build());
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        kernel.close();
    }

    // ---- visitors

    @Test
    void visitorThatHasLeftCostsNoStream() throws Exception {
        try (RawClient client = RawClient.establish(server)) {
            connect().close();
            assertTrue(accept(client, true));
            try (SocketChannel visitor = connect()) {
                Visitor.send(visitor.socket(), "next");
                assertFalse(accept(client, true));
                client.yamux().expect(WireFrame.window(1, SYN, 0), WireFrame.data(1, "next"));
                assertEquals(1, server.visitorCount());
            }
        }
    }

    /** Its end might be taken for the end of a reply. */
    @Test
    void visitorThatOnlyListensIsResetWhileMostLeave() throws Exception {
        try (RawClient client = RawClient.establish(server);
                SocketChannel visitor = connect()) {
            visitor.shutdownOutput();
            assertTrue(accept(client, true));
            Visitor.expectReset(visitor.socket());
            assertEquals(0, server.visitorCount());
            assertEquals(1, server.statistics().refusals().get(Refusal.VISITOR_RATE));
        }
    }

    @Test
    void visitorThatOnlyListensIsServedWhileMostStay() throws Exception {
        try (RawClient client = RawClient.establish(server);
                SocketChannel visitor = connect()) {
            visitor.shutdownOutput();
            assertTrue(accept(client, false));
            client.yamux().expect(WireFrame.window(1, SYN, 0), WireFrame.window(1, FIN, 0));
            client.yamux().send(WireFrame.data(1, "the reply"), WireFrame.window(1, FIN, 0));
            Visitor.expect(visitor.socket(), "the reply");
            Visitor.expectEnd(visitor.socket());
        }
    }

    @Test
    void silentVisitorGetsItsStream() throws Exception {
        try (RawClient client = RawClient.establish(server);
                SocketChannel visitor = connect()) {
            assertFalse(accept(client, true));
            client.yamux().expect(WireFrame.window(1, SYN, 0));
            Visitor.send(visitor.socket(), "later");
            client.yamux().expect(WireFrame.data(1, "later"));
        }
    }

    /** What it has sent stays in the kernel, and takes no memory. */
    @Test
    void visitorThatWaitsForAConnectionIsNotRead() throws Exception {
        server.close();
        server = AskingClient.server();
        try (AskingClient client = AskingClient.connect(server, "resume").establish();
                SocketChannel visitor = connect()) {
            client.die();
            Await.until("it is held", () -> tunnel().lifecycle().isHeld());
            visitor.shutdownOutput();
            assertFalse(accept(client.port(), true), "whether it has left is not known");
            assertEquals(1, server.visitorCount());
        }
    }

    private boolean accept(RawClient client, boolean mostLeave) throws Exception {
        return accept(client.port(), mostLeave);
    }

    private boolean accept(int number, boolean mostLeave) throws Exception {
        ServerTunnel tunnel = tunnel();
        PublicEndpoint port = tunnel.endpoints().find(Endpoint.port(number));
        assertNotNull(port);
        return accept(tunnel.loop(), (PublicPort) port, mostLeave);
    }

    private ServerTunnel tunnel() {
        return server.tunnels().census().open().get(0).tunnel();
    }

    // ---- clients

    @Test
    void clientThatHasLeftGetsNoTunnel() throws Exception {
        connect().close();
        assertTrue(accept(server.controlLoop(), server.controlPort(), true));
        assertFalse(
                server.controlPort().servesThoseThatOnlyRead(), "so many like this are a flood, however few at a time");
        try (RawClient client = RawClient.establish(server)) {
            String first = "tunnel 1 (port " + client.port() + ")";
            assertEquals(first, tunnel().toString());
        }
    }

    @Test
    void clientThatOnlyReadsGetsItsLineIfThereIsNoCrowd() throws Exception {
        SocketChannel channel = connect();
        channel.shutdownOutput();
        SocketChannel accepted = kernel.accept();
        server.controlLoop().execute(() -> server.controlPort().accepted(accepted));
        try (RawClient client = RawClient.over(channel)) {
            assertTrue(client.port() > 0);
        }
    }

    /** What it has sent before it got its line is part of its session. */
    @Test
    void earlyBytesOfAClientAreNotLost() throws Exception {
        SocketChannel channel = connect();
        channel.write(ByteBuffer.wrap(WireFrame.ping(SYN, 7).bytes()));
        assertFalse(accept(server.controlLoop(), server.controlPort(), false));
        try (RawClient client = RawClient.over(channel)) {
            WireFrame first = client.yamux().next();
            WireFrame second = client.yamux().next();
            WireFrame answer = WireFrame.ping(ACK, 7);
            assertTrue(first.equals(answer) || second.equals(answer), first + ", " + second);
        }
    }

    // ---- both

    private SocketChannel connect() throws IOException {
        SocketChannel channel = SocketChannel.open(kernel.getLocalAddress());
        channel.socket().setSoTimeout((int) Await.DEADLINE.toMillis());
        return channel;
    }

    /** Has an owner accept the next connection that the kernel holds. */
    private boolean accept(Loop loop, Listener.Owner owner, boolean mostLeave) throws Exception {
        SocketChannel next = kernel.accept();
        CompletableFuture<Boolean> left = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                assertTrue(owner.canAccept());
                left.complete(owner.acceptedFromCrowd(next, mostLeave));
            } catch (RuntimeException | Error e) {
                left.completeExceptionally(e);
            }
        });
        return left.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
    }
}
