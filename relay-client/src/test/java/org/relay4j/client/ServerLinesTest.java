package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.Endpoint;
import org.relay4j.api.RelayException;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.api.control.ClientProof;
import org.relay4j.api.control.Ed25519;
import org.relay4j.testing.FakeServer;

/** The lines of an extended connection, with a server that follows a script. */
class ServerLinesTest {
    private static final String HELLO = "HELLO 00112233445566778899aabbccddeeff";
    private static final RelayClientOptions PLAIN = RelayClientOptions.defaults();
    private static final RelayClientOptions PORT =
            RelayClientOptions.builder().publicPort(5432).build();
    private static final KeyPair KEYS = keys();
    private static final ClientIdentity ALICE = ClientIdentity.ofKey("alice", Ed25519.encode(KEYS.getPrivate()));

    private final List<String> requests = new CopyOnWriteArrayList<>();

    // ---- the request

    @Test
    void clientThatWantsNothingAsksForNothing() throws IOException {
        try (FakeServer server = answering("OK port=4532\n")) {
            assertEquals(4532, open(server, PLAIN));
            assertEquals(List.of("RELAY/1"), requests);
        }
    }

    @Test
    void portIsAskedFor() throws IOException {
        try (FakeServer server = answering("OK port=5432\n")) {
            assertEquals(5432, open(server, PORT));
            assertEquals(List.of("RELAY/1 port=5432"), requests);
        }
    }

    @Test
    void nameIsProvedOverBothLines() throws IOException {
        RelayClientOptions options = PORT.toBuilder().identity(ALICE).build();
        try (FakeServer server = answering("OK port=5432\n")) {
            assertEquals(5432, open(server, options));
            String request = requests.get(0);
            int proof = request.indexOf(" proof=");
            assertEquals("RELAY/1 port=5432 name=alice binding=none", request.substring(0, proof));
            assertTrue(ClientProof.verify(
                    KEYS.getPublic(),
                    HELLO + " auth",
                    request.substring(0, proof),
                    request.substring(proof + " proof=".length())));
        }
    }

    // ---- the answer

    @ParameterizedTest
    @ValueSource(
            strings = {
                "OK port=4532 ",
                "OK",
                "OK port=0",
                "OK port=65536",
                "OK port=04532",
                "OK port",
                "OK port=1 port=1",
                "OKAY port=1",
                "HELLO again",
                "4532 ",
                "OK port=4532 visitor-address"
            })
    void answerThatIsNoneIsQuoted(String answer) throws IOException {
        try (FakeServer server = answering(answer + "\n")) {
            RelayProtocolException failure = assertThrows(RelayProtocolException.class, () -> open(server, PLAIN));
            assertTrue(failure.getMessage().contains(" is not a relay server: it answered \""), failure.getMessage());
        }
    }

    @Test
    void unknownWordsAreIgnored() throws IOException {
        try (FakeServer server = answering("OK later=1 port=4532 node=one unknown\n")) {
            assertEquals(4532, open(server, PLAIN));
        }
    }

    /** A server behind a load balancer, or one of several, may be reached by visitors elsewhere. */
    @ParameterizedTest
    @CsvSource({
        "public=relay.example.com:9000, relay.example.com, 9000",
        "public=relay.example.com, relay.example.com, 4532",
        "public=192.0.2.1:80, 192.0.2.1, 80",
        "public=[2001:db8::1], 2001:db8:0:0:0:0:0:1, 4532",
        "public=:9000, localhost, 9000",
        "public, localhost, 4532",
        "other=1, localhost, 4532"
    })
    void addressForVisitorsIsThatOfTheServer(String word, String host, int port) throws IOException {
        try (FakeServer server = answering("OK port=4532 " + word + "\n");
                RelayAcceptor acceptor = RelayClient.connect("localhost", server.port())) {
            assertEquals(host, acceptor.publicAddress().getHostString());
            assertEquals(port, acceptor.publicAddress().getPort());
            assertEquals(port, acceptor.getLocalPort());
            assertEquals(Endpoint.port(4532), acceptor.endpoint());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"a:b:c", ":0", "[::1", "relay.example.com:65536", "a/b", "[127.1]", "[abc]", "127.1", "999.1.1.1"
            })
    void malformedAddressForVisitorsIsNamed(String address) throws IOException {
        try (FakeServer server = answering("OK port=4532 public=" + address + "\n")) {
            RelayProtocolException failure = assertThrows(RelayProtocolException.class, () -> open(server, PLAIN));
            assertEquals(
                    "localhost:" + server.port() + " has granted a port whose address is malformed: '" + address
                            + "' is not a public address",
                    failure.getMessage());
            server.awaitAllEnded();
        }
    }

    @Test
    void longestLineIsRead() throws IOException {
        String line = "OK port=4532 x=";
        try (FakeServer server = answering(line + "x".repeat(1023 - line.length()) + "\n")) {
            assertEquals(4532, open(server, PLAIN));
        }
        try (FakeServer server = answering(line + "x".repeat(1024 - line.length()) + "\n")) {
            RelayProtocolException failure = assertThrows(RelayProtocolException.class, () -> open(server, PLAIN));
            assertTrue(failure.getMessage().endsWith("longer than 1023 bytes"), failure.getMessage());
        }
    }

    @Test
    void refusalHasACodeAndADetail() throws IOException {
        try (FakeServer server = answering("ERR port-unavailable 5432 is bösetzt\n")) {
            RelayRefusedException failure = assertThrows(RelayRefusedException.class, () -> open(server, PORT));
            assertEquals("port-unavailable", failure.code());
            assertEquals("5432 is bösetzt", failure.detail());
        }
    }

    @Test
    void serverThatLeavesInsteadOfAnswering() throws IOException {
        try (FakeServer server = FakeServer.start(connection -> {
            say(connection, HELLO + "\n");
            line(connection);
        })) {
            assertThrows(RelayUnreachableException.class, () -> open(server, PLAIN));
        }
    }

    // ---- base servers, and plain connections

    @Test
    void baseServerCannotGiveACertainPort() throws IOException {
        try (FakeServer server = FakeServer.saying("4532\n")) {
            RelayProtocolException failure = assertThrows(RelayProtocolException.class, () -> open(server, PORT));
            assertEquals(
                    "localhost:" + server.port()
                            + " speaks only the base protocol on this port, but the option publicPort"
                            + " needs the extended one; use a TLS port of the server, or start it with the option extended",
                    failure.getMessage());
        }
    }

    @Test
    void keyIsNotUsedOverAPlainConnectionToAnotherMachine() throws IOException {
        InetAddress address = ownAddress();
        RelayClientOptions options = PLAIN.toBuilder().identity(ALICE).build();
        try (FakeServer server = FakeServer.start(address, 0, this::answer)) {
            String host = address.getHostAddress();
            RelayException failure =
                    assertThrows(RelayException.class, () -> ControlConnection.open(host, server.port(), options));
            assertTrue(failure.getMessage().contains("set the option tls"), failure.getMessage());
            server.awaitAllEnded();
            assertEquals(List.of(), requests);
            RelayClientOptions allowed =
                    options.toBuilder().allowPlainIdentity(true).build();
            ControlConnection.open(host, server.port(), allowed).wire().close();
            assertTrue(requests.get(0).contains(" name=alice "));
        }
    }

    @Test
    void keyIsNeverShown() {
        String key = Ed25519.encode(KEYS.getPrivate());
        assertEquals("ClientIdentity[alice]", ALICE.toString());
        IllegalArgumentException failure = assertThrows(
                IllegalArgumentException.class, () -> ClientIdentity.ofKey("alice", key.replace('M', '!')));
        assertFalse(failure.toString().contains(key.substring(1, 10)), failure.toString());
    }

    /** An address of this machine that is not a loopback address, as that of another machine would not be. */
    private static InetAddress ownAddress() throws IOException {
        var own = Collections.list(NetworkInterface.getNetworkInterfaces()).stream()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress())
                .findFirst();
        Assumptions.assumeTrue(own.isPresent(), "this machine has only loopback addresses");
        return own.get();
    }

    // ---- the server

    private FakeServer answering(String answer) throws IOException {
        return FakeServer.start(connection -> {
            say(connection, HELLO + " auth\n");
            requests.add(line(connection));
            say(connection, answer);
            FakeServer.awaitEnd(connection);
        });
    }

    private void answer(Socket connection) throws IOException {
        say(connection, HELLO + " auth\n");
        String line = line(connection);
        if (!line.isEmpty()) requests.add(line);
        say(connection, "OK port=4532\n");
        FakeServer.awaitEnd(connection);
    }

    private static void say(Socket connection, String text) throws IOException {
        connection.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String line(Socket connection) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next; (next = connection.getInputStream().read()) >= 0 && next != '\n'; ) line.append((char) next);
        return line.toString();
    }

    private static int open(FakeServer server, RelayClientOptions options) throws IOException {
        ControlConnection connection = ControlConnection.open("localhost", server.port(), options);
        connection.wire().close();
        return connection.publicAddress().getPort();
    }

    private static KeyPair keys() {
        try {
            return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }
}
