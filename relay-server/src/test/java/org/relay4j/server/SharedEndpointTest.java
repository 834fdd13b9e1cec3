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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.Endpoint;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;

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
        first.yamux().expectNothing();
        for (int id = 1; id <= 5; id += 2) {
            visit();
            second.header(id);
        }
        second.say("READY tcp/" + port + " no");
        second.yamux().expectNothing();
        Visitor.expectReset(visit());
        first.say("READY tcp/" + port + " yes");
        first.yamux().expectNothing();
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
        second.yamux().expectNothing();
        assertEquals("CLOSED tcp/" + port, second.ask("CLOSE tcp/" + port));
        Visitor.expectReset(visitor);
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
