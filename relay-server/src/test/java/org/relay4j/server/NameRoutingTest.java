package org.relay4j.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.window;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ref.WeakReference;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.Endpoint;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.api.proxy.ProxyHeaderReader;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.io.PlainWire;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.TlsWire;

/** Visitors of host names, through the HTTPS and HTTP ports of a server on real sockets, and a client by hand. */
@ExtendWith(LeakCheck.EachTest.class)
class NameRoutingTest {
    private static final String APP = "app.example.com";
    private static final String REQUEST = "GET /x?y HTTP/1.1\r\nHost: App.example.com:80\r\nUpgrade: websocket\r\n\r\n";
    private static final byte[] UNRECOGNIZED_NAME = {21, 3, 3, 0, 2, 2, 112};

    private final List<Socket> sockets = new ArrayList<>();

    @AfterEach
    void close() throws IOException {
        for (Socket socket : sockets) socket.close();
    }

    private static RelayServer start(UnaryOperator<RelayServerOptions.Builder> options) throws IOException {
        RelayServerOptions.Builder builder = RelayServerOptions.builder()
                .bindAddress(InetAddress.getLoopbackAddress())
                .publicBindAddress(InetAddress.getLoopbackAddress())
                .extended(true)
                .httpsPort(0)
                .httpPort(0);
        return RelayServer.start(options.apply(builder).build());
    }

    private static AskingClient client(RelayServer server, String name) throws IOException {
        AskingClient client =
                AskingClient.connect(server, "visitor-address resume").establish();
        give(server, name);
        return client;
    }

    /** Gives a name to the newest tunnel. */
    static PublicName give(RelayServer server, String name) {
        List<ServerTunnel> tunnels = server.tunnels().all();
        ServerTunnel tunnel = tunnels.get(tunnels.size() - 1);
        return on(tunnel, () -> {
            PublicName opened = PublicName.open(server, tunnel.loop(), Endpoint.host(name));
            opened.belongTo(tunnel);
            opened.start();
            return opened;
        });
    }

    private interface Step<T> {
        T run() throws IOException;
    }

    private static <T> T on(ServerTunnel tunnel, Step<T> step) {
        CompletableFuture<T> result = new CompletableFuture<>();
        tunnel.loop().execute(() -> {
            try {
                result.complete(step.run());
            } catch (IOException | RuntimeException | Error e) {
                result.completeExceptionally(e);
            }
        });
        return result.orTimeout(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS).join();
    }

    static int https(RelayServer server) {
        InetSocketAddress address = server.httpsAddress();
        assertNotNull(address);
        return address.getPort();
    }

    private static int http(RelayServer server) {
        InetSocketAddress address = server.httpAddress();
        assertNotNull(address);
        return address.getPort();
    }

    private Socket connect(int port) throws IOException {
        Socket socket = Visitor.connect(port);
        sockets.add(socket);
        return socket;
    }

    private Socket send(int port, byte[] bytes) throws IOException {
        Socket socket = connect(port);
        socket.getOutputStream().write(bytes);
        return socket;
    }

    private Socket send(int port, String text) throws IOException {
        return send(port, text.getBytes(ISO_8859_1));
    }

    /** Returns the ClientHello of a TLS engine. */
    static byte[] hello(@Nullable String name, String... protocols) throws IOException {
        try {
            SSLEngine engine = SSLContext.getDefault().createSSLEngine();
            engine.setUseClientMode(true);
            SSLParameters parameters = engine.getSSLParameters();
            if (name != null) parameters.setServerNames(List.of(new SNIHostName(name)));
            parameters.setApplicationProtocols(protocols);
            engine.setSSLParameters(parameters);
            ByteBuffer record = ByteBuffer.allocate(32 * 1024);
            engine.wrap(ByteBuffer.allocate(0), record);
            return Arrays.copyOf(record.array(), record.position());
        } catch (NoSuchAlgorithmException e) {
            throw new IOException(e);
        }
    }

    /** Returns the header of a stream; what follows it must be {@code bytes}, perhaps in the same frame. */
    private static ProxyHeader expectStream(AskingClient client, int id, byte[] bytes) throws IOException {
        client.yamux().expect(window(id, SYN, 0));
        WireFrame frame = client.yamux().next();
        assertTrue(frame.isData() && frame.id() == id, frame::toString);
        ProxyHeaderReader reader = ProxyHeaderReader.ofStream();
        ByteBuffer body = ByteBuffer.wrap(frame.body());
        ProxyHeader header = null;
        while (header == null) {
            while (reader.room().hasRemaining()) reader.room().put(body.get());
            header = reader.header();
        }
        byte[] rest = Arrays.copyOfRange(body.array(), body.position(), body.limit());
        byte[] more = client.yamux().expectData(id, bytes.length - rest.length);
        byte[] all = Arrays.copyOf(rest, bytes.length);
        System.arraycopy(more, 0, all, rest.length, more.length);
        assertArrayEquals(bytes, all);
        return header;
    }

    // ---- visitors that reach a tunnel

    /** With one loop, the visitor stays on it; with three, it usually changes. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void visitorsReachTheTunnelWithTheirName(int loops) throws IOException {
        try (RelayServer server = start(options -> options.loops(loops));
                AskingClient other = client(server, "other.example.com");
                AskingClient client = client(server, APP)) {
            byte[] request = REQUEST.getBytes(ISO_8859_1);
            Socket plain = send(http(server), request);
            ProxyHeader header = expectStream(client, 1, request);
            assertEquals(plain.getLocalSocketAddress(), header.source());
            assertEquals(server.httpAddress(), header.destination());
            assertEquals("host/app.example.com", header.endpoint());
            client.yamux().send(window(1, ACK, 0), data(1, 0, "HTTP/1.1 101 x\r\n\r\nhello".getBytes(ISO_8859_1)));
            Visitor.expect(plain, "HTTP/1.1 101 x\r\n\r\nhello");
            Visitor.send(plain, "frame");
            assertEquals("frame", new String(client.yamux().expectData(1, 5), ISO_8859_1));
            plain.shutdownOutput();
            client.yamux().expect(window(1, FIN, 0));
            client.yamux().send(data(1, FIN, "rest".getBytes(ISO_8859_1)));
            Visitor.expect(plain, "rest");
            Visitor.expectEnd(plain);

            byte[] hello = hello(APP, "h2", "http/1.1");
            send(https(server), hello);
            assertEquals("host/app.example.com", expectStream(client, 3, hello).endpoint());
            client.yamux().send(window(3, ACK, 0));

            byte[] toOther = hello("other.example.com");
            send(https(server), toOther);
            expectStream(other, 1, toOther);
            other.yamux().send(window(1, ACK, 0));
        }
    }

    @Test
    void singleBytes() throws IOException {
        try (RelayServer server = start(options -> options);
                AskingClient client = client(server, APP)) {
            byte[] hello = hello(APP);
            Socket visitor = connect(https(server));
            visitor.setTcpNoDelay(true);
            OutputStream out = visitor.getOutputStream();
            for (byte each : hello) out.write(each);
            expectStream(client, 1, hello);
            client.yamux().send(window(1, ACK, 0));
            byte[] large = ("GET / HTTP/1.1\r\nHost: " + APP + "\r\nCookie: " + "x".repeat(14_000) + "\r\n\r\nbody")
                    .getBytes(ISO_8859_1);
            send(http(server), large);
            expectStream(client, 3, large);
            client.yamux().send(window(3, ACK, 0));
        }
    }

    /** Most visitors cost no registration of their own until their name is known. */
    @Test
    void bytesThatHaveArrivedAreReadAtOnce() throws IOException {
        byte[] request = REQUEST.getBytes(ISO_8859_1);
        try (RelayServer server = start(options -> options.loops(1));
                AskingClient client = client(server, APP);
                ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            int number = ((InetSocketAddress) listener.getLocalAddress()).getPort();
            ServerTunnel tunnel = server.tunnels().all().get(0);
            NamePort port = new NamePort(
                    server,
                    server.names(),
                    server.names().loop(),
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                    false);

            send(number, request);
            assertEquals(1, visitorsAfter(port, tunnel, listener.accept()));
            expectStream(client, 1, request);
            client.yamux().send(window(1, ACK, 0));

            Socket slow = send(number, Arrays.copyOf(request, 20));
            assertEquals(1, visitorsAfter(port, tunnel, listener.accept()));
            slow.getOutputStream().write(request, 20, request.length - 20);
            expectStream(client, 3, request);
            client.yamux().send(window(3, ACK, 0));

            Socket stranger = send(number, "GET / HTTP/1.1\r\nHost: other.example.com\r\n\r\n");
            visitorsAfter(port, tunnel, listener.accept());
            stranger.shutdownOutput();
            assertEquals(
                    plain("404 Not Found"), new String(stranger.getInputStream().readAllBytes(), ISO_8859_1));

            connect(number).close();
            SocketChannel left = listener.accept();
            visitorsAfter(port, tunnel, left);
            assertFalse(left.isOpen());
            port.close();
        }
    }

    /** Returns the number of visitors of a server directly after a port has accepted one, before the next selection. */
    private static int visitorsAfter(NamePort port, ServerTunnel tunnel, SocketChannel accepted) {
        return on(tunnel, () -> {
            port.accepted(accepted);
            return port.server().visitorCount();
        });
    }

    @Test
    void clientsWithoutHeadersGetTheBytesAlone() throws IOException {
        try (RelayServer server = start(options -> options);
                AskingClient client = AskingClient.connect(server, "").establish()) {
            give(server, APP);
            send(http(server), REQUEST);
            client.yamux().expect(window(1, SYN, 0));
            assertEquals(REQUEST, new String(client.yamux().expectData(1, REQUEST.length()), ISO_8859_1));
            client.yamux().send(window(1, ACK, 0));
        }
    }

    @Test
    void addressIsThatOfTheLoadBalancersHeader() throws IOException {
        InetSocketAddress outside = new InetSocketAddress("203.0.113.9", 40_000);
        InetSocketAddress balancer = new InetSocketAddress("192.0.2.1", 443);
        try (RelayServer server = start(options -> options.trustedProxies(List.of("127.0.0.1")))) {
            byte[] proxied = ProxyHeader.of(outside, balancer).encodeV2();
            byte[] request = REQUEST.getBytes(ISO_8859_1);
            byte[] both = Arrays.copyOf(proxied, proxied.length + request.length);
            System.arraycopy(request, 0, both, proxied.length, request.length);
            try (AskingClient client = AskingClient.connect(server, "visitor-address", "alice", ClientLimits.defaults())
                    .establish()) {
                give(server, APP);
                send(http(server), both);
                ProxyHeader header = expectStream(client, 1, request);
                assertEquals(outside, header.source());
                assertEquals(balancer, header.destination());
                client.yamux().send(window(1, ACK, 0));
            }
        }
    }

    @Test
    void visitorsOfAHeldTunnelWait() throws IOException {
        try (RelayServer server = start(options -> options)) {
            AskingClient lost = client(server, APP);
            PublicName name = server.names().find(APP, Long.MAX_VALUE);
            assertNotNull(name);
            try (Logged log = Logged.below("org.relay4j.server")) {
                lost.die();
                log.await(": held");
            }
            Arrival other = new Arrival(
                    new PlainWire(SocketChannel.open()),
                    new InetSocketAddress(http(server)),
                    null,
                    ByteBuffer.allocate(1 << 20));
            for (int n = 1; n < 64; n++) server.names().keep(other);
            send(http(server), REQUEST); // the last one for which there is memory
            Await.until("it waits", () -> name.waiting() == 1);
            server.names().keep(other);
            Visitor.expectReset(send(http(server), REQUEST));
            for (int n = 0; n < 64; n++) server.names().release(other);
            other.wire().close();
            for (int n = 1; n < TunnelVisitors.MOST_WAITING; n++) send(http(server), REQUEST);
            Await.until("all wait", () -> name.waiting() == TunnelVisitors.MOST_WAITING);
            Visitor.expectReset(send(http(server), REQUEST));
            assertEquals(2, server.statistics().refusals().get(Refusal.VISITORS_WAITING));
            try (AskingClient back = AskingClient.connect(server, "visitor-address resume=" + lost.lease())) {
                back.establish();
                on(server.tunnels().all().get(0), () -> {
                    name.resume();
                    return name;
                });
                expectStream(back, 1, REQUEST.getBytes(ISO_8859_1));
            }
        }
    }

    /** As long as visitors live, which may be days. */
    @Test
    void firstBytesAreNotKept() throws IOException {
        byte[] request = REQUEST.getBytes(ISO_8859_1);
        try (RelayServer server = start(options -> options);
                AskingClient client = client(server, APP);
                ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            Socket visitor = connect(((InetSocketAddress) listener.getLocalAddress()).getPort());
            WeakReference<byte[]> first = arrive(server, listener.accept(), request.clone());
            expectStream(client, 1, request);
            Await.until("nobody holds them", () -> {
                System.gc();
                return first.get() == null;
            });
            assertFalse(visitor.isClosed());
            assertEquals(1, server.visitorCount());
        }
    }

    private static WeakReference<byte[]> arrive(RelayServer server, SocketChannel channel, byte[] first)
            throws IOException {
        Sockets.configure(channel);
        InetSocketAddress from = (InetSocketAddress) channel.getRemoteAddress();
        Arrival arrival = new Arrival(new PlainWire(channel), from, null, ByteBuffer.wrap(first));
        PublicName name = server.names().find(APP, Long.MAX_VALUE);
        assertNotNull(name);
        on(server.tunnels().all().get(0), () -> {
            name.arrived(arrival);
            return name;
        });
        return new WeakReference<>(first);
    }

    @Test
    void visitorsWithTlsCountForWhatTheirTlsHolds() throws Exception {
        try (RelayServer server = start(options -> options)) {
            SSLEngine engine = SSLContext.getDefault().createSSLEngine();
            Arrival secure = new Arrival(
                    new TlsWire(SocketChannel.open(), engine), new InetSocketAddress(http(server)), null, null);
            for (int n = 1; n < 1024; n++) server.names().keep(secure);
            assertFalse(server.names().isFull());
            server.names().keep(secure);
            assertTrue(server.names().isFull());
            server.names().release(secure);
            assertFalse(server.names().isFull());
            secure.wire().close();
        }
    }

    // ---- visitors that do not

    private void assertAnswer(int port, byte[] request, byte[] answer) throws IOException {
        Socket visitor = send(port, request);
        assertArrayEquals(answer, visitor.getInputStream().readAllBytes());
    }

    private void assertHttp(int port, String request, String answer) throws IOException {
        Socket visitor = send(port, request.getBytes(ISO_8859_1));
        assertEquals(answer, new String(visitor.getInputStream().readAllBytes(), ISO_8859_1));
    }

    private static String plain(String status) {
        String body = status.substring(4) + "\n";
        return "HTTP/1.1 " + status + "\r\nContent-Type: text/plain\r\nContent-Length: " + body.length()
                + "\r\nConnection: close\r\n\r\n" + body;
    }

    @Test
    void unknownNames() throws IOException {
        try (RelayServer server = start(options -> options);
                Logged log = Logged.below("org.relay4j");
                AskingClient client = client(server, APP)) {
            for (String name : List.of("other.example.com", "example.com", "x.app.example.com", "127.0.0.1", "[::1]")) {
                assertHttp(http(server), "GET / HTTP/1.1\r\nHost: " + name + "\r\n\r\n", plain("404 Not Found"));
            }
            assertHttp(http(server), "GET / HTTP/1.0\r\n\r\n", plain("404 Not Found"));
            assertAnswer(https(server), hello("other.example.com"), UNRECOGNIZED_NAME);
            assertAnswer(https(server), hello(null), UNRECOGNIZED_NAME);
            assertEquals(8, server.statistics().refusals().get(Refusal.NAME_UNKNOWN));
            log.await("event=unknown-name address=127.0.0.1 peer=visitor");
            log.await("refused: there is no tunnel for 'other.example.com'");
            PublicName name = server.names().find(APP, Long.MAX_VALUE);
            assertNotNull(name);
            on(server.tunnels().all().get(0), () -> {
                name.close(server.tunnels().all().get(0));
                return name;
            });
            assertHttp(http(server), REQUEST, plain("404 Not Found")); // as if it had never existed
            assertAnswer(https(server), hello(APP), UNRECOGNIZED_NAME);
            client.yamux().expectNothing();
        }
    }

    @Test
    void unknownNamesWithoutAnAnswer() throws IOException {
        try (RelayServer server = start(options -> options.answerUnknownNames(false))) {
            assertHttp(http(server), REQUEST, "");
            assertAnswer(https(server), hello(APP), new byte[0]);
        }
    }

    @Test
    void malformedRequests() throws IOException {
        try (RelayServer server = start(options -> options);
                Logged log = Logged.below("org.relay4j");
                AskingClient client = client(server, APP)) {
            String twice = "GET / HTTP/1.1\r\nHost: " + APP + "\r\nHost: other.example.com\r\n\r\n";
            assertHttp(http(server), twice, plain("400 Bad Request"));
            String endless = "GET / HTTP/1.1\r\nHost: " + APP + "\r\nX: " + "y".repeat(20_000);
            assertHttp(http(server), endless, plain("431 Request Header Fields Too Large"));
            assertAnswer(https(server), REQUEST.getBytes(ISO_8859_1), new byte[] {21, 3, 3, 0, 2, 2, 50});
            assertHttp(http(server), new String(hello(APP), ISO_8859_1), plain("400 Bad Request"));
            assertEquals(4, server.statistics().refusals().get(Refusal.NAME_MALFORMED));
            log.await("event=bad-request address=127.0.0.1 peer=visitor");
            log.await("refused: its request has several Host headers");
            client.yamux().expectNothing();
        }
    }

    @Test
    void answersInHttp2() throws IOException {
        byte[] opening = ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\0\0\0\4\0\0\0\0\0" + "\0\0\6\1\5\0\0\0\3"
                        + "\u0082\u0086\u0084A\u0001a")
                .getBytes(ISO_8859_1);
        String settings = "\0\0\0\4\0\0\0\0\0";
        String end = "\0\0\10\7\0\0\0\0\0" + "\0\0\0\3\0\0\0\0";
        try (RelayServer server = start(options -> options)) {
            String notFound = settings + "\0\0\1\1\5\0\0\0\3" + "\u008D" + end;
            assertAnswer(http(server), opening, notFound.getBytes(ISO_8859_1));
        }
        try (RelayServer server = start(options -> options.redirectHttps(true))) {
            String where = "https://a:" + https(server) + "/";
            String block = "\10\003308\17\37" + (char) where.length() + where;
            String redirect = settings + "\0\0" + (char) block.length() + "\1\5\0\0\0\3" + block + end;
            assertAnswer(http(server), opening, redirect.getBytes(ISO_8859_1));
        }
    }

    /** Decoded, a path may be longer than a frame that every client accepts. */
    @Test
    void longRedirectInHttp2() throws IOException {
        byte[] path = new byte[10_251]; // "/" and 16,400 times "0" in Huffman code
        path[0] = 0x60;
        path[path.length - 1] = 3;
        String block = "\u0082\u0086\4\u00FF\u008CO" + new String(path, ISO_8859_1) + "A\1a";
        String opening = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\0\0\0\4\0\0\0\0\0" + "\0" + (char) (block.length() >> 8)
                + (char) (block.length() & 0xFF) + "\1\5\0\0\0\3" + block;
        String answer =
                "\0\0\0\4\0\0\0\0\0" + "\0\0\5\1\5\0\0\0\3" + "\10\003414" + "\0\0\10\7\0\0\0\0\0" + "\0\0\0\3\0\0\0\0";
        try (RelayServer server = start(options -> options.redirectHttps(true))) {
            assertAnswer(http(server), opening.getBytes(ISO_8859_1), answer.getBytes(ISO_8859_1));
        }
    }

    @Test
    void redirect() throws IOException {
        try (RelayServer server = start(options -> options.redirectHttps(true));
                AskingClient client = client(server, APP)) {
            String authority = ":" + https(server);
            for (String name : List.of(APP, "other.example.com")) { // nothing tells which of them exists
                String answer = "HTTP/1.1 308 Permanent Redirect\r\nLocation: https://" + name + authority
                        + "/x?y\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                assertHttp(http(server), "POST /x?y HTTP/1.1\r\nHost: " + name + ":80\r\n\r\n", answer);
            }
            assertHttp(http(server), "GET / HTTP/1.0\r\n\r\n", plain("404 Not Found"));
            client.yamux().expectNothing();
        }
    }

    // ---- bounds

    @Test
    void nameThatDoesNotComeInTime() throws IOException {
        try (RelayServer server = start(options -> options.handshakeTimeout(Duration.ofMillis(200)))) {
            Socket silent = connect(https(server));
            Socket slow = send(http(server), "GET / HTTP/1.1\r\n");
            assertEquals(-1, silent.getInputStream().read());
            assertEquals(-1, slow.getInputStream().read());
            assertEquals(2, server.statistics().refusals().get(Refusal.NAME_INCOMPLETE));
        }
    }

    @Test
    void visitorsWithoutANameDisplaceTheOldest() throws IOException {
        try (RelayServer server =
                        start(options -> options.maxPendingPerAddress(2).maxPending(2));
                Logged log = Logged.below("org.relay4j");
                AskingClient client = client(server, APP)) {
            Socket first = connect(https(server));
            Socket second = connect(https(server));
            Socket third = send(https(server), new byte[] {22});
            Visitor.expectReset(first);
            assertEquals(1, server.statistics().refusals().get(Refusal.NAME_INCOMPLETE));
            log.await("event=limit-reached address=127.0.0.1 peer=visitor");
            byte[] hello = hello(APP);
            second.getOutputStream().write(hello);
            expectStream(client, 1, hello);
            client.yamux().send(window(1, ACK, 0));
            third.getOutputStream().write(hello, 1, hello.length - 1); // each port counts for itself
            expectStream(client, 3, hello);
            client.yamux().send(window(3, ACK, 0));
        }
    }

    @Test
    void visitorsWithAnotherAddressAreRefused() throws IOException {
        try (RelayServer server = start(options -> options.denyVisitors(List.of("127.0.0.0/8")))) {
            Visitor.expectReset(connect(https(server)));
            assertEquals(1, server.statistics().refusals().get(Refusal.VISITOR_ADDRESS));
        }
    }

    @Test
    void namesAreBounded() throws IOException {
        try (RelayServer server = start(options -> options);
                AskingClient client = AskingClient.connect(server, "")) {
            client.establish();
            ServerTunnel tunnel = server.tunnels().all().get(0);
            for (int n = 0; n < NameRouter.MOST; n++) {
                PublicName.open(server, tunnel.loop(), Endpoint.host("a" + n + ".example"));
            }
            BindException full = assertThrows(
                    BindException.class, () -> PublicName.open(server, tunnel.loop(), Endpoint.host("b.example")));
            assertEquals("the server has 10000 host names", full.getMessage());
            PublicName first = server.names().find("a0.example", Long.MAX_VALUE);
            assertNotNull(first);
            BindException taken = assertThrows(
                    BindException.class, () -> PublicName.open(server, tunnel.loop(), Endpoint.host("A0.example.")));
            assertEquals("another client has it", taken.getMessage());
            first.close(null);
            PublicName second = PublicName.open(server, tunnel.loop(), Endpoint.host("a0.example"));
            first.close(null); // does not remove the name of another
            assertEquals(second, server.names().find("a0.example", Long.MAX_VALUE));
        }
    }

    @Test
    void portInUse() throws IOException {
        try (RelayServer server = start(options -> options)) {
            BindException taken =
                    assertThrows(BindException.class, () -> start(options -> options.httpPort(https(server))));
            String message = String.valueOf(taken.getMessage());
            assertTrue(message.startsWith("cannot bind HTTP port " + https(server) + " of 127.0.0.1: "), message);
        }
        try (RelayServer server = start(options -> options.httpsPort(0))) {
            assertTrue(https(server) > 0);
        }
    }

    @Test
    void serverWithoutPortsForNames() throws IOException {
        try (RelayServer server = RelayServer.start(RelayServerOptions.builder().build())) {
            assertEquals(null, server.httpsAddress());
            assertEquals(null, server.httpAddress());
            BindException none = assertThrows(
                    BindException.class,
                    () -> PublicName.open(server, server.loops().next(), Endpoint.host(APP)));
            assertTrue(String.valueOf(none.getMessage()).contains("no port for host names"));
        }
    }
}
