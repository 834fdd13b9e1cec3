package org.relay4j.benchmarks.load;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ThroughputTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final Throughput throughput = new Throughput();

    @Test
    void ratesAreByTheTimeOfTheReceiver() {
        throughput.received(500, 7, false); // before the measurement
        throughput.received(1_000, 5 * SECOND, true);
        // Both were held up on the way, and have arrived at once.
        throughput.received(1_100, 6 * SECOND, true);
        throughput.received(1_200, 7 * SECOND, true);
        assertEquals(200, throughput.bytes());
        assertEquals(100, throughput.bytesPerSecond());
    }

    @Test
    void oneReportIsNoRate() {
        assertEquals(0, throughput.bytesPerSecond());
        throughput.received(1_000, SECOND, true);
        assertEquals(0, throughput.bytesPerSecond());
        throughput.received(1_100, SECOND, true);
        assertEquals(0, throughput.bytesPerSecond());
    }
}
