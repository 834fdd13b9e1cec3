package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.tls.RelayTls;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.Stream;

/** The control port with TLS, and the clients that come to it. */
@ExtendWith(LeakCheck.EachTest.class)
class HandshakeTlsTest {
    @TempDir
    static Path folder;

    private static Keys keys;
    private static Keys others;
    private static SSLContext client;

    @BeforeAll
    static void makeKeys() throws Exception {
        keys = Keys.make(folder, "server");
        others = Keys.make(folder, "alice");
        client = Keys.trusting();
    }

    private static RelayServerOptions.Builder options() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .tls(keys.server());
    }

    private static RelayServer start(RelayServerOptions.Builder options) throws IOException {
        return RelayServer.start(options.build());
    }

    private static long refused(RelayServer server, Refusal reason) {
        return server.statistics().refusals().get(reason);
    }

    private static int clients(RelayServer server) {
        return server.admission().pending() + server.tunnelCount();
    }

    // ---- base clients through TLS

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
    void baseClientGetsAPortLineAndItsVisitors(String protocol) throws Exception {
        SSLParameters parameters = new SSLParameters();
        parameters.setProtocols(new String[] {protocol});
        try (RelayServer server = start(options());
                LineClient base = LineClient.secure(server, client, parameters)) {
            int port = Integer.parseInt(base.line());
            try (Session session = base.session();
                    Socket visitor = Visitor.connect(port)) {
                byte[] sent = Pattern.bytes(1, 3_000_000);
                Call<Void> sending = Call.run(() -> {
                    visitor.getOutputStream().write(sent);
                    visitor.shutdownOutput();
                });
                Stream stream = session.accept(Await.DEADLINE);
                assertArrayEquals(sent, stream.getInputStream().readAllBytes());
                sending.result();
                Call<Void> answering = Call.run(() -> {
                    stream.getOutputStream().write(sent);
                    stream.close();
                });
                assertArrayEquals(sent, visitor.getInputStream().readAllBytes());
                answering.result();
            }
            Await.until("the tunnel has ended", () -> clients(server) == 0);
        }
    }

    @Test
    @Tag("slow")
    void aes128IsPreferredUnlessTheContextIsTheCallersOwn() throws Exception {
        SSLParameters defaults = client.getDefaultSSLParameters();
        for (ServerTls tls :
                List.of(keys.server(), ServerTls.of(RelayTls.context(keys.made().keyManagers(), null)))) {
            try (RelayServer server = start(options().tls(tls));
                    LineClient base = LineClient.secure(server, client)) {
                String suite = ((SSLSocket) base.socket).getSession().getCipherSuite();
                String first = tls.fingerprint() == null ? defaults.getCipherSuites()[0] : "TLS_AES_128_GCM_SHA256";
                assertEquals(first, suite);
            }
        }
    }

    @Test
    void aClientThatIsCutOffIsALostTunnel() throws Exception {
        try (RelayServer server = start(options());
                Logged log = Logged.below("org.relay4j")) {
            LineClient base = LineClient.secure(server, client);
            base.line();
            base.yamux();
            log.await(": up, client");
            ((SSLSocket) base.socket).shutdownOutput(); // with close_notify: an orderly end
            log.await("the peer closed the session");
            base.close();
        }
    }

    @Test
    void refusalAfterTlsIsALine() throws Exception {
        try (RelayServer first = start(options());
                LineClient base = LineClient.secure(first, client)) {
            int taken = Integer.parseInt(base.line());
            try (RelayServer server = start(options().publicPorts(taken, taken));
                    LineClient refused = LineClient.secure(server, client)) {
                assertTrue(refused.line().startsWith("ERR no-port-free no port of " + taken));
                refused.assertEnd();
                refused.leave();
                Await.until("it has left", () -> clients(server) == 0);
                assertEquals(1, refused(server, Refusal.NO_PORT));
            }
        }
    }

    // ---- strangers

    @Test
    void plainBytesGetAnAlertAndALineInTheLog() throws Exception {
        try (RelayServer server = start(options());
                Logged log = Logged.below("org.relay4j");
                LineClient plain = LineClient.plain(server)) {
            plain.say("GET / HTTP/1.1\r\n\r\n");
            byte[] answer = plain.socket.getInputStream().readAllBytes();
            assertEquals(21, answer[0], HexFormat.of().formatHex(answer)); // an alert record
            assertTrue(log.await("client 127.0.0.1 refused").contains("the client must be started with TLS"));
            assertEquals(1, refused(server, Refusal.TLS));
            plain.leave();
            Await.until("it has left", () -> clients(server) == 0);
        }
    }

    @Test
    void tlsOnAPlainPortHarmsNobody() throws Exception {
        try (RelayServer server = start(options().tls(null));
                RawClient other = RawClient.establish(server)) {
            assertThrows(IOException.class, () -> LineClient.secure(server, client));
            Await.until("it has left", () -> server.tunnelCount() == 1);
            try (Socket visitor = other.visit()) {
                Visitor.send(visitor, "hello");
                assertEquals("WINDOW", other.yamux().next().toString().substring(0, 6));
                assertArrayEquals(
                        "hello".getBytes(StandardCharsets.US_ASCII),
                        other.yamux().next().body());
            }
        }
    }

    @Test
    void aClientThatSendsNothingIsToldThatThisIsTls() throws Exception {
        try (RelayServer server = start(options().handshakeTimeout(Duration.ofMillis(100)));
                LineClient silent = LineClient.plain(server)) {
            assertEquals(
                    "15030300020228",
                    HexFormat.of().formatHex(silent.socket.getInputStream().readAllBytes()));
            Await.until("it has left", () -> clients(server) == 0);
            assertEquals(1, refused(server, Refusal.TLS));
        }
    }

    @Test
    void aHandshakeThatStaysHalfFinishedExpires() throws Exception {
        try (RelayServer server = start(options().handshakeTimeout(Duration.ofMillis(200)));
                LineClient half = LineClient.plain(server)) {
            half.say("\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001"); // the first bytes of a ClientHello
            assertEquals(-1, half.socket.getInputStream().read());
            Await.until("it has left", () -> clients(server) == 0);
            assertEquals(1, refused(server, Refusal.TLS));
        }
    }

    @Test
    @Tag("slow")
    void halfFinishedHandshakesGiveWayToNewerOnes() throws Exception {
        try (RelayServer server = start(options().maxPendingPerAddress(2));
                LineClient oldest = LineClient.plain(server);
                LineClient second = LineClient.plain(server);
                LineClient base = LineClient.secure(server, client)) {
            base.line();
            assertThrows(IOException.class, () -> oldest.socket.getInputStream().read()); // a reset
            assertEquals(1, refused(server, Refusal.PENDING));
            second.say("\u0016");
            assertEquals(2, clients(server) - server.tunnelCount());
        }
    }

    @Test
    void aClientBeyondTheQueueOfEnginesIsTurnedAway() throws Exception {
        try (RelayServer server = start(options())) {
            CountDownLatch mayGoOn = new CountDownLatch(1);
            int tasks = 0;
            while (server.gate().engines().run("test", () -> Await.until("it may go on", mayGoOn))) tasks++;
            assertTrue(tasks >= Gate.QUEUED, () -> "the queue is too short");
            assertThrows(IOException.class, () -> LineClient.secure(server, client));
            assertEquals(1, refused(server, Refusal.TLS));
            mayGoOn.countDown();
            Await.until("it has left", () -> clients(server) == 0);
            CountDownLatch empty = new CountDownLatch(1);
            Await.until("there is room", () -> server.gate().engines().run("test", empty::countDown));
            Await.until("the queue is empty", empty);
            try (LineClient base = LineClient.secure(server, client)) {
                assertTrue(Integer.parseInt(base.line()) > 0);
            }
        }
    }

    @Tag("slow")
    @Test
    void clientsThatGaveWayLeaveTheQueueOfEngines() throws Exception {
        try (RelayServer server = start(options())) {
            CountDownLatch mayGoOn = new CountDownLatch(1);
            for (int n = 0; n < Runtime.getRuntime().availableProcessors(); n++) {
                assertTrue(server.gate().engines().run("test", () -> Await.until("it may go on", mayGoOn)));
            }
            List<Socket> flood = new ArrayList<>();
            for (int n = 0; n < 2 * Gate.QUEUED; n++) {
                Socket socket = new Socket(
                        server.address().getAddress(),
                        server.port(),
                        InetAddress.getByName("127.0.1." + (1 + n % 200)),
                        0);
                flood.add(socket);
                socket.getOutputStream().write(0x16);
            }
            int most = RelayServerOptions.defaults().maxPending();
            Await.until("the others gave way", () -> refused(server, Refusal.PENDING) == flood.size() - most);
            assertEquals(0, refused(server, Refusal.TLS));
            mayGoOn.countDown();
            try (LineClient base = LineClient.secure(server, client)) {
                assertTrue(Integer.parseInt(base.line()) > 0);
            }
            for (Socket socket : flood) socket.close();
        }
    }

    @Tag("slow")
    @Test
    void newcomersAreServedDuringAFloodOfHalfFinishedHandshakes() throws Exception {
        try (RelayServer server = start(options())) {
            AtomicBoolean enough = new AtomicBoolean();
            Call<Integer> flood = Call.of(() -> flood(server, enough));
            for (int n = 0; n < 10; n++) {
                try (LineClient base = LineClient.secure(server, client)) {
                    int port = Integer.parseInt(base.line());
                    base.yamux();
                    Visitor.connect(port).close();
                }
            }
            enough.set(true);
            assertTrue(flood.result() > 64);
            Await.until("all have left", () -> clients(server) == 0);
            assertTrue(refused(server, Refusal.PENDING) > 0);
        }
    }

    /** At least 300 half-finished handshakes from another address. Returns their number. */
    private static int flood(RelayServer server, AtomicBoolean enough) throws IOException {
        List<Socket> sockets = new ArrayList<>();
        InetAddress other = InetAddress.getByName("127.0.0.2");
        int count = 0;
        while (count < 300 || !enough.get()) {
            Socket socket = new Socket(server.address().getAddress(), server.port(), other, 0);
            sockets.add(socket);
            count++;
            try {
                socket.getOutputStream().write(new byte[] {0x16, 3, 1, 2, 0, 1, 0});
            } catch (IOException e) {
                // Dropped already.
            }
            if (sockets.size() > 200) sockets.remove(0).close();
        }
        for (Socket socket : sockets) socket.close();
        return count;
    }

    @Test
    void clientsThatLeaveDuringTheHandshakeLeaveNothing() throws Exception {
        try (RelayServer server = start(options())) {
            for (int n = 0; n < 100; n++) {
                try (LineClient leaving = LineClient.plain(server)) {
                    if (n % 2 == 0) leaving.say("\u0016\u0003\u0001");
                }
            }
            Await.until("all have left", () -> clients(server) == 0);
            assertEquals(0, refused(server, Refusal.FAILURE));
        }
    }

    @Test
    void closingTheServerEndsHandshakes() throws Exception {
        LineClient half;
        try (RelayServer server = start(options())) {
            half = LineClient.plain(server);
            half.say("\u0016\u0003\u0001");
            Await.until("it was accepted", () -> server.admission().pending() == 1);
        }
        assertThrows(IOException.class, () -> half.socket.getInputStream().read()); // a reset
        half.close();
    }

    // ---- ALPN, versions, resumption

    @Test
    void anOfferWithoutRelayIsRefused() throws Exception {
        try (RelayServer server = start(options());
                Logged log = Logged.below("org.relay4j")) {
            SSLException failure = assertThrows(SSLException.class, () -> LineClient.secure(server, client, "h2"));
            assertTrue(String.valueOf(failure.getMessage()).contains("no_application_protocol"), failure::toString);
            String line = log.await("client 127.0.0.1 refused");
            assertTrue(line.contains("must offer the protocol relay/1, or none"), line);
            Await.until("it has left", () -> clients(server) == 0);
        }
    }

    @Test
    void olderVersionsAreRefused() throws Exception {
        SSLParameters parameters = new SSLParameters();
        parameters.setProtocols(new String[] {"TLSv1.1"});
        try (RelayServer server = start(options())) {
            assertThrows(IOException.class, () -> LineClient.secure(server, client, parameters));
        }
    }

    @Test
    void sessionsAreNotResumed() throws Exception {
        SSLParameters parameters = new SSLParameters();
        parameters.setProtocols(new String[] {"TLSv1.2"});
        try (RelayServer server = start(options());
                LineClient first = LineClient.secure(server, client, parameters)) {
            first.line();
            try (LineClient second = LineClient.secure(server, client, parameters)) {
                second.line();
                assertNotEquals(id(first), id(second));
            }
        }
    }

    private static String id(LineClient client) {
        return HexFormat.of().formatHex(((SSLSocket) client.socket).getSession().getId());
    }

    // ---- certificates

    @Test
    void aChangedCertificateIsUsedAndABrokenOneIsNot() throws Exception {
        Path file = folder.resolve("changing.p12");
        Files.copy(keys.file(), file, StandardCopyOption.REPLACE_EXISTING);
        RelayServerOptions.Builder options =
                options().tls(ServerTls.ofKeyStore(file, Keys.PASSWORD)).certificateCheck(Duration.ofMillis(20));
        try (RelayServer server = start(options);
                Logged log = Logged.below("org.relay4j")) {
            assertEquals(keys.certificate(), shown(server));
            replace(file, Files.readAllBytes(others.file()), 1);
            log.await("new certificate in use, sha256:" + others.binding());
            assertEquals(others.certificate(), shown(server));
            replace(file, new byte[] {1, 2, 3}, 2);
            String error = log.await("cannot use the changed certificate files");
            assertTrue(error.startsWith("ERROR ") && error.contains("changing.p12"), error);
            assertEquals(others.certificate(), shown(server));
            replace(file, Files.readAllBytes(keys.file()), 3);
            log.await("new certificate in use, sha256:" + keys.binding());
            assertEquals(1, log.lines("ERROR").size());
        }
    }

    /** With another time of change, however coarse the clock of the file system is. */
    private static void replace(Path file, byte[] content, int seconds) throws IOException {
        Path next = file.resolveSibling("next");
        Files.write(next, content);
        Files.setLastModifiedTime(next, FileTime.fromMillis(1_700_000_000_000L + 1_000L * seconds));
        Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    private static Object shown(RelayServer server) throws Exception {
        try (LineClient any = LineClient.secure(server, client)) {
            return ((SSLSocket) any.socket).getSession().getPeerCertificates()[0];
        }
    }

    @Test
    void aClientCertificateProvesItsSubjectsName() throws Exception {
        TunnelPolicy policy = name -> CompletableFuture.completedFuture(
                name.equals("alice")
                        ? Optional.of(NamedClient.ofCertificate(ClientLimits.defaults()))
                        : Optional.empty());
        Keys mallory = Keys.make(folder, "mallory");
        Path both = Files.writeString(
                folder.resolve("both.pem"), Files.readString(others.pem()) + Files.readString(mallory.pem()));
        try (RelayServer server =
                start(options().tls(keys.server().clientCa(both)).policy(policy))) {
            try (LineClient alice = LineClient.secure(server, others.client(), "relay/1")) {
                alice.line();
                assertTrue(alice.ask("RELAY/1").startsWith("OK port="));
            }
            try (LineClient alice = LineClient.secure(server, others.client(), "relay/1")) {
                alice.line();
                assertTrue(alice.ask("RELAY/1 name=bob").startsWith("ERR auth-failed "));
                alice.assertEnd();
            }
            try (LineClient stranger = LineClient.secure(server, mallory.client(), "relay/1")) {
                stranger.line();
                assertTrue(stranger.ask("RELAY/1").startsWith("ERR auth-failed "));
            }
            try (LineClient nobody = LineClient.secure(server, client, "relay/1")) {
                nobody.line();
                assertTrue(nobody.ask("RELAY/1").startsWith("OK port="));
            }
            assertEquals(2, refused(server, Refusal.IDENTITY));
        }
    }

    @Test
    void aClientCertificateThatNobodySignedFailsTheHandshake() throws Exception {
        try (RelayServer server = start(options().tls(keys.server().clientCa(keys.pem())))) {
            IOException failure = assertThrows(IOException.class, () -> {
                try (LineClient alice = LineClient.secure(server, others.client(), "relay/1")) {
                    alice.line(); // in TLS 1.3 the client is done before the server has seen its certificate
                }
            });
            assertTrue(String.valueOf(failure.getMessage()).contains("certificate"), failure::toString);
            Await.until("it has left", () -> clients(server) == 0);
            assertEquals(1, refused(server, Refusal.TLS));
        }
    }

    @Test
    void authoritiesOfClientsBelongToTheContext() {
        ServerTls ofContext = ServerTls.of(client);
        assertThrows(IllegalStateException.class, () -> ofContext.clientCa(keys.pem()));
    }
}
