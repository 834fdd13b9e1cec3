package org.relay4j.client;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.Endpoint;
import org.relay4j.api.control.Ed25519;
import org.relay4j.server.ClientLimits;
import org.relay4j.server.NamedClient;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Pattern;

/** UDP ports of a tunnel: forwarded to a local service, or as a socket of the program. */
@ExtendWith(LeakCheck.EachTest.class)
class UdpTunnelTest {
    private final List<AutoCloseable> open = new ArrayList<>();
    private RelayServer server;
    private RelayTunnel tunnel;

    @BeforeEach
    void start() throws Exception {
        KeyPair alice = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        int lowest = FixedPort.range(20);
        NamedClient known = NamedClient.ofKey(
                Ed25519.encode(alice.getPublic()),
                ClientLimits.builder().udpPorts(lowest, lowest + 19).build());
        server = RelayServer.start(Local.options()
                .extended(true)
                .policy(name -> CompletableFuture.completedFuture(Optional.of(known)))
                .build());
        RelayClientOptions options = RelayClientOptions.builder()
                .identity(ClientIdentity.ofKey("alice", Ed25519.encode(alice.getPrivate())))
                .build();
        tunnel = RelayClient.open("localhost", server.port(), options);
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open) each.close();
        tunnel.close();
        server.close();
    }

    @Test
    void eachVisitorHasASocketTowardsTheService() throws Exception {
        DatagramSocket service = socket();
        RelayForwarder forwarder = tunnel.forward(Endpoint.anyUdpPort(), service.getLocalSocketAddress());
        assertEquals(Endpoint.Kind.UDP, forwarder.endpoint().kind());
        DatagramSocket one = socket();
        DatagramSocket two = socket();
        send(one, forwarder.publicAddress(), "one");
        DatagramPacket first = receive(service);
        send(two, forwarder.publicAddress(), "two");
        DatagramPacket second = receive(service);
        assertEquals("one", text(first));
        assertEquals("two", text(second));
        assertFalse(first.getSocketAddress().equals(second.getSocketAddress()));
        send(service, (InetSocketAddress) second.getSocketAddress(), "for two");
        send(service, (InetSocketAddress) first.getSocketAddress(), "for one");
        assertEquals("for one", text(receive(one)));
        assertEquals("for two", text(receive(two)));
        byte[] large = Pattern.bytes(9, 65_507);
        one.send(new DatagramPacket(large, large.length, forwarder.publicAddress()));
        DatagramPacket arrived = receive(service);
        assertArrayEquals(large, Arrays.copyOf(arrived.getData(), arrived.getLength()));
        assertEquals(2, forwarder.statistics().openVisitors());
        forwarder.close();
        Await.until("the visitors have left", () -> server.datagrams().openVisitors() == 0);
        new DatagramSocket(forwarder.publicAddress().getPort(), InetAddress.getLoopbackAddress()).close();
    }

    @Test
    void serviceIsReplacedForNewVisitors() throws Exception {
        DatagramSocket before = socket();
        DatagramSocket after = socket();
        RelayForwarder forwarder = tunnel.forward(Endpoint.anyUdpPort(), before.getLocalSocketAddress());
        InetSocketAddress address = forwarder.publicAddress();
        DatagramSocket present = socket();
        send(present, address, "hello");
        assertEquals("hello", text(receive(before)));
        assertThrows(
                IllegalArgumentException.class, () -> forwarder.forwardTo(UnixDomainSocketAddress.of("/tmp/socket")));

        forwarder.forwardTo(after.getLocalSocketAddress());
        send(socket(), address, "to the other one");
        assertEquals("to the other one", text(receive(after)));
        send(present, address, "still here");
        assertEquals("still here", text(receive(before)));
        assertEquals(address, forwarder.publicAddress());
    }

    @Test
    void serviceThatIsNotThereEndsTheVisitorAndIsTriedAgain() throws Exception {
        DatagramSocket service = socket();
        InetSocketAddress address = (InetSocketAddress) service.getLocalSocketAddress();
        service.close();
        RelayForwarder forwarder = tunnel.forward(Endpoint.anyUdpPort(), address);
        DatagramSocket visitor = socket();
        send(visitor, forwarder.publicAddress(), "anybody there?");
        Await.until(
                "the visitor was here, and has left",
                () -> server.datagrams().visitors() == 1 && server.datagrams().openVisitors() == 0);
        DatagramSocket again = new DatagramSocket(address);
        open.add(again);
        again.setSoTimeout((int) Await.DEADLINE.toMillis());
        send(visitor, forwarder.publicAddress(), "and now?");
        assertEquals("and now?", text(receive(again)));
    }

    @Test
    void socketOfAPublicPort() throws Exception {
        RelayDatagramSocket socket = tunnel.datagrams(Endpoint.anyUdpPort());
        assertTrue(socket.isBound());
        assertEquals(socket.publicAddress().getPort(), socket.getLocalPort());
        socket.setSoTimeout((int) Await.DEADLINE.toMillis());
        DatagramSocket one = socket();
        DatagramSocket two = socket();
        DatagramPacket packet = new DatagramPacket(new byte[8], 8);
        for (DatagramSocket visitor : List.of(one, two, one)) {
            send(visitor, socket.publicAddress(), "hello");
            socket.receive(packet);
            assertEquals(visitor.getLocalSocketAddress(), packet.getSocketAddress());
            assertEquals("hello", text(packet));
            socket.send(packet);
            assertEquals("hello", text(receive(visitor)));
        }
        send(two, socket.publicAddress(), "more than 8 bytes");
        socket.receive(packet);
        assertEquals("more tha", text(packet));
        assertEquals(0, socket.droppedDatagrams());
        packet.setSocketAddress(new InetSocketAddress("192.0.2.1", 9));
        socket.send(packet);
        assertEquals(1, socket.droppedDatagrams());
        socket.setSoTimeout(1);
        assertThrows(SocketTimeoutException.class, () -> socket.receive(packet));
        assertEquals(1, socket.getSoTimeout());
        DatagramPacket tooLarge = new DatagramPacket(new byte[65_508], 65_508, one.getLocalSocketAddress());
        assertThrows(IllegalArgumentException.class, () -> socket.send(tooLarge));
        assertThrows(UnsupportedOperationException.class, () -> socket.connect(one.getLocalSocketAddress()));
        socket.close();
        assertTrue(socket.isClosed());
        assertEquals(-1, socket.getLocalPort());
        assertThrows(SocketException.class, () -> socket.receive(packet));
        assertThrows(SocketException.class, () -> socket.send(packet));
        Await.until("the visitors have left", () -> server.datagrams().openVisitors() == 0);
    }

    @Test
    void endOfTheTunnelReleasesAReceiver() throws Exception {
        RelayDatagramSocket socket = tunnel.datagrams(Endpoint.anyUdpPort());
        Call<Void> receiving = Call.run(() -> socket.receive(new DatagramPacket(new byte[8], 8)));
        tunnel.close();
        receiving.failure(SocketException.class);
        assertTrue(socket.isClosed());
    }

    @Test
    void datagramsThatNobodyReadsDisplaceOlderOnes() throws Exception {
        RelayDatagramSocket socket = tunnel.datagrams(Endpoint.anyUdpPort());
        socket.setSoTimeout((int) Await.DEADLINE.toMillis());
        DatagramSocket visitor = socket();
        byte[] large = new byte[60_000];
        int sent = 20; // 1.2 MB
        for (int i = 0; i < sent; i++) {
            large[0] = (byte) i;
            visitor.send(new DatagramPacket(large, large.length, socket.publicAddress()));
            int expected = i + 1;
            Await.until(
                    "it has arrived",
                    () -> tunnel.statistics().bytesIn() >= expected * 60_000L
                            || server.datagrams().dropped().values().stream().anyMatch(count -> count > 0));
        }
        assertTrue(socket.droppedDatagrams() > 0);
        DatagramPacket packet = new DatagramPacket(new byte[65_535], 65_535);
        int received = 0;
        for (int last = -1; last < sent - 1; received++) {
            socket.receive(packet);
            assertTrue(packet.getData()[0] > last, "in order");
            last = packet.getData()[0];
        }
        assertEquals(sent, received + socket.droppedDatagrams());
    }

    @Test
    void badArguments() {
        assertThrows(IllegalArgumentException.class, () -> tunnel.datagrams(Endpoint.anyPort()));
        assertThrows(IllegalArgumentException.class, () -> tunnel.acceptor(Endpoint.anyUdpPort()));
        assertThrows(
                IllegalArgumentException.class,
                () -> tunnel.forward(Endpoint.anyUdpPort(), UnixDomainSocketAddress.of("/tmp/x")));
    }

    // ---- support

    private DatagramSocket socket() throws IOException {
        DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        socket.setSoTimeout((int) Await.DEADLINE.toMillis());
        open.add(socket);
        return socket;
    }

    private static void send(DatagramSocket from, InetSocketAddress to, String text) throws IOException {
        byte[] bytes = text.getBytes(US_ASCII);
        from.send(new DatagramPacket(
                bytes, bytes.length, new InetSocketAddress(InetAddress.getLoopbackAddress(), to.getPort())));
    }

    private static DatagramPacket receive(DatagramSocket socket) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[65_535], 65_535);
        socket.receive(packet);
        return packet;
    }

    private static String text(DatagramPacket packet) {
        return new String(packet.getData(), packet.getOffset(), packet.getLength(), US_ASCII);
    }
}
