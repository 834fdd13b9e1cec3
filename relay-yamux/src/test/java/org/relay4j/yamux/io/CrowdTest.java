package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class CrowdTest {
    private final Crowd crowd = new Crowd(true);
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
    void isSuspectedIfMostInARowHaveLeft() {
        count(Crowd.SUSPICIOUS - 1);
        assertFalse(crowd.isSuspected());
        count(1);
        assertTrue(crowd.isSuspected());
        crowd.gap();
        assertFalse(crowd.isSuspected());
        count(Crowd.SUSPICIOUS - 1);
        crowd.gap();
        count(1);
        assertFalse(crowd.isSuspected());
    }

    @Test
    void isNotSuspectedIfMostStay() {
        for (int n = 0; n < 100 * Crowd.SUSPICIOUS; n++) {
            crowd.count(n % 2 == 0, now);
            assertFalse(crowd.isSuspected());
        }
    }

    @Test
    void suspicionEndsWithTheCrowd() {
        crowd.grows(now);
        count(Crowd.SUSPICIOUS);
        now += Crowd.MEMORY;
        assertFalse(crowd.isPresent(now));
        assertFalse(crowd.isSuspected());
    }

    /** Those that are reset may come back at once. However many they seem to be, that does not keep the flood alive. */
    @Test
    void floodEndsAfterASecondUnlessItIsFoundAgain() {
        crowd.leaves(now);
        for (long end = now + Crowd.MEMORY; now < end; now += Crowd.MEMORY / 4) {
            assertTrue(crowd.isLeaving(now));
            assertTrue(crowd.isPresent(now), "those that leave cost little now, and must not become costly by that");
            count(10 * Crowd.FLOOD);
            assertFalse(crowd.isSuspected());
        }
        assertFalse(crowd.isLeaving(now));
        count(Crowd.SUSPICIOUS);
        assertTrue(crowd.isSuspected());
        crowd.leaves(now);
        assertTrue(crowd.isLeaving(now));
    }

    @Test
    void manyThatHaveLeftAreAFloodWhereNobodyOnlyReads() {
        Crowd clients = new Crowd(false);
        clients.grows(now);
        for (int n = 0; n < Crowd.SUSPICIOUS; n++) {
            assertFalse(clients.isLeaving(now));
            clients.count(true, now);
            clients.gap();
        }
        assertTrue(clients.isLeaving(now));
        assertFalse(clients.isSuspected(), "nothing is left to find out");
        assertFalse(clients.isLeaving(now + Crowd.MEMORY));
    }

    @Test
    void fewThatHaveLeftAreNoFloodWhenTheCrowdHasGone() {
        Crowd clients = new Crowd(false);
        clients.grows(now);
        for (int n = 1; n < Crowd.SUSPICIOUS; n++) clients.count(true, now);
        now += Crowd.MEMORY;
        assertFalse(clients.isPresent(now));
        clients.grows(now);
        clients.count(true, now);
        assertFalse(clients.isLeaving(now));
    }

    private void count(int connections) {
        for (int n = 0; n < connections; n++) crowd.count(true, now);
    }
}
