package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class ConnectionTrafficTest {
    private static final int KIB = 1024;

    private final ConnectionTraffic traffic = new ConnectionTraffic(0);

    private int at(long millis, long total) {
        return traffic.level(TimeUnit.MILLISECONDS.toNanos(millis), () -> total);
    }

    @Test
    void onlyBulkIsHigherThanQuiet() {
        assertEquals(0, at(1_000, 0));
        assertEquals(0, at(2_000, 255 * KIB));
        assertEquals(1, at(3_000, (255 + 256) * KIB));
        assertEquals(0, at(4_000, (255 + 256) * KIB));
    }

    @Test
    void eachDoublingIsOneLevel() {
        long total = 0;
        for (int level = 1; level < 20; level++) {
            total += (128L * KIB) << level;
            assertEquals(level, at(level * 1_000L, total));
        }
    }

    @Test
    void asksForBytesOnlyOnceAPeriod() {
        assertEquals(9, at(100, 8_000 * KIB));
        assertEquals(
                9,
                traffic.level(
                        TimeUnit.MILLISECONDS.toNanos(199), () -> Assertions.fail("too early to wait for a lock")));
        assertEquals(0, at(200, 8_000 * KIB));
    }

    /** Else the first visitors after it would all go to another connection, and share that. */
    @Test
    void trafficThatHasEndedDoesNotCountOnceSomebodyHasLooked() {
        traffic.seen(TimeUnit.MILLISECONDS.toNanos(500), 100_000 * KIB);
        assertEquals(10, at(550, 100_000 * KIB));
        traffic.seen(TimeUnit.MILLISECONDS.toNanos(1_000), 100_000 * KIB);
        assertEquals(0, at(1_001, 100_000 * KIB));
    }

    /** In a few microseconds, a bulk transfer may move nothing, and a short one much. */
    @Test
    void lookSoonAfterAnotherOneChangesNothing() {
        assertEquals(9, at(100, 8_000 * KIB));
        traffic.seen(TimeUnit.MILLISECONDS.toNanos(101), 8_000 * KIB);
        traffic.seen(TimeUnit.MILLISECONDS.toNanos(99), 7_000 * KIB);
        assertEquals(9, at(102, 0));
        assertEquals(9, at(200, 16_000 * KIB));
    }

    @Test
    void lookThatWasOvertakenChangesNothing() {
        assertEquals(9, at(100, 8_000 * KIB));
        traffic.seen(TimeUnit.MILLISECONDS.toNanos(200), 7_000 * KIB);
        assertEquals(9, at(199, 0));
    }

    @Test
    void rateIsTheMeanSinceTheLastLook() {
        assertEquals(1, at(10_000, 10 * 300 * KIB));
    }
}
