package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.Tunnel;
import org.relay4j.testing.Await;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.SocketByteChannel;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;

/** A client whose server announces that it shuts down, with a server that follows a script. */
@ExtendWith(LeakCheck.EachTest.class)
class DrainingServerTest {
    private static final String FIRST = "OK port=4532 lease=t.one ttl=30 connection=0 drain";
    private static final String JOINED = "OK port=4532 connection=1 drain";
    private static final WireFrame GO_AWAY = WireFrame.goAway(0);

    private final Recorder recorder = new Recorder();
    private final ServerScript script = new ServerScript();
    private final List<String> requests = script.requests;
    private final BlockingQueue<String> answers = script.answers;
    private final BlockingQueue<Socket> established = script.established;
    private FakeServer service;
    private FakeServer server;

    @BeforeEach
    void start() throws IOException {
        service = FakeServer.echoing();
        server = FakeServer.start(script::serve);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        service.close();
    }

    private RelayForwarder forward() throws IOException {
        return forward(options());
    }

    private RelayForwarder forward(RelayClientOptions.Builder options) throws IOException {
        InetSocketAddress local = InetSocketAddress.createUnresolved("localhost", service.port());
        return RelayClient.forward("localhost", server.port(), local, options.build());
    }

    private RelayClientOptions.Builder options() {
        return Local.hasty(recorder);
    }

    /** The next connection that was established, as a script from its beginning. */
    private Connection next() throws Exception {
        return new Connection(established.take());
    }

    /** The server's end of a connection. */
    private record Connection(Socket socket, ScriptedPeer yamux) {
        Connection(Socket socket) {
            this(socket, new ScriptedPeer(new SocketByteChannel(socket)));
        }

        /** The client opens its control stream; a forwarder pings before that. */
        Connection begin() throws IOException {
            WireFrame frame = yamux.next();
            while (!frame.equals(WireFrame.window(2, SYN, 0))) frame = yamux.next();
            return this;
        }

        void line(String line) throws IOException {
            yamux.send(WireFrame.data(2, line + "\n"));
        }

        /** The client gives the bytes of the line back, and asks for no more visitors. */
        void expectFarewell() throws IOException {
            WireFrame before = yamux.next();
            WireFrame last = before;
            while (!last.equals(WireFrame.window(2, FIN, 0))) {
                before = last;
                last = yamux.next();
            }
            assertEquals(GO_AWAY, before);
        }

        void lose() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }
    }

    // ---- another connection first

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anotherConnectionIsMadeFirst(boolean acceptor) throws Exception {
        answers.addAll(List.of(FIRST, "ERR draining later", JOINED));
        try (Tunnel tunnel = acceptor
                ? RelayClient.connect("localhost", server.port(), options().build())
                : forward()) {
            Connection first = next().begin();
            first.line("DRAIN 30");
            Connection second = next().begin();
            assertEquals(
                    List.of("RELAY/1 resume drain", "RELAY/1 join=t.one drain", "RELAY/1 join=t.one drain"), requests);
            first.expectFarewell();
            first.yamux().send(WireFrame.window(2, FIN, 0));
            first.yamux().expect(GO_AWAY);
            first.yamux().expectEnd();
            first.socket().close();
            second.yamux().expectNothing();
            assertTrue(tunnel.isOpen());
            assertEquals(1, recorder.events().size(), "the tunnel was up all the time");
            second.lose();
            recorder.awaitLoss(1, true);
        }
    }

    @Test
    void visitorsOfTheOldConnectionFinishEvenThoseOnTheWay() throws Exception {
        answers.addAll(List.of(FIRST, JOINED));
        try (RelayForwarder forwarder = forward()) {
            Connection first = next().begin();
            first.yamux().send(WireFrame.window(1, SYN, 0), WireFrame.data(1, "one"));
            assertEcho(first, 1, "one");
            first.line("DRAIN 30");
            Connection second = next().begin();
            first.expectFarewell();
            // The server has opened this one before it received GoAway.
            first.yamux().send(WireFrame.window(3, SYN, 0), WireFrame.data(3, "two"), WireFrame.window(2, FIN, 0));
            assertEcho(first, 3, "two");
            second.yamux().send(WireFrame.window(1, SYN, 0), WireFrame.data(1, "three"));
            assertEcho(second, 1, "three");
            for (int id = 1; id <= 3; id += 2) {
                first.yamux().send(WireFrame.window(id, FIN, 0));
                first.yamux().expect(WireFrame.window(id, FIN, 0));
            }
            first.yamux().expect(GO_AWAY);
            first.yamux().expectEnd();
            first.socket().close();
            assertTrue(forwarder.isOpen());
            second.socket().close();
            recorder.awaitLoss(1, true);
        }
    }

    private static void assertEcho(Connection connection, int id, String text) throws IOException {
        WireFrame frame = connection.yamux().next();
        while (!frame.isData()) {
            assertEquals(0, frame.flags() & RST, frame.toString());
            frame = connection.yamux().next();
        }
        assertEquals(WireFrame.data(id, text), frame);
        connection.yamux().skipAll(id);
    }

    @Test
    void visitorsThatWaitToBeAcceptedStay() throws Exception {
        answers.addAll(List.of(FIRST, JOINED));
        try (RelayAcceptor acceptor =
                RelayClient.connect("localhost", server.port(), options().build())) {
            Connection first = next().begin();
            first.yamux().send(WireFrame.window(1, SYN, 0), WireFrame.data(1, "one"));
            first.line("DRAIN 30");
            Connection second = next().begin();
            first.expectFarewell();
            first.yamux().send(WireFrame.window(2, FIN, 0));
            first.yamux().expectNothing();
            try (Socket visitor = acceptor.accept()) {
                Visitor.expect(visitor, "one");
            }
            first.socket().close();
            second.lose();
            recorder.awaitLoss(1, true);
        }
    }

    @Test
    void connectionWithoutASuccessorIsReplacedWhenItEnds() throws Exception {
        answers.addAll(List.of(FIRST, JOINED));
        try (Logged log = Logged.below("org.relay4j.client");
                RelayForwarder forwarder = forward(options().connections(2))) {
            Connection one = next().begin();
            Connection two = next().begin();
            log.await("another connection");
            answers.addAll(List.of("ERR limit-reached no", "OK port=4532 connection=2 drain"));
            one.line("DRAIN 30");
            log.await("no connection joins before the server shuts down");
            one.socket().close();
            Connection three = next().begin();
            assertEquals("RELAY/1 join=t.one instead=0 drain", requests.get(3));
            assertTrue(forwarder.isOpen());
            assertEquals(1, recorder.events().size(), "the tunnel was up all the time");
            answers.add("ERR internal not now");
            two.lose();
            three.lose();
            recorder.awaitLoss(1, true);
        }
    }

    @Test
    void allConnectionsOfATunnelMove() throws Exception {
        answers.addAll(List.of(FIRST, JOINED));
        try (Logged log = Logged.below("org.relay4j.client");
                RelayForwarder forwarder = forward(options().connections(2))) {
            Connection one = next().begin();
            Connection two = next().begin();
            log.await("another connection");
            answers.addAll(List.of("OK port=4532 connection=2 drain", "OK port=4532 connection=3 drain"));
            one.line("DRAIN 30");
            two.line("DRAIN 30");
            Connection three = next().begin();
            Connection four = next().begin();
            for (Connection old : List.of(one, two)) {
                old.expectFarewell();
                old.socket().close();
            }
            Await.until("two are left", () -> forwarder.isOpen() && requests.size() == 4);
            assertEquals(1, recorder.events().size(), "the tunnel was up all the time");
            three.lose();
            answers.add("OK port=4532 connection=4 drain");
            next().socket().close();
            assertEquals("RELAY/1 join=t.one instead=2 drain", requests.get(4));
            answers.addAll(List.of("ERR internal not now", "ERR internal not now"));
            four.lose();
            recorder.awaitLoss(1, true);
        }
    }

    /** The connection that was made instead is lost before the old one has ended: the end of that one is a loss. */
    @Test
    void oldConnectionThatIsTheLastOneIsLost() throws Exception {
        answers.addAll(List.of(FIRST, JOINED));
        try (RelayForwarder forwarder = forward()) {
            Connection first = next().begin();
            first.yamux().send(WireFrame.window(1, SYN, 0));
            first.line("DRAIN 30");
            Connection second = next().begin();
            first.expectFarewell();
            answers.add("ERR lease-unknown it is gone");
            second.lose();
            Await.until("it was to be replaced", () -> requests.size() == 3);
            answers.add("OK port=4533 lease=t.two ttl=30 connection=0");
            first.yamux().send(WireFrame.window(2, FIN, 0), WireFrame.window(1, RST, 0));
            recorder.awaitLoss(1, true);
            recorder.awaitUp(2);
            assertEquals("RELAY/1 resume=t.one drain", requests.get(3));
            assertEquals(4533, forwarder.publicAddress().getPort());
            first.socket().close();
            next().socket().close();
        }
    }

    // ---- a server that is alone

    @Test
    void clientKeepsTheConnectionAndComesBackWhenItEnds() throws Exception {
        answers.addAll(List.of(FIRST, "ERR draining later"));
        try (Logged log = Logged.below("org.relay4j.client");
                RelayForwarder forwarder = forward()) {
            Connection first = next().begin();
            first.line("DRAIN 30");
            log.await("the server shuts down within 30 s");
            Await.until("it was refused", () -> requests.size() >= 2);
            first.yamux().send(WireFrame.window(1, SYN, 0), WireFrame.data(1, "one"));
            assertEcho(first, 1, "one");
            first.yamux().send(WireFrame.window(1, RST, 0), GO_AWAY);
            first.socket().shutdownOutput();
            for (int i = 0; i < 3; i++) answers.add("ERR draining later");
            answers.add("OK port=4532 lease=t.two ttl=30 connection=0 drain");
            assertEquals(
                    "the tunnel was lost: the server has shut down",
                    recorder.awaitLoss(1, true).getMessage());
            recorder.awaitUp(2);
            first.socket().close();
            assertEquals("RELAY/1 resume=t.one drain", requests.get(requests.size() - 1));
            assertEquals(4532, forwarder.publicAddress().getPort());
            Connection second = next().begin();
            assertEquals(1, log.lines("WARN").size(), () -> log.lines("WARN").toString()); // the loss
            second.socket().close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"limit-reached", "lease-unknown"})
    void serverThatDoesNotKnowTheTunnelIsNotAskedAgain(String code) throws Exception {
        answers.addAll(List.of(FIRST, "ERR " + code + " no", "ERR internal not now", "OK port=4532"));
        try (Logged log = Logged.below("org.relay4j.client");
                RelayForwarder forwarder = forward()) {
            Connection first = next().begin();
            first.line("DRAIN 30");
            Await.until("it was refused", () -> requests.size() == 2);
            log.await("no connection joins before the server shuts down");
            first.socket().close();
            recorder.awaitUp(2);
            assertTrue(forwarder.isOpen());
            assertEquals(List.of("RELAY/1 resume=t.one drain", "RELAY/1 resume=t.one drain"), requests.subList(2, 4));
            next().socket().close(); // the forwarder would wait for it
        }
    }

    // ---- hostile lines

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DRAIN",
                "DRAIN -1",
                "DRAIN 030",
                "DRAIN 1000000000",
                "DRAIN 99999999999999999999",
                "DRAIN 30=30",
                "DRAIN soon",
                "DRAIN servers=127.0.0.1:1 30",
                "drain 30",
                "BYE",
                "HELLO 30"
            })
    void linesThatMakeNoSenseAreIgnored(String line) throws Exception {
        answers.add(FIRST);
        try (Logged log = Logged.below("org.relay4j.client");
                RelayForwarder forwarder = forward()) {
            Connection first = next().begin();
            first.line(line);
            first.yamux().skipAll(2);
            first.line("DRAIN 7 unknown=word\nDRAIN 8");
            log.await("the server shuts down within 7 s");
            assertTrue(forwarder.isOpen());
            assertTrue(
                    log.lines().stream()
                                    .filter(each -> each.contains("shuts down"))
                                    .count()
                            == 1,
                    log::toString);
            first.lose();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"DRAIN 30 30", "DRAIN  30", "DRAIN 30\u0000", "\n"})
    void malformedLinesEndTheStreamOnly(String line) throws Exception {
        answers.add(FIRST);
        try (RelayForwarder forwarder = forward()) {
            Connection first = next().begin();
            first.line(line);
            first.yamux().expect(WireFrame.window(2, RST, 0));
            first.yamux().send(WireFrame.window(1, SYN, 0), WireFrame.data(1, "still here"));
            assertEcho(first, 1, "still here");
            assertEquals(1, requests.size());
            assertTrue(forwarder.isOpen());
            first.lose();
        }
    }

    @Test
    void lineWithoutAnEndIsBounded() throws Exception {
        answers.add(FIRST);
        try (RelayForwarder forwarder = forward()) {
            Connection first = next().begin();
            first.yamux().send(WireFrame.data(2, "x".repeat(1_023)));
            first.yamux().skipAll(2);
            first.yamux().send(WireFrame.data(2, "x"));
            first.yamux().expect(WireFrame.window(2, RST, 0));
            assertTrue(forwarder.isOpen());
            first.lose();
        }
    }

    /** The list of servers is a hint, and none of them was configured. */
    @Test
    void serversThatWereNotConfiguredAreNotDialled() throws Exception {
        answers.addAll(List.of(FIRST, JOINED));
        try (FakeServer rogue = FakeServer.echoing();
                RelayForwarder forwarder = forward()) {
            Connection first = next().begin();
            first.line("DRAIN 30 servers=127.0.0.1:" + rogue.port() + ",localhost:" + rogue.port());
            next().begin().lose();
            assertEquals(0, rogue.connected());
            assertEquals("RELAY/1 join=t.one drain", requests.get(1));
            assertTrue(forwarder.isOpen());
            first.lose();
        }
    }

    @Test
    void drainIsNotUnderstoodFromAServerThatDidNotGrantIt() throws Exception {
        answers.add("OK port=4532 lease=t.one ttl=30 connection=0");
        try (RelayForwarder forwarder = forward()) {
            Connection first = next();
            first.yamux().next(); // ping
            first.yamux().expectNothing(); // no control stream
            assertTrue(forwarder.isOpen());
            first.lose();
        }
    }
}
