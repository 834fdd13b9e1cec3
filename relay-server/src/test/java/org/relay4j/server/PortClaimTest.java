package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;

/** Clients that ask for a certain public port, and names that take their own port back. */
@ExtendWith(LeakCheck.EachTest.class)
class PortClaimTest {
    private final List<AutoCloseable> open = new ArrayList<>();
    private final RelayServer server = AskingClient.server();
    private final int port;
    private final ClientLimits own;

    PortClaimTest() throws IOException {
        port = FixedPort.free();
        own = ClientLimits.builder().port(port).build();
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open) each.close();
        server.close();
    }

    @Test
    void clientGetsThePortThatItAsksFor() throws IOException {
        assertEquals(port, ask("port=" + port, "alice", own).establish().port());
    }

    @Test
    void nameThatAsksForNoneGetsItsOwn() throws IOException {
        assertEquals(port, ask("", "alice", own).establish().port());
    }

    @Test
    void portOutsideThePolicyIsUnavailable() throws IOException {
        ask("port=" + port, null, ClientLimits.defaults()).assertRefused("port-unavailable");
        int other = port == 65_535 ? 1 : port + 1;
        ask("port=" + other, "alice", own).assertRefused("port-unavailable");
        assertEquals(2, server.statistics().refusals().get(Refusal.PORT_UNAVAILABLE));
        assertEquals(0, server.tunnelCount());
    }

    @Test
    void portOfAnotherClientOrProgramIsUnavailable() throws IOException {
        ask("", "alice", own).establish();
        ask("port=" + port, "bob", own).assertRefused("port-unavailable");
        ask("port=" + port, null, own).assertRefused("port-unavailable");
        try (java.net.ServerSocket program = new java.net.ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int taken = program.getLocalPort();
            ask("port=" + taken, "bob", ClientLimits.builder().port(taken).build())
                    .assertRefused("port-unavailable");
        }
        assertEquals(1, server.tunnelCount());
    }

    @Test
    void nameWithARangeGetsAnyFreePortOfIt() throws IOException {
        int first = FixedPort.range(3);
        ClientLimits range = ClientLimits.builder().ports(first, first + 2).build();
        List<Integer> given = new ArrayList<>();
        for (int i = 0; i < 3; i++)
            given.add(ask("", "alice", range).establish().port());
        assertEquals(List.of(first, first + 1, first + 2), given);
        ask("", "alice", range).assertRefused("no-port-free");
    }

    @Test
    void nameTakesItsHeldPortBackAtOnceWithTheVisitorsThatWait() throws IOException {
        AskingClient first = ask("resume", "alice", own).establish();
        first.die();
        Await.until("it is held", () -> server.tunnels().connections().isEmpty());
        Socket waiting = Visitor.connect(port);
        open.add(waiting);
        Visitor.send(waiting, "hello");
        AskingClient second = ask("", "alice", own);
        assertEquals(port, second.port());
        second.yamux().expect(WireFrame.ping(SYN, 1), WireFrame.window(1, SYN, 0), WireFrame.data(1, "hello"));
        ask("resume=" + first.lease(), "alice", own).assertRefused("lease-unknown");
        assertEquals(1, server.tunnelCount());
        second.yamux().send(WireFrame.ping(WireFrame.ACK, 1));
        Await.until("it is up", () -> server.openTunnels().size() == 1);
        OpenTunnel now = server.openTunnels().get(0);
        assertEquals(List.of(1L, 1L), List.of((long) now.openVisitors(), now.visitors()));
        assertEquals(1, server.clients().get(0).visitors());
        second.yamux().send(WireFrame.data(1, "there"), WireFrame.window(1, FIN, 0));
        Visitor.expect(waiting, "there");
        waiting.close();
        Await.until("the visitor has left", () -> server.openTunnels().get(0).openVisitors() == 0);
        assertEquals(0, server.visitorCount());
    }

    @Test
    void nameThatSaidByeTakesItsPortBackWhileVisitorsFinish() throws IOException {
        AskingClient first = ask("resume", "alice", own).establish();
        open.add(first.visit());
        first.yamux().expect(WireFrame.window(1, SYN, 0));
        byte[] bye = "BYE\n".getBytes(StandardCharsets.US_ASCII);
        first.yamux().send(WireFrame.window(2, SYN, 0), WireFrame.data(2, bye));
        Visitor.awaitRefused(port);
        AskingClient second = ask("", "alice", own).establish();
        assertEquals(port, second.port());
        open.add(second.visit());
        second.yamux().expect(WireFrame.window(1, SYN, 0));
    }

    @Test
    void nameThatWentAwayWithoutALeaseTakesItsPortBackWhileVisitorsFinish() throws IOException {
        AskingClient first = ask("", "alice", own).establish();
        open.add(first.visit());
        first.yamux().expect(WireFrame.window(1, SYN, 0));
        first.yamux().send(WireFrame.goAway(0));
        Visitor.awaitRefused(port);
        AskingClient second = ask("", "alice", own).establish();
        assertEquals(port, second.port());
        open.add(second.visit());
        second.yamux().expect(WireFrame.window(1, SYN, 0));
    }

    @Test
    void visitorsOfTheOldTunnelDoNotCountAgainstTheLimitsOfTheNew() throws IOException {
        ClientLimits one =
                ClientLimits.builder().port(port).maxVisitorsPerAddress(1).build();
        AskingClient first = ask("resume", "alice", one).establish();
        Socket finishing = first.visit();
        open.add(finishing);
        first.yamux().expect(WireFrame.window(1, SYN, 0));
        first.yamux().send(WireFrame.goAway(0));
        first.yamux().expectNothing();
        AskingClient second = ask("", "alice", one).establish();
        open.add(second.visit());
        second.yamux().expect(WireFrame.window(1, SYN, 0));
        finishing.close();
        first.yamux().expect(WireFrame.window(1, FIN, 0));
        first.yamux().send(WireFrame.window(1, FIN, 0));
        Await.until("one has left", () -> server.visitorCount() == 1);
        try (Socket third = second.visit()) {
            Visitor.expectReset(third);
        }
    }

    @Test
    void tunnelDoesNotGiveWayToOneThatGetsNoPort() throws IOException {
        ClientLimits one = ClientLimits.builder().maxTunnels(1).build();
        AskingClient first = ask("resume", "alice", one).establish();
        first.die();
        Await.until("it is held", () -> server.tunnels().connections().isEmpty());
        try (java.net.ServerSocket program = new java.net.ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int taken = program.getLocalPort();
            ClientLimits other =
                    ClientLimits.builder().port(taken).maxTunnels(1).build();
            ask("", "alice", other).assertRefused("port-unavailable");
        }
        ask("resume=" + first.lease(), "alice", one).establish();
    }

    @Test
    void programThatAnswersKeepsThePort() throws IOException {
        AskingClient present = ask("", "alice", own).establish();
        Call<AskingClient> answers = Call.of(present::establish);
        ask("", "alice", own).assertRefused("port-unavailable");
        answers.result();
        open.add(present.visit());
        present.yamux().expect(WireFrame.window(1, SYN, 0));
    }

    @Test
    void portThatIsJustBeingGrantedIsNotTaken() throws IOException {
        AskingClient first = AskingClient.delayed(server, "", "alice", own);
        open.add(first);
        ask("", "alice", own).assertRefused("port-unavailable");
        first.begin();
        first.establish();
        open.add(first.visit());
        first.yamux().expect(WireFrame.window(1, SYN, 0));
    }

    @Tag("slow")
    @Test
    void silentProgramLosesThePort() throws IOException {
        AskingClient silent = ask("", "alice", own).establish();
        Socket old = Visitor.connect(port);
        open.add(old);
        silent.yamux().expect(WireFrame.window(1, SYN, 0));
        AskingClient next = ask("", "alice", own);
        assertEquals(port, next.port());
        next.establish();
        open.add(Visitor.connect(port));
        next.yamux().expect(WireFrame.window(1, SYN, 0));
        assertEquals(1, server.tunnelCount());
        old.close(); // its connection ends with it
        Await.until("one connection", () -> server.tunnels().connections().size() == 1);
    }

    @Test
    void patienceIsFourRoundTripsWithinBounds() {
        assertEquals(millis(1_000), Takeover.patience(0));
        assertEquals(millis(1_000), Takeover.patience(millis(250)));
        assertEquals(millis(1_200), Takeover.patience(millis(300)));
        assertEquals(millis(2_500), Takeover.patience(millis(60_000)));
    }

    @Test
    void revokedNameLosesItsTunnels() throws IOException {
        AskingClient alice = ask("resume", "alice", own).establish();
        AskingClient bob = ask("", "bob", ClientLimits.defaults()).establish();
        server.tunnels().revoke("alice");
        alice.yamux().expectGone();
        Visitor.awaitRefused(port);
        ask("resume=" + alice.lease(), "alice", own).assertRefused("lease-unknown");
        bob.yamux().expectNothing();
        assertEquals(1, server.tunnelCount());
    }

    @Test
    void visitorsOfANameAreBounded() throws IOException {
        AskingClient client =
                ask("", "alice", ClientLimits.builder().maxVisitors(1).build()).establish();
        open.add(client.visit());
        client.yamux().expect(WireFrame.window(1, SYN, 0));
        try (Socket second = client.visit()) {
            Visitor.expectReset(second);
        }
        Await.until("it is counted", () -> server.statistics().refusals().get(Refusal.VISITORS_OF_TUNNEL) == 1);
    }

    private static long millis(long value) {
        return TimeUnit.MILLISECONDS.toNanos(value);
    }

    private AskingClient ask(String words, @Nullable String name, ClientLimits limits) throws IOException {
        AskingClient client = AskingClient.connect(server, words, name, limits);
        open.add(client);
        return client;
    }
}
