package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;

/** A client of a cluster with two nodes, which follow a script. */
@ExtendWith(LeakCheck.EachTest.class)
class NodesTest {
    private static final String UNABLE = "ERR registry-unavailable this node cannot reach the store";

    private final ServerScript first = new ServerScript();
    private final ServerScript second = new ServerScript();
    private final CompletableFuture<Thread> interrupted = new CompletableFuture<>();
    private FakeServer one;
    private FakeServer other;

    @BeforeEach
    void start() throws IOException {
        one = FakeServer.start(first::serve);
        other = FakeServer.start(second::serve);
    }

    @AfterEach
    void stop() throws IOException {
        one.close();
        other.close();
    }

    private RelayClientOptions options(int connections, int node) {
        return Local.hasty(new Recorder())
                .connections(connections)
                .nodes(List.of(node(node)))
                .build();
    }

    private Entrance entrance(List<InetSocketAddress> nodes) {
        RelayClientOptions options = Local.hasty(new Recorder()).nodes(nodes).build();
        return new Entrance(node(one.port()), options);
    }

    private static InetSocketAddress node(int port) {
        return InetSocketAddress.createUnresolved("127.0.0.1", port);
    }

    private static String granted(int connection, String words) {
        return "OK port=4532 lease=t.one ttl=30 connection=" + connection + words;
    }

    @Test
    void nodeThatCannotBeReachedIsFollowedByTheNext() throws Exception {
        second.answers.add(granted(0, " node=n2"));
        try (RelayAcceptor acceptor = RelayClient.connect("127.0.0.1", FixedPort.free(), options(1, other.port()))) {
            assertEquals(other.port(), acceptor.serverAddress().getPort());
            second.established.take();
        }
    }

    @Test
    void furtherConnectionOfAClusterGoesToAnotherNode() throws Exception {
        first.answers.add(granted(0, " node=n1"));
        second.answers.add("OK port=4532 connection=1 node=n2");
        try (RelayAcceptor acceptor = RelayClient.connect("127.0.0.1", one.port(), options(2, other.port()))) {
            first.established.take();
            second.established.take();
            assertTrue(second.requests.get(0).contains(" join=t.one"), second.requests::toString);
            assertEquals(4532, acceptor.getLocalPort());
        }
    }

    /** Else the end of one node would end both. */
    @Test
    void connectionInPlaceOfALostOneGoesToANodeWithoutAny() throws Exception {
        ServerScript third = new ServerScript();
        first.answers.add(granted(0, " node=n1"));
        second.answers.add("OK port=4532 connection=1 node=n2");
        third.answers.add("OK port=4532 connection=1 node=n3");
        try (FakeServer last = FakeServer.start(third::serve)) {
            RelayClientOptions options = options(2, other.port()).toBuilder()
                    .nodes(List.of(node(other.port()), node(last.port())))
                    .build();
            try (RelayAcceptor acceptor = RelayClient.connect("127.0.0.1", one.port(), options)) {
                first.established.take();
                Await.until("there are two", () -> second.established.size() + third.established.size() == 1);
                boolean isSecond = third.established.isEmpty(); // their order is random
                (isSecond ? other : last).close();
                (isSecond ? third : second).established.take();
                assertEquals(1, first.requests.size(), first.requests::toString);
                assertEquals(4532, acceptor.getLocalPort());
            }
        }
    }

    @Test
    void furtherConnectionOfAServerOfItsOwnStaysThere() throws Exception {
        first.answers.addAll(List.of(granted(0, ""), "OK port=4532 connection=1"));
        try (RelayAcceptor acceptor = RelayClient.connect("127.0.0.1", one.port(), options(2, other.port()))) {
            first.established.take();
            first.established.take();
            assertEquals(List.of(), second.requests);
            assertEquals(4532, acceptor.getLocalPort());
        }
    }

    @Test
    void tunnelWhoseNodeHasDiedComesBackToAnother() throws Exception {
        first.answers.add(granted(0, " node=n1"));
        second.answers.add(granted(1, " node=n2"));
        try (RelayAcceptor acceptor = RelayClient.connect("127.0.0.1", one.port(), options(1, other.port()))) {
            first.established.take();
            one.close();
            second.established.take();
            assertTrue(second.requests.get(0).contains(" resume=t.one"), second.requests::toString);
            Await.until("open again", acceptor::isOpen); // the server sees the new connection first
        }
    }

    @Test
    void nodeWhoseStoreDoesNotAnswerIsFollowedByTheNext() throws Exception {
        first.answers.add(UNABLE);
        second.answers.add(granted(0, " node=n2"));
        try (RelayAcceptor acceptor = RelayClient.connect("127.0.0.1", one.port(), options(1, other.port()))) {
            second.established.take();
            assertEquals(other.port(), acceptor.serverAddress().getPort());
        }
    }

    /** Not all of them at once: a thousand clients that lost their node would ask each of the others. */
    @Test
    void anAttemptAsksTwoNodesAndTheNextOneBeginsWithTheOthers() throws Exception {
        ServerScript third = new ServerScript();
        for (ServerScript each : List.of(first, second, third)) each.answers.add(UNABLE);
        first.answers.add(granted(0, " node=n1"));
        try (FakeServer last = FakeServer.start(third::serve)) {
            Entrance entrance = entrance(List.of(node(other.port()), node(last.port())));
            assertThrows(RelayRefusedException.class, entrance::open);
            assertEquals(1, first.requests.size());
            assertEquals(1, second.requests.size() + third.requests.size());
            assertThrows(RelayRefusedException.class, entrance::open);
            assertEquals(
                    List.of(1, 1, 1), List.of(first.requests.size(), second.requests.size(), third.requests.size()));
            ControlConnection connection = entrance.open();
            assertEquals(one.port(), connection.server().getPort());
            connection.wire().close();
        }
    }

    /** It would be asked twice as often by clients that have lost the other one. */
    @Test
    void onlyNodeThatIsLeftIsAskedOnceInAnAttempt() throws Exception {
        other.close();
        for (int n = 0; n < 3; n++) first.answers.add(UNABLE);
        Entrance entrance = entrance(List.of(node(other.port())));
        for (int n = 1; n <= 3; n++) {
            assertThrows(RelayRefusedException.class, entrance::open);
            assertEquals(n, first.requests.size());
        }
    }

    @Test
    void nodeThatDrainsDoesNotHideOneThatCanServeAgain() throws Exception {
        first.answers.addAll(List.of(UNABLE, granted(0, " node=n1")));
        second.answers.add("ERR draining the server is shutting down");
        Entrance entrance = entrance(List.of(node(other.port())));
        RelayRefusedException refusal = assertThrows(RelayRefusedException.class, entrance::open);
        assertEquals("registry-unavailable", refusal.code());
        assertEquals(1, refusal.getSuppressed().length);
        assertEquals(1, second.requests.size());
        ControlConnection connection = entrance.open();
        assertEquals(one.port(), connection.server().getPort());
        connection.wire().close();
    }

    /** It may be taking the tunnel over, and only it may know the last lease. */
    @Test
    void clientThatVisitorsWaitForStaysWithItsNode() throws Exception {
        first.answers.addAll(List.of(granted(0, " node=n1"), UNABLE, "ERR internal too slow", granted(1, " node=n1")));
        try (RelayAcceptor acceptor = RelayClient.connect("127.0.0.1", one.port(), options(1, other.port()))) {
            first.established.take().close();
            first.established.take();
            assertEquals(4, first.requests.size(), first.requests::toString);
            assertTrue(first.requests.get(3).contains(" resume=t.one"), first.requests::toString);
            assertEquals(List.of(), second.requests);
            Await.until("open again", acceptor::isOpen);
        }
    }

    @Test
    void attemptThatIsInterruptedSaysNothingAboutTheNode() throws Exception {
        Entrance entrance = entrance(List.of(node(other.port())));
        Call<ControlConnection> attempt = Call.of(() -> {
            Thread thread = Thread.currentThread();
            interrupted.complete(thread);
            return entrance.open();
        });
        Await.until("it was asked", () -> first.requests.size() == 1);
        interrupted.join().interrupt();
        assertThrows(Throwable.class, attempt::result);
        first.answers.addAll(List.of(UNABLE, granted(0, " node=n1"))); // the first is for the connection that has ended
        ControlConnection connection = entrance.open();
        assertEquals(one.port(), connection.server().getPort());
        connection.wire().close();
    }

    @Test
    void serverOfItsOwnIsAskedOnceInAnAttempt() {
        first.answers.add(UNABLE);
        assertThrows(RelayRefusedException.class, entrance(List.of())::open);
        assertEquals(1, first.requests.size());
    }

    @Test
    void furtherConnectionGoesToAnotherNodeIfOneIsUnable() throws Exception {
        List<Integer> asked = new CopyOnWriteArrayList<>(); // the order of the nodes is random
        first.answers.add(granted(0, " node=n1"));
        second.answers.addAll(List.of(UNABLE, "OK port=4532 connection=1 node=n3"));
        FakeServer.Behaviour script = connection -> {
            asked.add(connection.getLocalPort());
            second.serve(connection);
        };
        try (FakeServer two = FakeServer.start(script);
                FakeServer three = FakeServer.start(script)) {
            RelayClientOptions options = options(2, two.port()).toBuilder()
                    .nodes(List.of(node(two.port()), node(three.port())))
                    .build();
            try (RelayAcceptor acceptor = RelayClient.connect("127.0.0.1", one.port(), options)) {
                second.established.take();
                assertEquals(Set.of(two.port(), three.port()), Set.copyOf(asked));
                assertEquals(2, asked.size());
                assertEquals(4532, acceptor.getLocalPort());
            }
        }
    }

    /** Its connections are to be at different nodes, so it waits for the one that is unable. */
    @Test
    void furtherConnectionDoesNotGoToTheNodeOfTheFirst() throws Exception {
        first.answers.add(granted(0, " node=n1"));
        second.answers.addAll(List.of(UNABLE, UNABLE, "OK port=4532 connection=1 node=n2"));
        try (RelayAcceptor acceptor = RelayClient.connect("127.0.0.1", one.port(), options(2, other.port()))) {
            second.established.take();
            assertEquals(1, first.requests.size(), first.requests::toString);
            assertEquals(3, second.requests.size(), second.requests::toString);
            assertEquals(4532, acceptor.getLocalPort());
        }
    }

    @Test
    void optionsThatCannotBeUsedAreRefused() {
        InetSocketAddress node = InetSocketAddress.createUnresolved("relay", 7000);
        RelayClientOptions.Builder options = RelayClientOptions.builder().nodes(List.of(node));
        assertEquals(List.of(node), options.build().nodes());
        assertEquals(List.of(node), options.build().toBuilder().build().nodes());
        assertRefused(options.nodes(Collections.nCopies(16, node)), "nodes has 16 addresses, at most 15 are tried");
        assertRefused(
                options.nodes(List.of(InetSocketAddress.createUnresolved("relay", 0))),
                "nodes has relay:0 without a port");
        assertRefused(
                options.nodes(List.of(node)).proxySelector(ProxySelector.of(null)),
                "nodes are not used through a proxy");
    }

    private static void assertRefused(RelayClientOptions.Builder options, String why) {
        String message =
                assertThrows(IllegalArgumentException.class, options::build).getMessage();
        assertTrue(message.startsWith(why), message);
    }
}
