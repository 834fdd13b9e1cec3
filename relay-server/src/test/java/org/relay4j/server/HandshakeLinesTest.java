package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;

/** The lines of the extended protocol, as a client by hand sees them. */
@ExtendWith(LeakCheck.EachTest.class)
class HandshakeLinesTest {
    @TempDir
    static Path folder;

    private static Keys keys;
    private static SSLContext secure;
    private static KeyPair alice;
    private static KeyPair second;
    private static KeyPair mallory;

    @BeforeAll
    static void makeKeys() throws Exception {
        keys = Keys.make(folder, "server");
        secure = Keys.trusting();
        KeyPairGenerator generator = KeyPairGenerator.getInstance("Ed25519");
        alice = generator.generateKeyPair();
        second = generator.generateKeyPair();
        mallory = generator.generateKeyPair();
    }

    private static RelayServerOptions.Builder options() {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .extended(true)
                .policy(policy());
    }

    /** Knows alice, by either of two keys. */
    private static TunnelPolicy policy() {
        NamedClient known =
                new NamedClient(Set.of(alice.getPublic(), second.getPublic()), false, ClientLimits.defaults());
        Map<String, NamedClient> clients = Map.of("alice", known);
        return name -> CompletableFuture.completedFuture(Optional.ofNullable(clients.get(name)));
    }

    private static RelayServer start(RelayServerOptions.Builder options) throws IOException {
        return RelayServer.start(options.build());
    }

    private static long refused(RelayServer server, Refusal reason) {
        return server.statistics().refusals().get(reason);
    }

    private static void awaitNobody(RelayServer server) {
        Await.until("all have left", () -> server.admission().pending() + server.tunnelCount() == 0);
    }

    private static int port(String ok) {
        assertTrue(ok.matches("OK port=[0-9]+( drain)?"), ok);
        return Integer.parseInt(ok.replace("OK port=", "").replace(" drain", ""));
    }

    // ---- without a name

    @Test
    void helloHasANonceOfItsOwn() throws IOException {
        try (RelayServer server = start(options());
                LineClient one = LineClient.plain(server);
                LineClient other = LineClient.plain(server)) {
            String hello = one.line();
            assertTrue(hello.matches("HELLO [0-9a-f]{32}"), hello);
            assertNotEquals(hello, other.line());
        }
    }

    @Test
    void aRequestGetsAPortAndVisitors() throws IOException {
        try (RelayServer server = start(options());
                LineClient client = LineClient.plain(server)) {
            client.line();
            int port = port(client.ask("RELAY/1 colour=blue later"));
            ScriptedPeer yamux = client.yamux();
            try (Socket visitor = Visitor.connect(port)) {
                Visitor.send(visitor, "hello");
                yamux.next(); // SYN
                assertEquals("hello", new String(yamux.next().body(), StandardCharsets.US_ASCII));
            }
        }
    }

    @Test
    void aFrameMayFollowTheLineInTheSameSegment() throws IOException {
        try (RelayServer server = start(options());
                LineClient client = LineClient.plain(server)) {
            client.line();
            String frame = new String(WireFrame.ping(WireFrame.SYN, 99).bytes(), StandardCharsets.ISO_8859_1);
            client.say("RELAY/1\n" + frame);
            port(client.line());
            ScriptedPeer yamux = client.yamux();
            yamux.expect(WireFrame.ping(WireFrame.ACK, 99));
        }
    }

    @Test
    void aFrameMayFollowTheLineInTheSameRecord() throws Exception {
        try (RelayServer server = start(options().tls(keys.server()));
                LineClient client = LineClient.secure(server, secure, "relay/1")) {
            client.line();
            String frame = new String(WireFrame.ping(WireFrame.SYN, 99).bytes(), StandardCharsets.ISO_8859_1);
            client.say("RELAY/1\n" + frame); // the socket has nothing more when the session begins
            port(client.line());
            ScriptedPeer yamux = client.script();
            yamux.expect(WireFrame.ping(WireFrame.ACK, 99), WireFrame.ping(WireFrame.SYN, 1));
        }
    }

    @Test
    void theDeadlineCoversTlsAndTheLine() throws Exception {
        try (RelayServer server = start(options().tls(keys.server()).handshakeTimeout(Duration.ofSeconds(1)));
                LineClient client = LineClient.secure(server, secure, "relay/1")) {
            client.line();
            client.say("RELAY/1 dra");
            assertEquals("ERR bad-request no complete request within 1000 ms", client.line());
            client.assertEnd();
        }
    }

    @Test
    void aLineMayComeByteByByte() throws IOException {
        try (RelayServer server = start(options());
                LineClient client = LineClient.plain(server)) {
            client.socket.setTcpNoDelay(true);
            client.line();
            for (char next : "RELAY/1 drain\n".toCharArray()) client.say(String.valueOf(next));
            assertTrue(client.line().startsWith("OK port="));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1\r",
                "RELAY/2",
                "RELAY/1 drain drain",
                "RELAY/1 colour colour",
                "RELAY/1  drain",
                "RELAY/1 dr\u0001ain",
                "RELAY/1 drain\r",
                "RELAY/1 caf\u00e9",
                "RELAY/1 port=65536",
                "RELAY/1 port=http",
                "RELAY/1 resume join=a",
                "RELAY/1 proof=abc",
            })
    void badRequestsGetALineAndTheEnd(String line) throws IOException {
        try (RelayServer server = start(options());
                LineClient client = LineClient.plain(server)) {
            client.line();
            String answer = client.ask(line);
            assertTrue(answer.startsWith("ERR bad-request "), answer);
            client.assertEnd();
            client.leave();
            awaitNobody(server);
            assertEquals(1, refused(server, Refusal.REQUEST));
        }
    }

    @Test
    void theLongestLineIsReadAndALongerOneIsNot() throws IOException {
        try (RelayServer server = start(options())) {
            String longest = "RELAY/1 " + "x".repeat(1023 - 8);
            try (LineClient client = LineClient.plain(server)) {
                client.line();
                assertTrue(client.ask(longest).startsWith("OK port="));
            }
            try (LineClient client = LineClient.plain(server)) {
                client.line();
                assertEquals("ERR bad-request the line is longer than 1024 bytes", client.ask(longest + "x"));
                client.assertEnd();
            }
        }
    }

    @Test
    void aRefusalIsReadableHoweverMuchTheClientHasSent() throws IOException {
        try (RelayServer server = start(options());
                LineClient client = LineClient.plain(server)) {
            client.line();
            client.say("x".repeat(200_000)); // a close without reading it would send a reset, which destroys the line
            assertTrue(client.line().startsWith("ERR bad-request "));
            client.assertEnd();
        }
    }

    @Test
    void aClientThatStaysAfterItsRefusalIsClosed() throws IOException {
        try (RelayServer server = start(options());
                LineClient client = LineClient.plain(server)) {
            client.line();
            assertTrue(client.ask("RELAY/9").startsWith("ERR bad-request "));
            client.assertEnd();
            awaitNobody(server); // though the client has not closed
        }
    }

    @Test
    void aLineThatIsNotCompleteInTimeIsRefused() throws IOException {
        try (RelayServer server = start(options().handshakeTimeout(Duration.ofMillis(200)));
                LineClient slow = LineClient.plain(server);
                LineClient silent = LineClient.plain(server)) {
            slow.line();
            slow.say("RELAY/1 dra");
            assertEquals("ERR bad-request no complete request within 200 ms", slow.line());
            slow.assertEnd();
            silent.line();
            assertEquals("ERR bad-request no complete request within 200 ms", silent.line());
            slow.leave();
            silent.leave();
            awaitNobody(server);
            assertEquals(2, refused(server, Refusal.REQUEST));
        }
    }

    @Test
    void clientsThatLeaveBeforeTheirLineLeaveNothing() throws IOException {
        try (RelayServer server = start(options())) {
            for (int n = 0; n < 50; n++) {
                try (LineClient client = LineClient.plain(server)) {
                    client.line();
                    client.say("RELAY/1");
                }
            }
            awaitNobody(server);
            assertEquals(0, refused(server, Refusal.FAILURE));
        }
    }

    @Test
    void aClientWithoutALineGivesWayToNewerOnes() throws IOException {
        try (RelayServer server = start(options().maxPendingPerAddress(1));
                LineClient silent = LineClient.plain(server)) {
            silent.line();
            try (LineClient newer = LineClient.plain(server)) {
                newer.line();
                assertTrue(newer.ask("RELAY/1").startsWith("OK port="));
                assertThrows(IOException.class, silent::line);
                assertEquals(1, refused(server, Refusal.PENDING));
            }
        }
    }

    // ---- with a name

    @Test
    void aProofIsAcceptedAndAnotherKeyToo() throws IOException {
        try (RelayServer server = start(options())) {
            for (KeyPair key : new KeyPair[] {alice, second}) {
                try (LineClient client = LineClient.plain(server)) {
                    String hello = client.line();
                    port(client.prove(hello, "RELAY/1 drain", "alice", "none", key.getPrivate()));
                    client.yamux();
                }
            }
        }
    }

    private static void assertRefused(String code, RelayServer server, LineClient client, String line)
            throws IOException {
        String answer = client.ask(line);
        assertTrue(answer.startsWith("ERR " + code + " "), answer);
        client.assertEnd();
        client.leave();
        awaitNobody(server);
    }

    @Test
    void aWrongKeyAndAnUnknownNameGetTheSameAnswer() throws IOException {
        try (RelayServer server = start(options());
                LineClient wrong = LineClient.plain(server);
                LineClient unknown = LineClient.plain(server);
                LineClient malformed = LineClient.plain(server)) {
            String answer = wrong.prove(wrong.line(), "RELAY/1", "alice", "none", mallory.getPrivate());
            assertEquals("ERR auth-failed " + Identification.FAILED, answer);
            assertEquals(answer, unknown.prove(unknown.line(), "RELAY/1", "bob", "none", mallory.getPrivate()));
            malformed.line();
            assertEquals(answer, malformed.ask("RELAY/1 name=alice binding=none proof=AAAA"));
            assertEquals(3, refused(server, Refusal.IDENTITY));
        }
    }

    @Test
    void aProofOfAnotherConnectionIsRefused() throws IOException {
        try (RelayServer server = start(options());
                LineClient honest = LineClient.plain(server);
                LineClient replaying = LineClient.plain(server)) {
            String line = LineClient.proven(honest.line(), "RELAY/1", "alice", "none", alice.getPrivate());
            port(honest.ask(line));
            honest.leave();
            replaying.line();
            assertRefused("auth-failed", server, replaying, line);
        }
    }

    @Test
    void wordsAddedToAProvenLineAreRefused() throws IOException {
        try (RelayServer server = start(options());
                LineClient before = LineClient.plain(server);
                LineClient behind = LineClient.plain(server)) {
            String line = LineClient.proven(before.line(), "RELAY/1", "alice", "none", alice.getPrivate());
            assertEquals(
                    "ERR auth-failed " + Identification.FAILED, before.ask(line.replace("RELAY/1", "RELAY/1 drain")));
            line = LineClient.proven(behind.line(), "RELAY/1", "alice", "none", alice.getPrivate());
            assertEquals("ERR auth-failed " + Identification.FAILED, behind.ask(line + " drain"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"name=alice", "name=alice binding=none", "name=caf/e", "name="})
    void aNameWithoutAProofIsRefused(String words) throws IOException {
        try (RelayServer server = start(options());
                LineClient client = LineClient.plain(server)) {
            client.line();
            assertRefused("auth-failed", server, client, "RELAY/1 " + words);
        }
    }

    @Test
    void aCertificateWhereThereIsNoneIsAMismatch() throws IOException {
        try (RelayServer server = start(options());
                LineClient client = LineClient.plain(server)) {
            String line = LineClient.proven(client.line(), "RELAY/1", "alice", keys.binding(), alice.getPrivate());
            assertRefused("tls-mismatch", server, client, line);
        }
    }

    @Test
    void throughTlsTheProofNamesTheCertificate() throws Exception {
        try (RelayServer server = start(options().tls(keys.server()))) {
            try (LineClient client = LineClient.secure(server, secure, "relay/1")) {
                port(client.prove(client.line(), "RELAY/1", "alice", keys.binding(), alice.getPrivate()));
                client.yamux();
            }
            for (String binding : new String[] {"none", "0".repeat(64)}) {
                try (LineClient client = LineClient.secure(server, secure, "relay/1")) {
                    String line = LineClient.proven(client.line(), "RELAY/1", "alice", binding, alice.getPrivate());
                    assertRefused("tls-mismatch", server, client, line);
                }
            }
            try (LineClient client = LineClient.secure(server, secure, "relay/1")) {
                // A wrong proof says nothing about the certificate.
                String line = LineClient.proven(client.line(), "RELAY/1", "alice", "none", mallory.getPrivate());
                assertRefused("auth-failed", server, client, line);
            }
        }
    }

    @Test
    void aServerThatRequiresNamesSaysSo() throws Exception {
        try (RelayServer server = start(options().extended(false).requireName(true));
                LineClient client = LineClient.plain(server)) {
            String hello = client.line();
            assertTrue(hello.matches("HELLO [0-9a-f]{32} auth"), hello);
            assertRefused("auth-required", server, client, "RELAY/1");
        }
        try (RelayServer server = start(options().requireName(true).tls(keys.server()));
                LineClient base = LineClient.secure(server, secure)) { // without ALPN
            String hello = base.line();
            assertTrue(hello.matches("HELLO [0-9a-f]{32} auth"), hello);
            port(base.prove(hello, "RELAY/1", "alice", keys.binding(), alice.getPrivate()));
        }
    }

    // ---- policies

    @Test
    void aPolicyThatFailsIsAnInternalError() throws IOException {
        TunnelPolicy throwing = name -> {
            throw new IllegalStateException("the database is down");
        };
        TunnelPolicy failing = name -> CompletableFuture.failedFuture(new IOException("the database is down"));
        TunnelPolicy nothing = name -> CompletableFuture.completedFuture(null);
        for (TunnelPolicy policy : new TunnelPolicy[] {throwing, failing, nothing}) {
            try (RelayServer server = start(options().policy(policy));
                    Logged log = Logged.below("org.relay4j");
                    LineClient client = LineClient.plain(server)) {
                String line = LineClient.proven(client.line(), "RELAY/1", "alice", "none", alice.getPrivate());
                assertRefused("internal", server, client, line);
                assertEquals(1, refused(server, Refusal.FAILURE));
                assertTrue(log.lines().stream().noneMatch(text -> text.contains("proof=")));
            }
        }
    }

    @Tag("slow")
    @Test
    void aPolicyThatDoesNotAnswerEndsWithALine() throws IOException {
        try (RelayServer server = start(options().policy(name -> new CompletableFuture<>()));
                LineClient client = LineClient.plain(server)) {
            String line = LineClient.proven(client.line(), "RELAY/1", "alice", "none", alice.getPrivate());
            assertRefused("internal", server, client, line);
        }
    }

    @Test
    void anAnswerMayComeLaterFromAnyThread() throws IOException {
        CompletableFuture<Optional<NamedClient>> answer = new CompletableFuture<>();
        CompletableFuture<String> asked = new CompletableFuture<>();
        TunnelPolicy policy = name -> {
            asked.complete(name);
            return answer;
        };
        try (RelayServer server = start(options().policy(policy));
                LineClient client = LineClient.plain(server)) {
            client.say(LineClient.proven(client.line(), "RELAY/1", "alice", "none", alice.getPrivate()) + "\n");
            assertEquals("alice", asked.join());
            answer.complete(Optional.of(new NamedClient(Set.of(alice.getPublic()), false, ClientLimits.defaults())));
            port(client.line());
        }
    }

    @Test
    void aNameThatIsRevokedMeanwhileIsRefused() throws IOException {
        Revoking policy = new Revoking();
        try (RelayServer server = start(options().policy(policy));
                LineClient client = LineClient.plain(server)) {
            client.say(LineClient.proven(client.line(), "RELAY/1", "alice", "none", alice.getPrivate()) + "\n");
            policy.asked.join();
            policy.revoked.accept("alice");
            assertTrue(client.line().startsWith("ERR auth-failed "));
            client.assertEnd();
        }
        assertTrue(policy.closed);
    }

    private static final class Revoking implements TunnelPolicy {
        final CompletableFuture<String> asked = new CompletableFuture<>();
        volatile Consumer<String> revoked;
        volatile boolean closed;

        @Override
        public CompletionStage<Optional<NamedClient>> find(String name) {
            asked.complete(name);
            return new CompletableFuture<>();
        }

        @Override
        public java.io.Closeable watch(Consumer<String> newRevoked) {
            revoked = newRevoked;
            return () -> closed = true;
        }
    }
}
