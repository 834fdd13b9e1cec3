package org.relay4j.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.window;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLContextSpi;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocketFactory;
import javax.net.ssl.SSLSessionContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.relay4j.api.Endpoint;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.SelfSignedKeys;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.io.Loop;

/** The server's own domain: random names, and visitors whose TLS ends at the server. */
@ExtendWith(LeakCheck.EachTest.class)
class DomainTest {
    private static final String DOMAIN = "relay.example.com";
    private static final String APP = "app." + DOMAIN;

    @TempDir
    private static Path folder;

    private static SelfSignedKeys keys;
    private static ServerTls tls;

    private final List<Socket> sockets = new ArrayList<>();

    @BeforeAll
    static void makeCertificate() throws Exception {
        keys = SelfSignedKeys.make(folder.resolve("one.p12"), "one", "*." + DOMAIN);
        tls = ServerTls.ofFiles(
                keys.writeCertificate(folder.resolve("cert.pem")), keys.writeKey(folder.resolve("key.pem")));
    }

    @AfterEach
    void close() throws IOException {
        for (Socket socket : sockets) socket.close();
    }

    private static RelayServerOptions.Builder options() {
        return RelayServerOptions.builder()
                .bindAddress(InetAddress.getLoopbackAddress())
                .publicBindAddress(InetAddress.getLoopbackAddress())
                .extended(true)
                .httpsPort(0)
                .domain(DOMAIN)
                .domainTls(tls);
    }

    private static AskingClient client(RelayServer server, String name) throws IOException {
        AskingClient client = AskingClient.connect(server, "").establish();
        NameRoutingTest.give(server, name);
        return client;
    }

    /** Returns a visitor that has shaken hands. */
    private SSLSocket visit(RelayServer server, SelfSignedKeys trusted, String name, String protocol)
            throws IOException, GeneralSecurityException {
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted.store());
        return visit(server, trust.getTrustManagers()[0], name, protocol);
    }

    private SSLSocket visit(RelayServer server, TrustManager trust, String name, String protocol)
            throws IOException, GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {trust}, null);
        Socket plain = Visitor.connect(NameRoutingTest.https(server));
        sockets.add(plain);
        SSLSocket visitor = (SSLSocket) context.getSocketFactory().createSocket(plain, name, 443, true);
        sockets.add(visitor);
        SSLParameters parameters = visitor.getSSLParameters();
        parameters.setProtocols(new String[] {protocol});
        parameters.setServerNames(List.of(new SNIHostName(name)));
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
        visitor.setSSLParameters(parameters);
        visitor.startHandshake();
        return visitor;
    }

    // ---- names

    @Test
    void randomNames() throws IOException {
        ClientLimits all = ClientLimits.builder().host("*." + DOMAIN).build();
        String one = Domain.random(DOMAIN, all).name();
        assertTrue(one.matches("[a-z2-7]{16}\\.relay\\.example\\.com"), one);
        assertNotEquals(one, Domain.random(DOMAIN, all).name());
        assertEquals(
                "this server has no domain for random names",
                assertThrows(BindException.class, () -> Domain.random(null, all))
                        .getMessage());
        ClientLimits other = ClientLimits.builder().host(APP).build();
        assertEquals(
                "this client may have no random names; its policy must allow *.relay.example.com",
                assertThrows(BindException.class, () -> Domain.random(DOMAIN, other))
                        .getMessage());
    }

    @Test
    void clientsGetRandomNamesAndNotTheDomainItself() throws IOException {
        ClientLimits all =
                ClientLimits.builder().host("*." + DOMAIN).host(DOMAIN).build();
        try (RelayServer server = RelayServer.start(options().build());
                AskingClient client = AskingClient.connect(server, "").establish()) {
            Loop loop = server.loops().next();
            PublicEndpoint random = PublicEndpoint.open(server, loop, all, Endpoint.anyHost());
            assertEquals(random, server.names().find(random.endpoint().name(), Long.MAX_VALUE));
            Endpoint own = Endpoint.host(DOMAIN);
            BindException refused =
                    assertThrows(BindException.class, () -> PublicEndpoint.open(server, loop, all, own));
            assertEquals("it is the server's own name", refused.getMessage());
            assertTrue(client.port() > 0);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "app.relay.example.com, true",
        "relay.example.com, false",
        "a.b.relay.example.com, false",
        ".relay.example.com, false",
        "apprelay.example.com, false",
        "app.relay.example.org, false",
        "app.xrelay.example.com, false",
        "com, false",
    })
    void aCertificateCoversOneLabel(String name, boolean covered) {
        assertEquals(covered, Domain.covers(DOMAIN, name));
    }

    @Test
    void optionsThatDoNotFit() {
        RelayServerOptions.Builder none = RelayServerOptions.builder();
        assertThrows(IllegalArgumentException.class, () -> none.domain("*.example.com"));
        rejected("domainTls is set, but no domain; set domain", options().domain(null));
        rejected(
                "domain is relay.example.com, but visitors cannot reach names under it; set httpsPort or httpPort",
                RelayServerOptions.builder().domain("Relay.Example.com."));
        String uncovered = "domain is %s, but the server has no certificate for *.%<s; set domainTls";
        rejected(String.format(uncovered, DOMAIN), options().domainTls(null));
        rejected(String.format(uncovered, "example.com"), options().domain("example.com"));
        assertEquals(tls, options().domainTls(null).tls(tls).build().certificateFor(APP));
        assertEquals(null, options().build().certificateFor("app.example.com"));
        RelayServerOptions http =
                RelayServerOptions.builder().httpPort(0).domain(DOMAIN).build();
        assertEquals(DOMAIN, http.domain());
    }

    private static void rejected(String message, RelayServerOptions.Builder options) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, options::build).getMessage());
    }

    // ---- visitors

    @ParameterizedTest
    @CsvSource({"TLSv1.3, 1", "TLSv1.3, 3", "TLSv1.2, 1"})
    void tlsOfVisitorsEndsHere(String protocol, int loops) throws Exception {
        try (RelayServer server = RelayServer.start(options().loops(loops).build());
                AskingClient client = client(server, APP)) {
            SSLSocket visitor = visit(server, keys, APP, protocol);
            assertEquals("http/1.1", visitor.getApplicationProtocol());
            client.yamux().expect(window(1, SYN, 0));
            client.yamux().send(window(1, ACK, 0));
            Visitor.send(visitor, "request");
            assertEquals("request", new String(client.yamux().expectData(1, 7), US_ASCII));
            client.yamux().send(data(1, "reply"));
            Visitor.expect(visitor, "reply");
            visitor.shutdownOutput();
            client.yamux().expect(window(1, FIN, 0));
            if (protocol.equals("TLSv1.3")) {
                client.yamux().send(data(1, FIN, "late reply".getBytes(US_ASCII)));
                Visitor.expect(visitor, "late reply");
                Visitor.expectEnd(visitor);
            } else {
                client.yamux().send(data(1, "late reply"));
                client.yamux().expect(window(1, RST, 0));
            }
            Await.until("the visitor is gone", () -> server.visitorCount() == 0);
        }
    }

    @Test
    void namesBesideTheDomainStayEncrypted() throws IOException {
        try (RelayServer server = RelayServer.start(options().build());
                AskingClient client = client(server, "a.b." + DOMAIN);
                Socket visitor = Visitor.connect(NameRoutingTest.https(server))) {
            byte[] hello = NameRoutingTest.hello("a.b." + DOMAIN);
            visitor.getOutputStream().write(hello);
            client.yamux().expect(window(1, SYN, 0), data(1, 0, hello));
            client.yamux().send(window(1, ACK, 0));
        }
    }

    @Test
    void aVisitorThatTrustsAnotherCertificateIsCounted() throws Exception {
        SelfSignedKeys other = SelfSignedKeys.make(folder.resolve("other.p12"), "other");
        try (RelayServer server = RelayServer.start(options().build());
                AskingClient client = client(server, APP)) {
            assertThrows(SSLException.class, () -> visit(server, other, APP, "TLSv1.3"));
            awaitCount(server, 1);
            client.yamux().expectNothing();
            assertEquals(0, server.visitorCount());
        }
    }

    /** Trusts every server, and runs a test step in the middle of each handshake. */
    private static final class Asking extends X509ExtendedTrustManager {
        private final Runnable question;

        Asking(Runnable question) {
            this.question = question;
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {
            question.run();
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {
            question.run();
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {
            question.run();
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    @Test
    void aVisitorWhoseNameGoesDuringItsHandshakeIsCounted() throws Exception {
        try (RelayServer server = RelayServer.start(options().build());
                AskingClient client = client(server, APP)) {
            PublicName name = server.names().find(APP, Long.MAX_VALUE);
            assertNotNull(name);
            Asking trust = new Asking(() -> server.names().remove(name));
            SSLSocket visitor = visit(server, trust, APP, "TLSv1.3");
            assertThrows(IOException.class, () -> visitor.getInputStream().read());
            Await.until("it is counted", () -> server.statistics().refusals().get(Refusal.NAME_UNKNOWN) == 1);
            client.yamux().expectNothing();
        }
    }

    @Test
    void aVisitorWhoseHandshakeIsIncompleteIsServedWhileTheServerShutsDown() throws Exception {
        ClientLimits limits = ClientLimits.builder().host(APP).build();
        try (RelayServer server = RelayServer.start(options().build());
                AskingClient client = AskingClient.connect(server, "port=none visitor-address", "alice", limits)
                        .establish()
                        .control()) {
            client.open("host/" + APP);
            List<Call<Boolean>> closing = new ArrayList<>();
            Asking trust = new Asking(() -> {
                closing.add(Call.of(() -> server.close(Duration.ofMinutes(5))));
                Await.until("it is closing", () -> server.names().find(APP, Long.MAX_VALUE) == null);
            });
            SSLSocket visitor = visit(server, trust, APP, "TLSv1.3");
            client.header(1);
            client.yamux().send(window(1, ACK, 0), data(1, FIN, "x".getBytes(US_ASCII)));
            assertEquals('x', visitor.getInputStream().read());
            visitor.close();
            client.yamux().expect(window(1, FIN, 0));
            assertTrue(closing.get(0).result());
        }
    }

    /** A context of a caller whose engines cannot be created. */
    private static SSLContext broken() throws GeneralSecurityException {
        SSLContextSpi fails = new SSLContextSpi() {
            @Override
            protected void engineInit(KeyManager[] keys, TrustManager[] trust, SecureRandom random) {}

            @Override
            protected SSLSocketFactory engineGetSocketFactory() {
                throw new IllegalStateException("broken");
            }

            @Override
            protected SSLServerSocketFactory engineGetServerSocketFactory() {
                throw new IllegalStateException("broken");
            }

            @Override
            protected SSLEngine engineCreateSSLEngine() {
                throw new IllegalStateException("broken");
            }

            @Override
            protected SSLEngine engineCreateSSLEngine(String host, int port) {
                throw new IllegalStateException("broken");
            }

            @Override
            protected SSLSessionContext engineGetServerSessionContext() {
                throw new IllegalStateException("broken");
            }

            @Override
            protected SSLSessionContext engineGetClientSessionContext() {
                throw new IllegalStateException("broken");
            }
        };
        return new SSLContext(fails, SSLContext.getDefault().getProvider(), "TLS") {};
    }

    @Test
    void anEngineThatCannotBeCreatedIsCounted() throws Exception {
        try (RelayServer server = RelayServer.start(
                        options().domainTls(ServerTls.of(broken())).build());
                AskingClient client = client(server, APP)) {
            assertThrows(IOException.class, () -> visit(server, keys, APP, "TLSv1.3"));
            awaitCount(server, 1);
            client.yamux().expectNothing();
        }
    }

    @Test
    void handshakesOfVisitorsLeaveRoomForThoseOfClients() throws Exception {
        try (RelayServer server = RelayServer.start(options().tls(tls).build());
                LineClient client = LineClient.secure(server, Keys.trusting(), "relay/1")) {
            client.line();
            client.ask("RELAY/1");
            Await.until("the tunnel is open", () -> server.tunnelCount() == 1);
            NameRoutingTest.give(server, APP);
            CountDownLatch mayGoOn = new CountDownLatch(1);
            int tasks = 0;
            while (server.gate().visitorEngines().run("test", () -> Await.until("it may go on", mayGoOn))) tasks++;
            try (LineClient other = LineClient.secure(server, Keys.trusting(), "relay/1")) {
                assertTrue(other.line().startsWith("HELLO "));
                assertTrue(
                        tasks >= NamePort.VISITORS_PER_CLIENT * server.options().maxPending(), "too short a queue");
                assertThrows(IOException.class, () -> visit(server, keys, APP, "TLSv1.3"));
                awaitCount(server, 1);
            } finally {
                mayGoOn.countDown();
            }
        }
    }

    @Test
    void slowHandshakesEndInTimeAndNewerOnesDisplaceThem() throws IOException {
        RelayServerOptions slow = options()
                .maxPendingPerAddress(2)
                .handshakeTimeout(Duration.ofSeconds(1))
                .build();
        try (RelayServer server = RelayServer.start(slow);
                AskingClient client = client(server, APP)) {
            List<Socket> visitors = new ArrayList<>();
            byte[] hello = NameRoutingTest.hello(APP);
            for (int n = 0; n < 3; n++) {
                Socket visitor = Visitor.connect(NameRoutingTest.https(server));
                sockets.add(visitor);
                visitors.add(visitor);
                visitor.getOutputStream().write(hello);
                // a ServerHello shows that the handshake has begun
                if (n < 2) assertEquals(22, visitor.getInputStream().read());
            }
            for (Socket visitor : visitors) drain(visitor);
            awaitCount(server, 3);
            client.yamux().expectNothing();
        }
    }

    /** Reads until the end, or a reset. */
    private static void drain(Socket visitor) {
        try {
            visitor.getInputStream().readAllBytes();
        } catch (IOException e) {
            assertEquals("Connection reset", e.getMessage());
        }
    }

    private static void awaitCount(RelayServer server, long failures) {
        Await.until(
                () -> "refusals " + server.statistics().refusals(),
                () -> server.statistics().refusals().get(Refusal.VISITOR_TLS) == failures);
    }

    @Test
    void aChangedCertificateIsUsedForNewVisitors() throws Exception {
        Path certificate = Files.copy(folder.resolve("cert.pem"), folder.resolve("changing-cert.pem"));
        Path key = Files.copy(folder.resolve("key.pem"), folder.resolve("changing-key.pem"));
        RelayServerOptions.Builder options = options().domainTls(ServerTls.ofFiles(certificate, key));
        SelfSignedKeys next = SelfSignedKeys.make(folder.resolve("next.p12"), "next one", "*." + DOMAIN);
        try (RelayServer server = RelayServer.start(options.build());
                AskingClient client = client(server, APP)) {
            visit(server, keys, APP, "TLSv1.3");
            client.yamux().expect(window(1, SYN, 0));
            client.yamux().send(window(1, ACK, 0));
            next.writeCertificate(certificate);
            next.writeKey(key);
            server.update(server.options()); // reads changed files
            visit(server, next, APP, "TLSv1.3");
            client.yamux().expect(window(3, SYN, 0));
        }
    }
}
