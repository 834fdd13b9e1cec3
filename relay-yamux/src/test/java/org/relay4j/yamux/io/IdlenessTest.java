package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Idle time in virtual time. */
class IdlenessTest {
    @Test
    void eachByteBeginsTheTimeAgain() {
        long begin = Long.MAX_VALUE - 50; // the clock may overflow
        Idleness idleness = new Idleness(100, begin);
        assertEquals(100, idleness.left(begin));
        assertEquals(1, idleness.left(begin + 99));
        assertEquals(0, idleness.left(begin + 100));
        idleness.active(begin + 60);
        assertEquals(60, idleness.left(begin + 100));
        assertEquals(-40, idleness.left(begin + 200));
    }
}
