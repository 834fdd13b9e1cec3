package org.relay4j.benchmarks.load;

/**
 * The bytes that the receiving end of one connection got during the measurement. Only the receiver's count and its time
 * are used: bytes in socket buffers on the way do not count.
 */
final class Throughput {
    private static final double NANOS = 1e9;

    private boolean started;
    private long firstCount;
    private long firstNanos;
    private long lastCount;
    private long lastNanos;

    /** Records a count, cumulative since the start of the connection. */
    void received(long count, boolean counting) {
        lastCount = count;
        lastNanos = System.nanoTime();
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
        return bytes() == 0 ? 0 : bytes() * NANOS / (lastNanos - firstNanos);
    }
}
