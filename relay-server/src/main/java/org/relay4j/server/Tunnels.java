package org.relay4j.server;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.relay4j.yamux.io.OrderedLock;

/** The tunnels of a server that are open, and the totals of those that have ended. Safe for use by several threads. */
final class Tunnels {
    private final ReentrantLock lock = OrderedLock.leaf("the tunnels of a server");
    private final Condition none = lock.newCondition(); // the last one has ended
    private final Set<ServerTunnel> open = new LinkedHashSet<>(); // guarded by lock
    private long established; // since the start; guarded by lock
    private int up; // established and open; guarded by lock
    private long bytesIn; // of those that have ended; guarded by lock
    private long bytesOut; // of those that have ended; guarded by lock

    /**
     * All of it at one moment.
     *
     * @param open tunnels whose bytes are not in the totals
     */
    record Totals(List<ServerTunnel> open, long established, int up, long bytesIn, long bytesOut) {}

    void opened(ServerTunnel tunnel) {
        lock.lock();
        try {
            open.add(tunnel);
        } finally {
            lock.unlock();
        }
    }

    void established() {
        lock.lock();
        try {
            established++;
            up++;
        } finally {
            lock.unlock();
        }
    }

    /** A tunnel has ended. Has no effect on one that is not open. */
    void ended(ServerTunnel tunnel, boolean wasEstablished, long in, long out) {
        lock.lock();
        try {
            if (!open.remove(tunnel)) return;
            if (wasEstablished) up--;
            bytesIn += in;
            bytesOut += out;
            if (open.isEmpty()) none.signalAll();
        } finally {
            lock.unlock();
        }
    }

    int size() {
        lock.lock();
        try {
            return open.size();
        } finally {
            lock.unlock();
        }
    }

    /** A copy. */
    List<ServerTunnel> all() {
        return totals().open();
    }

    Totals totals() {
        lock.lock();
        try {
            return new Totals(List.copyOf(open), established, up, bytesIn, bytesOut);
        } finally {
            lock.unlock();
        }
    }

    /** Waits until there is none, at most {@code nanos}; true when there is none. */
    boolean awaitNone(long nanos) throws InterruptedException {
        lock.lock();
        try {
            long left = nanos;
            while (!open.isEmpty()) {
                if (left <= 0) return false;
                left = none.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }
}
