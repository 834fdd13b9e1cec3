package org.relay4j.client;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.io.Driver;
import org.relay4j.yamux.io.OrderedLock;

/** The visitors of one of several services of a tunnel, over all its connections. Safe for use by several threads. */
final class OpenVisitors {
    private record Open(Driver driver, MuxStream stream, Runnable reset) {}

    private final ReentrantLock lock = OrderedLock.leaf("the visitors of a service");
    private final Condition none = lock.newCondition();
    private final Map<MuxStream, Open> open = new HashMap<>(); // guarded by lock
    private boolean closed; // those that still arrive are reset; guarded by lock
    private long accepted; // guarded by lock
    private long bytesIn; // of those that have left; guarded by lock
    private long bytesOut; // of those that have left; guarded by lock

    /** With the session's lock held. */
    void add(Driver driver, MuxStream stream, Runnable reset) {
        boolean late;
        lock.lock();
        try {
            accepted++;
            open.put(stream, new Open(driver, stream, reset));
            late = closed;
        } finally {
            lock.unlock();
        }
        if (late) driver.afterwards(reset);
    }

    /** With the session's lock held. */
    void remove(MuxStream stream) {
        lock.lock();
        try {
            if (open.remove(stream) == null) return;
            bytesIn += stream.bytesReceived();
            bytesOut += stream.bytesSent();
            if (open.isEmpty()) none.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the totals so far. The bytes are those of visitors that have left, and of those that are here now. */
    TunnelStatistics statistics() {
        TunnelStatistics sum;
        List<Open> present;
        lock.lock();
        try {
            present = List.copyOf(open.values());
            sum = new TunnelStatistics(accepted, present.size(), bytesIn, bytesOut, 0, null, 0);
        } finally {
            lock.unlock();
        }
        for (Open one : present) sum = sum.plus(bytes(one)); // takes the lock of the session, so without ours
        return sum;
    }

    private static TunnelStatistics bytes(Open one) {
        one.driver().lock.lock();
        try {
            return new TunnelStatistics(
                    0, 0, one.stream().bytesReceived(), one.stream().bytesSent(), 0, null, 0);
        } finally {
            one.driver().lock.unlock();
        }
    }

    /** Waits until none is left, until {@link System#nanoTime} is {@code end} at most. Returns false if some are. */
    boolean awaitNone(long end) throws InterruptedException {
        lock.lock();
        try {
            while (!open.isEmpty()) {
                long left = end - System.nanoTime();
                if (left <= 0 || !none.await(left, TimeUnit.NANOSECONDS)) return open.isEmpty();
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Resets all, and those that are added later. Does not block. */
    void reset() {
        List<Open> present;
        lock.lock();
        try {
            closed = true;
            present = List.copyOf(open.values());
        } finally {
            lock.unlock();
        }
        present.forEach(one -> one.driver().afterwards(one.reset()));
    }
}
