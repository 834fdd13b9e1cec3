package org.relay4j.benchmarks.load;

/**
 * The bytes that the receiving end of one connection got during the measurement. Only the receiver's count and its time
 * are used: bytes in socket buffers on the way do not count, and reports that were held up on the way and arrive together
 * make no rate of their own.
 */
final class Throughput {
    private static final double NANOS = 1e9;

    private boolean started;
    private long firstCount;
    private long firstNanos;
    private long lastCount;
    private long lastNanos;

    /**
     * Records a count, cumulative since the start of the connection.
     *
     * @param nanos the receiver's {@link System#nanoTime} when it had received these bytes
     */
    void received(long count, long nanos, boolean counting) {
        lastCount = count;
        lastNanos = nanos;
        if (counting && !started) {
            started = true;
            firstCount = lastCount;
            firstNanos = lastNanos;
        }
    }

    long bytes() {
        return started ? lastCount - firstCount : 0;
    }

    double bytesPerSecond() {
        return bytes() == 0 || lastNanos == firstNanos ? 0 : bytes() * NANOS / (lastNanos - firstNanos);
    }
}
