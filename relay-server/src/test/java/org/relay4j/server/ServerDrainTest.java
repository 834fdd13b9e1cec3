package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.api.Endpoint;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.SessionOptions;

/** A server that shuts down: visitors finish, clients are notified, and newcomers are refused. */
@ExtendWith(LeakCheck.EachTest.class)
class ServerDrainTest {
    private static final String DRAINING = "ERR draining the server is shutting down";
    private static final WireFrame FIRST = WireFrame.window(1, SYN, 0); // visitor

    private final List<AutoCloseable> open = new ArrayList<>();
    private @Nullable RelayServer server;
    private @Nullable Call<Boolean> closing;

    @TempDir
    private Path folder;

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open) each.close();
        if (closing == null) server().close();
        else closing.result();
    }

    // ---- newcomers

    @Test
    void baseClientIsRefusedInPlaceOfThePort() throws IOException {
        start(options -> options.extended(false));
        RawClient client = RawClient.establish(server());
        open.add(client);
        open.add(client.visit());
        client.yamux().expect(FIRST);
        drain(client.port());
        try (LineClient newcomer = LineClient.plain(server())) {
            assertEquals(DRAINING, newcomer.line());
            newcomer.assertEnd();
        }
        assertEquals(1, server().statistics().refusals().get(Refusal.DRAINING));
        client.yamux().expectNothing();
    }

    @Test
    void extendedClientIsRefusedInPlaceOfHello() throws IOException {
        start(options -> options);
        AskingClient client = served("resume");
        drain(client.port());
        try (LineClient newcomer = LineClient.plain(server())) {
            newcomer.say("RELAY/1 resume=" + client.lease() + "\n"); // is read, or a reset would destroy the answer
            assertEquals(DRAINING, newcomer.line());
            newcomer.assertEnd();
        }
    }

    @Test
    void clientIsRefusedThroughTls() throws Exception {
        Keys keys = Keys.make(folder, "server");
        SSLContext trusting = Keys.trusting();
        ServerTls tls = keys.server();
        start(options -> options.tls(tls));
        try (LineClient client = LineClient.secure(server(), trusting, "relay/1")) {
            client.line(); // HELLO
            int port = Integer.parseInt(client.ask("RELAY/1").replace("OK port=", ""));
            var yamux = client.yamux();
            try (Socket visitor = Visitor.connect(port)) {
                yamux.expect(FIRST);
                drain(port);
                for (String[] protocols : new String[][] {{"relay/1"}, {}}) {
                    try (LineClient newcomer = LineClient.secure(server(), trusting, protocols)) {
                        assertEquals(DRAINING, newcomer.line());
                        newcomer.assertEnd();
                    }
                }
                Visitor.reset(visitor);
            }
        }
    }

    @Test
    void clientThatWasAboutToAskIsRefused() throws IOException {
        start(options -> options);
        AskingClient client = served("resume");
        try (LineClient late = LineClient.plain(server())) {
            assertTrue(late.line().startsWith("HELLO "));
            drain(client.port());
            assertEquals(DRAINING, late.ask("RELAY/1"));
        }
    }

    @Test
    void clientAtALimitIsToldToTryLater() throws IOException {
        start(options -> options.extended(false).maxTunnels(1));
        RawClient client = RawClient.establish(server());
        open.add(client);
        open.add(client.visit());
        client.yamux().expect(FIRST);
        drain(client.port());
        try (LineClient newcomer = LineClient.plain(server())) {
            assertEquals(DRAINING, newcomer.line());
        }
        assertEquals(0, server().statistics().refusals().get(Refusal.TUNNELS));
    }

    /** The process that is started next finds the tunnel in the state file, if there is one. */
    @Test
    void clientWhoseGrantWasOnTheWayGetsItAndComesBackLater() throws IOException {
        start(options -> options);
        AskingClient client = served("resume");
        AskingClient late = AskingClient.delayed(server(), "resume");
        open.add(late);
        drain(client.port());
        assertTrue(late.line().has("lease"));
        late.begin();
        late.yamux().expectGone();
        Visitor.awaitRefused(late.port());
    }

    /** It passed the handshake just before, and must not take its lease for unknown. */
    @Test
    void claimThatComesTooLateIsRefused() throws IOException {
        start(options -> options);
        AskingClient client = served("resume");
        drain(client.port());
        for (String words : new String[] {"resume", "resume=" + client.lease(), "join=" + client.lease()}) {
            AskingClient late = AskingClient.delayed(server(), words);
            open.add(late);
            late.assertRefused("draining");
        }
        assertEquals(0, server().statistics().refusals().get(Refusal.LEASE_UNKNOWN));
    }

    // ---- clients

    @Test
    void drainIsGrantedToThoseWhoAsk() throws IOException {
        start(options -> options);
        assertTrue(ask("resume drain").line().has("drain"));
        AskingClient first = ask("drain").establish();
        assertEquals(List.of("port", "drain"), List.copyOf(first.line().words().keySet()));
        assertFalse(ask("resume").line().has("drain"));
    }

    @Test
    void openControlStreamGetsTheLine() throws IOException {
        start(options -> options);
        AskingClient client = served("resume drain");
        openControlStream(client);
        drain(client.port());
        client.yamux().expect(WireFrame.data(2, "DRAIN 300\n"));
    }

    @Test
    void controlStreamThatIsOpenedLaterGetsItAtOnce() throws IOException {
        start(options -> options);
        AskingClient client = served("resume drain");
        drain(client.port());
        openControlStream(client);
        client.yamux().expect(WireFrame.data(2, "DRAIN 300\n"));
        client.yamux().send(WireFrame.window(2, FIN, 0));
        client.yamux().expect(WireFrame.window(2, FIN, 0));
    }

    @Test
    void clientThatDidNotAskIsNotTold() throws IOException {
        start(options -> options);
        AskingClient client = served("resume");
        openControlStream(client);
        drain(client.port());
        client.yamux().expectNothing();
    }

    @Test
    void idleConnectionIsToldAndEnds() throws IOException {
        start(options -> options);
        AskingClient busy = served("resume");
        AskingClient idle = ask("resume drain").establish();
        openControlStream(idle);
        drain(busy.port());
        idle.yamux().expect(WireFrame.data(2, "DRAIN 300\n"), WireFrame.window(2, RST, 0), WireFrame.goAway(0));
        idle.yamux().expectEnd();
    }

    @Test
    void unlimitedTimeIsAnnouncedAsTheLongestThatALineHolds() throws IOException {
        start(options -> options);
        AskingClient client = served("resume drain");
        openControlStream(client);
        drain(client.port(), ChronoUnit.FOREVER.getDuration());
        client.yamux().expect(WireFrame.data(2, "DRAIN 999999999\n"));
    }

    @Test
    void lostConnectionIsNotHeld() throws IOException {
        try (Logged log = Logged.below("org.relay4j.server")) {
            start(options -> options);
            AskingClient client = served("resume");
            drain(client.port());
            client.die();
            assertTrue(result(), "no visitor is left");
            assertFalse(log.lines().stream().anyMatch(line -> line.contains("held")), log::toString);
        }
    }

    // ---- visitors

    @Test
    void serverEndsWithItsLastVisitor() throws IOException {
        start(options -> options);
        AskingClient client = ask("resume").establish();
        Socket visitor = client.visit();
        open.add(visitor);
        client.yamux().expect(FIRST);
        drain(client.port());
        client.yamux().send(WireFrame.data(1, "all"), WireFrame.window(1, FIN, 0));
        Visitor.expect(visitor, "all");
        visitor.shutdownOutput();
        client.yamux().expect(WireFrame.window(1, FIN, 0), WireFrame.goAway(0));
        client.close();
        assertTrue(result());
        Visitor.awaitRefused(server().port());
    }

    /** Two streams may be unacknowledged, so the third visitor stays in the kernel until the client answers. */
    @Test
    void visitorsThatTheKernelHoldsAreServed() throws IOException {
        start(options ->
                options.session(SessionOptions.builder().maxUnacknowledged(2).build()));
        AskingClient client = ask("resume").establish();
        for (int id = 1; id <= 3; id += 2) {
            open.add(client.visit());
            client.yamux().expect(WireFrame.window(id, SYN, 0));
        }
        Socket waiting = client.visit();
        open.add(waiting);
        Visitor.send(waiting, "hello");
        client.yamux().expectNothing();
        closing = Call.of(() -> server().close(Duration.ofMinutes(5)));
        Await.until("the server shuts down", () -> server().isClosing());
        client.yamux().expectNothing();
        client.yamux().send(WireFrame.window(1, ACK, 0));
        client.yamux().expect(WireFrame.window(5, SYN, 0), WireFrame.data(5, "hello"));
        client.yamux().send(WireFrame.data(5, "there"));
        Visitor.expect(waiting, "there");
        Visitor.awaitRefused(client.port());
    }

    /** The other loop returns the visitor, because its connection has no room, when no other visitor is left at the port. */
    @Test
    void visitorsOnTheWayToAnotherLoopAreServed() throws Exception {
        start(options ->
                options.session(SessionOptions.builder().maxUnacknowledged(1).build()));
        AskingClient first = ask("resume").establish();
        AskingClient second = ask("join=" + first.lease()).establish();
        open.add(first.visit());
        open.add(first.visit());
        for (AskingClient each : List.of(first, second)) awaitStream(each, 1);
        CountDownLatch connected = new CountDownLatch(1);
        server().tunnels()
                .all()
                .get(0)
                .loop()
                .execute(() -> Await.until("a visitor is in the kernel", () -> connected.getCount() == 0));
        Socket waiting = first.visit();
        open.add(waiting);
        closing = Call.of(() -> server().close(Duration.ofMinutes(5)));
        Await.until("the server shuts down", () -> server().isClosing());
        connected.countDown();
        second.yamux().skipAll(1);
        first.yamux().send(WireFrame.window(1, ACK, 0));
        awaitStream(first, 3);
        first.yamux().send(WireFrame.data(3, "there"));
        Visitor.expect(waiting, "there");
        Visitor.awaitRefused(first.port());
    }

    /** Skips pings. */
    private static void awaitStream(AskingClient client, int id) throws IOException {
        WireFrame frame = client.yamux().next();
        while (!frame.equals(WireFrame.window(id, SYN, 0)))
            frame = client.yamux().next();
    }

    @Test
    void byeOfTwoConnectionsOnOneLoop() throws IOException {
        try (Logged log = Logged.below("org.relay4j.server")) {
            start(options -> options.loops(1));
            AskingClient first = ask("resume").establish();
            AskingClient second = ask("join=" + first.lease()).establish();
            first.yamux().send(WireFrame.window(2, SYN, 0), WireFrame.data(2, "BYE\n"));
            awaitClosed(server(), first.port());
            second.yamux().expectGone();
            Await.until(
                    "no connection is left",
                    () -> server().tunnels().connections().isEmpty());
            assertEquals(List.of(), log.lines("ERROR"));
        }
    }

    @Test
    void streamsOfAllVisitorsComeBeforeTheAnswerToBye() throws IOException {
        start(options ->
                options.session(SessionOptions.builder().maxUnacknowledged(1).build()));
        AskingClient client = served("resume");
        open.add(client.visit());
        client.yamux().send(WireFrame.window(2, SYN, 0), WireFrame.data(2, "BYE\n"), WireFrame.window(2, FIN, 0));
        client.yamux().expect(WireFrame.window(2, ACK, 0)); // no credit after the FIN
        client.yamux().expectNothing();
        client.yamux().send(WireFrame.window(1, ACK, 0));
        client.yamux().expect(WireFrame.window(3, SYN, 0), WireFrame.window(2, FIN, 0));
    }

    /** The visitor that has no room is reset, and the port belongs to the new tunnel alone. */
    @Test
    void nameTakesItsPortBackAlthoughAVisitorWaitsForRoom() throws IOException {
        start(options ->
                options.session(SessionOptions.builder().maxUnacknowledged(1).build()));
        int port = FixedPort.free();
        ClientLimits own = ClientLimits.builder().port(port).maxTunnels(1).build();
        AskingClient first =
                AskingClient.connect(server(), "resume", "alice", own).establish();
        open.add(first);
        open.add(first.visit());
        first.yamux().expect(FIRST);
        Socket waiting = first.visit();
        open.add(waiting);
        first.yamux().send(WireFrame.window(2, SYN, 0), WireFrame.data(2, "BYE\n"));
        first.yamux().expect(WireFrame.window(2, ACK, 4));
        Visitor.awaitRefused(port);
        AskingClient second = AskingClient.connect(server(), "", "alice", own).establish(); // the first answers no ping
        open.add(second);
        assertEquals(port, second.port());
        Visitor.expectReset(waiting);
        open.add(second.visit());
        second.yamux().expect(FIRST);
    }

    /** The port was closed before, because the client takes no more visitors and has no lease. */
    @Test
    void serverEndsWithTheLastVisitorOfAClientThatWentAway() throws IOException {
        start(options -> options);
        AskingClient client = ask("").establish();
        Socket visitor = client.visit();
        open.add(visitor);
        client.yamux().expect(FIRST);
        client.yamux().send(WireFrame.goAway(0));
        awaitClosed(server(), client.port());
        closing = Call.of(() -> server().close(Duration.ofMinutes(5)));
        Await.until("the server shuts down", () -> server().isClosing());
        client.yamux().expectNothing();
        client.yamux().send(WireFrame.data(1, "all"), WireFrame.window(1, FIN, 0));
        Visitor.expect(visitor, "all");
        visitor.shutdownOutput();
        client.yamux().expect(WireFrame.window(1, FIN, 0), WireFrame.goAway(0));
        client.close();
        assertTrue(result());
    }

    @Test
    void visitorsInTheKernelDoNotOutliveTheClient() throws IOException {
        start(options ->
                options.session(SessionOptions.builder().maxUnacknowledged(1).build()));
        AskingClient client = served("resume");
        Socket waiting = client.visit();
        open.add(waiting);
        closing = Call.of(() -> server().close(Duration.ofMinutes(5)));
        Await.until("the server shuts down", () -> server().isClosing());
        client.yamux().expectNothing();
        client.die();
        Visitor.expectReset(waiting);
        assertTrue(result());
    }

    // ---- helpers

    private void start(UnaryOperator<RelayServerOptions.Builder> options) throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        RelayServerOptions.Builder builder = RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .loops(2)
                .extended(true);
        server = RelayServer.start(options.apply(builder).build());
    }

    private RelayServer server() {
        if (server == null) throw new IllegalStateException("not started");
        return server;
    }

    /** Returns a client with a visitor, who keeps the server from its end. */
    private AskingClient served(String words) throws IOException {
        AskingClient client = ask(words).establish();
        open.add(client.visit());
        client.yamux().expect(FIRST);
        return client;
    }

    private AskingClient ask(String words) throws IOException {
        AskingClient client = AskingClient.connect(server(), words);
        open.add(client);
        return client;
    }

    private static void openControlStream(AskingClient client) throws IOException {
        byte[] ignored = "X\n".getBytes(StandardCharsets.US_ASCII);
        client.yamux().send(WireFrame.window(2, SYN, 0), WireFrame.data(2, ignored));
        client.yamux().expect(WireFrame.window(2, ACK, 2));
    }

    /** Shuts the server down, and waits until it has closed a public port. */
    private void drain(int port) {
        drain(port, Duration.ofMinutes(5));
    }

    private void drain(int port, Duration time) {
        closing = Call.of(() -> server().close(time));
        awaitClosed(server(), port);
        Visitor.awaitRefused(port);
    }

    private boolean result() {
        if (closing == null) throw new IllegalStateException("not closing");
        return closing.result();
    }

    /** Waits until no tunnel has a port, without a visitor, who might still be served. */
    static void awaitClosed(RelayServer server, int port) {
        Await.until(
                "the port is closed",
                () -> server.registry()
                        .ofEndpoint(Endpoint.port(port))
                        .toCompletableFuture()
                        .join()
                        .isEmpty());
    }
}
