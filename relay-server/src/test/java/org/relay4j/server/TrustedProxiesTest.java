package org.relay4j.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.window;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.testing.Await;
import org.relay4j.testing.BrokenLogger;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.Stream;

/** Connections that come through a load balancer, which this test is. */
@ExtendWith(LeakCheck.EachTest.class)
class TrustedProxiesTest {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
    private static final InetSocketAddress OUTSIDE = new InetSocketAddress(ip(203, 0, 113, 9), 40_000);
    private static final InetSocketAddress ANYWHERE = new InetSocketAddress(ip(192, 0, 2, 1), 7000);

    private final List<Socket> sockets = new ArrayList<>();

    /** A server that ends before them waits a second for their ends. */
    @AfterEach
    void closeSockets() throws IOException {
        for (Socket socket : sockets) socket.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void clientHasTheAddressOfTheHeader(int version) throws IOException {
        try (RelayServer server = start(options -> options);
                Logged log = Logged.below("org.relay4j.server")) {
            Socket client = through(server.port(), header(OUTSIDE, version));
            assertTrue(line(client).matches("[0-9]+"));
            log.await("connected, client 203.0.113.9:40000");
            closeSockets();
        }
    }

    /** A control loop that serves the client too, and others. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void anyLoopServesTheClient(int loops) throws IOException {
        try (RelayServer server = start(options -> options.loops(loops))) {
            for (int i = 0; i < 4; i++) {
                Socket client = through(server.port(), header(OUTSIDE, 2));
                assertTrue(line(client).matches("[0-9]+"));
            }
            Await.until("all are served", () -> server.tunnelCount() == 4);
            closeSockets();
        }
    }

    @Test
    void visitorHasTheAddressOfTheHeader() throws IOException {
        try (RelayServer server = start(options -> options);
                AskingClient client = asking(server, "visitor-address")) {
            byte[] hello = with(header(OUTSIDE, 1), "hello");
            through(client.port(), hello);
            ProxyHeader passedOn = client.header(1);
            assertEquals(OUTSIDE, passedOn.source());
            assertEquals(ANYWHERE, passedOn.destination());
            assertEquals("tcp/" + client.port(), passedOn.endpoint());
            assertEquals("hello", new String(client.yamux().expectData(1, 5), US_ASCII));
            client.yamux().send(window(1, ACK, 0));
        }
    }

    @Test
    void visitorWhoseHeaderIsIncompleteIsServedByAServerThatShutsDown() throws IOException {
        RelayServer server = start(options -> options);
        Call<Boolean> closing;
        try (AskingClient client = asking(server, "")) {
            byte[] hello = with(header(OUTSIDE, 1), "hello");
            Socket visitor = through(client.port(), Arrays.copyOf(hello, 10));
            closing = Call.of(() -> server.close(Duration.ofMinutes(5)));
            Visitor.awaitRefused(client.port());
            visitor.getOutputStream().write(hello, 10, hello.length - 10);
            client.yamux().expect(window(1, SYN, 0));
            assertEquals("hello", new String(client.yamux().expectData(1, 5), US_ASCII));
        }
        assertTrue(closing.result());
    }

    @Test
    void headerThatStaysIncompleteDoesNotKeepAServerFromItsEnd() throws IOException {
        RelayServer server = start(options -> options.handshakeTimeout(Duration.ofMillis(300)));
        try (AskingClient client = asking(server, "")) {
            through(client.port(), new byte[] {'P'});
            assertTrue(server.close(Duration.ofMinutes(5)));
            client.yamux().expectGone();
        }
    }

    /** So the visitor has one identifier in all logs. */
    @Test
    void identifierOfTheLoadBalancerIsKept() throws IOException {
        try (RelayServer server = start(options -> options);
                AskingClient client = asking(server, "visitor-address")) {
            through(client.port(), new ProxyHeader(OUTSIDE, ANYWHERE, false, "tcp/1", "lb1-42").encodeV2());
            ProxyHeader passedOn = client.header(1);
            assertEquals("lb1-42", passedOn.uniqueId());
            assertEquals("tcp/" + client.port(), passedOn.endpoint());
        }
    }

    /**
     * Visitors whose header the tunnel's loop has read, and whom another loop serves until their end. A socket that was still
     * registered with the first loop would not be reset before that loop selects.
     */
    @Test
    void visitorsGoToConnectionsOnOtherLoops() throws IOException {
        List<Call<Void>> resetting = new ArrayList<>();
        try (RelayServer server = start(options -> options.loops(3));
                AskingClient first = AskingClient.connect(server, "resume", "web", ClientLimits.defaults());
                Session one = first.session()) {
            Await.until("the first is up", () -> server.tunnelCount() == 1);
            try (AskingClient second =
                            AskingClient.connect(server, "join=" + first.lease(), "web", ClientLimits.defaults());
                    Session other = second.session()) {
                for (Session each : List.of(one, other)) resetting.add(Call.run(() -> resetAll(each)));
                for (int visitor = 0; visitor < 40; visitor++)
                    assertGone(through(first.port(), with(header(OUTSIDE, 2), "hello")));
                assertTrue(one.statistics().streams() > 0, "visitors of the first connection");
                assertTrue(other.statistics().streams() > 0, "visitors of the second connection");
            }
        }
        for (Call<Void> each : resetting) each.result();
    }

    private static void resetAll(Session session) {
        try {
            for (Stream stream; (stream = session.accept()) != null; ) {
                if (stream.getInputStream().read() >= 0) stream.reset();
            }
        } catch (IOException e) {
            assertFalse(session.isOpen(), e.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void failureForAVisitorDoesNotKeepAServerFromItsEnd(boolean error) throws IOException {
        Throwable failure = error ? new OutOfMemoryError("on purpose") : new IllegalStateException("on purpose");
        RelayServer server = start(options -> options);
        try (AskingClient client = asking(server, "");
                Logged log = Logged.below("org.relay4j");
                BrokenLogger broken = new BrokenLogger("visitor {} connected", failure)) {
            assertGone(through(client.port(), header(OUTSIDE, 2)));
            assertEquals(1, broken.thrown());
            log.await("unexpected failure of connection of load balancer");
            assertTrue(server.close(Duration.ofMinutes(5)));
        }
    }

    @Test
    void headerComesBeforeTls(@TempDir Path folder) throws Exception {
        Keys keys = Keys.make(folder, "localhost");
        try (RelayServer server = start(options -> tls(options, keys))) {
            Socket plain = through(server.port(), header(OUTSIDE, 2));
            plain.setSoTimeout((int) Await.DEADLINE.toMillis());
            Socket client = Keys.trusting().getSocketFactory().createSocket(plain, "localhost", server.port(), true);
            sockets.add(client);
            assertTrue(line(client).matches("[0-9]+"));
            closeSockets();
        }
    }

    @Test
    void filtersAndLimitsApplyToTheAddressOfTheHeader() throws IOException {
        try (RelayServer server = start(options ->
                        options.denyClients(List.of("203.0.113.0/24")).denyVisitors(List.of("203.0.113.0/24")));
                AskingClient client = asking(server, "")) {
            assertGone(through(server.port(), header(OUTSIDE, 2)));
            assertEquals(1, server.statistics().refusals().get(Refusal.CLIENT_ADDRESS));
            assertGone(through(client.port(), header(OUTSIDE, 2)));
            assertEquals(1, server.statistics().refusals().get(Refusal.VISITOR_ADDRESS));
        }
    }

    @Test
    void connectionWithoutAHeaderIsRefused() throws IOException {
        try (RelayServer server = start(options -> options);
                Logged log = Logged.below("org.relay4j.server")) {
            assertGone(through(server.port(), "GET / HTTP/1.1\r\n".getBytes(US_ASCII)));
            String line = log.await("does not begin with a PROXY protocol header");
            assertTrue(line.startsWith("WARN relay server: connection of load balancer 127.0.0.1:"), line);
            assertEquals(1, server.statistics().refusals().get(Refusal.PROXY_HEADER));
            assertEquals(0, server.statistics().pendingClients());
        }
    }

    @Test
    void headerMustBeCompleteInTime() throws IOException {
        try (RelayServer server = start(options -> options.handshakeTimeout(Duration.ofMillis(50)));
                Logged log = Logged.below("org.relay4j.server")) {
            assertGone(through(server.port(), new byte[] {'P', 'R'}));
            log.await("its PROXY protocol header was not complete in time");
        }
    }

    @Test
    void healthCheckIsClosedWithoutARefusal() throws IOException {
        try (RelayServer server = start(options -> options)) {
            Socket check = through(server.port(), ProxyHeader.unknown().encodeV2());
            assertEquals(-1, check.getInputStream().read());
            assertEquals(0, server.statistics().refusals().get(Refusal.PROXY_HEADER));
        }
    }

    /** Load balancers check with a connection that they close at once, or with a reset. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void connectionThatEndsBeforeItsFirstByteIsAHealthCheck(boolean reset) throws IOException {
        try (RelayServer server = start(options -> options);
                Logged log = Logged.below("org.relay4j.server")) {
            Socket check = through(server.port(), new byte[0]);
            if (reset) check.setSoLinger(true, 0);
            check.close();
            log.await("was a health check");
            assertEquals(0, server.statistics().refusals().get(Refusal.PROXY_HEADER));
        }
    }

    @Test
    void connectionThatEndsWithinItsHeaderIsRefused() throws IOException {
        try (RelayServer server = start(options -> options);
                Logged log = Logged.below("org.relay4j.server")) {
            through(server.port(), new byte[] {'P', 'R'}).shutdownOutput();
            log.await("it ended before its PROXY protocol header was complete");
            assertEquals(1, server.statistics().refusals().get(Refusal.PROXY_HEADER));
        }
    }

    @Test
    void oldestIncompleteHeaderGivesWay() throws IOException {
        try (RelayServer server = start(options -> options.handshakeTimeout(Duration.ofMinutes(1)));
                AskingClient client = asking(server, "");
                Logged log = Logged.below("org.relay4j.server")) {
            assertOldestGivesWay(server.port(), TrustedProxies.MOST_CLIENTS);
            log.await("so are those of 256 newer ones");
            assertTrue(line(through(server.port(), header(OUTSIDE, 1))).matches("[0-9]+"));
            assertOldestGivesWay(client.port(), TrustedProxies.MOST_VISITORS);
            // The second was the one before the client that was served.
            assertEquals(3, server.statistics().refusals().get(Refusal.PROXY_HEADER));
            closeSockets();
        }
    }

    private void assertOldestGivesWay(int port, int most) throws IOException {
        Socket oldest = through(port, new byte[] {'P'});
        for (int i = 0; i < most; i++) through(port, new byte[] {'P'});
        assertGone(oldest);
    }

    /** Visitors whose header is incomplete count too: the others stay in the kernel. */
    @Test
    void visitorsThatWaitForAHeldTunnelAreBounded() throws IOException {
        try (RelayServer server = start(options -> options.handshakeTimeout(Duration.ofMinutes(1)));
                Logged log = Logged.below("org.relay4j.server")) {
            AskingClient client = asking(server, "resume");
            client.die();
            log.await("held");
            List<Socket> late = new ArrayList<>();
            for (int i = 0; i < TunnelVisitors.MOST_WAITING; i++) late.add(through(client.port(), new byte[] {'P'}));
            for (int i = 0; i < 10; i++) through(client.port(), header(OUTSIDE, 1));
            late.get(0).close();
            Await.until("one of the ten is accepted", () -> server.visitorCount() == 1);
            for (Socket each : late) each.close();
            Await.until("all ten are", () -> server.visitorCount() == 10);
        }
    }

    @Test
    void connectionsFromElsewhereNeedNoHeader() throws IOException {
        try (RelayServer server = RelayServer.start(RelayServerOptions.builder()
                        .bindAddress(LOOPBACK)
                        .publicBindAddress(LOOPBACK)
                        .trustedProxies(List.of("198.51.100.0/24"))
                        .build());
                RawClient client = RawClient.establish(server)) {
            client.yamux().expectNothing();
        }
    }

    private static RelayServerOptions.Builder tls(RelayServerOptions.Builder options, Keys keys) {
        try {
            return options.tls(keys.server());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** A client whose request does not come through the control port. */
    private static AskingClient asking(RelayServer server, String words) throws IOException {
        return AskingClient.connect(server, words, "web", ClientLimits.defaults())
                .establish();
    }

    private Socket through(int port, byte[] first) throws IOException {
        Socket socket = Visitor.connect(port);
        sockets.add(socket);
        socket.getOutputStream().write(first);
        return socket;
    }

    private static byte[] header(InetSocketAddress from, int version) {
        ProxyHeader header = ProxyHeader.of(from, ANYWHERE);
        return version == 1 ? header.encodeV1() : header.encodeV2();
    }

    private static String line(Socket socket) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next; (next = socket.getInputStream().read()) != '\n'; ) {
            assertTrue(next >= 0, "end of stream behind \"" + line + "\"");
            line.append((char) next);
        }
        return line.toString();
    }

    private static void assertGone(Socket socket) throws IOException {
        socket.setSoTimeout((int) Await.DEADLINE.toMillis());
        assertThrows(SocketException.class, () -> socket.getInputStream().read());
    }

    private static byte[] with(byte[] header, String body) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(header);
        all.writeBytes(body.getBytes(US_ASCII));
        return all.toByteArray();
    }

    private static RelayServer start(UnaryOperator<RelayServerOptions.Builder> options) throws IOException {
        return RelayServer.start(options.apply(RelayServerOptions.builder()
                        .bindAddress(LOOPBACK)
                        .publicBindAddress(LOOPBACK)
                        .trustedProxies(List.of("127.0.0.0/8")))
                .build());
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
