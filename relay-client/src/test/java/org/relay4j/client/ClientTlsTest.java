package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.RelayCertificateException;
import org.relay4j.api.RelayException;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.api.TunnelLostException;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;

/** How a client recognizes its server through TLS, and what it says of those that it does not accept. */
@ExtendWith(LeakCheck.EachTest.class)
class ClientTlsTest {
    /** What a server does when TLS is established. */
    private interface Script {
        void run(SSLSocket socket) throws Exception;
    }

    @TempDir
    static Path folder;

    private static TestKeys local;
    private static TestKeys elsewhere;
    private static TestKeys expired;

    @BeforeAll
    static void makeKeys() throws Exception {
        local = TestKeys.make(folder, "localhost");
        elsewhere = TestKeys.make(folder, "relay.example.com");
        expired = TestKeys.expired(folder, "localhost");
    }

    // ---- servers that are accepted

    @Test
    void trustedCertificate() throws Exception {
        try (FakeServer server = saying(local, "4532\n")) {
            assertEquals(4532, open(server, ClientTls.trusting(local.pem())));
        }
    }

    @Test
    void pinnedCertificateMayHaveAnyNameAndAge() throws Exception {
        for (TestKeys keys : List.of(local, elsewhere, expired)) {
            try (FakeServer server = saying(keys, "4532\n")) {
                assertEquals(4532, open(server, ClientTls.pinned(keys.fingerprint())));
            }
        }
    }

    @Test
    void contextOfTheCaller() throws Exception {
        try (FakeServer server = saying(local, "4532\n")) {
            assertEquals(4532, open(server, ClientTls.of(elsewhere.context(local))));
        }
    }

    @Test
    void hostAndProtocolAreNamedInTheHandshake() throws Exception {
        List<Object> seen = new CopyOnWriteArrayList<>();
        Script notes = socket -> {
            ExtendedSSLSession session = (ExtendedSSLSession) socket.getSession();
            seen.addAll(session.getRequestedServerNames());
            seen.add(socket.getApplicationProtocol());
            socket.getOutputStream().write("4532\n".getBytes(StandardCharsets.US_ASCII));
        };
        try (FakeServer server = server(local, "relay/1", notes)) {
            assertEquals(4532, open(server, ClientTls.trusting(local.pem())));
            assertEquals(List.of(new SNIHostName("localhost"), "relay/1"), seen);
        }
    }

    @Test
    void linesMayFollowAtOnce() throws Exception {
        Script script = socket -> {
            socket.getOutputStream()
                    .write("HELLO 00112233445566778899aabbccddeeff\n".getBytes(StandardCharsets.US_ASCII));
            for (int next; (next = socket.getInputStream().read()) != '\n'; ) assertTrue(next > 0);
            socket.getOutputStream().write("OK port=4532\n".getBytes(StandardCharsets.US_ASCII));
        };
        try (FakeServer server = server(local, "relay/1", script)) {
            assertEquals(4532, open(server, ClientTls.trusting(local.pem())));
        }
    }

    // ---- servers that are not

    @Test
    void unknownIssuer() throws Exception {
        try (FakeServer server = saying(local, "4532\n")) {
            String why = "was not issued by a trusted authority";
            assertTrue(refusal(server, ClientTls.systemTrust()).contains(why));
            assertTrue(refusal(server, ClientTls.trusting(elsewhere.pem())).contains(why));
        }
    }

    @Test
    void anotherHost() throws Exception {
        try (FakeServer server = saying(elsewhere, "4532\n")) {
            String message = refusal(server, ClientTls.trusting(elsewhere.pem()));
            assertTrue(message.contains("is for another host (No "), message);
        }
    }

    @Test
    void contextOfTheCallerChecksTheHostToo() throws Exception {
        try (FakeServer server = saying(elsewhere, "4532\n")) {
            String message = refusal(server, ClientTls.of(local.context(elsewhere)));
            assertTrue(message.contains("is for another host"), message);
        }
    }

    @Test
    void expiredCertificateThatIsItselfTrusted() throws Exception {
        try (FakeServer server = saying(expired, "4532\n")) {
            assertEquals(
                    "the certificate of localhost:" + server.port() + " has expired; the operator must renew it",
                    refusal(server, ClientTls.trusting(expired.pem())));
        }
    }

    @Test
    void anotherCertificateThanThePinnedOne() throws Exception {
        try (FakeServer server = saying(local, "4532\n")) {
            String message = refusal(server, ClientTls.pinned(elsewhere.fingerprint()));
            String both = "is " + local.fingerprint() + ", not the pinned " + elsewhere.fingerprint();
            assertTrue(message.contains(both), message);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"4532\n", "HELLO 00112233445566778899aabbccddeeff\n", "HTTP/1.1 400 Bad Request\r\n"})
    void serverWithoutTls(String line) throws Exception {
        try (FakeServer server = FakeServer.saying(line)) {
            RelayProtocolException failure = assertThrows(
                    RelayProtocolException.class, () -> open(server, ClientTls.pinned(local.fingerprint())));
            assertEquals(
                    "localhost:" + server.port()
                            + " does not speak TLS; remove the option tls, or use the server's TLS port",
                    failure.getMessage());
        }
    }

    @Test
    void serverOfAnotherProtocol() throws Exception {
        try (FakeServer server = server(local, "h2", socket -> {})) {
            RelayProtocolException failure = assertThrows(
                    RelayProtocolException.class, () -> open(server, ClientTls.pinned(local.fingerprint())));
            assertEquals(
                    "localhost:" + server.port() + " speaks TLS, but not the relay protocol", failure.getMessage());
        }
    }

    @Test
    void serverThatLeaves() throws Exception {
        try (FakeServer server =
                FakeServer.start(connection -> connection.getInputStream().read(new byte[1]))) {
            RelayUnreachableException failure = assertThrows(
                    RelayUnreachableException.class, () -> open(server, ClientTls.pinned(local.fingerprint())));
            assertTrue(failure.getMessage().contains("closed the connection during the TLS handshake"));
        }
    }

    @Test
    void serverThatSaysNothingIsNotWaitedForLonger() throws Exception {
        RelayClientOptions hasty = RelayClientOptions.builder()
                .tls(ClientTls.systemTrust())
                .handshakeTimeout(Duration.ofMillis(200))
                .build();
        try (FakeServer server = FakeServer.start(FakeServer::awaitEnd)) {
            RelayUnreachableException failure = assertThrows(
                    RelayUnreachableException.class, () -> ControlConnection.open("localhost", server.port(), hasty));
            assertEquals(
                    "localhost:" + server.port() + " did not complete the TLS handshake within 0.2 s",
                    failure.getMessage());
            server.awaitAllEnded();
        }
    }

    @Test
    void interruptDuringTheHandshake() throws Exception {
        try (FakeServer server = FakeServer.start(FakeServer::awaitEnd)) {
            Call<Integer> call = Call.of(() -> open(server, ClientTls.systemTrust()));
            Await.until("connected", () -> server.connected() > 0);
            call.interrupt();
            call.failure(InterruptedIOException.class);
            assertTrue(call.endedInterrupted());
            server.awaitAllEnded();
        }
    }

    // ---- the client's certificate

    @Test
    void certificateIsShownToAServerThatAsksForOne() throws Exception {
        List<Object> seen = new CopyOnWriteArrayList<>();
        Script script = socket -> {
            seen.add(socket.getSession().getPeerPrincipal().getName());
            socket.getOutputStream().write("4532\n".getBytes(StandardCharsets.US_ASCII));
        };
        ClientTls tls = ClientTls.pinned(local.fingerprint());
        try (FakeServer server = asking(script)) {
            assertEquals(4532, open(server, tls.withCertificate(elsewhere.pem(), elsewhere.keyPem())));
            assertEquals(4532, open(server, tls.withCertificate(elsewhere.file(), TestKeys.PASSWORD)));
            assertEquals(List.of("CN=relay.example.com", "CN=relay.example.com"), seen);
        }
    }

    @Test
    void serverThatDoesNotAcceptTheClientsCertificate() throws Exception {
        ClientTls tls = ClientTls.pinned(local.fingerprint());
        try (FakeServer server = asking(socket -> {})) {
            for (ClientTls wrong : List.of(tls, tls.withCertificate(local.pem(), local.keyPem()))) {
                String message = refusal(server, wrong);
                assertTrue(message.contains(" did not accept this client's certificate ("), message);
            }
        }
    }

    @Test
    void contextKeepsItsOwnKeys() throws Exception {
        ClientTls tls = ClientTls.of(SSLContext.getDefault());
        assertThrows(IllegalStateException.class, () -> tls.withCertificate(local.pem(), local.keyPem()));
    }

    @Test
    void aes128IsPreferredUnlessTheContextIsTheCallersOwn() throws Exception {
        String[] suites = ClientTls.systemTrust().engine("localhost", 7000).getEnabledCipherSuites();
        assertEquals("TLS_AES_128_GCM_SHA256", suites[0]);
        SSLContext own = SSLContext.getDefault();
        String[] unchanged = own.getDefaultSSLParameters().getCipherSuites();
        assertEquals(unchanged.length, suites.length);
        assertArrayEquals(unchanged, ClientTls.of(own).engine("localhost", 7000).getEnabledCipherSuites());
    }

    // ---- the end

    @Test
    void connectionThatIsCutOffIsALoss() throws Exception {
        CountDownLatch cut = new CountDownLatch(1);
        Script script = socket -> {
            socket.getOutputStream().write("4532\n".getBytes(StandardCharsets.US_ASCII));
            cut.await();
        };
        RelayClientOptions options = options(ClientTls.trusting(local.pem())).toBuilder()
                .reconnect(false)
                .build();
        try (FakeServer server = FakeServer.start(connection -> {
                    SSLSocket socket = accept(connection, local, "relay/1", false);
                    script.run(socket);
                    connection.close(); // below TLS: without close_notify
                });
                RelayAcceptor acceptor = RelayClient.connect("localhost", server.port(), options)) {
            cut.countDown();
            acceptor.awaitEnd();
            TunnelLostException cause = assertInstanceOf(TunnelLostException.class, acceptor.endCause());
            assertFalse(cause.isClean());
        }
    }

    // ---- support

    private static RelayClientOptions options(ClientTls tls) {
        return RelayClientOptions.builder().tls(tls).build();
    }

    private static int open(FakeServer server, ClientTls tls) throws IOException {
        ControlConnection connection = ControlConnection.open("localhost", server.port(), options(tls));
        connection.wire().close();
        return connection.publicAddress().getPort();
    }

    private static String refusal(FakeServer server, ClientTls tls) {
        RelayException failure = assertThrows(RelayCertificateException.class, () -> open(server, tls));
        return String.valueOf(failure.getMessage());
    }

    private static FakeServer saying(TestKeys keys, String text) throws IOException {
        return server(
                keys, "relay/1", socket -> socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII)));
    }

    private static FakeServer server(TestKeys keys, String protocol, Script script) throws IOException {
        return FakeServer.start(connection -> serve(accept(connection, keys, protocol, false), script));
    }

    /** A server that requires a certificate, and trusts that of elsewhere. */
    private static FakeServer asking(Script script) throws IOException {
        return FakeServer.start(connection -> serve(accept(connection, local, "relay/1", true), script));
    }

    private static void serve(SSLSocket socket, Script script) throws Exception {
        try (socket) {
            script.run(socket);
            socket.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
        }
    }

    private static SSLSocket accept(java.net.Socket connection, TestKeys keys, String protocol, boolean asks)
            throws Exception {
        SSLSocket socket =
                (SSLSocket) keys.context(elsewhere).getSocketFactory().createSocket(connection, null, true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {protocol});
        parameters.setNeedClientAuth(asks);
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }
}
