package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The table of the visitors of a UDP port, and the rates of new ones. */
class UdpVisitorsTest {
    private final UdpVisitors<String> visitors = new UdpVisitors<>();

    private static InetSocketAddress address(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    @Test
    void longestSilentOneIsDisplacedFirst() {
        for (int port = 1; port <= 3; port++) visitors.add(address(port), "visitor " + port);
        assertEquals("visitor 1", visitors.heard(address(1)));
        assertEquals("visitor 2", visitors.displace());
        assertEquals("visitor 3", visitors.displace());
        assertEquals("visitor 1", visitors.displace());
        assertNull(visitors.displace());
        assertEquals(0, visitors.size());
    }

    @Test
    void establishedOnesStay() {
        visitors.add(address(1), "one");
        visitors.add(address(2), "two");
        visitors.establish(address(1));
        assertEquals("two", visitors.displace());
        assertNull(visitors.displace());
        assertEquals("one", visitors.heard(address(1)));
        assertEquals(1, visitors.size());
    }

    @Test
    void successorWithTheSameAddressIsNotRemoved() {
        visitors.add(address(1), "first");
        assertTrue(visitors.remove(address(1), "first"));
        visitors.add(address(1), "second");
        assertFalse(visitors.remove(address(1), "first"));
        assertEquals("second", visitors.heard(address(1)));
    }

    @Test
    void thoseThatMatchAreRemovedFromBothParts() {
        for (int port = 1; port <= 4; port++) visitors.add(address(port), "visitor " + port);
        visitors.establish(address(1));
        visitors.establish(address(2));
        Set<String> over = Set.of("visitor 1", "visitor 3");
        List<String> removed = visitors.removeIf(over::contains);
        assertEquals(over, new HashSet<>(removed));
        assertEquals(2, visitors.size());
    }

    @Test
    void rateIsThatOfEachAddress() throws UnknownHostException {
        long now = Long.MAX_VALUE - 5; // the clock may overflow
        AddressRates rates = new AddressRates(now);
        InetAddress one = InetAddress.getByName("192.0.2.1");
        for (int i = 0; i < 10; i++) assertTrue(rates.admits(one, 10, now));
        assertFalse(rates.admits(one, 10, now));
        assertTrue(rates.admits(one, 0, now)); // no limit
        now += TimeUnit.MILLISECONDS.toNanos(100);
        assertTrue(rates.admits(one, 10, now));
        assertFalse(rates.admits(one, 10, now));
        int others = 0;
        for (int i = 2; i < 102; i++) {
            if (rates.admits(InetAddress.getByName("192.0.2." + i), 1, now)) others++;
        }
        assertTrue(others > 80, () -> "some share a bucket, but most do not");
    }

    @Test
    void addressesOfOneIpv6NetworkShareTheirRate() throws UnknownHostException {
        AddressRates rates = new AddressRates(0);
        assertTrue(rates.admits(InetAddress.getByName("2001:db8::1"), 1, 0));
        assertFalse(rates.admits(InetAddress.getByName("2001:db8::ffff:2"), 1, 0));
    }
}
