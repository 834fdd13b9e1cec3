package org.relay4j.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.window;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.WireFrame;

/** A public UDP port, its visitors and what they may do, with a client that is a script. */
@ExtendWith(LeakCheck.EachTest.class)
class UdpPortTest {
    private final List<AutoCloseable> open = new ArrayList<>();
    private RelayServer server;
    private int port;

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open) each.close();
        server.close();
    }

    @Test
    void eachVisitorHasAStreamThatBeginsWithItsAddress() throws IOException {
        AskingClient client = serve(options -> options);
        DatagramSocket one = visitor();
        DatagramSocket two = visitor();
        send(one, "one");
        ProxyHeader header = client.header(1);
        assertTrue(header.datagram());
        assertEquals(one.getLocalSocketAddress(), header.source());
        assertEquals(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), header.destination());
        assertEquals("udp/" + port, header.endpoint());
        client.yamux().expect(framed(1, 0, "one"));
        send(two, "two");
        assertEquals(two.getLocalSocketAddress(), client.header(3).source());
        client.yamux().expect(framed(3, 0, "two"));
        send(one, "");
        client.yamux().expect(framed(1, 0, ""));
        client.yamux().send(framed(3, ACK, "for two"), framed(1, ACK, "for one"), framed(1, 0, ""));
        assertEquals("for one", receive(one));
        assertEquals("", receive(one));
        assertEquals("for two", receive(two));
        awaitCounts("3 in, 3 out", counts -> counts.in() == 3 && counts.out() == 3 && counts.openVisitors() == 2);
        assertEquals(2, server.datagrams().visitors());
        assertEquals(0, server.statistics().openVisitors());
        assertEquals(3 * 2 + 6, server.statistics().bytesIn(), "with the lengths, without the headers");
        assertEquals(3 * 2 + 14, server.statistics().bytesOut());
    }

    @Test
    void largestDatagramsPass() throws IOException {
        AskingClient client = serve(options -> options);
        DatagramSocket visitor = visitor();
        byte[] large = Pattern.bytes(3, 65_507);
        visitor.send(new DatagramPacket(large, large.length, address()));
        client.header(1);
        assertArrayEquals(framed(large), client.yamux().expectData(1, large.length + 2));
        client.yamux().send(data(1, ACK, framed(large)));
        DatagramPacket packet = new DatagramPacket(new byte[65_535], 65_535);
        visitor.receive(packet);
        assertArrayEquals(large, Arrays.copyOf(packet.getData(), packet.getLength()));
    }

    @Test
    void silentVisitorLeavesAndGetsNothingMore() throws IOException {
        AskingClient client = serve(options -> options.udpIdleTimeout(Duration.ofMillis(50)));
        DatagramSocket visitor = visitor();
        send(visitor, "hello");
        client.header(1);
        client.yamux().expect(framed(1, 0, "hello"), window(1, RST, 0));
        assertEquals(0, server.datagrams().openVisitors());
        client.yamux().send(framed(1, ACK, "too late"));
        client.yamux().expectNothing();
        send(visitor, "again");
        client.header(3);
        client.yamux().expect(framed(3, 0, "again"));
        assertEquals(0, server.datagrams().out());
    }

    @Test
    void longestSilentOneGivesWayUnlessItHasAnsweredAReply() throws IOException {
        AskingClient client = serve(options -> options.maxUdpVisitors(2));
        DatagramSocket established = visitor();
        establish(client, established, 1);
        send(visitor(), "flood");
        client.header(3);
        client.yamux().expect(framed(3, 0, "flood"));
        for (int id = 5; id < 45; id += 2) {
            send(visitor(), "flood");
            client.yamux().expect(window(id - 2, RST, 0));
            client.header(id);
            client.yamux().expect(framed(id, 0, "flood"));
            assertEquals(2, server.datagrams().openVisitors());
        }
        send(established, "still here");
        client.yamux().expect(framed(1, 0, "still here"));
        client.yamux().send(framed(1, 0, "you are"));
        assertEquals("you are", receive(established));
    }

    @Test
    void establishedVisitorsAreNotDisplaced() throws IOException {
        AskingClient client = serve(options -> options.maxUdpVisitors(1));
        DatagramSocket first = visitor();
        establish(client, first, 1);
        send(visitor(), "second");
        awaitDropped(DatagramDrop.VISITORS, 1);
        client.yamux().expectNothing();
        client.yamux().send(window(1, FIN, 0));
        client.yamux().expect(window(1, FIN, 0));
        send(visitor(), "third");
        client.header(3);
        client.yamux().expect(framed(3, 0, "third"));
    }

    @Test
    void floodFromManyAddressesStaysBounded() throws IOException {
        AskingClient client = serve(options -> options.udpVisitorsPerSecond(0).maxUdpVisitors(100));
        DatagramSocket established = visitor();
        establish(client, established, 1);
        for (int i = 0; i < 2_000; i++) {
            byte[] from = {127, 1, (byte) (i >> 8), (byte) i};
            try (DatagramSocket stranger = new DatagramSocket(0, InetAddress.getByAddress(from))) {
                send(stranger, "flood");
            }
            if (i % 100 > 0) continue;
            send(established, "ping " + i);
            String expected = new String(framed(("ping " + i).getBytes(US_ASCII)), US_ASCII);
            skipUntil(client, 1, expected);
            assertTrue(server.datagrams().openVisitors() <= 100);
        }
        assertTrue(server.datagrams().visitors() > 100);
    }

    @Test
    void newVisitorsOfAnAddressAreLimited() throws IOException {
        AskingClient client = serve(options -> options.udpVisitorsPerSecond(2));
        for (int id = 1; id < 5; id += 2) {
            send(visitor(), "welcome");
            client.header(id);
            client.yamux().expect(framed(id, 0, "welcome"));
        }
        for (int i = 0; i < 50; i++) send(visitor(), "too many");
        awaitCounts(
                "most are dropped",
                counts -> counts.in() == 52 && counts.dropped().get(DatagramDrop.RATE) >= 40);
        try (DatagramSocket other = new DatagramSocket(0, InetAddress.getByName("127.9.9.9"))) {
            send(other, "another address");
            skipUntil(client, -1, "another address");
        }
    }

    @Test
    void heldEndpointDropsDatagrams() throws IOException {
        AskingClient client = serve(options -> options);
        String lease = client.lease();
        DatagramSocket visitor = visitor();
        send(visitor, "before");
        client.header(1);
        client.yamux().expect(framed(1, 0, "before"));
        client.die();
        awaitCounts("its visitors have left", counts -> counts.openVisitors() == 0);
        send(visitor, "lost");
        awaitDropped(DatagramDrop.HELD, 1);
        AskingClient next = keep(AskingClient.connect(
                        server, "visitor-address port=none resume=" + lease, "alice", limits()))
                .establish()
                .control();
        assertEquals(port, next.open("udp/" + port).number());
        send(visitor, "after");
        next.header(1);
        next.yamux().expect(framed(1, 0, "after"));
    }

    @Test
    void impossibleLengthEndsOnlyItsVisitor() throws IOException {
        AskingClient client = serve(options -> options);
        DatagramSocket bad = visitor();
        DatagramSocket good = visitor();
        establish(client, bad, 1);
        establish(client, good, 3);
        client.yamux().send(data(1, new byte[] {(byte) 0xFF, (byte) 0xE4, 'x'}), framed(3, 0, "fine"));
        client.yamux().expect(window(1, RST, 0));
        assertEquals("fine", receive(good));
        awaitDropped(DatagramDrop.MALFORMED, 1);
        send(bad, "again");
        client.header(5);
        client.yamux().expect(framed(5, 0, "again"));
    }

    @Tag("slow") // a second until the visitor counts as idle
    @Test
    void halfADatagramIsKeptUntilItsVisitorLeaves() throws IOException {
        AskingClient client = serve(options -> options.udpIdleTimeout(Duration.ofMillis(50)));
        send(visitor(), "hello");
        client.header(1);
        client.yamux().expect(framed(1, 0, "hello"));
        client.yamux().send(data(1, ACK, new byte[] {100, 0, 'x'}));
        client.yamux().expect(window(1, RST, 0));
        assertEquals(0, server.datagrams().out());
    }

    @Test
    void halfALengthIsNoDatagram() throws IOException {
        AskingClient client = serve(options -> options);
        DatagramSocket visitor = visitor();
        send(visitor, "hello");
        client.header(1);
        client.yamux().expect(framed(1, 0, "hello"));
        client.yamux().send(data(1, ACK, new byte[] {0}), window(1, FIN, 0));
        client.yamux().expect(window(1, FIN, 0));
        assertEquals(0, server.datagrams().openVisitors());
        assertEquals(0, server.datagrams().out());
        send(visitor, "again");
        client.header(3);
        client.yamux().expect(framed(3, 0, "again"));
    }

    @Test
    void tinyDatagramsWithoutEndAreCounted() throws IOException {
        AskingClient client = serve(options -> options);
        DatagramSocket flooded = visitor();
        DatagramSocket other = visitor();
        establish(client, flooded, 1);
        establish(client, other, 3);
        int tiny = 50_000;
        client.yamux().send(data(1, new byte[2 * tiny]), framed(3, 0, "fine"));
        assertEquals("fine", receive(other));
        awaitCounts(
                "all are sent or dropped",
                counts -> counts.out() + counts.dropped().get(DatagramDrop.SOCKET) == tiny + 3);
        send(flooded, "still here");
        skipUntil(client, 1, "still here");
    }

    @Test
    void visitorsStayWhileTheServerShutsDown() throws Exception {
        AskingClient client = serve(options -> options);
        DatagramSocket visitor = visitor();
        establish(client, visitor, 1);
        Call<Boolean> closing = Call.of(() -> server.close(Duration.ofMinutes(5)));
        ServerTunnel tunnel = server.tunnels().all().get(0);
        Await.until("the server shuts down", () -> tunnel.lifecycle().isLeaving());
        send(visitor(), "new");
        awaitDropped(DatagramDrop.HELD, 1);
        send(visitor, "still here");
        client.yamux().expect(framed(1, 0, "still here"));
        client.yamux().send(framed(1, 0, "you are"));
        assertEquals("you are", receive(visitor));
        client.die();
        assertTrue(closing.result());
    }

    @Tag("slow") // a second until the visitor counts as idle
    @Test
    void idleVisitorsEndWhileTheServerShutsDown() throws Exception {
        AskingClient client = serve(options -> options.udpIdleTimeout(Duration.ofMillis(50)));
        send(visitor(), "hello");
        client.header(1);
        client.yamux().expect(framed(1, 0, "hello"));
        assertTrue(server.close(Duration.ofMinutes(5)));
        assertEquals(0, server.datagrams().openVisitors());
    }

    @Test
    void closedPortIsFree() throws IOException {
        AskingClient client = serve(options -> options);
        send(visitor(), "hello");
        client.header(1);
        client.yamux().expect(framed(1, 0, "hello"));
        client.say("CLOSE udp/" + port);
        List<WireFrame> both = List.of(client.yamux().next(), client.yamux().next());
        assertTrue(both.contains(window(1, RST, 0)), both::toString);
        assertTrue(both.contains(data(2, "CLOSED udp/" + port + "\n")), both::toString);
        new DatagramSocket(port, InetAddress.getLoopbackAddress()).close();
        assertEquals(port, client.open("udp/" + port).number());
    }

    @Test
    void portsOutsideThePolicyOrInUseAreRefused() throws IOException {
        AskingClient client = serve(options -> options);
        assertTrue(client.ask("OPEN udp/53").startsWith("REFUSED udp/53 port-unavailable "));
        try (DatagramSocket other = new DatagramSocket(port + 1, InetAddress.getLoopbackAddress())) {
            assertTrue(other.isBound());
            assertTrue(client.ask("OPEN udp/" + (port + 1)).startsWith("REFUSED udp/" + (port + 1)));
        }
    }

    @Test
    void withdrawnPortTakesNoNewVisitors() throws IOException {
        AskingClient client = serve(options -> options);
        DatagramSocket present = visitor();
        establish(client, present, 1);
        client.say("READY udp/" + port + " no");
        client.yamux().expectNothing();
        send(visitor(), "new");
        awaitDropped(DatagramDrop.HELD, 1);
        send(present, "old");
        client.yamux().expect(framed(1, 0, "old"));
        client.say("READY udp/" + port + " yes");
        client.yamux().expectNothing();
        send(visitor(), "new");
        client.header(3);
        client.yamux().expect(framed(3, 0, "new"));
    }

    @Test
    void addressesThatAreNotAllowedAreIgnored() throws IOException {
        AskingClient client = serve(options -> options.denyVisitors(List.of("127.0.0.1")));
        send(visitor(), "hello");
        awaitDropped(DatagramDrop.ADDRESS, 1);
        client.yamux().expectNothing();
    }

    @Test
    void windowThatIsFullDropsTheOldestAndCountsThem() throws IOException {
        AskingClient client = serve(options -> options);
        DatagramSocket visitor = visitor();
        byte[] large = new byte[60_000];
        for (int i = 1; i <= 8; i++) { // one by one, so that the kernel drops none
            visitor.send(new DatagramPacket(large, large.length, address()));
            int arrived = i;
            awaitCounts(i + " have arrived", counts -> counts.in() == arrived);
        }
        awaitDropped(DatagramDrop.WINDOW, 3);
        client.header(1);
        client.yamux().expectData(1, 4 * 60_002);
    }

    @Test
    void visitorsOfAConnectionOnAnotherLoop() throws IOException {
        AskingClient first = serve(options -> options.loops(2));
        AskingClient second = keep(AskingClient.connect(
                        server, "visitor-address port=none join=" + first.lease(), "alice", limits()))
                .establish();
        Await.until(
                "both take visitors",
                () -> server.tunnels().connections().stream().allMatch(TunnelConnection::takesVisitors));
        Map<String, DatagramSocket> visitors = new HashMap<>();
        for (int i = 0; i < 4; i++) {
            DatagramSocket visitor = visitor();
            send(visitor, "visitor " + i);
            visitors.put("visitor " + i, visitor);
        }
        for (AskingClient client : List.of(first, second)) {
            List<String> said = List.of(said(client, 1), said(client, 3));
            client.yamux().send(framed(1, ACK, "hello " + said.get(0)), framed(3, ACK, "hello " + said.get(1)));
            for (String each : said) {
                DatagramSocket visitor = visitors.remove(each);
                assertEquals("hello " + each, receive(visitor));
                send(visitor, "bye " + each);
            }
            skipUntil(client, 3, "bye " + said.get(1));
        }
        assertTrue(visitors.isEmpty());
        awaitCounts("all are present", counts -> counts.openVisitors() == 4);
    }

    // ---- support

    private AskingClient serve(UnaryOperator<RelayServerOptions.Builder> options) throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        server = RelayServer.start(options.apply(RelayServerOptions.builder()
                        .bindAddress(loopback)
                        .publicBindAddress(loopback)
                        .extended(true)
                        .loops(1))
                .build());
        port = FixedPort.range(2);
        AskingClient client = keep(AskingClient.connect(server, "visitor-address port=none resume", "alice", limits()))
                .establish()
                .control();
        port = client.open("udp/0").number();
        return client;
    }

    private ClientLimits limits() {
        return ClientLimits.builder().udpPorts(port, port + 1).build();
    }

    private AskingClient keep(AskingClient client) {
        open.add(client);
        return client;
    }

    private DatagramSocket visitor() throws IOException {
        DatagramSocket visitor = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        visitor.setSoTimeout((int) Await.DEADLINE.toMillis());
        open.add(visitor);
        return visitor;
    }

    private InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private void send(DatagramSocket visitor, String text) throws IOException {
        byte[] bytes = text.getBytes(US_ASCII);
        visitor.send(new DatagramPacket(bytes, bytes.length, address()));
    }

    private static String receive(DatagramSocket visitor) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[100], 100);
        visitor.receive(packet);
        return new String(packet.getData(), 0, packet.getLength(), US_ASCII);
    }

    /** A visitor that has sent again after a reply. */
    private void establish(AskingClient client, DatagramSocket visitor, int id) throws IOException {
        send(visitor, "one");
        client.header(id);
        client.yamux().expect(framed(id, 0, "one"));
        client.yamux().send(framed(id, ACK, "two"));
        assertEquals("two", receive(visitor));
        send(visitor, "three");
        client.yamux().expect(framed(id, 0, "three"));
    }

    /** Skips frames until one has this text; a stream of -1 means any. Answers to pings. */
    private static String skipUntil(AskingClient client, int id, String text) throws IOException {
        while (true) {
            WireFrame frame = client.yamux().next();
            if (frame.equals(WireFrame.ping(WireFrame.SYN, frame.length()))) {
                client.yamux().send(WireFrame.ping(ACK, frame.length()));
            }
            if (!frame.isData() || (id >= 0 && frame.id() != id)) continue;
            String said = new String(frame.body(), US_ASCII);
            if (said.contains(text)) return said;
        }
    }

    /** What a visitor has said first, on a stream. */
    private static String said(AskingClient client, int id) throws IOException {
        String said = skipUntil(client, id, "visitor ");
        return said.substring(said.indexOf("visitor "));
    }

    private void awaitDropped(DatagramDrop reason, long count) {
        awaitCounts(count + " dropped, " + reason, counts -> counts.dropped().get(reason) == count);
    }

    private void awaitCounts(String what, Predicate<DatagramStatistics> expected) {
        Await.until(() -> what + ", but " + server.datagrams(), () -> expected.test(server.datagrams()));
    }

    private static WireFrame framed(int id, int flags, String text) {
        return data(id, flags, framed(text.getBytes(US_ASCII)));
    }

    private static byte[] framed(byte[] datagram) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.write(datagram.length >> 8);
        all.write(datagram.length);
        all.writeBytes(datagram);
        return all.toByteArray();
    }
}
