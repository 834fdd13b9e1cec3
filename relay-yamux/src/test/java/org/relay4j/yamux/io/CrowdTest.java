package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

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
    void leavesIfMostInARowHaveLeft() {
        crowd.grows(now);
        for (int n = 0; n < 10 * Crowd.FLOOD; n++) crowd.count(n % 2 == 0, now);
        assertFalse(crowd.isLeaving(now));
        for (int n = 0; n < Crowd.FLOOD - 1; n++) crowd.count(n % 3 != 0, now);
        assertFalse(crowd.isLeaving(now));
        crowd.count(true, now);
        assertTrue(crowd.isLeaving(now));
        assertTrue(crowd.isLeaving(now + Crowd.MEMORY - 1));
        assertFalse(crowd.isLeaving(now + Crowd.MEMORY));
    }

    /** Visitors that end their direction at once, to read only, are no flood, however many they are one after the other. */
    @Test
    void needsManyInARow() {
        for (int n = 0; n < 100 * Crowd.FLOOD; n++) {
            crowd.grows(now);
            crowd.count(true, now);
            if (n % (Crowd.FLOOD - 1) == 0) crowd.gap();
            assertFalse(crowd.isLeaving(now));
        }
    }

    /** The loop has time again, because those that leave cost little now; they must not become costly by that. */
    @Test
    void isRememberedWhileItLeaves() {
        flood();
        for (int turn = 0; turn < 1_000; turn++) {
            for (int n = 0; n < Crowd.FLOOD_GOES_ON; n++) {
                assertTrue(crowd.isPresent(now));
                assertTrue(crowd.isLeaving(now));
                crowd.count(true, now);
            }
            crowd.gap();
            now += Crowd.MEMORY - 1;
        }
    }

    /** However often visitors that only read come after a flood, they do not keep it alive. */
    @Test
    void visitorsThatOnlyReadAreServedAfterAFlood() {
        flood();
        long end = now;
        while (now - end < Crowd.MEMORY) {
            assertTrue(crowd.isLeaving(now));
            for (int n = 0; n < Crowd.FLOOD_GOES_ON - 1; n++) crowd.count(true, now);
            crowd.gap();
            now += Crowd.PAUSE;
        }
        assertFalse(crowd.isLeaving(now));
        assertFalse(crowd.isPresent(now));
    }

    private void flood() {
        crowd.grows(now);
        for (int n = 0; n < Crowd.FLOOD; n++) crowd.count(true, now);
        assertTrue(crowd.isLeaving(now));
    }
}
