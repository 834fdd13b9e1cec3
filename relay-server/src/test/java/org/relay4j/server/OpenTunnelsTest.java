package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;

/** What a program sees of a server's tunnels and of its named clients. */
@ExtendWith(LeakCheck.EachTest.class)
class OpenTunnelsTest {
    private final List<AutoCloseable> open = new ArrayList<>();
    private RelayServer server;

    @BeforeEach
    void start() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        server = RelayServer.start(RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .loops(2)
                .extended(true)
                .build());
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open) each.close();
        server.close();
    }

    @Test
    void tunnelIsShownOnceItsClientHasAnswered() throws IOException {
        Instant before = Instant.now();
        AskingClient client = ask("", null);
        assertEquals(List.of(), server.openTunnels());
        client.establish();
        OpenTunnel shown = only();
        assertEquals(client.port(), shown.tunnel().port());
        assertEquals(1, shown.tunnel().number());
        assertNull(shown.id());
        assertNull(shown.name());
        assertEquals(OpenTunnel.State.SERVED, shown.state());
        assertFalse(shown.since().isBefore(before), shown::toString);
        assertEquals(1, shown.connections());
        assertEquals(0, shown.visitors());
        client.close();
        Await.until("it has ended", () -> server.openTunnels().isEmpty());
    }

    @Test
    void visitorsAndBytesAreTheServersOwn() throws IOException {
        AskingClient client = ask("", null).establish();
        Socket visitor = visit(client);
        Visitor.send(visitor, "hello");
        client.yamux().expect(WireFrame.window(1, SYN, 0), WireFrame.data(1, "hello"));
        client.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "bye"));
        Visitor.expect(visitor, "bye");
        OpenTunnel shown = only();
        assertEquals(1, shown.openVisitors());
        assertEquals(1, shown.visitors());
        assertEquals(5, shown.bytesIn());
        assertEquals(3, shown.bytesOut());
        RelayServerStatistics totals = server.statistics();
        assertEquals(totals.visitors(), shown.visitors());
        assertEquals(totals.bytesIn(), shown.bytesIn());
        assertEquals(totals.bytesOut(), shown.bytesOut());
        Visitor.reset(visitor);
        Await.until("the visitor has left", () -> only().openVisitors() == 0);
        assertEquals(1, only().visitors());
    }

    @Test
    void headersAndLinesAreNotBytesOfVisitors() throws IOException {
        AskingClient client = ask("visitor-address resume", "web").establish().control();
        assertEquals("CLOSED tcp/1", client.ask("CLOSE tcp/1"));
        Socket visitor = visit(client);
        client.header(1);
        Visitor.send(visitor, "hello");
        client.yamux().expect(WireFrame.data(1, "hello"));
        client.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "bye"));
        Visitor.expect(visitor, "bye");
        assertEquals(5, only().bytesIn());
        assertEquals(3, only().bytesOut());
        client.die();
        Await.until("it is held", () -> only().connections() == 0);
        assertEquals(5, only().bytesIn());
        assertEquals(3, only().bytesOut());
        assertEquals(5, server.statistics().bytesIn());
        assertEquals(3, server.statistics().bytesOut());
        assertEquals(5, server.clients().get(0).bytesIn());
        assertEquals(3, server.clients().get(0).bytesOut());
    }

    @Test
    void heldTunnelKeepsItsTotals() throws IOException {
        AskingClient first = ask("resume", "web").establish();
        Socket visitor = visit(first);
        Visitor.send(visitor, "hello");
        first.yamux().expect(WireFrame.window(1, SYN, 0), WireFrame.data(1, "hello"));
        first.die();
        Await.until("it is held", () -> only().state() == OpenTunnel.State.HELD && only().connections() == 0);
        OpenTunnel held = only();
        assertEquals("web", held.name());
        assertEquals(32, String.valueOf(held.id()).length());
        assertEquals(5, held.bytesIn());
        assertEquals(1, held.visitors());
        AskingClient second = ask("resume=" + first.lease(), "web").establish();
        OpenTunnel resumed = only();
        assertEquals(OpenTunnel.State.SERVED, resumed.state());
        assertEquals(held.since(), resumed.since());
        assertEquals(held.id(), resumed.id());
        assertEquals(5, resumed.bytesIn());
        assertEquals(second.port(), resumed.tunnel().port());
        assertFalse(resumed.tunnel().client().equals(held.tunnel().client()), "the client's latest address is shown");
    }

    @Test
    void tunnelThatFinishesIsClosing() throws IOException {
        AskingClient client = ask("resume", null).establish();
        Socket visitor = visit(client);
        client.yamux().expect(WireFrame.window(1, SYN, 0));
        server.tunnels().all().forEach(ServerTunnel::drain);
        Await.until("it is closing", () -> only().state() == OpenTunnel.State.CLOSING);
        assertEquals(1, only().openVisitors());
        Visitor.reset(visitor);
        Await.until("it has ended", () -> server.openTunnels().isEmpty());
    }

    @Test
    void totalsOfANameOutliveItsTunnels() throws IOException {
        for (int round = 1; round <= 2; round++) {
            AskingClient client = ask("", "web").establish();
            ask("", "other").establish();
            Socket visitor = visit(client);
            Visitor.send(visitor, "hello");
            client.yamux().expect(WireFrame.window(1, SYN, 0), WireFrame.data(1, "hello"));
            int rounds = round;
            ClientStatistics web = server.clients().get(1);
            assertEquals(new ClientStatistics("web", rounds, 1, rounds, 1, 5L * rounds, 0), web);
            assertEquals("other", server.clients().get(0).name());
            client.close();
            Await.until("the tunnel has ended", () -> server.clients().get(1).openTunnels() == 0);
            Await.until(
                    () -> server.clients().toString(),
                    () -> server.clients()
                            .get(1)
                            .equals(new ClientStatistics("web", rounds, 0, rounds, 0, 5L * rounds, 0)));
        }
        ask("", null).establish();
        assertEquals(2, server.clients().size());
    }

    @Test
    void respondsWhileItsLoopsRun() throws Exception {
        assertTrue(server.isResponsive(Duration.ofSeconds(30)));
        server.close();
        assertFalse(server.isResponsive(Duration.ZERO));
    }

    private OpenTunnel only() {
        List<OpenTunnel> tunnels = server.openTunnels();
        assertEquals(1, tunnels.size(), tunnels::toString);
        assertEquals(server.statistics().openTunnels(), tunnels.size());
        return tunnels.get(0);
    }

    private AskingClient ask(String words, String name) throws IOException {
        AskingClient client = AskingClient.connect(server, words, name, ClientLimits.defaults());
        open.add(client);
        return client;
    }

    private Socket visit(AskingClient client) throws IOException {
        Socket visitor = client.visit();
        open.add(visitor);
        return visitor;
    }
}
