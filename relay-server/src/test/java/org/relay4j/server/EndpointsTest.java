package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.Endpoint;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;

/** Several endpoints of one tunnel: the lines OPEN, CLOSE and READY of a client, and what happens to visitors. */
@ExtendWith(LeakCheck.EachTest.class)
class EndpointsTest {
    private static final ClientLimits ANY = ClientLimits.defaults();

    private final List<AutoCloseable> open = new ArrayList<>();
    private final RelayServer server = AskingClient.server();

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open) each.close();
        server.close();
    }

    // ---- OPEN and CLOSE

    @Test
    void tunnelWithoutAPortGetsItsEndpointsOneByOne() throws IOException {
        AskingClient client = ask("visitor-address port=none", "alice", ANY);
        assertEquals("OK port=none visitor-address", client.line().toString());
        client.establish().control();
        String answer = client.ask("OPEN tcp/0");
        assertTrue(answer.matches("OPENED tcp/(\\d+) public=127\\.0\\.0\\.1:\\1"), answer);
        Endpoint first = Endpoint.parse(answer.split(" ", -1)[1]);
        Endpoint second = client.open("tcp/0");
        assertNotEquals(first, second);
        open.add(Visitor.connect(second.number()));
        assertEquals(second.toString(), client.header(1).endpoint());
        open.add(Visitor.connect(first.number()));
        assertEquals(first.toString(), client.header(3).endpoint());
        assertEquals(2, server.openTunnels().get(0).openVisitors());
        assertEquals(
                List.of(new OpenEndpoint(first, 1), new OpenEndpoint(second, 1)),
                server.openTunnels().get(0).endpoints());
    }

    @Test
    void endpointThatTheTunnelHasIsGrantedAgain() throws IOException {
        AskingClient client = serve("alice", ANY);
        Endpoint own = client.open("tcp/0");
        assertEquals("OPENED " + own + " public=127.0.0.1:" + own.number(), client.ask("OPEN " + own));
        assertEquals(own, client.open(own.toString()));
        Visitor.connect(own.number()).close();
    }

    @Test
    void closedEndpointIsFreeAndItsVisitorsStay() throws IOException {
        AskingClient client = serve("alice", ANY);
        Endpoint first = client.open("tcp/0");
        Endpoint second = client.open("tcp/0");
        Socket visitor = Visitor.connect(first.number());
        open.add(visitor);
        client.header(1);
        assertEquals("CLOSED " + first, client.ask("CLOSE " + first));
        Visitor.awaitRefused(first.number());
        client.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "still here"));
        Visitor.expect(visitor, "still here");
        open.add(Visitor.connect(second.number()));
        client.header(3);
        assertEquals("CLOSED " + first, client.ask("CLOSE " + first));
        assertEquals("CLOSED nonsense", client.ask("CLOSE nonsense"));
        assertEquals(1, server.tunnelCount());
    }

    @Test
    void portOfTheFirstRequestCanBeClosedToo() throws IOException {
        AskingClient client =
                ask("visitor-address resume", "alice", ANY).establish().control();
        Endpoint other = client.open("tcp/0");
        assertEquals("CLOSED tcp/" + client.port(), client.ask("CLOSE tcp/" + client.port()));
        Visitor.awaitRefused(client.port());
        String lease = client.lease();
        client.die();
        ask("visitor-address resume=" + lease + " port=" + client.port(), "alice", ANY)
                .assertRefused("lease-unknown");
        AskingClient next = ask("visitor-address port=none resume=" + lease, "alice", ANY);
        assertEquals("none", next.line().value("port"));
        next.establish().control();
        assertEquals(other, next.open(other.toString()));
    }

    @Test
    void linesAreAnsweredInOrder() throws IOException {
        AskingClient client = serve("alice", ANY);
        client.say(
                "OPEN tcp/0",
                "CLOSE tcp/1",
                "OPEN udp/1",
                "READY tcp/1 no",
                "SOMETHING else",
                "OPEN tcp/x",
                "CLOSE tcp/2");
        assertTrue(client.hear().startsWith("OPENED tcp/"));
        assertEquals("CLOSED tcp/1", client.hear());
        assertEquals("REFUSED udp/1 port-unavailable udp/1 is not one that this client may have", client.hear());
        assertTrue(client.hear().startsWith("REFUSED tcp/x bad-request "));
        assertEquals("CLOSED tcp/2", client.hear());
        client.yamux().expectNothing();
    }

    @Test
    void lineIsReadWhenTheAnswerBeforeItHasLeft() throws IOException {
        AskingClient client = serve("alice", ANY);
        String unknown = "x".repeat(300);
        int answer = ("CLOSED " + unknown + "\n").length();
        int window = 256 * 1024; // of the client, of which the server sends up to the last byte
        int lines = window / answer + 2;
        for (int n = 0; n < lines; n++) client.say("CLOSE " + unknown);
        for (int n = 0; n < window / answer; n++) assertEquals("CLOSED " + unknown, client.hear());
        client.yamux().send(WireFrame.ping(SYN, 7));
        WireFrame next = client.yamux().next();
        while (!next.equals(WireFrame.ping(ACK, 7))) {
            if (next.isData()) assertTrue(next.length() < answer, "more than the window: " + next);
            next = client.yamux().next();
        }
    }

    // ---- refusals

    @Test
    void requestsThatCannotBeGrantedAreRefused() throws Exception {
        int free = FixedPort.free();
        ClientLimits limits = ClientLimits.builder().port(free).maxEndpoints(2).build();
        AskingClient client = serve("alice", limits);
        refused(client, "tcp/5", "port-unavailable", "tcp/5 is not one that this client may have");
        refused(client, "udp/0", "port-unavailable", "udp/0 is not one that this client may have");
        refused(client, "host/0", "port-unavailable", "host/0 is not one that this client may have");
        refused(
                client,
                "host/app.example.com",
                "port-unavailable",
                "host/app.example.com is not one that this client may have");
        refused(client, "http/1", "bad-request", "'http/1' is not an endpoint");
        refused(client, "tcp/65536", "bad-request", "'tcp/65536' is not an endpoint");
        try (ServerSocket program = new ServerSocket(free, 1, InetAddress.getLoopbackAddress())) {
            assertTrue(client.ask("OPEN tcp/" + free).startsWith("REFUSED tcp/" + free + " port-unavailable "));
            assertTrue(client.ask("OPEN tcp/0").startsWith("REFUSED tcp/0 no-port-free "));
            assertTrue(program.isBound());
        }
        assertEquals(free, client.open("tcp/0").number());
        AskingClient other = serve("bob", limits);
        refused(other, "tcp/" + free, "port-unavailable", "another client has tcp/" + free);
        assertEquals(1, server.statistics().refusals().get(Refusal.NO_PORT));
    }

    @Test
    void endpointsAreBounded() throws IOException {
        AskingClient client =
                serve("alice", ClientLimits.builder().maxEndpoints(2).build());
        Endpoint first = client.open("tcp/0");
        client.open("tcp/0");
        refused(client, "tcp/0", "limit-reached", "the tunnel has reached its limit of 2 endpoints");
        client.open(first.toString());
        client.ask("CLOSE " + first);
        client.open("tcp/0");
        AskingClient free = serve("bob", ANY);
        for (int n = 0; n < Endpoints.MOST; n++) free.open("tcp/0");
        refused(free, "tcp/0", "limit-reached", "the tunnel has reached its limit of 32 endpoints");
        assertEquals(2, server.statistics().refusals().get(Refusal.ENDPOINTS));
    }

    @Test
    void clientWithoutANameHasOneEndpoint() throws IOException {
        AskingClient one = ask("visitor-address", null, ANY).establish().control();
        refused(one, "tcp/0", "limit-reached", "the tunnel has reached its limit of 1 endpoints");
        AskingClient none =
                ask("visitor-address port=none", null, ANY).establish().control();
        refused(none, "tcp/5", "port-unavailable", "tcp/5 is not one that this client may have");
        Visitor.connect(none.open("tcp/0").number()).close();
    }

    @Test
    void endpointsNeedVisitorAddresses() throws IOException {
        ask("port=none resume", "alice", ANY).assertRefused("bad-request");
        AskingClient client = ask("resume", "alice", ANY).establish().control();
        refused(client, "tcp/0", "bad-request", "endpoints need the word visitor-address in the request of the tunnel");
    }

    @Test
    void lineWithoutAnEndpointResetsTheControlStream() throws IOException {
        for (String line : List.of("OPEN", "CLOSE", "READY", "OPEN tcp=1", "CLOSE " + "x".repeat(301))) {
            AskingClient client = serve("alice", ANY);
            client.say(line);
            WireFrame next = client.yamux().next();
            while (next.id() != 2 || (next.flags() & RST) == 0)
                next = client.yamux().next();
        }
        assertEquals("CLOSED " + "x".repeat(300), serve("alice", ANY).ask("CLOSE " + "x".repeat(300)));
    }

    @Test
    void serverThatShutsDownOpensNothing() throws Exception {
        AskingClient client = serve("alice", ANY);
        Endpoint own = client.open("tcp/0");
        open.add(Visitor.connect(own.number()));
        client.header(1);
        Thread closing = new Thread(() -> server.close(Await.DEADLINE));
        closing.start();
        Visitor.awaitRefused(own.number());
        refused(client, "tcp/0", "draining", "the server is shutting down");
        client.yamux().send(WireFrame.window(1, ACK | RST, 0));
        client.die(); // the server would wait for it to close
        closing.join();
    }

    // ---- READY

    @Test
    void visitorsOfAWithdrawnEndpointAreReset() throws IOException {
        AskingClient client = serve("alice", ANY);
        Endpoint own = client.open("tcp/0");
        Endpoint other = client.open("tcp/0");
        client.say("READY " + own + " no");
        client.yamux().expectNothing();
        for (int n = 0; n < 3; n++) {
            try (Socket visitor = Visitor.connect(own.number())) {
                Visitor.expectReset(visitor);
            }
        }
        assertEquals(3, server.statistics().refusals().get(Refusal.WITHDRAWN));
        open.add(Visitor.connect(other.number()));
        assertEquals(other.toString(), client.header(1).endpoint());
        client.say("READY " + own + " yes");
        client.yamux().expectNothing();
        open.add(Visitor.connect(own.number()));
        assertEquals(own.toString(), client.header(3).endpoint());
    }

    // ---- resume

    @Tag("slow") // five seconds until an endpoint is given back
    @Test
    void endpointsWaitForTheClientThatHasResumed() throws IOException {
        AskingClient lost = ask("visitor-address resume port=none", "alice", ANY)
                .establish()
                .control();
        Endpoint first = lost.open("tcp/0");
        Endpoint second = lost.open("tcp/0");
        lost.die();
        AskingClient client = ask("visitor-address port=none resume=" + lost.lease(), "alice", ANY);
        client.establish().control();
        Socket patient = Visitor.connect(first.number());
        Socket forgotten = Visitor.connect(second.number());
        open.add(patient);
        open.add(forgotten);
        Await.until("both wait", () -> server.visitorCount() == 2);
        client.yamux().expectNothing();
        client.say("OPEN " + first);
        assertEquals(first.toString(), client.header(1).endpoint());
        assertTrue(client.hear().startsWith("OPENED " + first));
        Visitor.expectReset(forgotten);
        Visitor.awaitRefused(second.number());
        client.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "here"));
        Visitor.expect(patient, "here");
    }

    // ---- the other endpoints of a name

    @Test
    void endpointMovesAloneWithItsWaitingVisitors() throws Exception {
        int port = FixedPort.range(2);
        ClientLimits two = ClientLimits.builder().ports(port, port + 1).build();
        AskingClient first = ask("visitor-address resume port=none", "alice", two)
                .establish()
                .control();
        first.open("tcp/" + port);
        first.open("tcp/" + (port + 1));
        first.die();
        Await.until("it is held", () -> server.tunnels().connections().isEmpty());
        Socket moving = Visitor.connect(port);
        open.add(moving);
        open.add(Visitor.connect(port + 1));
        Await.until("both wait", () -> server.visitorCount() == 2);
        AskingClient second =
                ask("visitor-address port=none", "alice", two).establish().control();
        second.say("OPEN tcp/" + port);
        assertEquals("tcp/" + port, second.header(1).endpoint());
        assertTrue(second.hear().startsWith("OPENED tcp/" + port));
        second.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "there"));
        Visitor.expect(moving, "there");
        List<OpenTunnel> tunnels = server.openTunnels();
        assertEquals(
                List.of(1, 1), tunnels.stream().map(OpenTunnel::openVisitors).toList());
        assertEquals(List.of(2L, 1L), tunnels.stream().map(OpenTunnel::visitors).toList());
        AskingClient back = ask("visitor-address port=none resume=" + first.lease(), "alice", two);
        back.establish().control();
        back.say("OPEN tcp/" + (port + 1));
        assertEquals("tcp/" + (port + 1), back.header(1).endpoint());
        assertTrue(back.hear().startsWith("OPENED "));
        Call<String> alive = Call.of(second::hear); // answers the ping
        refused(back, "tcp/" + port, "port-unavailable", "tcp/" + port + " is in use by a program of the same name");
        second.say("CLOSE tcp/1");
        assertEquals("CLOSED tcp/1", alive.result());
    }

    @Test
    void tunnelEndsWhenItsLastEndpointIsTaken() throws IOException {
        int port = FixedPort.free();
        ClientLimits own = ClientLimits.builder().port(port).build();
        AskingClient first = ask("visitor-address resume", "alice", own).establish();
        first.die();
        Await.until("it is held", () -> server.tunnels().connections().isEmpty());
        AskingClient second = serve("alice", own);
        assertEquals(port, second.open("tcp/" + port).number());
        assertEquals(1, server.tunnelCount());
        ask("visitor-address resume=" + first.lease(), "alice", own).assertRefused("lease-unknown");
    }

    @Test
    void endpointThatIsNotOpenedAgainIsFreeForAnotherTunnel() throws Exception {
        int port = FixedPort.range(2);
        ClientLimits two = ClientLimits.builder().ports(port, port + 1).build();
        AskingClient lost = ask("visitor-address resume port=none", "alice", two)
                .establish()
                .control();
        lost.open("tcp/" + port);
        lost.open("tcp/" + (port + 1));
        lost.die();
        AskingClient back = ask("visitor-address port=none resume=" + lost.lease(), "alice", two);
        back.establish().control();
        back.open("tcp/" + port);
        Call<String> alive = Call.of(back::hear); // answers each ping
        AskingClient second = serve("alice", two);
        assertEquals(port + 1, second.open("tcp/" + (port + 1)).number());
        back.say("CLOSE tcp/1");
        assertEquals("CLOSED tcp/1", alive.result());
    }

    @Test
    void passedEndpointThatNoTunnelGetsIsFree() throws Exception {
        int port = FixedPort.range(2);
        ClientLimits two = ClientLimits.builder().ports(port, port + 1).build();
        AskingClient first = serve("alice", two);
        first.open("tcp/" + port);
        first.open("tcp/" + (port + 1));
        Endpoint passed = Endpoint.port(port);
        ServerTunnel owner = server.registry()
                .ofEndpoint(passed)
                .toCompletableFuture()
                .join()
                .orElseThrow();
        CompletableFuture<Void> closed = new CompletableFuture<>();
        owner.loop()
                .execute(
                        () -> { // as when the tunnel that takes it over cannot be made
                            new Takeover(owner, passed).take(owner.loop()).close(null);
                            closed.complete(null);
                        });
        closed.orTimeout(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS).join();
        assertEquals(passed, serve("bob", two).open("tcp/" + port));
    }

    @Tag("slow")
    @Test
    void endpointIsNotTakenForAClientThatWasLostMeanwhile() throws Exception {
        int port = FixedPort.range(2);
        ClientLimits two = ClientLimits.builder().ports(port, port + 1).build();
        AskingClient silent = serve("alice", two);
        silent.open("tcp/" + port);
        silent.open("tcp/" + (port + 1));
        AskingClient lost = serve("alice", two);
        lost.say("OPEN tcp/" + port);
        lost.yamux().expectNothing();
        lost.die();
        Await.until("it has ended", () -> server.tunnelCount() == 1);
        AskingClient next = serve("alice", two);
        assertEquals(port + 1, next.open("tcp/" + (port + 1)).number()); // decided after the first
        assertEquals(
                List.of(new OpenEndpoint(Endpoint.port(port), 0)),
                server.openTunnels().get(0).endpoints());
        Visitor.connect(port).close();
    }

    /** The answer goes to one session when another one ends, on the same loop, with its lock held. */
    @Test
    void closeIsAnsweredWhenTheLastConnectionIsLost() throws Exception {
        try (RelayServer single = AskingClient.server(options -> options.loops(1))) {
            AskingClient first = AskingClient.connect(single, "visitor-address resume port=none", "alice", ANY);
            open.add(first);
            Endpoint own = first.establish().control().open("tcp/0");
            String join = "visitor-address port=none join=" + first.lease();
            AskingClient second = AskingClient.connect(single, join, "alice", ANY);
            open.add(second);
            second.establish().control().yamux().send(WireFrame.goAway(0));
            second.yamux().expectNothing();
            first.yamux().skipAll(1);
            int backlog = 256; // streams that the client has not accepted
            for (int n = 0; n < backlog; n++) {
                open.add(Visitor.connect(own.number()));
                first.header(2 * n + 1);
            }
            Socket last = Visitor.connect(own.number());
            open.add(last);
            second.say("CLOSE " + own);
            Await.until("it waits", () -> single.visitorCount() == backlog + 1);
            first.die();
            assertEquals("CLOSED " + own, second.hear());
            Visitor.expectReset(last);
            second.close(); // the server would wait for it
        }
    }

    /** Its connection was lost with the answer, and the tunnel has another one. */
    @Test
    void requestThatIsRepeatedGetsTheSameEndpoint() throws IOException {
        AskingClient first = ask("visitor-address resume port=none", "alice", ANY)
                .establish()
                .control();
        String join = "visitor-address port=none join=" + first.lease();
        AskingClient second = ask(join, "alice", ANY).establish().control();
        first.say("OPEN tcp/0 request=1");
        Await.until("it is open", () -> !present().isEmpty());
        Endpoint opened = present().get(0);
        first.die();
        String answer = "OPENED " + opened + " public=127.0.0.1:" + opened.number();
        assertEquals(answer, second.ask("OPEN tcp/0 request=1"));
        assertEquals(List.of(opened), present());
        assertNotEquals(answer, second.ask("OPEN tcp/0 request=2"));
        assertNotEquals(answer, second.ask("OPEN tcp/0"));
        assertEquals(3, present().size());
        assertEquals("CLOSED " + opened, second.ask("CLOSE " + opened));
        Endpoint another = Endpoint.parse(second.ask("OPEN tcp/0 request=1").split(" ", -1)[1]);
        assertEquals(3, present().size());
        assertTrue(present().contains(another));
        String tooLong = "9".repeat(21);
        second.say("OPEN tcp/0 request=" + tooLong);
        WireFrame reset = WireFrame.window(2, RST, 0);
        while (!second.yamux().next().equals(reset)) {} // pings are in between
    }

    /** Only those that the client opens again stay, however they were opened at first. */
    @Tag("slow") // five seconds until an endpoint is given back
    @Test
    void numbersOfRequestsEndWithTheResumption() throws IOException {
        AskingClient first = ask("visitor-address resume port=none", "alice", ANY)
                .establish()
                .control();
        first.say("OPEN tcp/0 request=1");
        Await.until("it is open", () -> !present().isEmpty());
        Endpoint lost = present().get(0);
        first.die();
        AskingClient next = ask("visitor-address port=none resume=" + first.lease(), "alice", ANY)
                .establish()
                .control();
        Endpoint own = Endpoint.parse(next.ask("OPEN tcp/0 request=1").split(" ", -1)[1]);
        assertNotEquals(lost, own);
        Await.until("the other one is given back", () -> present().equals(List.of(own)));
    }

    /** The endpoints of the newest tunnel. */
    private List<Endpoint> present() {
        List<OpenTunnel> tunnels = server.openTunnels();
        return tunnels.get(tunnels.size() - 1).endpoints().stream()
                .map(OpenEndpoint::endpoint)
                .toList();
    }

    @Tag("slow")
    @Test
    void linesOfSeveralConnectionsThatWaitKeepTheLimit() throws Exception {
        int port = FixedPort.range(2);
        ClientLimits two = ClientLimits.builder().ports(port, port + 1).build();
        AskingClient silent = serve("alice", two);
        silent.open("tcp/" + port);
        silent.open("tcp/" + (port + 1));
        ClientLimits one =
                ClientLimits.builder().ports(port, port + 1).maxEndpoints(1).build();
        AskingClient first = ask("visitor-address resume port=none", "alice", one)
                .establish()
                .control();
        String join = "visitor-address port=none join=" + first.lease();
        AskingClient second = ask(join, "alice", one).establish().control();
        AskingClient third = ask(join, "alice", one).establish().control();
        Call<String> opened = Call.of(() -> first.ask("OPEN tcp/" + port));
        Call<String> same = Call.of(() -> second.ask("OPEN tcp/" + port));
        Call<String> more = Call.of(() -> third.ask("OPEN tcp/" + (port + 1)));
        List<String> answers = List.of(opened.result(), same.result(), more.result());
        List<OpenTunnel> tunnels = server.openTunnels();
        OpenTunnel last = tunnels.get(tunnels.size() - 1);
        assertEquals(1, last.endpoints().size(), answers::toString);
        Endpoint got = last.endpoints().get(0).endpoint();
        for (String answer : answers) {
            boolean refused = answer.startsWith("REFUSED ") && answer.contains(" limit-reached ");
            assertTrue(answer.startsWith("OPENED " + got + " ") || refused, answer);
        }
    }

    // ----

    private static void refused(AskingClient client, String endpoint, String code, String text) throws IOException {
        assertEquals("REFUSED " + endpoint + " " + code + " " + text, client.ask("OPEN " + endpoint));
    }

    /** Has a tunnel without a port, and its control stream. */
    private AskingClient serve(String name, ClientLimits limits) throws IOException {
        return ask("visitor-address port=none", name, limits).establish().control();
    }

    private AskingClient ask(String words, @Nullable String name, ClientLimits limits) throws IOException {
        AskingClient client = AskingClient.connect(server, words, name, limits);
        open.add(client);
        return client;
    }
}
