package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VisitorLimitsTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private long now = Long.MAX_VALUE - SECOND / 2; // the clock may overflow at any time

    @Test
    void withoutLimitsNothingIsCounted() throws UnknownHostException {
        VisitorLimits limits = limits(builder -> builder);
        for (int i = 0; i < 1_000; i++) assertNull(limits.enter(address("192.0.2.1"), now));
        assertEquals(0, limits.addresses());
        limits.leave(address("192.0.2.1"));
    }

    @Test
    void visitorsOfAnAddressAreBounded() throws UnknownHostException {
        VisitorLimits limits = limits(builder -> builder.maxVisitorsPerAddress(2));
        assertNull(limits.enter(address("192.0.2.1"), now));
        assertNull(limits.enter(address("192.0.2.1"), now));
        assertEquals(Refusal.VISITORS_OF_ADDRESS, limits.enter(address("192.0.2.1"), now));
        assertNull(limits.enter(address("192.0.2.2"), now));
        limits.leave(address("192.0.2.1"));
        assertNull(limits.enter(address("192.0.2.1"), now));
        assertEquals(Refusal.VISITORS_OF_ADDRESS, limits.enter(address("192.0.2.1"), now));
        assertEquals(2, limits.addresses());
        limits.leave(address("192.0.2.1"));
        limits.leave(address("192.0.2.1"));
        limits.leave(address("192.0.2.2"));
        assertEquals(0, limits.addresses());
    }

    @Test
    void addressesOfOneIpv6NetworkCountTogether() throws UnknownHostException {
        VisitorLimits limits = limits(builder -> builder.maxVisitorsPerAddress(1));
        assertNull(limits.enter(address("2001:db8:1:2::1"), now));
        assertEquals(Refusal.VISITORS_OF_ADDRESS, limits.enter(address("2001:db8:1:2::2"), now));
        assertNull(limits.enter(address("2001:db8:1:3::1"), now));
        limits.leave(address("2001:db8:1:2::1"));
        assertNull(limits.enter(address("2001:db8:1:2::2"), now));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 50, 1_000, 1_000_000})
    void asManyAsInASecondMayComeAtOnce(int rate) throws UnknownHostException {
        VisitorLimits limits = limits(builder -> builder.visitorsPerSecond(rate));
        for (int second = 0; second < 3; second++) {
            for (int i = 0; i < rate; i++) assertNull(limits.enter(address("192.0.2.1"), now));
            assertEquals(Refusal.VISITOR_RATE, limits.enter(address("192.0.2.2"), now));
            now += SECOND;
        }
    }

    @Test
    void quietTimeIsNotSavedUp() throws UnknownHostException {
        VisitorLimits limits = limits(builder -> builder.visitorsPerSecond(10));
        now += 1_000 * SECOND;
        for (int i = 0; i < 10; i++) assertNull(limits.enter(address("192.0.2.1"), now));
        assertEquals(Refusal.VISITOR_RATE, limits.enter(address("192.0.2.1"), now));
    }

    @Test
    void steadyVisitorsComeAtTheRate() throws UnknownHostException {
        VisitorLimits limits = limits(builder -> builder.visitorsPerSecond(10));
        int entered = 0;
        for (int i = 0; i < 1_000; i++) { // 100 in a second, for ten seconds
            if (limits.enter(address("192.0.2.1"), now) == null) entered++;
            now += SECOND / 100;
        }
        assertEquals(10 + 10 * 10, entered, 1);
    }

    @Test
    void refusedVisitorsCostNothing() throws UnknownHostException {
        VisitorLimits limits = limits(builder -> builder.visitorsPerSecond(1).maxVisitorsPerAddress(1));
        assertNull(limits.enter(address("192.0.2.1"), now));
        now += SECOND;
        for (int i = 0; i < 10; i++) {
            assertEquals(Refusal.VISITORS_OF_ADDRESS, limits.enter(address("192.0.2.1"), now));
        }
        assertNull(limits.enter(address("192.0.2.2"), now));
        assertEquals(Refusal.VISITOR_RATE, limits.enter(address("192.0.2.3"), now));
        assertEquals(2, limits.addresses());
    }

    private VisitorLimits limits(UnaryOperator<ClientLimits.Builder> builder) {
        return new VisitorLimits(builder.apply(ClientLimits.builder()).build(), now);
    }

    private static InetAddress address(String text) throws UnknownHostException {
        return InetAddress.getByName(text);
    }
}
