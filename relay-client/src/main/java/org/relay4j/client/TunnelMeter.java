package org.relay4j.client;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.yamux.SessionStatistics;
import org.relay4j.yamux.io.OrderedLock;

/** The totals of a tunnel over all its connections to the server. Safe for use by several threads. */
final class TunnelMeter {
    private final AtomicLong visitors = new AtomicLong();
    private final AtomicInteger openVisitors = new AtomicInteger();
    private final ReentrantLock lock = OrderedLock.leaf("a tunnel's meter");
    private final List<Supplier<SessionStatistics>> connections = new ArrayList<>(1); // present; guarded by lock
    private boolean wasUp; // guarded by lock
    private long reconnects; // guarded by lock
    private long bytesIn; // of connections that have ended; guarded by lock
    private long bytesOut; // of connections that have ended; guarded by lock

    void accepted() {
        visitors.incrementAndGet();
        openVisitors.incrementAndGet();
    }

    void gone() {
        openVisitors.decrementAndGet();
    }

    /** The tunnel is up, for the first time or again. */
    void connected(Supplier<SessionStatistics> first) {
        lock.lock();
        try {
            if (wasUp) reconnects++;
            wasUp = true;
            connections.add(first);
        } finally {
            lock.unlock();
        }
    }

    /** A further connection carries the tunnel. */
    void joined(Supplier<SessionStatistics> further) {
        lock.lock();
        try {
            connections.add(further);
        } finally {
            lock.unlock();
        }
    }

    /** A connection has ended: its numbers are final. */
    void left(Supplier<SessionStatistics> ended) {
        SessionStatistics last = ended.get(); // takes the lock of the session
        lock.lock();
        try {
            if (!connections.remove(ended)) return;
            bytesIn += last.bytesIn();
            bytesOut += last.bytesOut();
        } finally {
            lock.unlock();
        }
    }

    TunnelStatistics read(long droppedEvents) {
        List<Supplier<SessionStatistics>> present;
        TunnelStatistics sum;
        lock.lock();
        try {
            present = List.copyOf(connections);
            sum = new TunnelStatistics(
                    visitors.get(), openVisitors.get(), bytesIn, bytesOut, reconnects, null, droppedEvents);
        } finally {
            lock.unlock();
        }
        for (Supplier<SessionStatistics> connection : present) { // takes the lock of the session, so without ours
            SessionStatistics now = connection.get();
            sum = sum.plus(new TunnelStatistics(0, 0, now.bytesIn(), now.bytesOut(), 0, now.roundTrip(), 0));
        }
        return sum;
    }
}
