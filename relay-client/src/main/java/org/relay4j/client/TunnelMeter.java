package org.relay4j.client;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.yamux.SessionStatistics;
import org.relay4j.yamux.io.OrderedLock;

/** Counts what passes through a tunnel, over all its connections to the server. Safe for use by several threads. */
final class TunnelMeter {
    private final AtomicLong visitors = new AtomicLong();
    private final AtomicInteger openVisitors = new AtomicInteger();
    private final ReentrantLock lock = OrderedLock.leaf("a tunnel's meter");
    private @Nullable Supplier<SessionStatistics> connection; // the present one, or the last; guarded by lock
    private long reconnects; // guarded by lock
    private long bytesIn; // of the connections before; guarded by lock
    private long bytesOut; // of the connections before; guarded by lock

    void accepted() {
        visitors.incrementAndGet();
        openVisitors.incrementAndGet();
    }

    void gone() {
        openVisitors.decrementAndGet();
    }

    /** Another connection is established. The one before has ended; its numbers are final. By one thread at a time. */
    void connected(Supplier<SessionStatistics> next) {
        SessionStatistics last = ask(current());
        lock.lock();
        try {
            if (connection != null) reconnects++;
            bytesIn += last.bytesIn();
            bytesOut += last.bytesOut();
            connection = next;
        } finally {
            lock.unlock();
        }
    }

    TunnelStatistics read(long droppedEvents) {
        Supplier<SessionStatistics> present;
        TunnelStatistics before;
        lock.lock();
        try {
            present = connection;
            before = new TunnelStatistics(
                    visitors.get(), openVisitors.get(), bytesIn, bytesOut, reconnects, null, droppedEvents);
        } finally {
            lock.unlock();
        }
        SessionStatistics now = ask(present);
        return before.plus(new TunnelStatistics(0, 0, now.bytesIn(), now.bytesOut(), 0, now.roundTrip(), 0));
    }

    private @Nullable Supplier<SessionStatistics> current() {
        lock.lock();
        try {
            return connection;
        } finally {
            lock.unlock();
        }
    }

    /** Takes the lock of the session, so it must not be called with the lock of the meter held. */
    private static SessionStatistics ask(@Nullable Supplier<SessionStatistics> connection) {
        return connection == null ? new SessionStatistics(0, 0, 0, 0, null, 0) : connection.get();
    }
}
