package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.Test;

class BoundsTest {
    @Test
    void nanosecondsOfAnyTimeFitIntoADeadline() {
        long forever = Bounds.nanos(ChronoUnit.FOREVER.getDuration());
        assertTrue(forever > Duration.ofDays(365 * 100).toNanos());
        assertEquals(forever, Bounds.nanos(Duration.ofSeconds(Long.MAX_VALUE)));
        long now = System.nanoTime();
        assertTrue(now + forever - now > 0);
        assertTrue(Long.MAX_VALUE - 5 + forever - (Long.MAX_VALUE - 5) > 0);
        assertEquals(1, Bounds.nanos(Duration.ofNanos(1)));
        assertEquals(0, Bounds.nanos(Duration.ZERO));
        assertEquals(0, Bounds.nanos(ChronoUnit.FOREVER.getDuration().negated()));
        assertEquals(forever, Bounds.nanos(Duration.ofNanos(forever)));
        assertEquals(forever - 1, Bounds.nanos(Duration.ofNanos(forever - 1)));
    }
}
