package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.relay4j.client.Entrance.Way;

class NodeOrderTest {
    private static final InetSocketAddress A = at(1);
    private static final InetSocketAddress B = at(2);

    /** Of two further nodes, the order is random. */
    private final NodeOrder order = order(List.of(B));

    @Test
    void nodeThatWasAskedInVainComesLastUntilOneGrants() throws IOException {
        assertTrue(order.areNodes());
        assertEquals(List.of(A, B), order.ofTunnel());
        order.failed(A);
        assertEquals(List.of(B, A), order.ofTunnel());
        assertEquals(List.of(B), order.others(order.ofTunnel(), List.of()));
        order.failed(B);
        assertEquals(List.of(A, B), order.ofTunnel());
        order.failed(A);
        assertEquals(List.of(B, A), order.ofTunnel());
        assertEquals(List.of(), order.others(order.ofTunnel(), List.of()));
        order.granted();
        assertEquals(List.of(A, B), order.others(order.ofTunnel(), List.of()));
    }

    @Test
    void nodeOfTheTunnelComesFirstUnlessItWasAskedInVain() throws IOException {
        order.reached(B, true);
        assertEquals(List.of(B, A), order.ofTunnel());
        order.failed(B);
        assertEquals(List.of(A, B), order.ofTunnel());
    }

    /** The addresses of its host may lead to servers that share nothing, and do not know the lease. */
    @Test
    void serverOfItsOwnStaysTheFirst() throws IOException {
        NodeOrder alone = order(List.of());
        alone.reached(A, false);
        alone.failed(A);
        assertFalse(alone.areNodes());
        assertEquals(List.of(A), alone.ofTunnel());
        assertEquals(List.of(A), alone.others(alone.ofTunnel(), List.of()));
        assertEquals(List.of(A), alone.ofFurther(Way.SAME, List.of(A)));
    }

    @Test
    void hostWhoseServerIsClusteredHasNodes() {
        NodeOrder host = order(List.of());
        host.reached(A, true);
        assertTrue(host.areNodes());
        host.reached(InetSocketAddress.createUnresolved("relay", 7000), true); // through a proxy
        assertFalse(host.areNodes());
    }

    @Test
    void furtherConnectionPrefersAnotherNodeEvenIfThatWasAskedInVain() throws IOException {
        order.reached(A, true);
        order.failed(B);
        assertEquals(List.of(B, A), order.ofFurther(Way.SAME, List.of(A)));
        assertEquals(List.of(A, B), order.ofFurther(Way.URGENT, List.of(A)));
    }

    @Test
    void ofOccupiedNodesTheOneThatWasAskedInVainComesLast() throws IOException {
        order.reached(A, true);
        order.failed(A);
        assertEquals(List.of(B, A), order.ofFurther(Way.SAME, List.of(A, B)));
        assertEquals(List.of(B, A), order.ofFurther(Way.OTHER, List.of(B, A)));
    }

    @Test
    void asManyAreRememberedAsAreTried() {
        for (int port = 1; port <= Dial.MOST_ADDRESSES + 1; port++) order.failed(at(port));
        assertEquals(List.of(at(1)), order.others(List.of(at(1), at(2), at(Dial.MOST_ADDRESSES + 1)), List.of()));
    }

    /** Else the second of them would be asked at once, instead of another node. */
    @Test
    void addressesOfOneHostAreOneNodeIfSeveralAreGiven() throws IOException {
        InetSocketAddress six = at("relay1", InetAddress.getByName("2001:db8::1"));
        InetSocketAddress four = at("relay1", InetAddress.getByName("192.0.2.1"));
        InetSocketAddress other = at("relay2", InetAddress.getByName("192.0.2.2"));
        order.failed(six);
        assertEquals(List.of(other), order.others(List.of(six, four, other), List.of()));
        assertEquals(List.of(), order.others(List.of(six, four, other), List.of(other)));
        NodeOrder host = order(List.of());
        host.reached(six, true);
        host.failed(six);
        assertEquals(List.of(four), host.others(List.of(six, four), List.of()));
    }

    private static InetSocketAddress at(String host, InetAddress address) throws IOException {
        return new InetSocketAddress(InetAddress.getByAddress(host, address.getAddress()), 7000);
    }

    private static NodeOrder order(List<InetSocketAddress> nodes) {
        return new NodeOrder(A, RelayClientOptions.builder().nodes(nodes).build());
    }

    private static InetSocketAddress at(int port) {
        try {
            return new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }
}
