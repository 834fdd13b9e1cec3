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
    void leavesIfMostHaveLeft() {
        crowd.grows(now);
        for (int n = 0; n < 1_000; n++) crowd.count(n % 3 == 0, now);
        assertFalse(crowd.isLeaving());
        for (int n = 0; n < 1_000; n++) crowd.count(n % 3 != 0, now);
        assertTrue(crowd.isLeaving());
    }

    /** A few connections that end their direction at once are no flood. */
    @Test
    void needsMoreThanAFewToLeave() {
        crowd.grows(now);
        for (int n = 0; n < 16; n++) crowd.count(true, now);
        assertFalse(crowd.isLeaving());
    }

    /** The loop has time again, because those that leave cost little now; they must not become costly by that. */
    @Test
    void isRememberedWhileItLeaves() {
        crowd.grows(now);
        for (int n = 0; n < 10_000; n++) {
            now += Crowd.MEMORY / 100;
            if (n > 50) assertTrue(crowd.isPresent(now));
            crowd.count(true, now);
        }
        for (int n = 0; n < 50; n++) crowd.count(false, now);
        assertFalse(crowd.isLeaving());
        assertFalse(crowd.isPresent(now + Crowd.MEMORY));
        assertFalse(crowd.isLeaving());
    }
}
