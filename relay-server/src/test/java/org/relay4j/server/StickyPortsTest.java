package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Which port a base client gets again, in virtual time. */
class StickyPortsTest {
    private final StickyPorts ports = new StickyPorts(address("192.0.2.9")::equals);
    private long now = Long.MAX_VALUE - TimeUnit.MINUTES.toNanos(7); // overflows on the way, as System.nanoTime may

    private static InetAddress address(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    private void minutes(long minutes) {
        now += TimeUnit.MINUTES.toNanos(minutes);
    }

    private void tunnel(String client, int port) {
        ports.opened(address(client));
        ports.closed(address(client), port, now);
    }

    private void assertPort(int port, String client) {
        assertEquals(port, ports.wanted(address(client), now));
    }

    @Test
    void portOfTheOnlyTunnelIsGivenAgain() {
        assertPort(0, "192.0.2.1");
        tunnel("192.0.2.1", 5000);
        assertPort(5000, "192.0.2.1");
        assertPort(0, "192.0.2.2");
        for (int i = 0; i < 5; i++) {
            minutes(10);
            tunnel("192.0.2.1", 5000);
            assertPort(5000, "192.0.2.1");
        }
    }

    @Test
    void portIsForgottenAfterTenMinutes() {
        tunnel("192.0.2.1", 5000);
        minutes(10);
        assertPort(5000, "192.0.2.1");
        now++;
        assertPort(0, "192.0.2.1");
    }

    @Test
    void addressWithAnOpenTunnelHasNoPortLeft() {
        tunnel("192.0.2.1", 5000);
        ports.opened(address("192.0.2.1"));
        assertPort(0, "192.0.2.1");
        ports.closed(address("192.0.2.1"), 5000, now);
        assertPort(5000, "192.0.2.1");
    }

    @Test
    void twoPortsAreAmbiguousUntilOneIsOlderThanTheWindow() {
        tunnel("192.0.2.1", 5000);
        minutes(4);
        tunnel("192.0.2.1", 5001);
        assertPort(0, "192.0.2.1");
        minutes(6);
        assertPort(0, "192.0.2.1");
        now++;
        assertPort(5001, "192.0.2.1");
        tunnel("192.0.2.1", 5000);
        assertPort(0, "192.0.2.1");
    }

    @Test
    void twoTunnelsAtATimeAreAmbiguous() {
        ports.opened(address("192.0.2.1"));
        ports.opened(address("192.0.2.1"));
        ports.closed(address("192.0.2.1"), 5000, now);
        assertPort(0, "192.0.2.1");
        minutes(11); // the first is forgotten while the second is open
        assertPort(0, "192.0.2.1");
        ports.closed(address("192.0.2.1"), 5001, now);
        assertPort(5001, "192.0.2.1");
    }

    @Test
    void threePortsInTurnAreAmbiguousAsLongAsTheLastTwo() {
        for (int port : new int[] {5000, 5001, 5000, 5001}) tunnel("192.0.2.1", port);
        assertPort(0, "192.0.2.1");
        minutes(9);
        tunnel("192.0.2.1", 5002);
        assertPort(0, "192.0.2.1");
        minutes(2);
        assertPort(5002, "192.0.2.1");
    }

    @Test
    void networkOfAnIpv6CustomerIsOneAddress() {
        tunnel("2001:db8::1", 5000);
        assertPort(5000, "2001:db8::ffff:2");
        assertPort(0, "2001:db8:0:1::1");
    }

    @Test
    void loopbackAndProxiesAreNeverRemembered() {
        for (String loopback : new String[] {"127.0.0.1", "127.1.2.3", "::1", "192.0.2.9"}) {
            tunnel(loopback, 5000);
            assertPort(0, loopback);
        }
        assertEquals(0, ports.size());
    }

    @Test
    void tableIsBoundedAndTheOldestIsForgotten() {
        tunnel("192.0.2.1", 5000);
        for (int n = 0; n < StickyPorts.MOST_ADDRESSES - 1; n++) tunnel("10.0." + n / 256 + "." + n % 256, 1 + n);
        assertPort(5000, "192.0.2.1");
        tunnel("192.0.2.1", 5000); // now the newest
        tunnel("192.0.2.2", 5001);
        assertEquals(StickyPorts.MOST_ADDRESSES, ports.size());
        assertPort(5000, "192.0.2.1");
        assertPort(0, "10.0.0.0");
        assertPort(2, "10.0.0.1");
    }
}
