package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.api.RelayCertificateException;
import org.relay4j.api.RelayOptionException;
import org.relay4j.api.RelayProxyException;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.api.control.Ed25519;
import org.relay4j.server.RelayServer;
import org.relay4j.server.ServerTls;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;

/** Tunnels through a proxy, and the choice of one. The server has a name that only the proxy knows. */
@ExtendWith(LeakCheck.EachTest.class)
class ProxyTest {
    private static final String HOST = "relay.invalid";

    @TempDir
    static Path folder;

    private final BlockingQueue<Socket> carried = new LinkedBlockingQueue<>(); // the proxy's sockets with clients

    private volatile boolean shut; // the proxy closes new connections at once

    /** A proxy that connects everybody to one port, whatever the name. */
    private FakeServer proxyTo(int target) throws IOException {
        return FakeServer.start(client -> {
            if (shut) return;
            InputStream in = client.getInputStream();
            StringBuilder head = new StringBuilder();
            for (int next; head.indexOf("\r\n\r\n") < 0 && (next = in.read()) >= 0; ) head.append((char) next);
            if (!head.toString().startsWith("CONNECT " + HOST + ":7000 ")) throw new AssertionError(head);
            try (Socket server = new Socket(InetAddress.getLoopbackAddress(), target)) {
                client.getOutputStream().write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                carried.add(client);
                client.setSoTimeout(0);
                Call<Void> back = Call.run(() -> pass(server, client));
                pass(client, server);
                back.result();
            }
        });
    }

    private static void pass(Socket from, Socket to) {
        try {
            from.getInputStream().transferTo(to.getOutputStream());
            to.shutdownOutput();
        } catch (IOException e) {
            try (from;
                    to) {
                to.setSoLinger(true, 0);
            } catch (IOException closed) {
                // It was closed before.
            }
        }
    }

    // ---- tunnels

    @Test
    void certificateIsVerifiedForTheNameThatOnlyTheProxyResolves() throws Exception {
        TestKeys keys = TestKeys.make(folder, HOST);
        ServerTls tls = ServerTls.ofKeyStore(keys.file(), TestKeys.PASSWORD);
        TestKeys other = TestKeys.make(folder, "other.invalid");
        try (FakeServer service = FakeServer.echoing();
                RelayServer server =
                        RelayServer.start(Local.options().port(0).tls(tls).build());
                FakeServer proxy = proxyTo(server.port())) {
            RelayClientOptions.Builder options = options(proxy).tls(ClientTls.trusting(keys.pem()));
            InetSocketAddress local = InetSocketAddress.createUnresolved("localhost", service.port());
            try (RelayForwarder forwarder = RelayClient.forward(HOST, 7000, local, options.build())) {
                assertEquals(InetSocketAddress.createUnresolved(HOST, 7000), forwarder.serverAddress());
                assertEquals(HOST, forwarder.publicAddress().getHostString());
                assertEcho(forwarder.publicAddress().getPort());
            }
            assertTrue(RelayClient.greeting(HOST, 7000, options.build()).startsWith("HELLO "));
            RelayClientOptions wrong =
                    options.tls(ClientTls.trusting(other.pem())).build();
            assertThrows(RelayCertificateException.class, () -> RelayClient.connect(HOST, 7000, wrong));
        }
    }

    @Test
    void acceptorIsAServerSocketThroughAProxyAsWell() throws Exception {
        try (RelayServer server = RelayServer.start(Local.options().port(0).build());
                FakeServer proxy = proxyTo(server.port());
                Logged log = Logged.below("org.relay4j.client");
                RelayAcceptor acceptor =
                        RelayClient.connect(HOST, 7000, options(proxy).build())) {
            assertTrue(acceptor.isBound());
            assertTrue(acceptor.getInetAddress().isAnyLocalAddress());
            assertEquals(acceptor.publicAddress().getPort(), acceptor.getLocalPort());
            assertEquals(HOST + ":" + acceptor.getLocalPort(), HostPort.text(acceptor.publicAddress()));
            Call<Integer> serving = Call.of(() -> {
                try (Socket socket = acceptor.accept()) {
                    FakeServer.echo(socket);
                    return socket.getLocalPort();
                }
            });
            assertEcho(acceptor.getLocalPort());
            assertEquals(acceptor.getLocalPort(), serving.result());
            log.await("anyone on the network to " + HOST + ":7000 can read and change its traffic");
        }
    }

    @Test
    @Tag("slow")
    void lostTunnelComesBackToItsPortAndSeveralConnectionsJoinThroughTheProxy() throws Exception {
        Recorder recorder = new Recorder();
        try (RelayServer server =
                        RelayServer.start(Local.options().port(0).extended(true).build());
                FakeServer proxy = proxyTo(server.port());
                Logged log = Logged.below("org.relay4j.client")) {
            RelayClientOptions options =
                    Local.hasty(recorder).proxy(address(proxy)).connections(2).build();
            try (RelayAcceptor acceptor = RelayClient.connect(HOST, 7000, options)) {
                int port = acceptor.getLocalPort();
                log.await("another connection");
                shut = true;
                for (Socket one : List.of(carried.take(), carried.take())) {
                    one.setSoLinger(true, 0);
                    one.close();
                }
                recorder.awaitLoss(1, true);
                shut = false;
                recorder.awaitUp(2);
                assertEquals(port, acceptor.getLocalPort());
            }
        }
    }

    @Test
    void keyIsNotUsedWithoutEncryptionBehindAProxyEvenIfThatIsOnThisMachine() throws Exception {
        PrivateKey key =
                KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPrivate();
        ClientIdentity alice = ClientIdentity.ofKey("alice", Ed25519.encode(key));
        try (FakeServer server = FakeServer.start(FakeServer::awaitEnd);
                FakeServer proxy = proxyTo(server.port())) {
            RelayClientOptions options = options(proxy).identity(alice).build();
            assertThrows(RelayOptionException.class, () -> RelayClient.connect(HOST, 7000, options));
        }
    }

    private static void assertEcho(int port) throws IOException {
        try (Socket visitor = Visitor.connect(port)) {
            Visitor.send(visitor, "through the proxy");
            visitor.shutdownOutput();
            Visitor.expect(visitor, "through the proxy");
            Visitor.expectEnd(visitor);
        }
    }

    // ---- failures

    @Test
    void proxyThatIsNotThereIsNamed() throws Exception {
        int port = FixedPort.free();
        InetSocketAddress nobody = InetSocketAddress.createUnresolved("127.0.0.1", port);
        assertEquals(
                "cannot connect to the proxy 127.0.0.1:" + port + ": Connection refused; check the proxy's address",
                failure(new Proxy(Proxy.Type.HTTP, nobody)));
        InetSocketAddress unknown = InetSocketAddress.createUnresolved("proxy.invalid", 3128);
        assertEquals(
                "unknown host proxy.invalid; check the proxy's address", failure(new Proxy(Proxy.Type.SOCKS, unknown)));
    }

    private static String failure(Proxy proxy) {
        RelayClientOptions options = RelayClientOptions.builder().proxy(proxy).build();
        RelayProxyException failure =
                assertThrows(RelayProxyException.class, () -> RelayClient.connect(HOST, 7000, options));
        assertTrue(failure.getCause() instanceof RelayUnreachableException);
        return failure.getMessage();
    }

    @Test
    void interruptEndsTheWaitForAProxy() throws Exception {
        try (FakeServer silent = FakeServer.start(FakeServer::awaitEnd)) {
            Call<Void> call = Call.run(
                    () -> RelayClient.connect(HOST, 7000, options(silent).build()));
            Await.until("it is connected to the proxy", () -> silent.connected() == 1);
            call.interrupt();
            call.failure(InterruptedIOException.class);
            assertTrue(call.endedInterrupted());
            silent.awaitAllEnded();
        }
    }

    // ---- the selector

    @Test
    void proxiesAreTriedInOrderAndTheSelectorLearnsOfFailures() throws Exception {
        Proxy dead = new Proxy(Proxy.Type.SOCKS, InetSocketAddress.createUnresolved("127.0.0.1", FixedPort.free()));
        try (FullBacklog silent = new FullBacklog();
                FakeServer proxy = FakeServer.saying("HTTP/1.1 200 OK\r\n\r\n4532\n")) {
            Proxy unanswered =
                    new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved("127.0.0.1", silent.port()));
            Selector selector = new Selector(dead, unanswered, address(proxy));
            RelayClientOptions options = RelayClientOptions.builder()
                    .connectTimeout(Duration.ofSeconds(2))
                    .proxySelector(selector)
                    .build();
            ControlConnection.open(HOST, 7000, options).wire().close();
            assertEquals(List.of(URI.create("https://relay.invalid:7000/")), selector.asked);
            assertEquals(List.of(dead.address(), unanswered.address()), selector.failed);
        }
    }

    @Test
    void selectorMayChooseADirectConnection() throws Exception {
        try (FakeServer server = FakeServer.saying("4532\n")) {
            Proxy dead = new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved("127.0.0.1", FixedPort.free()));
            Selector selector = new Selector(dead, Proxy.NO_PROXY);
            RelayClientOptions options =
                    RelayClientOptions.builder().proxySelector(selector).build();
            ControlConnection connection = ControlConnection.open("localhost", server.port(), options);
            connection.wire().close();
            assertTrue(connection.publicAddress().getAddress().isLoopbackAddress());
            assertEquals(List.of(dead.address()), selector.failed);
        }
    }

    @Test
    void lastFailureIsReportedWithTheOthersAndNoMoreThanSixteenAreTried() throws Exception {
        Proxy dead = new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved("127.0.0.1", FixedPort.free()));
        Proxy[] many = new Proxy[100];
        Arrays.fill(many, dead);
        Selector selector = new Selector(many);
        RelayProxyException failure = selected(selector);
        assertTrue(failure.getMessage().startsWith("cannot connect to the proxy "), failure.getMessage());
        assertEquals(1, failure.getSuppressed().length);
        assertEquals(Route.MOST_PROXIES, selector.failed.size());
    }

    @Test
    void selectorThatFailsIsReported() {
        String start = "the proxy selector failed for https://relay.invalid:7000/: ";
        assertTrue(selected(choosing(uri -> null)).getMessage().startsWith(start + "java.lang.NullPointerException"));
        assertEquals(
                start + "java.lang.IllegalStateException: a defect",
                selected(choosing(uri -> {
                            throw new IllegalStateException("a defect");
                        }))
                        .getMessage());
        assertEquals(
                "the proxy selector has no proxy for https://relay.invalid:7000/",
                selected(new Selector()).getMessage());
        Proxy noPort = new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved("127.0.0.1", 0));
        assertEquals(
                "the proxy selector returned HTTP @ 127.0.0.1/<unresolved>:0, which has no host and port",
                selected(new Selector(noPort)).getMessage());
    }

    private static RelayProxyException selected(ProxySelector selector) {
        RelayClientOptions options =
                RelayClientOptions.builder().proxySelector(selector).build();
        return assertThrows(RelayProxyException.class, () -> ControlConnection.open(HOST, 7000, options));
    }

    // ---- the options

    @Test
    void optionsAreValidated() {
        RelayClientOptions.Builder options = RelayClientOptions.builder();
        assertNull(options.proxy(Proxy.NO_PROXY).build().proxySelector());
        assertNull(options.proxy(null).build().proxySelector());
        Proxy noPort = new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved("127.0.0.1", 0));
        assertThrows(IllegalArgumentException.class, () -> options.proxy(noPort));
        assertCredentials("a:b", "x", "the user name has a colon, it must have none");
        assertCredentials("", "x", "the user name has 0 bytes, it must have 1 to 255");
        assertCredentials("a", "", "the password has 0 bytes, it must have 1 to 255");
        assertCredentials("a", "\u00e9".repeat(128), "the password has 256 bytes, it must have 1 to 255");
        assertCredentials("a\r", "x", "the user name has a control character, it must have none");
        assertCredentials("a", "secret\n", "the password has a control character, it must have none");
    }

    private static void assertCredentials(String user, String password, String objection) {
        RelayClientOptions.Builder options =
                RelayClientOptions.builder().proxyCredentials(new PasswordAuthentication(user, password.toCharArray()));
        String message =
                assertThrows(IllegalArgumentException.class, options::build).getMessage();
        assertEquals("proxyCredentials: " + objection, message);
        assertFalse(message.contains("secret"));
    }

    private static RelayClientOptions.Builder options(FakeServer proxy) {
        return RelayClientOptions.builder().proxy(address(proxy));
    }

    private static Proxy address(FakeServer proxy) {
        return new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved("127.0.0.1", proxy.port()));
    }

    private static ProxySelector choosing(Function<URI, @Nullable List<Proxy>> choice) {
        return new ProxySelector() {
            @Override
            public @Nullable List<Proxy> select(URI uri) {
                return choice.apply(uri);
            }

            @Override
            public void connectFailed(URI uri, SocketAddress address, IOException failure) {}
        };
    }

    /** Always chooses the same proxies, and records its calls. */
    private static final class Selector extends ProxySelector {
        final List<URI> asked = new CopyOnWriteArrayList<>();
        final List<SocketAddress> failed = new CopyOnWriteArrayList<>();
        private final List<Proxy> proxies;

        Selector(Proxy... proxies) {
            this.proxies = List.of(proxies);
        }

        @Override
        public List<Proxy> select(URI uri) {
            asked.add(uri);
            return proxies;
        }

        @Override
        public void connectFailed(URI uri, SocketAddress address, IOException failure) {
            failed.add(address);
            throw new IllegalStateException("a defect of the selector");
        }
    }
}
