package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CrowdTest {
    private final Crowd crowd = new Crowd();
    private long now = -5; // ns

    @Test
    void isForgottenAfterAWhile() {
        assertFalse(crowd.isPresent(now));
        crowd.grows(now);
        assertTrue(crowd.isPresent(now));
        assertTrue(crowd.isPresent(now + Crowd.MEMORY - 1));
        assertFalse(crowd.isPresent(now + Crowd.MEMORY));
        assertFalse(crowd.isPresent(now), "until it grows again");
    }

    @Test
    void leavesIfMostHaveLeft() {
        crowd.grows(now);
        for (int n = 0; n < 1_000; n++) crowd.count(n % 3 == 0, now);
        assertFalse(crowd.isLeaving(now));
        now += Crowd.PERIOD;
        for (int n = 0; n < 1_000; n++) crowd.count(n % 3 != 0, now);
        assertTrue(crowd.isLeaving(now));
        now += Crowd.PERIOD;
        for (int n = 0; n < 1_000; n++) crowd.count(n % 3 == 0, now);
        assertTrue(crowd.isLeaving(now), "as in the last period");
        now += Crowd.PERIOD;
        crowd.count(false, now);
        assertFalse(crowd.isLeaving(now));
    }

    /** Visitors that end their direction at once, to read only, are no flood, even if there are no others and the loop is overloaded. */
    @Test
    void needsManyToLeave() {
        for (int n = 0; n < 10_000; n++) {
            crowd.grows(now);
            assertTrue(crowd.isPresent(now));
            assertFalse(crowd.isLeaving(now));
            crowd.count(true, now);
            now += Crowd.PERIOD / (Crowd.FLOOD - 1) + 1;
        }
    }

    /** The loop has time again, because those that leave cost little now; they must not become costly by that. */
    @Test
    void isRememberedWhileItLeaves() {
        crowd.grows(now);
        for (int n = 0; n < 10_000; n++) {
            assertTrue(crowd.isPresent(now));
            if (n >= Crowd.FLOOD) assertTrue(crowd.isLeaving(now));
            crowd.count(true, now);
            now += Crowd.PERIOD / (2 * Crowd.FLOOD);
        }
    }

    /** However often visitors that only read come after a flood, they do not keep it alive. */
    @ParameterizedTest
    @ValueSource(ints = {500, 240, 100, 20})
    void visitorsThatOnlyReadAreServedAfterAFlood(int pause) {
        crowd.grows(now);
        for (int n = 0; n < 10_000; n++) {
            now += Crowd.PERIOD / (2 * Crowd.FLOOD);
            crowd.count(true, now);
        }
        assertTrue(crowd.isLeaving(now));
        long end = now;
        while (now - end < 10 * Crowd.MEMORY) {
            now += TimeUnit.MILLISECONDS.toNanos(pause);
            if (now - end >= 3 * Crowd.PERIOD) assertFalse(crowd.isLeaving(now));
            if (now - end >= 3 * Crowd.PERIOD + Crowd.MEMORY) assertFalse(crowd.isPresent(now));
            if (crowd.isPresent(now)) crowd.count(true, now);
        }
    }
}
