package org.relay4j.client;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.window;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.api.Visitor;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.api.proxy.ProxyHeaderReader;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.SessionOptions;

/** How a client reads the addresses of visitors, with a server that follows a script. */
@ExtendWith(LeakCheck.EachTest.class)
class VisitorAddressTest {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
    private static final InetSocketAddress VISITOR = new InetSocketAddress(ip(203, 0, 113, 9), 40_000);
    private static final InetSocketAddress OTHER = new InetSocketAddress(ip(203, 0, 113, 10), 40_001);
    private static final InetSocketAddress PUBLIC = new InetSocketAddress(ip(192, 0, 2, 1), 4532);
    private static final InetSocketAddress UNSPECIFIED = new InetSocketAddress(0);

    private final List<@Nullable InetSocketAddress> accepted = new CopyOnWriteArrayList<>();
    private final List<@Nullable InetSocketAddress> closed = new CopyOnWriteArrayList<>();
    private final List<String> ids = new CopyOnWriteArrayList<>(); // of accepted visitors
    private ServerSocketChannel listener;
    private ScriptedPeer server;
    private String request = "";

    @BeforeEach
    void listen() throws IOException {
        listener = ServerSocketChannel.open().bind(new InetSocketAddress(LOOPBACK, 0));
    }

    @AfterEach
    void close() throws IOException {
        if (server != null) server.close();
        listener.close();
    }

    // ---- acceptor

    @Test
    void acceptedSocketHasTheAddressOfItsVisitor() throws Exception {
        try (RelayAcceptor acceptor = connect(options())) {
            assertEquals("RELAY/1 visitor-address", request);
            byte[] header = new ProxyHeader(VISITOR, PUBLIC, false, "tcp/4711", "a1-7").encodeV2();
            server.send(window(1, SYN, 0), data(1, with(header, "hello")));
            Socket visitor = acceptor.accept();
            assertEquals(VISITOR, visitor.getRemoteSocketAddress());
            assertEquals(VISITOR.getAddress(), visitor.getInetAddress());
            assertEquals(VISITOR.getPort(), visitor.getPort());
            assertEquals("hello", read(visitor, 5));
            Await.until("it is reported", () -> accepted.equals(List.of(VISITOR)));
            assertEquals(List.of("a1-7"), ids);
            visitor.close();
            server.send(window(1, FIN, 0));
            Await.until("its end is reported", () -> closed.equals(List.of(VISITOR)));
        }
    }

    @Test
    void streamAcceptedAsSuchHasTheAddressToo() throws Exception {
        try (RelayAcceptor acceptor = connect(options())) {
            server.send(window(1, SYN, 0), data(1, header(VISITOR)));
            assertEquals(VISITOR, RelayAcceptor.visitorAddress(acceptor.acceptStream()));
        }
    }

    @Test
    void slowHeaderHoldsUpNobodyElse() throws Exception {
        try (RelayAcceptor acceptor = connect(options())) {
            byte[] first = with(header(VISITOR), "one");
            server.send(window(1, SYN, 0));
            server.send(data(1, Arrays.copyOf(first, 20)));
            server.send(window(3, SYN, 0), data(3, with(header(OTHER), "two")));
            Socket second = acceptor.accept();
            assertEquals(OTHER, second.getRemoteSocketAddress());
            assertEquals("two", read(second, 3));
            for (byte next : Arrays.copyOfRange(first, 20, first.length)) server.send(data(1, new byte[] {next}));
            Socket slow = acceptor.accept();
            assertEquals(VISITOR, slow.getRemoteSocketAddress());
            assertEquals("one", read(slow, 3));
        }
    }

    @Test
    void addressThatIsNotKnownIsUnspecified() throws Exception {
        try (RelayAcceptor acceptor = connect(options())) {
            server.send(window(1, SYN, 0), data(1, with(ProxyHeader.unknown().encodeV2(), "x")));
            Socket visitor = acceptor.accept();
            assertEquals(UNSPECIFIED, visitor.getRemoteSocketAddress());
            assertEquals("x", read(visitor, 1));
            Await.until("it is reported", () -> accepted.size() == 1);
            assertNull(accepted.get(0));
        }
    }

    @Test
    void visitorWithoutAWholeHeaderIsReset() throws Exception {
        try (RelayAcceptor acceptor = connect(options());
                Logged log = Logged.below("org.relay4j.client")) {
            server.send(window(1, SYN, 0), data(1, "GET / HTTP/1.1\r\n"));
            awaitFrame(window(1, RST, 0));
            log.await("WARN tunnel localhost:4532: visitor reset before its address was known: the connection does not"
                    + " begin with a PROXY protocol header");
            server.send(window(3, SYN, 0), data(3, FIN, Arrays.copyOf(header(VISITOR), 27)));
            awaitFrame(window(3, RST, 0));
            server.send(window(5, SYN, 0), data(5, Arrays.copyOf(header(VISITOR), 27)), window(5, RST, 0));
            server.send(window(7, SYN, 0), data(7, header(OTHER)));
            assertEquals(OTHER, acceptor.accept().getRemoteSocketAddress());
        }
    }

    @Test
    void visitorThatHasSentItsHeaderAndLeftIsStillAccepted() throws Exception {
        try (RelayAcceptor acceptor = connect(options())) {
            server.send(window(1, SYN, 0), data(1, FIN, with(header(VISITOR), "bye")));
            Socket visitor = acceptor.accept();
            assertEquals("bye", read(visitor, 3));
            assertEquals(-1, visitor.getInputStream().read());
        }
    }

    /** Streams without a header count as waiting for accept. */
    @Test
    void streamsWithoutAHeaderAreBounded() throws Exception {
        SessionOptions session = SessionOptions.builder().backlog(2).build();
        try (RelayAcceptor acceptor = connect(options().session(session))) {
            server.send(window(1, SYN, 0), window(3, SYN, 0), window(5, SYN, 0));
            awaitFrame(window(5, RST, 0));
            server.send(data(1, header(VISITOR)), window(3, RST, 0), window(7, SYN, 0), window(9, SYN, 0));
            awaitFrame(window(9, RST, 0));
            assertEquals(VISITOR, acceptor.accept().getRemoteSocketAddress());
            server.send(data(7, header(OTHER)));
            assertEquals(OTHER, acceptor.accept().getRemoteSocketAddress());
        }
    }

    // ---- forwarder

    @ParameterizedTest
    @EnumSource(ProxyProtocol.class)
    void localServiceIsToldTheAddress(ProxyProtocol version) throws Exception {
        byte[] expected = version.encode(ProxyHeader.of(VISITOR, PUBLIC));
        RelayClientOptions.Builder options =
                Local.hasty(new Listener()).reconnect(false).proxyProtocol(version);
        try (ServerSocket service = new ServerSocket(0, 50, LOOPBACK);
                RelayForwarder forwarder = forward(service, options)) {
            assertEquals("RELAY/1 visitor-address", request);
            server.send(window(1, SYN, 0), data(1, with(header(VISITOR), "request")));
            try (Socket local = service.accept()) {
                assertArrayEquals(expected, local.getInputStream().readNBytes(expected.length));
                assertEquals("request", read(local, 7));
                local.getOutputStream().write("reply".getBytes(US_ASCII));
                awaitFrame(data(1, "reply"));
            }
            Await.until("it is reported", () -> accepted.equals(List.of(VISITOR)));
            assertTrue(forwarder.isOpen());
            server.close(); // the forwarder would wait for it
        }
    }

    @Test
    void localServiceIsToldThatTheAddressIsNotKnown() throws Exception {
        RelayClientOptions.Builder options =
                Local.hasty(new Listener()).reconnect(false).proxyProtocol(ProxyProtocol.V1);
        try (ServerSocket service = new ServerSocket(0, 50, LOOPBACK);
                RelayForwarder forwarder = forward(service, options)) {
            server.send(window(1, SYN, 0), data(1, with(ProxyHeader.unknown().encodeV2(), "x")));
            try (Socket local = service.accept()) {
                assertEquals("PROXY UNKNOWN\r\nx", read(local, 16));
            }
            assertTrue(forwarder.isOpen());
            server.close(); // the forwarder would wait for it
        }
    }

    @Test
    void forwarderMayKeepTheAddressToItself() throws Exception {
        try (ServerSocket service = new ServerSocket(0, 50, LOOPBACK);
                RelayForwarder forwarder = forward(service, options())) {
            server.send(window(1, SYN, 0), data(1, with(header(VISITOR), "only this")));
            try (Socket local = service.accept()) {
                assertEquals("only this", read(local, 9));
            }
            Await.until("it is reported", () -> accepted.equals(List.of(VISITOR)));
            server.send(window(3, SYN, 0), data(3, "no header at all"));
            awaitFrame(window(3, RST, 0));
            assertTrue(forwarder.isOpen());
            server.close(); // the forwarder would wait for it
        }
    }

    // ---- with a relay server

    @Test
    void addressComesFromTheServerThatTheVisitorConnectsTo() throws Exception {
        try (RelayServer relay =
                        RelayServer.start(Local.options().extended(true).build());
                RelayAcceptor acceptor =
                        RelayClient.connect("localhost", relay.port(), options().build());
                Socket visitor = new Socket(LOOPBACK, acceptor.getLocalPort())) {
            visitor.getOutputStream().write("hello".getBytes(US_ASCII));
            Socket accepted = acceptor.accept();
            assertEquals(visitor.getLocalSocketAddress(), accepted.getRemoteSocketAddress());
            assertEquals("hello", read(accepted, 5));
        }
    }

    @ParameterizedTest
    @EnumSource(ProxyProtocol.class)
    void forwarderPassesOnTheAddressFromTheServer(ProxyProtocol version) throws Exception {
        try (RelayServer relay =
                        RelayServer.start(Local.options().extended(true).build());
                ServerSocket service = new ServerSocket(0, 50, LOOPBACK);
                RelayForwarder forwarder = RelayClient.forward(
                        "localhost",
                        relay.port(),
                        new InetSocketAddress(LOOPBACK, service.getLocalPort()),
                        RelayClientOptions.builder().proxyProtocol(version).build());
                Socket visitor = new Socket(LOOPBACK, forwarder.publicAddress().getPort());
                Socket local = service.accept()) {
            ProxyHeaderReader reader = ProxyHeaderReader.ofLoadBalancer();
            ProxyHeader header;
            do {
                byte[] next = local.getInputStream().readNBytes(reader.room().remaining());
                reader.room().put(next);
                header = reader.header();
            } while (header == null);
            assertEquals(visitor.getLocalSocketAddress(), header.source());
            assertEquals(visitor.getRemoteSocketAddress(), header.destination());
            visitor.getOutputStream().write("hello".getBytes(US_ASCII));
            assertEquals("hello", read(local, 5));
        }
    }

    // ---- servers that do not do it

    @Test
    void serverMustGrantIt() throws Exception {
        RelayProtocolException refused = refused(options(), "HELLO 00112233445566778899aabbccddeeff", "OK port=4532");
        assertTrue(
                refused.getMessage()
                        .endsWith("does not pass on the addresses of visitors; do without the option visitorAddresses"),
                refused.getMessage());
    }

    @Test
    void serverMustSpeakHello() throws Exception {
        RelayProtocolException refused =
                refused(Local.hasty(new Listener()).proxyProtocol(ProxyProtocol.V2), "4532", "");
        assertTrue(
                refused.getMessage().contains("the option proxyProtocol needs the extended one"), refused.getMessage());
    }

    @Test
    void acceptorHasNoLocalServiceToTell() {
        RelayClientOptions options =
                RelayClientOptions.builder().proxyProtocol(ProxyProtocol.V1).build();
        String message = assertThrows(
                        IllegalArgumentException.class, () -> RelayClient.connect("localhost", 1, options))
                .getMessage();
        assertEquals("proxyProtocol is an option of forwarders; for an acceptor set visitorAddresses", message);
    }

    // ---- the script

    private final class Listener implements TunnelListener {
        @Override
        public void visitorAccepted(Tunnel tunnel, Visitor visitor) {
            ids.add(String.valueOf(visitor.id()));
            accepted.add(visitor.address());
        }

        @Override
        public void visitorClosed(Tunnel tunnel, Visitor visitor, @Nullable Throwable cause) {
            closed.add(visitor.address());
        }
    }

    private RelayClientOptions.Builder options() {
        return Local.hasty(new Listener()).reconnect(false).visitorAddresses(true);
    }

    private RelayAcceptor connect(RelayClientOptions.Builder options) throws IOException {
        return granted(() -> RelayClient.connect("localhost", port(), options.build()));
    }

    private RelayForwarder forward(ServerSocket service, RelayClientOptions.Builder options) throws IOException {
        InetSocketAddress local = new InetSocketAddress(LOOPBACK, service.getLocalPort());
        return granted(() -> RelayClient.forward("localhost", port(), local, options.build()));
    }

    private <T> T granted(Callable<T> connect) throws IOException {
        Call<T> connecting = Call.of(connect);
        SocketChannel channel = listener.accept();
        say(channel, "HELLO 00112233445566778899aabbccddeeff");
        request = line(channel);
        say(channel, "OK port=4532 visitor-address");
        server = new ScriptedPeer(channel);
        return connecting.result();
    }

    private RelayProtocolException refused(RelayClientOptions.Builder options, String first, String second)
            throws IOException {
        InetSocketAddress local = new InetSocketAddress(LOOPBACK, 1);
        Call<RelayForwarder> connecting =
                Call.of(() -> RelayClient.forward("localhost", port(), local, options.build()));
        try (SocketChannel channel = listener.accept()) {
            say(channel, first);
            if (!second.isEmpty()) {
                line(channel);
                say(channel, second);
            }
            return connecting.failure(RelayProtocolException.class);
        }
    }

    private int port() {
        return listener.socket().getLocalPort();
    }

    private static void say(SocketChannel channel, String line) throws IOException {
        channel.write(ByteBuffer.wrap((line + "\n").getBytes(US_ASCII)));
    }

    private static String line(SocketChannel channel) throws IOException {
        StringBuilder line = new StringBuilder();
        InputStream in = channel.socket().getInputStream();
        for (int next; (next = in.read()) != '\n'; ) line.append((char) next);
        return line.toString();
    }

    /** Skips the frames before it. */
    private void awaitFrame(WireFrame frame) throws IOException {
        while (!server.next().equals(frame)) {}
    }

    private static byte[] header(InetSocketAddress visitor) {
        return ProxyHeader.of(visitor, PUBLIC).encodeV2();
    }

    private static byte[] with(byte[] header, String body) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(header);
        all.writeBytes(body.getBytes(US_ASCII));
        return all.toByteArray();
    }

    private static String read(Socket socket, int length) throws IOException {
        socket.setSoTimeout((int) Await.DEADLINE.toMillis());
        return new String(socket.getInputStream().readNBytes(length), US_ASCII);
    }

    private static InetAddress ip(int... octets) {
        byte[] bytes = new byte[octets.length];
        for (int i = 0; i < octets.length; i++) bytes[i] = (byte) octets[i];
        try {
            return InetAddress.getByAddress(bytes);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
