package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.SessionOptions;

/** A tunnel with a lease outlives its connections: its port stays, and its visitors wait. */
@ExtendWith(LeakCheck.EachTest.class)
class LeasedTunnelTest {
    private static final int GO_AWAY_NORMAL = 0;

    private final List<String> heard = new CopyOnWriteArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private @Nullable RelayServer server;

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open) each.close();
        server().close();
    }

    @Test
    void grantsALeaseOnlyToThoseWhoAsk() throws IOException {
        start(options -> options);
        assertEquals(List.of("port"), List.copyOf(ask("").line().words().keySet()));
        AskingClient client = ask("resume");
        assertEquals(
                List.of("port", "lease", "ttl", "connection", "seen"),
                List.copyOf(client.line().words().keySet()));
        assertEquals("30", client.line().value("ttl"));
        assertEquals("1", client.line().value("connection"));
    }

    @Test
    void clientThatIsKilledComesBackToItsPortAndNobodyIsRefused() throws IOException {
        start(options -> options);
        AskingClient first = ask("resume").establish();
        Socket connected = visit(first);
        first.yamux().expect(WireFrame.window(1, SYN, 0));
        first.die();
        Visitor.expectReset(connected);
        Socket waiting = visit(first);
        Visitor.send(waiting, "hello");
        AskingClient second = ask("resume=" + first.lease());
        assertEquals(first.port(), second.port());
        assertNotEquals(first.lease(), second.lease());
        assertEquals("2", second.line().value("connection"));
        second.yamux().expect(WireFrame.ping(SYN, 1), WireFrame.window(1, SYN, 0), WireFrame.data(1, "hello"));
        second.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "there"));
        Visitor.expect(waiting, "there");
        Socket later = visit(second);
        second.yamux().expect(WireFrame.window(3, SYN, 0));
        assertEquals(1, server().tunnelCount());
        assertEquals(2, server().visitorCount());
        Visitor.reset(later);
    }

    @Test
    void cleanCloseWithoutByeIsALossToo() throws IOException {
        start(options -> options);
        AskingClient first = ask("resume").establish();
        first.yamux().send(WireFrame.goAway(GO_AWAY_NORMAL));
        first.close();
        expect("up", "held");
        AskingClient second = ask("resume=" + first.lease()).establish();
        assertEquals(first.port(), second.port());
        expect("up", "held", "resumed");
    }

    @Test
    void silentConnectionIsReplacedAtOnceAndItsVisitorsAreReset() throws IOException {
        start(options -> options);
        AskingClient stopped = ask("resume").establish();
        Socket visitor = visit(stopped);
        stopped.yamux().expect(WireFrame.window(1, SYN, 0));
        AskingClient second = ask("resume=" + stopped.lease()).establish();
        Visitor.expectReset(visitor);
        stopped.yamux().expectGone();
        visit(second);
        second.yamux().expect(WireFrame.window(1, SYN, 0));
        Await.until("one connection", () -> server().tunnels().connections().size() == 1);
        assertEquals(1, server().tunnelCount());
    }

    @Test
    void visitorsOfAConnectionThatWentAwayFinishAndNewOnesWaitForTheNext() throws IOException {
        start(options -> options);
        AskingClient first = ask("resume").establish();
        Socket finishing = visit(first);
        first.yamux().expect(WireFrame.window(1, SYN, 0));
        first.yamux().send(WireFrame.goAway(GO_AWAY_NORMAL));
        first.yamux().expectNothing();
        Socket waiting = visit(first);
        AskingClient second = ask("resume=" + first.lease());
        second.yamux().expect(WireFrame.ping(SYN, 1), WireFrame.window(1, SYN, 0));
        first.yamux().send(WireFrame.data(1, "last"), WireFrame.window(1, FIN, 0));
        Visitor.expect(finishing, "last");
        Visitor.expectEnd(finishing);
        second.yamux().send(WireFrame.data(1, "first"));
        Visitor.expect(waiting, "first");
    }

    @Test
    void idleConnectionThatWentAwayEndsWhenItsClientReturns() throws IOException {
        start(options -> options);
        AskingClient first = ask("resume").establish();
        first.yamux().send(WireFrame.goAway(GO_AWAY_NORMAL));
        first.yamux().expectNothing();
        ask("resume=" + first.lease()).establish();
        Await.until("one is left", () -> server().tunnels().connections().size() == 1);
    }

    @Test
    void idleConnectionThatWentAwayEndsWithTheTunnel() throws IOException {
        start(options -> options.lease(Duration.ofMillis(300)));
        AskingClient client = ask("resume").establish();
        client.yamux().send(WireFrame.goAway(GO_AWAY_NORMAL));
        expect("up", "held", "down its client has not come back for 300 ms");
        Await.until("none is left", () -> server().tunnels().connections().isEmpty());
        assertTrue(server().close(Duration.ofMinutes(5)));
    }

    @Test
    void connectionsThatFinishAreBounded() throws IOException {
        start(options -> options);
        ClientLimits two = ClientLimits.builder().maxConnections(2).build();
        List<AskingClient> clients = new ArrayList<>();
        List<Socket> visitors = new ArrayList<>();
        String words = "resume";
        for (int i = 0; i < 4; i++) {
            AskingClient client = ask(words, "alice", two).establish();
            clients.add(client);
            if (i == 3) break;
            words = "resume=" + client.lease();
            visitors.add(visit(client));
            client.yamux().expect(WireFrame.window(1, SYN, 0));
            client.yamux().send(WireFrame.goAway(GO_AWAY_NORMAL));
            client.yamux().expectNothing();
        }
        Visitor.expectReset(visitors.get(0));
        clients.get(0).yamux().expectGone();
        for (int i = 1; i < 3; i++) {
            clients.get(i).yamux().send(WireFrame.data(1, "last"));
            Visitor.expect(visitors.get(i), "last");
        }
        assertEquals(3, server().tunnels().connections().size());
    }

    @Tag("slow") // a second until the old client counts as silent
    @Test
    void portThatPassesToANewTunnelIsNotServedWithTheLockOfTheOldSession() throws IOException {
        start(options ->
                options.session(SessionOptions.builder().maxUnacknowledged(1).build()));
        ClientLimits own = ClientLimits.builder().port(FixedPort.free()).build();
        AskingClient old = ask("", "alice", own).establish();
        Socket finishing = visit(old);
        old.yamux().expect(WireFrame.window(1, SYN, 0)); // no room for another: the session reports when there is
        AskingClient next = ask("resume", "alice", own).establish(); // because the old client answers no ping
        next.die();
        Await.until("the port is held", () -> heard.contains("held"));
        Socket second = visit(old);
        Await.until("one waits", () -> server().visitorCount() == 2);
        Socket third = visit(old);
        Await.until("two wait", () -> server().visitorCount() == 3);
        AskingClient last = ask("resume=" + next.lease(), "alice", own);
        last.yamux().expect(WireFrame.ping(SYN, 1), WireFrame.window(1, SYN, 0));
        old.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "old"));
        Visitor.expect(finishing, "old");
        last.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "new"));
        Visitor.expect(second, "new");
        last.yamux().expect(WireFrame.window(3, SYN, 0));
        last.yamux().send(WireFrame.window(3, ACK, 0), WireFrame.data(3, "newer"));
        Visitor.expect(third, "newer");
    }

    @Test
    void linesOfAConnectionThatWasReplacedAreIgnored() throws IOException {
        start(options -> options);
        AskingClient first = ask("resume").establish();
        visit(first);
        first.yamux().expect(WireFrame.window(1, SYN, 0));
        first.yamux().send(WireFrame.goAway(GO_AWAY_NORMAL));
        first.yamux().expectNothing();
        AskingClient second = ask("resume=" + first.lease()).establish();
        say(first, "BYE\n");
        first.yamux().expectNothing();
        visit(second);
        second.yamux().expect(WireFrame.window(1, SYN, 0));
    }

    @Test
    void lostAnswerDoesNotCostTheTunnel() throws IOException {
        start(options -> options);
        AskingClient first = ask("resume").establish();
        first.die();
        expect("up", "held");
        AskingClient unheard = ask("resume=" + first.lease());
        unheard.die();
        Await.until(
                "its loss was noticed", () -> server().openTunnels().get(0).connections() == 0); // else it is pinged
        AskingClient second = ask("resume=" + first.lease()).establish();
        assertEquals(first.port(), second.port());
        second.die();
        ask("resume=" + unheard.lease()).assertRefused("lease-unknown");
        ask("resume=" + first.lease()).assertRefused("lease-unknown");
        assertEquals(first.port(), ask("resume=" + second.lease()).port());
    }

    @Test
    void olderConnectionThatComesLateDoesNotReplaceTheNewerOne() throws Exception {
        start(options -> options);
        AskingClient first = ask("resume").establish();
        AskingClient delayed = AskingClient.delayed(server(), "resume=" + first.lease());
        open.add(delayed);
        AskingClient second = ask("resume=" + first.lease()).establish();
        delayed.begin();
        delayed.yamux().expectGone();
        second.yamux().expectNothing();
    }

    private void assertUnknown(String lease) throws IOException {
        try (AskingClient refused = ask("resume=" + lease)) {
            refused.assertRefused("lease-unknown");
        }
    }

    @Test
    void unknownLeasesAreRefused() throws IOException {
        start(options -> options);
        AskingClient client = ask("resume").establish();
        for (String lease :
                List.of("x", "a.b", client.lease() + "0", client.lease().substring(1))) {
            assertUnknown(lease);
        }
        assertUnknown(Lease.tunnelOf(client.lease()) + "." + "0".repeat(32));
        assertEquals(5, server().statistics().refusals().get(Refusal.LEASE_UNKNOWN));
        client.yamux().expectNothing();
        assertEquals(1, server().tunnelCount());
        Await.until("nothing pending", () -> server().admission().pending() == 0);
    }

    @Test
    void leaseIsValidOnlyWithTheNameThatObtainedIt() throws IOException {
        start(options -> options);
        AskingClient alice = ask("resume", "alice").establish();
        ask("resume=" + alice.lease()).assertRefused("lease-unknown");
        ask("resume=" + alice.lease(), "bob").assertRefused("lease-unknown");
        assertEquals(alice.port(), ask("resume=" + alice.lease(), "alice").port());
    }

    @Test
    void otherPortOrOtherHeadersAreABadRequest() throws IOException {
        start(options -> options);
        AskingClient client = ask("resume").establish();
        ask("port=1 resume=" + client.lease()).assertRefused("bad-request");
        ask("visitor-address resume=" + client.lease()).assertRefused("bad-request");
        ask("port=none").assertRefused("bad-request");
        client.yamux().expectNothing();
        ask("port=" + client.port() + " resume=" + client.lease()).establish();
    }

    @Test
    void tunnelEndsWhenItsClientStaysAway() throws IOException {
        start(options -> options.lease(Duration.ofMillis(300)));
        AskingClient client = ask("resume").establish();
        client.die();
        Socket waiting = Visitor.connect(client.port());
        Visitor.expectReset(waiting);
        waiting.close();
        ServerDrainTest.awaitClosed(server(), client.port());
        ask("resume=" + client.lease()).assertRefused("lease-unknown");
        expect("up", "held", "down its client has not come back for 300 ms");
        assertEquals(0, server().tunnelCount());
        assertEquals(0, server().visitorCount());
    }

    @Test
    void leaseOfNoTimeDoesNotHold() throws IOException {
        start(options -> options.lease(Duration.ZERO));
        AskingClient client = ask("resume").establish();
        assertEquals("0", client.line().value("ttl"));
        ask("resume=" + client.lease()).assertRefused("lease-unknown");
        client.die();
        ServerDrainTest.awaitClosed(server(), client.port());
        Await.until("the end", () -> server().tunnelCount() == 0);
    }

    @Test
    void clientThatNeverAnsweredIsNotWaitedFor() throws IOException {
        start(options -> options);
        AskingClient client = ask("resume");
        client.die();
        ServerDrainTest.awaitClosed(server(), client.port());
        Await.until("the end", () -> server().tunnelCount() == 0);
    }

    @Test
    void oneHundredAndTwentyEightVisitorsWaitAndTheRestInTheKernel() throws IOException {
        start(options -> options);
        AskingClient first = ask("resume").establish();
        first.die();
        expect("up", "held");
        for (int i = 0; i < TunnelVisitors.MOST_WAITING + 5; i++) visit(first);
        Await.until("all places are taken", () -> server().visitorCount() == TunnelVisitors.MOST_WAITING);
        AskingClient second = ask("resume=" + first.lease());
        second.yamux().expect(WireFrame.ping(SYN, 1));
        for (int i = 0; i < TunnelVisitors.MOST_WAITING + 5; i++) {
            second.yamux().expect(WireFrame.window(2 * i + 1, SYN, 0));
        }
        assertEquals(TunnelVisitors.MOST_WAITING + 5, server().visitorCount());
    }

    @Test
    void waitingVisitorsCountAgainstTheLimits() throws IOException {
        start(options -> options.maxVisitorsPerTunnel(2));
        AskingClient client = ask("resume").establish();
        client.die();
        expect("up", "held");
        Socket one = visit(client);
        visit(client);
        Await.until("two wait", () -> server().visitorCount() == 2);
        Visitor.expectReset(visit(client));
        one.close();
    }

    // ---- the deliberate end

    @Test
    void byeEndsTheTunnelWithItsLastVisitor() throws IOException {
        start(options -> options);
        AskingClient client = ask("resume").establish();
        Socket visitor = visit(client);
        client.yamux().expect(WireFrame.window(1, SYN, 0));
        say(client, "BYE\n");
        ServerDrainTest.awaitClosed(server(), client.port());
        Visitor.awaitRefused(client.port());
        client.yamux().send(WireFrame.data(1, "end"), WireFrame.window(1, FIN, 0));
        Visitor.expect(visitor, "end");
        visitor.shutdownOutput();
        Visitor.expectEnd(visitor);
        expect("up", "down null");
    }

    @Test
    void tunnelThatIsFinishingKeepsNoOtherOut() throws IOException {
        start(options -> options.maxTunnels(1));
        AskingClient first = ask("resume").establish();
        Socket ofFirst = leave(first);
        AskingClient second = ask("resume").establish();
        assertEquals(OpenTunnel.State.CLOSING, server().openTunnels().get(0).state());
        ask("resume").assertRefused("limit-reached");
        first.yamux().send(WireFrame.data(1, "still"));
        Visitor.expect(ofFirst, "still");
        Socket ofSecond = leave(second);
        Visitor.expectReset(ofFirst); // as many are finishing as there may be tunnels
        first.yamux().expectGone();
        second.yamux().send(WireFrame.data(1, "still"));
        Visitor.expect(ofSecond, "still");
        ask("resume").establish();
    }

    @Test
    void tunnelThatEndsWithoutVisitorsDisplacesNoneThatIsFinishing() throws IOException {
        start(options -> options.maxTunnels(1));
        AskingClient first = ask("resume").establish();
        Socket ofFirst = leave(first);
        AskingClient second = ask("resume").establish();
        say(second, "BYE\n");
        Await.until("it has ended", () -> server().tunnelCount() == 1);
        ask("resume").establish();
        first.yamux().send(WireFrame.data(1, "still"));
        Visitor.expect(ofFirst, "still");
    }

    @Test
    void tunnelWithoutALeaseThatIsFinishingKeepsNoOtherOut() throws IOException {
        start(options -> options.maxTunnels(1));
        AskingClient first = ask("").establish();
        visit(first);
        first.yamux().expect(WireFrame.window(1, SYN, 0));
        first.yamux().send(WireFrame.goAway(GO_AWAY_NORMAL));
        ServerDrainTest.awaitClosed(server(), first.port());
        ask("").establish();
        assertEquals(OpenTunnel.State.CLOSING, server().openTunnels().get(0).state());
        ask("").assertRefused("limit-reached");
    }

    /** Ends the tunnel of a client while its first visitor is connected. */
    private Socket leave(AskingClient client) throws IOException {
        Socket visitor = visit(client);
        client.yamux().expect(WireFrame.window(1, SYN, 0));
        client.yamux().send(WireFrame.window(1, ACK, 0));
        say(client, "BYE\n");
        ServerDrainTest.awaitClosed(server(), client.port());
        return visitor;
    }

    @Test
    void leaseIsUnknownAfterByeWhileVisitorsFinish() throws IOException {
        start(options -> options);
        AskingClient client = ask("resume").establish();
        visit(client);
        client.yamux().expect(WireFrame.window(1, SYN, 0));
        say(client, "BYE\n");
        ServerDrainTest.awaitClosed(server(), client.port());
        ask("resume=" + client.lease()).assertRefused("lease-unknown");
        ask("join=" + client.lease()).assertRefused("lease-unknown");
        client.yamux().expectNothing();
    }

    @Test
    void repeatedByeIsIgnored() throws IOException {
        try (Logged log = Logged.below("org.relay4j")) {
            start(options -> options);
            AskingClient client = ask("resume").establish();
            visit(client);
            client.yamux().expect(WireFrame.window(1, SYN, 0));
            say(client, "BYE\nBYE\nBYE\n");
            client.yamux().expectNothing();
            ServerDrainTest.awaitClosed(server(), client.port());
            assertEquals(
                    1,
                    log.lines().stream()
                            .filter(line -> line.contains("the client ends the tunnel"))
                            .count());
        }
    }

    @Test
    void unknownLinesAreIgnoredAndLinesMayComeInPieces() throws IOException {
        start(options -> options);
        AskingClient client = ask("resume").establish();
        say(client, "HELLO again\nBY");
        client.yamux().send(WireFrame.data(2, "E"));
        client.yamux().expectNothing();
        assertEquals(1, server().tunnelCount());
        client.yamux().send(WireFrame.data(2, "\n"));
        ServerDrainTest.awaitClosed(server(), client.port());
        expect("up", "down null");
    }

    @Test
    void lineThatIsTooLongResetsTheControlStream() throws IOException {
        start(options -> options);
        AskingClient client = ask("resume").establish();
        say(client, "x".repeat(1_023));
        client.yamux().expectNothing();
        client.yamux().send(WireFrame.data(2, "x"));
        client.yamux().expect(WireFrame.window(2, RST, 0));
        client.yamux().send(WireFrame.data(2, "\nBYE\n"));
        client.yamux().expectNothing();
        assertEquals(1, server().tunnelCount());
    }

    @Test
    void lineThatIsNoTextResetsTheControlStream() throws IOException {
        start(options -> options);
        AskingClient client = ask("resume").establish();
        client.yamux().send(WireFrame.window(2, SYN, 0), WireFrame.data(2, new byte[] {'B', 0, '\n'}));
        client.yamux().expect(WireFrame.window(2, RST, 0));
    }

    @Test
    void secondControlStreamIsReset() throws IOException {
        start(options -> options);
        AskingClient client = ask("resume").establish();
        say(client, "x\n");
        client.yamux().send(WireFrame.window(4, SYN, 0));
        client.yamux().expect(WireFrame.window(4, RST, 0));
    }

    @Test
    void controlStreamIsNoVisitorAndDoesNotTurnACleanEndIntoALoss() throws IOException {
        start(options -> options.lease(Duration.ZERO));
        AskingClient client = ask("resume").establish();
        say(client, "x\n");
        assertEquals(0, server().visitorCount());
        client.yamux().send(WireFrame.goAway(GO_AWAY_NORMAL));
        client.close();
        expect("up", "down clean");
    }

    @Test
    void clientThatAskedForNothingGetsNoControlStream() throws IOException {
        start(options -> options);
        AskingClient client = ask("").establish();
        client.yamux().send(WireFrame.window(2, SYN, 0));
        client.yamux().expect(WireFrame.window(2, RST, 0));
    }

    // ---- limits

    @Test
    void heldTunnelGivesWayAtALimitAndIsNotResumedThen() throws IOException {
        start(options -> options.maxTunnels(1));
        AskingClient first = ask("resume").establish();
        ask("").assertRefused("limit-reached");
        first.die();
        expect("up", "held");
        AskingClient second = ask("").establish();
        assertNotEquals(first.port(), second.port());
        Await.until(() -> "heard " + heard, () -> heard.size() == 4);
        Set<String> last = Set.copyOf(heard.subList(2, 4)); // in any order, since they are about two tunnels
        assertEquals(Set.of("down a newer tunnel took its place at a limit", "up"), last);
        ask("resume=" + first.lease()).assertRefused("lease-unknown");
        ask("").assertRefused("limit-reached");
        assertEquals(1, server().tunnelCount());
    }

    @Test
    void clientComesBackToAFullServer() throws IOException {
        start(options -> options.maxTunnels(1));
        AskingClient first = ask("resume").establish();
        AskingClient second = ask("resume=" + first.lease()).establish();
        second.die();
        expect("up", "resumed", "held");
        ask("resume=" + second.lease()).establish();
        ask("").assertRefused("limit-reached");
    }

    @Test
    void tunnelsOfANameAreBounded() throws IOException {
        start(options -> options);
        ClientLimits one = ClientLimits.builder().maxTunnels(1).build();
        AskingClient alice = ask("resume", "alice", one).establish();
        ask("", "alice", one).assertRefused("limit-reached");
        ask("", "bob", one).establish();
        alice.die();
        expect("up", "up", "held");
        ask("", "alice", one).establish();
        Await.until("the held tunnel has ended for it", () -> server().tunnelCount() == 2);
        assertEquals(1, server().statistics().refusals().get(Refusal.TUNNELS_OF_NAME));
    }

    // ---- the end of the server

    @Test
    void closeEndsHeldTunnelsAndResetsThoseThatWait() throws IOException {
        start(options -> options);
        AskingClient client = ask("resume").establish();
        client.die();
        expect("up", "held");
        Socket waiting = visit(client);
        Await.until("it waits", () -> server().visitorCount() == 1);
        server().close();
        Visitor.expectReset(waiting);
        expect("up", "held", "down null");
    }

    @Test
    void closeWithTimeDoesNotWaitForClientsThatAreAway() throws IOException {
        start(options -> options);
        AskingClient client = ask("resume").establish();
        client.die();
        expect("up", "held");
        assertTrue(server().close(Duration.ofMinutes(5)));
    }

    @Test
    void leasesAreNotLogged() throws IOException {
        try (Logged log = Logged.below("org.relay4j")) {
            start(options -> options);
            AskingClient first = ask("resume").establish();
            first.die();
            expect("up", "held");
            AskingClient second = ask("resume=" + first.lease()).establish();
            log.await("held for 30000 ms");
            assertTrue(log.await("resumed by client 127.0.0.1").startsWith("INFO"));
            for (String line : log.lines()) {
                assertFalse(line.contains(first.lease()) || line.contains(second.lease()), line);
            }
        }
    }

    // ---- helpers

    private void start(UnaryOperator<RelayServerOptions.Builder> options) throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        RelayServerOptions.Builder builder = RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .loops(2)
                .extended(true)
                .listener(new Heard());
        server = RelayServer.start(options.apply(builder).build());
    }

    private RelayServer server() {
        if (server == null) throw new IllegalStateException("not started");
        return server;
    }

    private AskingClient ask(String words) throws IOException {
        return ask(words, null);
    }

    private AskingClient ask(String words, @Nullable String name) throws IOException {
        return ask(words, name, ClientLimits.defaults());
    }

    private AskingClient ask(String words, @Nullable String name, ClientLimits limits) throws IOException {
        AskingClient client = AskingClient.connect(server(), words, name, limits);
        open.add(client);
        return client;
    }

    private Socket visit(AskingClient client) throws IOException {
        Socket visitor = client.visit();
        open.add(visitor);
        return visitor;
    }

    private static void say(AskingClient client, String text) throws IOException {
        client.yamux().send(WireFrame.window(2, SYN, 0), WireFrame.data(2, text.getBytes(StandardCharsets.US_ASCII)));
        client.yamux().expect(WireFrame.window(2, ACK, text.length()));
    }

    private void expect(String... events) {
        Await.until(() -> "heard " + heard, () -> heard.equals(List.of(events)));
    }

    private final class Heard implements RelayServerListener {
        @Override
        public void tunnelUp(RelayServer from, ServedTunnel tunnel) {
            heard.add("up");
        }

        @Override
        public void tunnelHeld(RelayServer from, ServedTunnel tunnel) {
            heard.add("held");
        }

        @Override
        public void tunnelResumed(RelayServer from, ServedTunnel tunnel) {
            heard.add("resumed");
        }

        @Override
        public void tunnelDown(RelayServer from, ServedTunnel tunnel, @Nullable Throwable cause) {
            if (cause instanceof org.relay4j.api.TunnelLostException lost && lost.isClean()) heard.add("down clean");
            else if (cause == null) heard.add("down null");
            else heard.add("down " + String.valueOf(cause.getMessage()).replace("the tunnel was lost: ", ""));
        }
    }
}
