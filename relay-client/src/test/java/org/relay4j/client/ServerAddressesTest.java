package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.relay4j.api.RelayUnreachableException;

class ServerAddressesTest {
    private static final InetSocketAddress UNKNOWN = InetSocketAddress.createUnresolved("relay.invalid", 1);

    @Test
    void thoseOfTheServerComeFirstAndNoneTwice() throws IOException {
        ServerAddresses addresses = new ServerAddresses(at("10.0.0.1", 7000), list("10.0.0.2", "10.0.0.1", "10.0.0.3"));
        List<InetSocketAddress> resolved = addresses.resolve();
        assertEquals(at("10.0.0.1", 7000), resolved.get(0));
        assertEquals(Set.copyOf(list("10.0.0.1", "10.0.0.2", "10.0.0.3")), Set.copyOf(resolved));
        assertEquals(3, resolved.size());
        assertEquals(resolved, addresses.resolve());
    }

    /** Else the tunnels of a node that dies would all go to the same one. */
    @Test
    void clientsWithTheSameListTryItsNodesInDifferentOrders() throws IOException {
        Random random = new Random(1);
        Map<InetSocketAddress, Integer> second = new HashMap<>();
        for (int n = 0; n < 300; n++) {
            ServerAddresses addresses =
                    new ServerAddresses(at("10.0.0.1", 7000), list("10.0.0.2", "10.0.0.3", "10.0.0.4"), random);
            second.merge(addresses.resolve().get(1), 1, Integer::sum);
        }
        assertEquals(3, second.size());
        second.forEach((node, count) -> assertTrue(count > 70 && count < 130, second::toString));
    }

    @Test
    void hostsThatAreNotKnownAreLeftOutUnlessNoneIs() throws IOException {
        assertEquals(list("10.0.0.2"), new ServerAddresses(UNKNOWN, list("10.0.0.2")).resolve());
        RelayUnreachableException failure = assertThrows(
                RelayUnreachableException.class, () -> new ServerAddresses(UNKNOWN, List.of(UNKNOWN)).resolve());
        assertEquals("unknown host relay.invalid", failure.getMessage());
    }

    @Test
    void atMostSixteenAreTried() throws IOException {
        List<InetSocketAddress> many =
                IntStream.range(0, 40).mapToObj(n -> at("10.0.1." + n, 7000)).toList();
        assertEquals(
                Dial.MOST_ADDRESSES,
                new ServerAddresses(at("10.0.0.1", 7000), many).resolve().size());
    }

    @Test
    void preferredAddressKeepsTheScopeOfTheResolver() throws IOException {
        byte[] linkLocal = InetAddress.getByName("fe80::1").getAddress();
        InetSocketAddress scoped = new InetSocketAddress(Inet6Address.getByAddress("relay", linkLocal, 3), 7000);
        InetSocketAddress preferred = new InetSocketAddress(InetAddress.getByAddress(linkLocal), 7000);
        List<InetSocketAddress> ordered = ServerAddresses.preferring(preferred, List.of(at("1.1.1.1", 7000), scoped));
        assertSame(scoped, ordered.get(0));
        assertEquals(List.of(scoped, at("1.1.1.1", 7000)), ordered);
        assertEquals(list("::1"), ServerAddresses.preferring(preferred, list("::1")));
        assertEquals(list("::1"), ServerAddresses.preferring(null, list("::1")));
    }

    private static List<InetSocketAddress> list(String... hosts) {
        return Arrays.stream(hosts).map(host -> at(host, 7000)).toList();
    }

    private static InetSocketAddress at(String host, int port) {
        return new InetSocketAddress(host, port);
    }
}
