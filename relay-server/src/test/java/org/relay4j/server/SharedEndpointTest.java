package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.RST;

import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
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
import org.relay4j.yamux.io.Loop;

/** Two tunnels of one name that serve one endpoint. */
@ExtendWith(LeakCheck.EachTest.class)
class SharedEndpointTest {
    private static final int BACKLOG = 256; // streams that the client has not accepted

    private final List<AutoCloseable> open = new ArrayList<>();
    private final RelayServer server = AskingClient.server();
    private final int port;
    private final ClientLimits limits;

    SharedEndpointTest() throws IOException {
        port = FixedPort.free();
        limits = ClientLimits.builder().ports(port, port).share(true).build();
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open) each.close();
        server.close();
    }

    @Test
    void visitorsGoToTheConnectionWithTheFewest() throws IOException {
        AskingClient first = share("");
        AskingClient second = share("");
        for (int id = 1; id <= 5; id += 2) {
            visit();
            assertEquals("tcp/" + port, first.header(id).endpoint());
            visit();
            assertEquals("tcp/" + port, second.header(id).endpoint());
        }
        second.yamux().send(WireFrame.window(1, ACK | RST, 0), WireFrame.window(3, ACK | RST, 0));
        Await.until("two have left", () -> server.visitorCount() == 4);
        visit();
        second.header(7);
        visit();
        second.header(9);
        visit();
        first.header(7);
        assertEquals(2, server.tunnelCount());
    }

    @Test
    void visitorsOfAWithdrawnServiceGoElsewhere() throws IOException {
        AskingClient first = share("");
        AskingClient second = share("");
        first.say("READY tcp/" + port + " no");
        settle(first);
        for (int id = 1; id <= 5; id += 2) {
            visit();
            second.header(id);
        }
        second.say("READY tcp/" + port + " no");
        settle(second);
        Visitor.expectReset(visit());
        first.say("READY tcp/" + port + " yes");
        settle(first);
        visit();
        first.header(1);
    }

    @Test
    void endpointStaysWithTheOneThatIsLeft() throws IOException {
        AskingClient first = share("");
        AskingClient second = share("");
        AskingClient third = share("");
        Socket visitor = visit();
        first.header(1);
        first.die();
        Visitor.expectReset(visitor);
        Await.until("one has ended", () -> server.tunnelCount() == 2);
        visit();
        second.header(1);
        visit();
        third.header(1);
        third.die();
        Await.until("two have ended", () -> server.tunnelCount() == 1);
        visit();
        second.header(3);
        assertEquals("CLOSED tcp/" + port, second.ask("CLOSE tcp/" + port));
        Visitor.awaitRefused(port);
    }

    @Test
    void closedEndpointMovesToTheOtherTunnel() throws IOException {
        AskingClient first = share("");
        AskingClient second = share("");
        assertEquals("CLOSED tcp/" + port, first.ask("CLOSE tcp/" + port));
        visit();
        second.header(1);
        List<OpenTunnel> tunnels = server.openTunnels();
        assertEquals(List.of(), tunnels.get(0).endpoints());
        assertEquals(
                List.of(new OpenEndpoint(Endpoint.port(port), 1)),
                tunnels.get(1).endpoints());
        share(first);
        visit();
        first.header(1);
    }

    @Test
    void heldTunnelLeavesItsVisitorsToTheOther() throws IOException {
        AskingClient first = share("resume");
        AskingClient second = share("");
        first.die();
        Await.until("it is held", () -> server.tunnels().connections().size() == 1);
        visit();
        second.header(1);
        AskingClient back = ask("visitor-address port=none resume=" + first.lease())
                .establish()
                .control();
        visit();
        second.header(3); // the first has not opened it again
        share(back);
        visit();
        back.header(1);
        second.die();
        Await.until("the other has ended", () -> server.tunnelCount() == 1);
        visit();
        back.header(3);
    }

    @Test
    void heldTunnelThatEndsLeavesItsEndpointToTheOther() throws IOException {
        server.update(server.options().toBuilder().lease(Duration.ofMillis(200)).build());
        AskingClient first = share("resume");
        AskingClient second = share("");
        first.die();
        Await.until("its lease has ended", () -> server.tunnelCount() == 1);
        visit();
        second.header(1);
    }

    @Test
    void onlyThoseThatAskForItShare() throws Exception {
        AskingClient first = share("");
        Call<String> alive = Call.of(first::hear); // answers the ping
        AskingClient second = ask("visitor-address port=none").establish().control();
        String answer = second.ask("OPEN tcp/" + port);
        assertTrue(answer.startsWith("REFUSED tcp/" + port + " port-unavailable "), answer);
        share(second);
        first.say("CLOSE tcp/1");
        assertEquals("CLOSED tcp/1", alive.result());
    }

    @Tag("slow") // a second until the ping counts as answered
    @Test
    void policyMustAllowIt() throws Exception {
        ClientLimits own = ClientLimits.builder().ports(port, port).build();
        AskingClient first = AskingClient.connect(server, "visitor-address port=none", "alice", own);
        open.add(first);
        assertFalse(
                first.establish().control().ask("OPEN tcp/" + port + " share").contains(" share"));
        Call<String> alive = Call.of(first::hear);
        AskingClient second = ask("visitor-address port=none").establish().control();
        assertTrue(second.ask("OPEN tcp/" + port + " share").startsWith("REFUSED tcp/" + port + " port-unavailable "));
        first.say("CLOSE tcp/1");
        assertEquals("CLOSED tcp/1", alive.result());
    }

    @Test
    void visitorThroughALoadBalancerMovesToATunnelOnTheSameLoop() throws IOException {
        try (RelayServer behind = AskingClient.server(options -> options.trustedProxies(List.of("127.0.0.0/8")))) {
            String words = "visitor-address port=none";
            AskingClient first = AskingClient.connect(behind, words + " resume", "alice", limits);
            open.add(first);
            first.establish().control().open("tcp/" + port);
            first.die();
            Await.until("it is held", () -> behind.tunnels().connections().isEmpty());
            Socket visitor = visit();
            Visitor.send(visitor, "PROXY TCP4 198.51.100.1 198.51.100.2 1000 2000\r\n");
            Await.until("it waits", () -> behind.visitorCount() == 1);
            AskingClient second = AskingClient.connect(behind, words, "alice", limits);
            open.add(second);
            second.establish().control().say("OPEN tcp/" + port);
            assertEquals("tcp/" + port, second.header(1).endpoint());
            second.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "there"));
            Visitor.expect(visitor, "there");
            second.close(); // the server would wait for it
        }
    }

    /** Nobody else notices that the endpoint is withdrawn now. */
    @Test
    void visitorThatNoOtherTunnelTakesIsResetAtOnce() throws IOException {
        AskingClient first = share("");
        AskingClient second = share("");
        first.say("READY tcp/" + port + " no");
        assertEquals("CLOSED tcp/1", first.ask("CLOSE tcp/1"));
        for (int n = 0; n < BACKLOG; n++) {
            visit();
            second.header(2 * n + 1); // is not accepted
        }
        Socket visitor = visit();
        settle(second);
        assertEquals("CLOSED tcp/" + port, second.ask("CLOSE tcp/" + port));
        Visitor.expectReset(visitor);
    }

    /** A client that is gone without a word, while the network says nothing. */
    @Tag("slow") // two seconds until a silence counts
    @Test
    void silentTunnelGetsNoVisitors() throws Exception {
        share("resume"); // answers no more pings
        AskingClient second = share("");
        Call<String> answering = Call.of(second::hear);
        Await.until(
                "the first one is silent",
                () -> server.tunnels().connections().stream()
                                .filter(connection -> !connection.canTakeVisitor())
                                .count()
                        == 1);
        second.say("CLOSE tcp/1");
        assertEquals("CLOSED tcp/1", answering.result());
        for (int id = 1; id <= 5; id += 2) {
            visit();
            second.header(id);
        }
    }

    @Test
    void tunnelThatIsAloneIsNotPinged() throws IOException {
        AskingClient first = share("");
        first.yamux().expectNothing();
        AskingClient second = share("");
        WireFrame ping = first.yamux().next();
        assertEquals(WireFrame.ping(WireFrame.SYN, ping.length()), ping, "with another one it is");
        first.yamux().send(WireFrame.ping(ACK, ping.length()));
        assertEquals("CLOSED tcp/" + port, second.ask("CLOSE tcp/" + port));
        settle(first);
        ServerTunnel tunnel = server.tunnels().all().get(0);
        assertFalse(
                CompletableFuture.supplyAsync(() -> tunnel.endpoints().sharing().isMutual(), tunnel.loop()::execute)
                        .join());
    }

    /** As after a visitor that its service has reset at once. */
    @Test
    void equalTunnelsTakeTurns() throws IOException {
        AskingClient first = share("");
        AskingClient second = share("");
        visit();
        first.header(1);
        first.yamux().send(WireFrame.window(1, ACK | RST, 0));
        Await.until("it has left", () -> server.visitorCount() == 0);
        visit();
        second.header(1);
        second.yamux().send(WireFrame.window(1, ACK | RST, 0));
        Await.until("it has left", () -> server.visitorCount() == 0);
        visit();
        first.header(3);
    }

    /** The tunnel that has the endpoint is asked to close it while a visitor is on its way to a loop of a former sharer. */
    @Test
    void closeWaitsForAVisitorOnItsWay() throws Exception {
        AskingClient first = share("");
        AskingClient second = share("resume");
        AskingClient joined =
                ask("visitor-address port=none join=" + second.lease()).establish();
        Loop home = server.tunnels().all().get(0).loop();
        TunnelConnection elsewhere = server.tunnels().connections().stream()
                .filter(connection -> connection.loop() != home)
                .findFirst()
                .orElseThrow();
        Await.until("it takes visitors", elsewhere::takesVisitors);
        visit();
        first.header(1);
        CountDownLatch goesOn = new CountDownLatch(1);
        elsewhere.loop().execute(() -> awaitQuietly(goesOn));
        visit(); // goes to the connection whose turn it is, on the other loop
        Await.until("it is on its way", () -> elsewhere.visitors().present() == 1);
        assertEquals("CLOSED tcp/" + port, second.ask("CLOSE tcp/" + port));
        first.say("CLOSE tcp/" + port);
        Visitor.awaitRefused(port);
        settle(second);
        assertEquals(1, server.openTunnels().get(0).endpoints().size(), "it is not closed yet");
        goesOn.countDown();
        joined.header(1);
        assertEquals("CLOSED tcp/" + port, first.hear());
    }

    @Test
    void leaseOfAnotherSharingIsUnknown() throws IOException {
        ClientLimits alone = ClientLimits.builder().ports(port, port).build();
        AskingClient before = AskingClient.connect(server, "visitor-address port=none resume", "alice", alone);
        open.add(before);
        before.establish().die();
        Await.until("it is held", () -> server.tunnels().connections().isEmpty());
        ask("visitor-address port=none resume=" + before.lease()).assertRefused("lease-unknown");
        AskingClient same =
                AskingClient.connect(server, "visitor-address port=none resume=" + before.lease(), "alice", alone);
        open.add(same);
        assertEquals("OK", same.line().keyword());
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Has the server handle all that the client has said. Answers pings, and skips everything else. */
    private static void settle(AskingClient client) throws IOException {
        assertEquals("CLOSED tcp/1", client.ask("CLOSE tcp/1"));
    }

    /** Has a tunnel that serves the endpoint together with others. */
    private AskingClient share(String words) throws IOException {
        AskingClient client = ask("visitor-address port=none" + (words.isEmpty() ? "" : " " + words));
        share(client.establish().control());
        return client;
    }

    private void share(AskingClient client) throws IOException {
        assertEquals(
                "OPENED tcp/" + port + " share public=127.0.0.1:" + port, client.ask("OPEN tcp/" + port + " share"));
    }

    private AskingClient ask(String words) throws IOException {
        AskingClient client = AskingClient.connect(server, words, "alice", limits);
        open.add(client);
        return client;
    }

    private Socket visit() throws IOException {
        Socket visitor = Visitor.connect(port);
        open.add(visitor);
        return visitor;
    }
}
