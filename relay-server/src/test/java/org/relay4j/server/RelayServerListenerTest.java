package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.TunnelLostException;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;

/** What a host program hears of its server, and what it counts. */
@ExtendWith(LeakCheck.EachTest.class)
class RelayServerListenerTest {
    private final List<String> heard = new CopyOnWriteArrayList<>();
    private final RelayServer server = start();

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void tunnelAndItsVisitorsAreAnnouncedInOrder() throws IOException {
        RawClient client = RawClient.establish(server);
        String port = String.valueOf(client.port());
        try (Socket visitor = client.visit()) {
            String address = "127.0.0.1:" + visitor.getLocalPort();
            client.yamux().expect(WireFrame.window(1, SYN, 0));
            Visitor.send(visitor, "request");
            visitor.shutdownOutput();
            client.yamux().expect(WireFrame.data(1, "request"), WireFrame.window(1, FIN, 0));
            client.yamux().send(WireFrame.data(1, "the reply"), WireFrame.window(1, FIN, 0));
            Visitor.expect(visitor, "the reply");
            Visitor.expectEnd(visitor);
            client.close();
            expect("up 1 " + port, "accepted " + address, "closed " + address + " 7 9 null", "down 1 clean");
        }
    }

    @Test
    void lossIsAnnouncedWithItsCause() throws IOException {
        RawClient client = RawClient.establish(server);
        try (Socket visitor = client.visit()) {
            client.yamux().expect(WireFrame.window(1, SYN, 0));
            client.yamux().send(WireFrame.window(1, RST, 0));
            Visitor.expectReset(visitor);
            client.yamux().reset();
            expect(
                    "up 1 " + client.port(),
                    "accepted 127.0.0.1:" + visitor.getLocalPort(),
                    "closed 127.0.0.1:" + visitor.getLocalPort() + " 0 0 the peer reset the stream",
                    "down 1 broken");
        }
    }

    @Test
    void closedServerAnnouncesTheEndOfItsTunnels() throws IOException {
        try (RawClient client = RawClient.establish(server)) {
            client.yamux().expectNothing();
            server.close();
            expect("up 1 " + client.port(), "down 1 closed here");
        }
    }

    @Test
    void clientThatSaysNothingIsNotMentioned() throws IOException {
        RawClient.connect(server).close();
        Await.until("it has left", () -> server.tunnelCount() == 0);
        try (RawClient client = RawClient.establish(server)) {
            expect("up 2 " + client.port());
        }
    }

    @Test
    void refusalsAreAnnouncedWithTheirReasonAndCounted() throws IOException {
        try (RawClient one = RawClient.establish(server);
                RawClient two = RawClient.establish(server);
                Socket visitor = one.visit()) {
            one.yamux().expect(WireFrame.window(1, SYN, 0));
            two.yamux().expectNothing();
            try (RawClient three = RawClient.connect(server)) {
                assertTrue(three.line().startsWith("ERR limit-reached "), three.line());
            }
            try (Socket second = one.visit()) {
                Visitor.expectReset(second);
            }
            Await.until(
                    heard::toString,
                    () -> heard.containsAll(
                            List.of("refused TUNNELS 127.0.0.1", "refused VISITORS_OF_TUNNEL 127.0.0.1")));
            RelayServerStatistics now = server.statistics();
            assertEquals(1L, now.refusals().get(Refusal.TUNNELS));
            assertEquals(1L, now.refusals().get(Refusal.VISITORS_OF_TUNNEL));
            assertEquals(0L, now.refusals().get(Refusal.NO_PORT));
            assertEquals(Refusal.values().length, now.refusals().size());
            assertTrue(visitor.isConnected());
        }
    }

    @Test
    void statisticsCountWhatIsThereAndWhatWas() throws IOException {
        RawClient one = RawClient.establish(server);
        try (RawClient silent = RawClient.connect(server);
                Socket visitor = one.visit()) {
            one.yamux().expect(WireFrame.window(1, SYN, 0));
            Visitor.send(visitor, "request");
            one.yamux().expect(WireFrame.data(1, "request"));
            one.yamux().send(WireFrame.data(1, "the reply"));
            Visitor.expect(visitor, "the reply");
            RelayServerStatistics now = server.statistics();
            assertEquals(
                    List.of(1L, 1L, 1L), List.of(now.tunnels(), (long) now.openTunnels(), (long) now.pendingClients()));
            assertEquals(List.of(1L, 1L), List.of(now.visitors(), (long) now.openVisitors()));
            assertEquals(List.of(7L, 9L), List.of(now.bytesIn(), now.bytesOut()));
            assertTrue(silent.port() > 0);
        }
        one.close();
        Await.until("all have left", () -> server.tunnelCount() == 0);
        RelayServerStatistics then = server.statistics();
        assertEquals(
                new RelayServerStatistics(
                        1, 0, 0, 1, 0, 7, 9, server.statistics().refusals(), 0),
                then);
    }

    private void expect(String... lines) {
        Await.until(heard::toString, () -> heard.size() >= lines.length);
        assertEquals(List.of(lines), heard);
    }

    private RelayServer start() {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try {
            return RelayServer.start(RelayServerOptions.builder()
                    .bindAddress(loopback)
                    .publicBindAddress(loopback)
                    .maxTunnels(2)
                    .maxVisitorsPerTunnel(1)
                    .listener(new Recorder())
                    .build());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private final class Recorder implements RelayServerListener {
        @Override
        public void tunnelUp(RelayServer from, ServedTunnel tunnel) {
            assertEquals("127.0.0.1", tunnel.client().getAddress().getHostAddress());
            heard.add("up " + tunnel.number() + " " + tunnel.port());
        }

        @Override
        public void tunnelDown(RelayServer from, ServedTunnel tunnel, @Nullable Throwable cause) {
            String end = "closed here";
            if (cause instanceof TunnelLostException lost) end = lost.isClean() ? "clean" : "broken";
            heard.add("down " + tunnel.number() + " " + end);
        }

        @Override
        public void visitorAccepted(RelayServer from, ServedTunnel tunnel, ServedVisitor visitor) {
            heard.add("accepted " + text(visitor.address()));
        }

        @Override
        public void visitorClosed(
                RelayServer from, ServedTunnel tunnel, ServedVisitor visitor, @Nullable Throwable cause) {
            heard.add("closed " + text(visitor.address()) + " " + visitor.bytesIn() + " " + visitor.bytesOut() + " "
                    + (cause == null ? null : cause.getMessage()));
        }

        @Override
        public void refused(RelayServer from, Refusal reason, InetSocketAddress address) {
            heard.add("refused " + reason + " " + address.getAddress().getHostAddress());
        }

        private String text(InetSocketAddress address) {
            return address.getAddress().getHostAddress() + ":" + address.getPort();
        }
    }
}
