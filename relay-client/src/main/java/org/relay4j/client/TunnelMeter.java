package org.relay4j.client;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.yamux.SessionStatistics;

/** Counts what passes through a tunnel, over all its connections to the server. Safe for use by several threads. */
final class TunnelMeter {
    private final AtomicLong visitors = new AtomicLong();
    private final AtomicInteger openVisitors = new AtomicInteger();
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable Supplier<SessionStatistics> connection; // the present one, or the last; guarded by lock
    private long connections; // guarded by lock
    private long bytesIn; // of the connections before; guarded by lock
    private long bytesOut; // of the connections before; guarded by lock

    void accepted() {
        visitors.incrementAndGet();
        openVisitors.incrementAndGet();
    }

    void gone() {
        openVisitors.decrementAndGet();
    }

    /** There is another connection. The one before has ended, and keeps its numbers. */
    void connected(Supplier<SessionStatistics> next) {
        lock.lock();
        try {
            if (connection != null) {
                SessionStatistics last = connection.get();
                bytesIn += last.bytesReceived();
                bytesOut += last.bytesSent();
            }
            connection = next;
            connections++;
        } finally {
            lock.unlock();
        }
    }

    TunnelStatistics read(long untold) {
        lock.lock();
        try {
            SessionStatistics now = connection == null ? new SessionStatistics(0, 0, 0, 0, null, 0) : connection.get();
            return new TunnelStatistics(
                    visitors.get(),
                    openVisitors.get(),
                    bytesIn + now.bytesReceived(),
                    bytesOut + now.bytesSent(),
                    Math.max(0, connections - 1),
                    now.roundTrip(),
                    untold);
        } finally {
            lock.unlock();
        }
    }
}
