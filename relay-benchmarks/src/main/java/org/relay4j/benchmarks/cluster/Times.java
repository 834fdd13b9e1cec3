package org.relay4j.benchmarks.cluster;

import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/** Durations of single operations. Safe for use by several threads. */
final class Times {
    /** Maximum number of durations that are kept; later ones are not. */
    static final int MOST = 1 << 20;

    private static final double NANOS_PER_MILLI = 1e6;

    private final ReentrantLock lock = new ReentrantLock();
    private long[] nanos = new long[1 << 12]; // guarded by lock, as is count
    private int count;

    void add(long duration) {
        lock.lock();
        try {
            if (count == MOST) return;
            if (count == nanos.length) nanos = Arrays.copyOf(nanos, 2 * count);
            nanos[count++] = duration;
        } finally {
            lock.unlock();
        }
    }

    void clear() {
        lock.lock();
        try {
            count = 0;
        } finally {
            lock.unlock();
        }
    }

    int count() {
        lock.lock();
        try {
            return count;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Returns the duration that a part of them do not exceed: 1 for the longest one. Unit: milliseconds.
     *
     * @throws IllegalStateException if there are none
     */
    double quantile(double part) {
        lock.lock();
        try {
            if (count == 0) throw new IllegalStateException("there are no durations");
            Arrays.sort(nanos, 0, count);
            return nanos[Math.min(count - 1, (int) (part * count))] / NANOS_PER_MILLI;
        } finally {
            lock.unlock();
        }
    }
}
