package org.relay4j.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.Stream;

/** Several connections of one tunnel, on one loop and on two. */
@ExtendWith(LeakCheck.EachTest.class)
class JoinedConnectionsTest {
    private final List<AutoCloseable> open = new ArrayList<>();
    private @Nullable RelayServer server;

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open) each.close();
        if (server != null) server.close();
    }

    @Test
    void visitorsGoToTheConnectionsInTurn() throws IOException {
        for (int loops = 1; loops <= 2; loops++) {
            int count = loops;
            start(options -> options.loops(count));
            Echo first = Echo.over(ask("resume"));
            Echo second = Echo.over(ask("join=" + first.lease()));
            open.add(first);
            open.add(second);
            assertEquals("2", second.client.line().value("connection"));
            assertFalse(second.client.line().has("lease"));
            assertEquals(first.client.port(), second.client.port());
            awaitTaking(2);
            assertEquals(2, loopsOfConnections(), "loops of their own, with " + count);
            Set<String> served = new HashSet<>();
            for (int i = 0; i < 10; i++) served.add(echo(first.client.port()));
            assertEquals(Set.of("1", "2"), served);
            assertEquals(10, first.streams() + second.streams());
            assertEquals(5, first.streams());
            assertEquals(1, server().tunnelCount());
            server().close();
        }
    }

    private long loopsOfConnections() {
        return server().tunnels().connections().stream()
                .map(TunnelConnection::loop)
                .distinct()
                .count();
    }

    @Test
    @Tag("slow")
    void visitorsAvoidTheConnectionWithABulkTransfer() throws Exception {
        start(options -> options.loops(2));
        Echo first = Echo.over(ask("resume"));
        Echo second = Echo.over(ask("join=" + first.lease()));
        open.add(first);
        open.add(second);
        awaitTaking(2);
        Socket bulk = visit(first);
        String busy = ask(bulk);
        String other = busy.equals("1") ? "2" : "1";
        Call<Void> transfer = Call.run(() -> {
            byte[] some = new byte[64 * 1024];
            try {
                while (true) bulk.getOutputStream().write(some);
            } catch (IOException e) {
                assertTrue(bulk.isClosed(), e::toString);
            }
        });
        Await.until("four in a row get the other connection", () -> {
            for (int i = 0; i < 4; i++) if (!echo(first.client.port()).equals(other)) return false;
            return true;
        });
        bulk.close();
        transfer.result();
        for (TunnelConnection each : server().tunnels().connections()) awaitPongs(each, 4);
        assertEquals(
                2,
                Set.copyOf(List.of(echo(first.client.port()), echo(first.client.port())))
                        .size());
        Await.until("they take turns again", () -> echo(first.client.port()).equals(busy));
    }

    private static void awaitPongs(TunnelConnection connection, int number) {
        for (int n = 0; n < number; n++) {
            long before = connection.lastReceived();
            Await.until("an answer to a ping", () -> connection.lastReceived() > before);
        }
    }

    @Tag("slow")
    @Test
    void lossOfOneCostsOnlyItsOwnVisitors() throws IOException {
        start(options -> options.loops(2));
        Echo first = Echo.over(ask("resume"));
        Echo second = Echo.over(ask("join=" + first.lease()));
        open.add(second);
        awaitTaking(2);
        Socket one = visit(first);
        Socket two = visit(first);
        String served = ask(one);
        Socket lost = served.equals("1") ? one : two;
        Socket stays = served.equals("1") ? two : one;
        assertEquals("2", ask(stays));
        first.client.die();
        Visitor.expectReset(lost);
        assertEquals("2", ask(stays));
        for (int i = 0; i < 4; i++) assertEquals("2", echo(first.client.port()));
        assertEquals(1, server().statistics().openTunnels());
        first.close();
    }

    @Test
    void lastOneLostIsHeldAndAJoinServesThoseThatWait() throws IOException {
        start(options -> options.loops(2));
        Echo first = Echo.over(ask("resume"));
        Echo second = Echo.over(ask("join=" + first.lease()));
        awaitTaking(2);
        first.close();
        second.close();
        Await.until(
                "nothing is connected", () -> server().tunnels().connections().isEmpty());
        Socket waiting = visit(first);
        Echo third = Echo.over(ask("join=" + first.lease()));
        open.add(third);
        assertEquals("3", ask(waiting));
        assertEquals("3", third.client.line().value("connection"));
    }

    @Test
    void joinInsteadOfAConnectionClosesThatOne() throws IOException {
        start(options -> options.loops(2));
        AskingClient first = ask("resume").establish();
        Socket visitor = visit(first.port());
        first.yamux().expect(WireFrame.window(1, SYN, 0));
        Echo second = Echo.over(ask("join=" + first.lease() + " instead=1"));
        open.add(second);
        Visitor.expectReset(visitor);
        first.yamux().expectGone();
        Await.until("one is left", () -> server().tunnels().connections().size() == 1);
        assertEquals("2", echo(first.port()));
        Echo third = Echo.over(ask("join=" + first.lease() + " instead=77"));
        open.add(third);
        awaitTaking(2);
    }

    /** The one that is replaced is still there when the loop is chosen. */
    @Test
    void joinInsteadOfAConnectionGetsALoopOfItsOwn() throws IOException {
        for (int loops = 1; loops <= 2; loops++) {
            int count = loops;
            start(options -> options.loops(count));
            Echo first = Echo.over(ask("resume"));
            Echo second = Echo.over(ask("join=" + first.lease()));
            awaitTaking(2);
            Echo third = Echo.over(ask("join=" + first.lease() + " instead=2"));
            open.addAll(List.of(first, second, third));
            Await.until("two are left", () -> server().tunnels().connections().size() == 2);
            awaitTaking(2);
            assertEquals(2, loopsOfConnections(), "loops of their own, with " + count);
            server().close();
        }
    }

    @Test
    void visitorThatComesBeforeTheOnlyConnectionHasAnsweredIsServed() throws IOException {
        start(options -> options.loops(2));
        AskingClient first = ask("resume").establish();
        AskingClient second = ask("join=" + first.lease() + " instead=1");
        first.yamux().expectGone();
        visit(first.port());
        Await.until("it waits", () -> server().visitorCount() == 1);
        assertEquals(WireFrame.ping(SYN, 1), second.yamux().next());
        second.yamux().send(WireFrame.ping(ACK, 1));
        nextStream(second, 1);
    }

    @Test
    void resumeEndsAConnectionThatHasNotAnswered() throws IOException {
        Duration minute = Duration.ofMinutes(1); // nothing else ends it
        start(options -> options.loops(2)
                .handshakeTimeout(minute)
                .session(SessionOptions.builder().keepAliveTimeout(minute).build()));
        AskingClient first = ask("resume").establish();
        AskingClient second = ask("join=" + first.lease());
        assertEquals(WireFrame.ping(SYN, 1), second.yamux().next());
        AskingClient third = ask("resume=" + first.lease()).establish();
        Await.until("one is left", () -> server().tunnels().connections().size() == 1);
        first.yamux().expectGone();
        second.yamux().expectGone();
        third.yamux().expectNothing();
    }

    @Test
    void portWithoutALeaseEndsWithTheLastConnectionThatTakesVisitors() throws IOException {
        start(options -> options.loops(2).lease(Duration.ZERO));
        AskingClient first = ask("resume").establish();
        AskingClient second = ask("join=" + first.lease()).establish();
        awaitTaking(2);
        for (int i = 0; i < 2; i++) visit(first.port());
        nextStream(first, 1);
        nextStream(second, 1);
        first.yamux().send(WireFrame.goAway(0));
        awaitTaking(1);
        second.die();
        Visitor.awaitRefused(first.port());
        first.yamux().skipAll(1); // its visitor is finishing
    }

    @Test
    void portWithoutALeaseWaitsForAConnectionThatHasNotAnswered() throws IOException {
        start(options -> options.loops(2).lease(Duration.ZERO));
        AskingClient first = ask("resume").establish();
        AskingClient second = ask("join=" + first.lease());
        assertEquals(WireFrame.ping(SYN, 1), second.yamux().next());
        first.yamux().send(WireFrame.goAway(0));
        awaitTaking(0);
        visit(first.port());
        second.yamux().send(WireFrame.ping(ACK, 1));
        nextStream(second, 1);
    }

    @Test
    void ninthConnectionIsRefusedUnlessItReplacesOne() throws IOException {
        start(options -> options.loops(2));
        AskingClient first = ask("resume").establish();
        for (int i = 1; i < Connections.MOST; i++) ask("join=" + first.lease()).establish();
        ask("join=" + first.lease()).assertRefused("limit-reached");
        assertEquals(1, server().statistics().refusals().get(Refusal.CONNECTIONS));
        assertEquals("9", ask("join=" + first.lease() + " instead=3").line().value("connection"));
    }

    @Test
    void connectionsOfANameAreBounded() throws IOException {
        start(options -> options);
        ClientLimits one = ClientLimits.builder().maxConnections(1).build();
        AskingClient client =
                AskingClient.connect(server(), "resume", "alice", one).establish();
        open.add(client);
        AskingClient second = AskingClient.connect(server(), "join=" + client.lease(), "alice", one);
        open.add(second);
        second.assertRefused("limit-reached");
    }

    @Test
    void leaseOfNoTimeServesToJoin() throws IOException {
        start(options -> options.lease(Duration.ZERO));
        Echo first = Echo.over(ask("resume"));
        Echo second = Echo.over(ask("join=" + first.lease()));
        open.add(second);
        awaitTaking(2);
        first.close();
        Await.until("one is left", () -> server().tunnels().connections().size() == 1);
        assertEquals("2", echo(first.client.port()));
        second.close();
        Visitor.awaitRefused(first.client.port());
    }

    @Test
    @Tag("slow")
    void resumeReplacesAllOthers() throws IOException {
        start(options -> options.loops(2));
        AskingClient first = ask("resume").establish();
        AskingClient second = ask("join=" + first.lease()).establish();
        Echo third = Echo.over(ask("resume=" + first.lease()));
        open.add(third);
        first.yamux().expectGone();
        second.yamux().expectGone();
        for (int i = 0; i < 4; i++) assertEquals("3", echo(third.client.port()));
    }

    @Tag("slow")
    @Test
    void silentConnectionGetsNoNewVisitors() throws IOException {
        start(options -> options.loops(2));
        AskingClient silent = ask("resume").establish(); // answers nothing from now on
        Echo second = Echo.over(ask("join=" + silent.lease()));
        open.add(second);
        awaitTaking(2);
        Await.until("the silence is noticed", () -> {
            int before = second.streams();
            for (int i = 0; i < 2; i++) open.add(Visitor.connect(silent.port()));
            Await.until("one has its stream", () -> second.streams() > before);
            return second.streams() == before + 2;
        });
        assertEquals("2", echo(silent.port()));
    }

    /** The network of a client with two connections has failed, and the kernel finds out about one of them first. */
    @Tag("slow")
    @Test
    void silentConnectionGetsNoVisitorsEvenIfItBecomesTheOnlyOne() throws Exception {
        start(options -> options.loops(2));
        AskingClient first = ask("resume").establish();
        AskingClient second = ask("join=" + first.lease()).establish();
        open.add(second);
        awaitTaking(2);
        Await.until(
                "both are silent",
                () -> server().tunnels().connections().stream().noneMatch(TunnelConnection::canTakeVisitor));
        first.die();
        Await.until("one is left", () -> server().tunnels().connections().size() == 1);
        TunnelConnection left = server().tunnels().connections().iterator().next();
        CompletableFuture<Boolean> taking = new CompletableFuture<>();
        left.tunnel().loop().execute(() -> left.loop().execute(() -> taking.complete(left.canTakeVisitor())));
        visit(first.port());
        assertFalse(taking.get(20, TimeUnit.SECONDS));
        nextStream(second, 1); // answers the ping before
    }

    /** The client joins it because the old connection does not answer; see client.Rescue. */
    @Tag("slow")
    @Test
    void visitorsWaitWhileTheOnlyConnectionIsSilentAndAnotherServesThem() throws IOException {
        start(options -> options.loops(2));
        AskingClient first = ask("resume").establish();
        Socket early = visit(first.port());
        first.yamux().expect(WireFrame.window(1, SYN, 0)); // and no more is answered
        TunnelConnection silent = server().tunnels().connections().iterator().next();
        Await.until("it is silent", () -> !silent.canTakeVisitor());
        Socket late = visit(first.port());
        Echo second = Echo.over(ask("join=" + first.lease()));
        open.add(second);
        assertEquals("2", ask(late));
        first.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "hello"));
        Visitor.expect(early, "hello");
        Await.until("it is heard", silent::canTakeVisitor);
    }

    @Test
    void visitorsForAConnectionWithoutRoomGoToTheOtherAndNoneIsLost() throws IOException {
        start(options -> options.loops(2)
                .session(SessionOptions.builder().maxUnacknowledged(1).build()));
        AskingClient first = ask("resume").establish();
        AskingClient second = ask("join=" + first.lease()).establish();
        awaitTaking(2);
        for (int i = 0; i < 6; i++) visit(first.port());
        int opened = 0;
        for (AskingClient each : List.of(first, second)) {
            nextStream(each, 1);
            opened++;
        }
        for (int id = 3; opened < 6; id += 2) {
            for (AskingClient each : List.of(first, second)) {
                each.yamux().send(WireFrame.window(id - 2, ACK, 0));
                nextStream(each, id);
                opened++;
            }
        }
    }

    /** Answers pings until a stream was opened. */
    private static void nextStream(AskingClient client, int id) throws IOException {
        while (true) {
            WireFrame frame = client.yamux().next();
            if (frame.equals(WireFrame.window(id, SYN, 0))) return;
            assertEquals(WireFrame.ping(SYN, frame.length()), frame);
            client.yamux().send(WireFrame.ping(ACK, frame.length()));
        }
    }

    // ---- helpers

    /** Answers each visitor with the number of the connection that it came over. */
    private static final class Echo implements AutoCloseable {
        final AskingClient client;
        private final Session session;
        private final Call<Void> accepting;

        private Echo(AskingClient client) throws IOException {
            this.client = client;
            session = client.session();
            String number = String.valueOf(client.line().value("connection"));
            accepting = Call.run(() -> {
                try {
                    for (Stream stream; (stream = session.accept()) != null; ) answer(stream, number);
                } catch (IOException e) {
                    assertFalse(session.isOpen(), e.toString());
                }
            });
        }

        static Echo over(AskingClient client) throws IOException {
            return new Echo(client);
        }

        private static void answer(Stream stream, String number) {
            Call.run(() -> {
                try (stream) {
                    byte[] some = new byte[64 * 1024];
                    while (stream.getInputStream().read(some) >= 0)
                        stream.getOutputStream().write(number.getBytes(US_ASCII));
                } catch (IOException e) {
                    assertTrue(e.getMessage() != null); // the visitor has left
                }
            });
        }

        String lease() {
            return client.lease();
        }

        int streams() {
            return (int) session.statistics().streams();
        }

        @Override
        public void close() throws IOException {
            session.close();
            accepting.result();
        }
    }

    /** Sends a byte and returns the answer. */
    private static String ask(Socket visitor) throws IOException {
        visitor.getOutputStream().write('?');
        return String.valueOf((char) visitor.getInputStream().read());
    }

    private String echo(int port) throws IOException {
        try (Socket visitor = Visitor.connect(port)) {
            return ask(visitor);
        }
    }

    private Socket visit(Echo client) throws IOException {
        return visit(client.client.port());
    }

    private Socket visit(int port) throws IOException {
        Socket visitor = Visitor.connect(port);
        open.add(visitor);
        return visitor;
    }

    private void awaitTaking(int count) {
        Await.until(
                "all take visitors",
                () -> server().tunnels().connections().stream()
                                .filter(TunnelConnection::takesVisitors)
                                .count()
                        == count);
    }

    private AskingClient ask(String words) throws IOException {
        AskingClient client = AskingClient.connect(server(), words);
        open.add(client);
        return client;
    }

    private void start(UnaryOperator<RelayServerOptions.Builder> options) throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        RelayServerOptions.Builder builder = RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .extended(true);
        server = RelayServer.start(options.apply(builder).build());
    }

    private RelayServer server() {
        if (server == null) throw new IllegalStateException("not started");
        return server;
    }
}
