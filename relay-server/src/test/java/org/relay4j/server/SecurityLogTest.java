package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Shape and bounds of the security log, in virtual time. */
class SecurityLogTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final List<String> lines = new ArrayList<>();
    private long now = Long.MAX_VALUE - SECOND; // ns; overflows during the test
    private final SecurityLog log = new SecurityLog(lines::add, () -> now);

    private static InetSocketAddress address(String literal) {
        try {
            return new InetSocketAddress(InetAddress.getByName(literal), 1234);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** The n-th of many addresses. */
    private static InetSocketAddress address(int n) {
        return address("10." + (n >> 16) + "." + (n >> 8 & 255) + "." + (n & 255));
    }

    @Test
    void aLineHasEventAddressPeerAndName() {
        log.client(SecurityEvent.AUTH_FAILED, address("203.0.113.5"), "web-1");
        log.client(SecurityEvent.TLS_FAILED, address("2001:db8::1"), null);
        log.visitor(SecurityEvent.NOT_ALLOWED, address("fe80::1%1"));
        assertEquals(
                List.of(
                        "event=auth-failed address=203.0.113.5 peer=client name=\"web-1\"",
                        "event=tls-failed address=2001:db8:0:0:0:0:0:1 peer=client",
                        "event=not-allowed address=fe80:0:0:0:0:0:0:1 peer=visitor"),
                lines);
    }

    @Test
    void aNameCannotLookLikeAnotherField() {
        log.client(SecurityEvent.AUTH_FAILED, address(1), "a\" address=1.2.3.4 \\\r\n\u2028\u202e\u0000é");
        assertEquals(
                "event=auth-failed address=10.0.0.1 peer=client name=\"a\\u0022\\u0020address\\u003d1.2.3.4\\u0020\\u005c"
                        + "\\u000d\\u000a\\u2028\\u202e\\u0000\\u00e9\"",
                lines.get(0));
        log.client(SecurityEvent.AUTH_FAILED, address(2), "x".repeat(1_000));
        assertTrue(lines.get(1).endsWith(" name=\"" + "x".repeat(64) + "\\u2026\""), lines.get(1));
    }

    @Test
    void anAddressHasOneLineOfAnEventInTenSeconds() {
        for (int i = 0; i < 1_000; i++) log.client(SecurityEvent.AUTH_FAILED, address(1), "n" + i);
        log.client(SecurityEvent.BAD_REQUEST, address(1), null);
        log.client(SecurityEvent.AUTH_FAILED, address(2), null);
        assertEquals(3, lines.size(), lines::toString);
        now += 10 * SECOND - 1;
        log.client(SecurityEvent.AUTH_FAILED, address(1), null);
        assertEquals(3, lines.size(), lines::toString);
        now += 1;
        log.client(SecurityEvent.AUTH_FAILED, address(1), "web");
        assertEquals(
                "event=auth-failed address=10.0.0.1 peer=client repeated=1000 name=\"web\"",
                lines.get(lines.size() - 1));
        now += 10 * SECOND;
        log.client(SecurityEvent.AUTH_FAILED, address(1), null);
        assertEquals("event=auth-failed address=10.0.0.1 peer=client", lines.get(lines.size() - 1));
    }

    @Test
    void anIpv6NetworkIsOneAddress() {
        for (int i = 1; i < 100; i++) log.client(SecurityEvent.TLS_FAILED, address("2001:db8:1:2::" + i), null);
        log.client(SecurityEvent.TLS_FAILED, address("2001:db8:1:3::1"), null);
        assertEquals(2, lines.size(), lines::toString);
    }

    @Test
    void allAddressesTogetherHaveAHundredLinesASecond() {
        for (int i = 0; i < 5_000; i++) log.client(SecurityEvent.AUTH_FAILED, address(i), null);
        assertEquals(SecurityLog.MOST_PER_SECOND, lines.size());
        now += SECOND;
        for (int i = 5_000; i < 10_000; i++) log.client(SecurityEvent.AUTH_FAILED, address(i), null);
        assertEquals(2 * SecurityLog.MOST_PER_SECOND + 1, lines.size());
        assertEquals("event=suppressed count=4900", lines.get(SecurityLog.MOST_PER_SECOND));
        now += 10 * SECOND;
        log.client(SecurityEvent.AUTH_FAILED, address(4_999), null); // had no luck so far
        assertEquals("event=suppressed count=4900", lines.get(lines.size() - 2));
        assertEquals("event=auth-failed address=10.0.19.135 peer=client", lines.get(lines.size() - 1));
    }

    @Test
    void aLongFloodHasBoundedLinesAndMemory() {
        long written = 0;
        int most = 0;
        for (int step = 0; step < 60_000; step++) { // a minute, a thousand new addresses a second
            now += SECOND / 1_000;
            log.client(SecurityEvent.AUTH_FAILED, address(step), null);
            written += lines.size();
            lines.clear();
            most = Math.max(most, log.remembered());
        }
        assertTrue(written >= 60 * 100 && written <= 61 * 100 + 10, "lines: " + written);
        assertTrue(most <= 21 * 100, "remembered: " + most);
        now += 20 * SECOND;
        log.client(SecurityEvent.AUTH_FAILED, address(0), null);
        assertEquals(1, log.remembered());
    }

    @Test
    void repetitionsOfAForgottenAddressAreCounted() {
        log.client(SecurityEvent.AUTH_FAILED, address(1), null);
        log.client(SecurityEvent.AUTH_FAILED, address(1), null);
        now += 20 * SECOND;
        log.client(SecurityEvent.AUTH_FAILED, address(2), null);
        assertEquals(
                List.of(
                        "event=auth-failed address=10.0.0.1 peer=client",
                        "event=suppressed count=1",
                        "event=auth-failed address=10.0.0.2 peer=client"),
                lines);
    }

    @Test
    void aFailingLoggerHarmsNobody() {
        SecurityLog broken = new SecurityLog(
                line -> {
                    throw new OutOfMemoryError("test");
                },
                () -> now);
        broken.client(SecurityEvent.AUTH_FAILED, address(1), null);
        assertEquals(1, broken.remembered());
    }
}
