package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class RoundTripTest {
    private static final long SECOND = 1_000_000_000L; // ns

    private final RoundTrip roundTrip = new RoundTrip();

    @Test
    void isUnknownAtFirst() {
        assertFalse(roundTrip.isKnown());
        roundTrip.measured(5, SECOND);
        assertTrue(roundTrip.isKnown());
        assertEquals(5, roundTrip.shortest());
    }

    @Test
    void longerOnesDoNotCount() {
        roundTrip.measured(50, SECOND);
        for (int n = 1; n < 25; n++) roundTrip.measured(5_000, SECOND + n * SECOND);
        assertEquals(50, roundTrip.shortest());
    }

    @Test
    void shorterOneCountsAtOnce() {
        roundTrip.measured(50, SECOND);
        roundTrip.measured(20, 2 * SECOND);
        assertEquals(20, roundTrip.shortest());
    }

    @Test
    void pathThatHasBecomeLongerIsBelievedAfterAMinuteAtMost() {
        for (int n = 1; n <= 10; n++) roundTrip.measured(50, n * SECOND);
        for (int n = 11; n <= 50; n++) roundTrip.measured(90, n * SECOND);
        assertEquals(50, roundTrip.shortest());
        for (int n = 51; n <= 75; n++) roundTrip.measured(90, n * SECOND);
        assertEquals(90, roundTrip.shortest());
    }

    @Test
    void noneIsZero() {
        roundTrip.measured(0, SECOND);
        assertEquals(1, roundTrip.shortest());
    }
}
