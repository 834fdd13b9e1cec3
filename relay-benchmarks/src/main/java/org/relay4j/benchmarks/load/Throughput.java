package org.relay4j.benchmarks.load;

/**
 * What the receiving end of one connection got during the counted time. Only the receiver's count is taken, together
 * with the moment at which it was taken: bytes that still sit in socket buffers on the way do not count.
 */
final class Throughput {
    private static final double NANOS = 1e9;

    private boolean started;
    private long firstCount;
    private long firstNanos;
    private long lastCount;
    private long lastNanos;

    /** Takes a count, cumulative since the connection began. */
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
