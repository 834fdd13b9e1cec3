package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.Await;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;

/** A client of a cluster with two nodes, which follow a script. */
@ExtendWith(LeakCheck.EachTest.class)
class NodesTest {
    private final ServerScript first = new ServerScript();
    private final ServerScript second = new ServerScript();
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
                .nodes(List.of(InetSocketAddress.createUnresolved("127.0.0.1", node)))
                .build();
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
                    .nodes(List.of(
                            InetSocketAddress.createUnresolved("127.0.0.1", other.port()),
                            InetSocketAddress.createUnresolved("127.0.0.1", last.port())))
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
