package org.relay4j.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.window;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;

/** Host names that clients open on their tunnels, and give back. */
@ExtendWith(LeakCheck.EachTest.class)
class NameGrantsTest {
    private static final String APP = "app.example.com";

    private static RelayServer start() throws IOException {
        return start(options -> options);
    }

    private static RelayServer start(UnaryOperator<RelayServerOptions.Builder> options) throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return RelayServer.start(options.apply(RelayServerOptions.builder()
                        .bindAddress(loopback)
                        .publicBindAddress(loopback)
                        .extended(true)
                        .httpPort(0))
                .build());
    }

    private static AskingClient client(RelayServer server, String name, String... hosts) throws IOException {
        ClientLimits.Builder limits = ClientLimits.builder();
        for (String host : hosts) limits.host(host);
        return AskingClient.connect(server, "port=none visitor-address resume", name, limits.build())
                .establish()
                .control();
    }

    private static int http(RelayServer server) {
        return server.names().port();
    }

    /** Returns the first line of the answer to a request. */
    private static String request(RelayServer server, String name) throws IOException {
        try (Socket visitor = Visitor.connect(http(server))) {
            Visitor.send(visitor, "GET / HTTP/1.1\r\nHost: " + name + "\r\n\r\n");
            String answer = new String(visitor.getInputStream().readAllBytes(), ISO_8859_1);
            return answer.split("\r\n", 2)[0];
        }
    }

    /** A visitor that reaches the client. */
    private static void expectServed(RelayServer server, AskingClient client, int stream) throws IOException {
        try (Socket visitor = Visitor.connect(http(server))) {
            Visitor.send(visitor, "GET / HTTP/1.1\r\nHost: " + APP + "\r\n\r\n");
            serve(client, stream, visitor);
        }
        assertEquals(window(stream, WireFrame.FIN, 0), client.next());
    }

    @Test
    void nameIsServedWhileItIsOpen() throws IOException {
        try (RelayServer server = start();
                AskingClient client = client(server, "alice", APP)) {
            assertEquals("HTTP/1.1 404 Not Found", request(server, APP));
            String granted = "OPENED host/app.example.com public=" + APP + ":" + http(server);
            assertEquals(granted, client.ask("OPEN host/" + APP));
            assertEquals(granted, client.ask("OPEN host/" + APP)); // again
            expectServed(server, client, 1);
            client.say("READY host/" + APP + " no");
            Await.until("it is withdrawn", () -> server.names().find(APP, Long.MAX_VALUE) == null);
            assertEquals("HTTP/1.1 404 Not Found", request(server, APP));
            client.say("READY host/" + APP + " yes");
            Await.until("it is back", () -> server.names().find(APP, Long.MAX_VALUE) != null);
            expectServed(server, client, 3);
            assertEquals("CLOSED host/" + APP, client.ask("CLOSE host/" + APP));
            assertEquals("HTTP/1.1 404 Not Found", request(server, APP));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "host/other.example.com, app.example.com",
        "host/x.app.example.com, app.example.com",
        "host/example.com, *.example.com",
        "host/a.b.example.com, *.example.com",
        "host/app.example.com.evil.example, *.example.com",
        "host/appexample.com, *.example.com"
    })
    void namesOutsideOfThePolicy(String endpoint, String pattern) throws IOException {
        try (RelayServer server = start();
                AskingClient client = client(server, "alice", pattern)) {
            String refused = client.ask("OPEN " + endpoint);
            assertTrue(refused.startsWith("REFUSED " + endpoint + " port-unavailable "), refused);
            String name = endpoint.substring("host/".length());
            assertEquals("HTTP/1.1 404 Not Found", request(server, name));
        }
    }

    /** Only the canonical form is an endpoint. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "host/*.example.com",
                "host/App.example.com",
                "host/app.example.com.",
                "host/app.example.com:80",
                "host/192.0.2.1",
                "host/[::1]",
                "host/",
                "host/app..example.com",
                "host/-.example.com",
                "HOST/app.example.com"
            })
    void malformedNames(String endpoint) throws IOException {
        try (RelayServer server = start();
                AskingClient client = client(server, "alice", "*.example.com", APP)) {
            String refused = client.ask("OPEN " + endpoint);
            assertTrue(refused.startsWith("REFUSED " + endpoint + " bad-request "), refused);
        }
    }

    @Test
    void nameHasOneOwner() throws IOException {
        try (RelayServer server = start();
                AskingClient alice = client(server, "alice", "*.example.com");
                AskingClient bob = client(server, "bob", "*.example.com")) {
            assertEquals("host/" + APP, alice.open("host/" + APP).toString());
            String refused = bob.ask("OPEN host/" + APP);
            assertTrue(
                    refused.startsWith(
                            "REFUSED host/" + APP + " port-unavailable another client has host/app.example.com"),
                    refused);
            expectServed(server, alice, 1);
            assertEquals("CLOSED host/" + APP, alice.ask("CLOSE host/" + APP));
            assertEquals("host/" + APP, bob.open("host/" + APP).toString());
            expectServed(server, bob, 1);
        }
    }

    @Test
    void sharedNameIsWithdrawnOnlyWithItsLastService() throws IOException {
        try (RelayServer server = start();
                AskingClient first = sharing(server);
                AskingClient second = sharing(server)) {
            ready(first, "no");
            expectServed(server, second, 1);
            ready(second, "no");
            assertNull(server.names().find(APP, Long.MAX_VALUE));
            ready(first, "yes");
            expectServed(server, first, 1);
            ready(second, "yes");
            ready(first, "no");
            assertNotNull(server.names().find(APP, Long.MAX_VALUE));
            second.say("BYE");
            Await.until("no service is left", () -> server.names().find(APP, Long.MAX_VALUE) == null);
        }
    }

    /** Although as many visitors wait for the tunnel that has it as may. */
    @Test
    void sharedNameOfAHeldTunnelIsServedByAnother() throws IOException {
        List<Socket> waiting = new ArrayList<>();
        ClientLimits limits = ClientLimits.builder().host(APP).share(true).build();
        try (RelayServer server = start()) {
            AskingClient owner = AskingClient.connect(server, "visitor-address resume", "alice", limits)
                    .establish()
                    .control();
            assertTrue(owner.ask("OPEN host/" + APP + " share").startsWith("OPENED host/" + APP + " share "));
            try (AskingClient other = sharing(server)) {
                owner.die();
                Await.until("it is held", () -> server.tunnels().connections().size() == 1);
                for (int n = 0; n < TunnelVisitors.MOST_WAITING; n++) waiting.add(Visitor.connect(owner.port()));
                Await.until("all wait", () -> server.visitorCount() == TunnelVisitors.MOST_WAITING);
                expectServed(server, other, 1);
            }
        } finally {
            for (Socket each : waiting) each.close();
        }
    }

    /** It still waits for a visitor that has not said its name, and its client answers pings. */
    @Test
    void nameOfATunnelThatEndsIsTakenOverAtOnce() throws IOException {
        try (RelayServer server = start();
                AskingClient first = client(server, "alice", APP);
                AskingClient second = client(server, "alice", APP);
                Socket visitor = Visitor.connect(http(server))) {
            first.open("host/" + APP);
            Visitor.send(visitor, "GET / HTTP/1.1\r\nHost: app.");
            awaitNewest(server, 1);
            first.say("BYE");
            Await.until("it is ending", () -> server.names().find(APP, Long.MAX_VALUE) == null);
            Call<String> answering = Call.of(first::hear);
            assertEquals("host/" + APP, second.open("host/" + APP).toString());
            Visitor.send(visitor, "example.com\r\n\r\n");
            serve(second, 1, visitor);
            Await.until("the tunnel has ended", answering::isDone);
        }
    }

    /** A tunnel that shares the name with others of the same client. */
    private static AskingClient sharing(RelayServer server) throws IOException {
        ClientLimits limits = ClientLimits.builder().host(APP).share(true).build();
        AskingClient client = AskingClient.connect(server, "port=none visitor-address", "alice", limits)
                .establish()
                .control();
        String answer = client.ask("OPEN host/" + APP + " share");
        assertTrue(answer.startsWith("OPENED host/" + APP + " share "), answer);
        return client;
    }

    private static void ready(AskingClient client, String word) throws IOException {
        client.say("READY host/" + APP + " " + word);
        assertEquals("CLOSED tcp/1", client.ask("CLOSE tcp/1")); // the lines are handled in order
    }

    /** As those of a port that have connected already. One that comes later does not find the name any more. */
    @Test
    void visitorWhoseNameIsIncompleteReachesAClosingName() throws IOException {
        try (RelayServer server = start();
                AskingClient client = client(server, "alice", APP);
                Socket visitor = Visitor.connect(http(server))) {
            client.open("host/" + APP);
            Visitor.send(visitor, "GET / HTTP/1.1\r\nHost: app.");
            awaitNewest(server, 1);
            client.say("CLOSE host/" + APP);
            Await.until("it is closing", () -> server.names().find(APP, Long.MAX_VALUE) == null);
            assertEquals("HTTP/1.1 404 Not Found", request(server, APP));
            Visitor.send(visitor, "example.com\r\n\r\n");
            serve(client, 1, visitor);
            assertEquals("CLOSED host/" + APP, client.hear());
        }
    }

    @Test
    void visitorWhoseNameIsIncompleteIsServedWhileTheServerShutsDown() throws Exception {
        try (RelayServer server = start();
                AskingClient client = client(server, "alice", APP);
                Socket visitor = Visitor.connect(http(server))) {
            client.open("host/" + APP);
            Visitor.send(visitor, "GET / HTTP/1.1\r\nHost: app.");
            awaitNewest(server, 1);
            Call<Boolean> closing = Call.of(() -> server.close(Duration.ofMinutes(5)));
            Await.until("it is closing", () -> server.names().find(APP, Long.MAX_VALUE) == null);
            Visitor.send(visitor, "example.com\r\n\r\n");
            serve(client, 1, visitor);
            client.yamux().expect(window(1, WireFrame.FIN, 0));
            assertTrue(closing.result(), "all visitors have finished");
        }
    }

    /** The time limit of its name is that of the wait. */
    @Test
    void visitorThatNeverSaysItsNameDelaysTheEndUntilItsTimeIsOver() throws Exception {
        try (RelayServer server = start(options -> options.handshakeTimeout(Duration.ofMillis(300)));
                AskingClient client = client(server, "alice", APP);
                Socket visitor = Visitor.connect(http(server))) {
            client.open("host/" + APP);
            awaitNewest(server, 1);
            assertEquals("CLOSED host/" + APP, client.ask("CLOSE host/" + APP));
            assertEquals(1, server.statistics().refusals().get(Refusal.NAME_INCOMPLETE));
            Visitor.expectEnd(visitor);
        }
    }

    private static void awaitNewest(RelayServer server, long number) {
        NameRouter names = server.names();
        Await.until(
                "the visitor is accepted",
                () -> CompletableFuture.supplyAsync(() -> names.visitors().newest(), names.loop()::execute)
                                .join()
                        == number);
    }

    private static void serve(AskingClient client, int stream, Socket visitor) throws IOException {
        assertEquals(window(stream, SYN, 0), client.next());
        WireFrame frame = client.next();
        assertTrue(frame.isData() && frame.id() == stream, frame::toString);
        client.yamux().send(window(stream, ACK, 0), WireFrame.data(stream, WireFrame.FIN, "x".getBytes(ISO_8859_1)));
        assertEquals('x', visitor.getInputStream().read());
        visitor.close();
    }

    @Test
    void nameIsFreedWithItsTunnel() throws IOException {
        try (RelayServer server = start()) {
            AskingClient alice = client(server, "alice", APP);
            alice.open("host/" + APP);
            alice.say("BYE");
            alice.close();
            Await.until("the name is free", () -> server.names().find(APP, Long.MAX_VALUE) == null);
            try (AskingClient bob = client(server, "bob", APP)) {
                bob.open("host/" + APP);
                expectServed(server, bob, 1);
            }
        }
    }
}
