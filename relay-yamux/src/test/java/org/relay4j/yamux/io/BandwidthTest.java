package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The bucket in virtual time. */
class BandwidthTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final int MEBIBYTE = 1 << 20;

    /** A reader who always has more to read, and waits as long as the bucket says. */
    @ParameterizedTest
    @ValueSource(longs = {Bandwidth.LOWEST, 1_000_000, 125_000_000, Bandwidth.HIGHEST})
    void aGreedyReaderGetsTheLimit(long perSecond) {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        long start = random.nextLong();
        long now = start;
        Bandwidth bandwidth = new Bandwidth(perSecond, now);
        long burst = Math.max(65_536, perSecond / 10);
        long total = 0;
        while (now - start < 20 * SECOND) {
            int taken = bandwidth.take(1, 1 + random.nextInt(MEBIBYTE), now);
            total += taken;
            double elapsed = (double) (now - start) / SECOND;
            assertTrue(
                    total <= burst + elapsed * perSecond + 1, total + " bytes after " + elapsed + " s, seed " + seed);
            if (taken > 0) continue;
            long delay = bandwidth.delay(now);
            assertTrue(delay > 0 && delay <= SECOND / 4, delay + " ns, seed " + seed);
            now += delay;
        }
        double elapsed = (double) (now - start) / SECOND;
        assertTrue(total >= 0.99 * elapsed * perSecond, total + " bytes after " + elapsed + " s, seed " + seed);
    }

    @Test
    void fewerBytesThanTheLeastAreNotTaken() {
        Bandwidth bandwidth = new Bandwidth(65_536, 0);
        assertEquals(65_536 - 1_000, bandwidth.take(1, 65_536 - 1_000, 0));
        assertEquals(0, bandwidth.take(1_001, 2_000, 0));
        assertEquals(1_000, (double) bandwidth.available(0), 1); // the price is rounded up
        assertEquals(1_000, bandwidth.take(999, 2_000, 0), 1);
        assertEquals(0, bandwidth.available(0));
    }

    @Test
    void bytesThatWereNotThereAreGivenBack() {
        Bandwidth bandwidth = new Bandwidth(65_536, 0);
        for (int i = 0; i < 1_000; i++) bandwidth.giveBack(bandwidth.take(1, MEBIBYTE, 0) - 10);
        assertEquals(65_536 - 10_000, (double) bandwidth.available(0), 1_000);
    }

    @Test
    void whatIsOverdrawnIsMissingLater() {
        Bandwidth bandwidth = new Bandwidth(65_536, 0);
        assertEquals(65_536, bandwidth.take(1, 65_536, 0));
        bandwidth.overdraw(16_384, 0);
        assertEquals(0, bandwidth.take(1, 1, SECOND / 4));
        assertEquals(16_384, bandwidth.take(1, 65_536, SECOND / 2), 2);
    }

    @Test
    void aBucketIsNeverMoreThanFull() {
        Bandwidth bandwidth = new Bandwidth(65_536, 0);
        assertEquals(65_536, bandwidth.available(3_600 * SECOND));
    }

    @Test
    void threadsDoNotTakeTheSameBytes() throws InterruptedException {
        Bandwidth bandwidth = new Bandwidth(100_000_000, 0);
        AtomicLong total = new AtomicLong();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Thread thread = new Thread(() -> {
                for (int taken; (taken = bandwidth.take(1, 1_000, 0)) > 0; ) {
                    int used = taken / 2;
                    bandwidth.giveBack(taken - used);
                    total.addAndGet(used);
                    if (used == 0) break;
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) thread.join();
        assertTrue(total.get() <= 10_000_000 && total.get() > 9_900_000, total::toString);
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MIN_VALUE, 0, Bandwidth.LOWEST - 1, Bandwidth.HIGHEST + 1, Long.MAX_VALUE})
    void otherLimitsAreRefused(long perSecond) {
        String message = assertThrows(IllegalArgumentException.class, () -> new Bandwidth(perSecond, 0))
                .getMessage();
        assertTrue(message.startsWith("bandwidth is " + perSecond + ", it must be 65536 to 4294967296"), message);
    }
}
