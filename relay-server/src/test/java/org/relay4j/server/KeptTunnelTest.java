package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The line of a tunnel that several nodes of a cluster carry. */
class KeptTunnelTest {
    private static final String A = "a".repeat(64);
    private static final String B = "b".repeat(64);
    private static final String C = "c".repeat(64);
    private static final String D = "d".repeat(64);
    private static final String E = "e".repeat(64);

    private static KeptTunnel tunnel(int connections, String... leases) {
        return new KeptTunnel(
                "0".repeat(32),
                20_000,
                "n",
                new InetSocketAddress("192.0.2.1", 5),
                true,
                connections,
                List.of(leases),
                List.of());
    }

    private static String line(int connections, String... leases) {
        return tunnel(connections, leases).line().toString();
    }

    @Test
    void lineIsReadAsItWasWritten() {
        assertEquals(tunnel(7, A, B), KeptTunnel.parse(line(7, A, B)));
    }

    @Test
    void changeOfOneNodeIsMadeToTheLineOfAnother() {
        assertEquals(line(9, A, C), KeptTunnel.merge(line(7, A), line(7, A), line(9, A, C))); // nothing else changed
        assertEquals(
                line(9, A, B, C), KeptTunnel.merge(line(9, A, B), line(7, A), line(8, A, C))); // added here and there
        assertEquals(line(9, B), KeptTunnel.merge(line(9, A, B), line(7, A, C), line(8, C))); // removed A; C was gone
        assertEquals(line(9, A, B), KeptTunnel.merge(line(8, A, B), line(7, A, B), line(9, A, B)));
    }

    @Test
    void oldestLeasesGiveWay() {
        assertEquals(line(1, B, C, D, E), KeptTunnel.merge(line(1, A, B, C, D), line(1, A), line(1, A, E)));
    }

    @Test
    void damagedLineGivesWay() {
        assertEquals(line(9, A, C), KeptTunnel.merge("garbage", line(7, A), line(9, A, C)));
        assertEquals(line(9, A, C), KeptTunnel.merge(line(7, A, B), "garbage", line(9, A, C)));
    }

    @Test
    void tunnelWithoutALeaseHasNoLine() {
        assertEquals("", KeptTunnel.merge(line(1, A), line(1, A), ""));
        assertEquals(line(1, A), KeptTunnel.merge("", "", line(1, A)));
    }

    @Test
    void connectionsOfEachNodeHaveNumbersOfTheirOwn() {
        assertEquals(101_000, tunnel(1_000, A).shared().connections());
        assertEquals(100_000, tunnel(999_950_000, A).shared().connections());
    }

    @Test
    void idsAreHexadecimal() {
        assertTrue(KeptTunnel.isId("0123456789abcdef".repeat(2)));
        assertFalse(KeptTunnel.isId(""));
        assertFalse(KeptTunnel.isId("G".repeat(32)));
        assertFalse(KeptTunnel.isId("0".repeat(33)));
    }
}
