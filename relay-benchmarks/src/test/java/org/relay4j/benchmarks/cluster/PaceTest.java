package org.relay4j.benchmarks.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.relay4j.testing.Await;

@Timeout(60)
class PaceTest {
    private final Pace pace = new Pace();
    private final AtomicInteger underWay = new AtomicInteger();
    private final CountDownLatch end = new CountDownLatch(1);

    private void hang() {
        underWay.incrementAndGet();
        try {
            end.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        underWay.decrementAndGet();
    }

    @Test
    void operationsBeyondThoseUnderWayAreLeftOutAndCounted() throws Exception {
        try (pace) {
            pace.every(2_000, this::hang);
            Await.until("as many as may be are under way", () -> underWay.get() == Pace.MOST);
            Await.until("some are left out", () -> pace.leftOut() > 10);
            assertEquals(Pace.MOST, underWay.get());
            end.countDown();
            pace.stop();
            assertEquals(0, underWay.get());
        }
    }

    @Test
    void stopWaitsForOperationsAndStartsNoMore() throws Exception {
        AtomicInteger started = new AtomicInteger();
        try (pace) {
            pace.every(1_000, started::incrementAndGet);
            pace.every(0, started::incrementAndGet);
            Await.until("operations", () -> started.get() > 10);
            pace.stop();
            int before = started.get();
            pace.every(1_000, underWay::incrementAndGet);
            Await.until("the next ones", () -> underWay.get() > 10);
            assertEquals(before, started.get());
        }
    }
}
