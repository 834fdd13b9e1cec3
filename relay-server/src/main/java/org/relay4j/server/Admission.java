package org.relay4j.server;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Counts who is there, and says who may still come in. Safe for use by several threads. */
final class Admission {
    private final RelayServerOptions options;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<InetAddress, Count> addresses = new HashMap<>(); // guarded by lock
    private final AtomicInteger visitors = new AtomicInteger();
    private int tunnels; // guarded by lock
    private int pending; // tunnels whose client has not shown a sign of life yet; guarded by lock

    Admission(RelayServerOptions options) {
        this.options = options;
    }

    /** Counts one more tunnel, which is pending at first; returns why it may not be, or null. */
    @Nullable
    String enter(InetAddress address) {
        lock.lock();
        try {
            Count count = addresses.computeIfAbsent(address, key -> new Count());
            String refusal = refusal(count);
            if (refusal == null) {
                tunnels++;
                pending++;
                count.tunnels++;
                count.pending++;
            } else if (count.tunnels == 0) addresses.remove(address);
            return refusal;
        } finally {
            lock.unlock();
        }
    }

    private @Nullable String refusal(Count count) {
        if (tunnels >= options.maxTunnels()) return "the server has its " + options.maxTunnels() + " tunnels";
        if (count.tunnels >= options.maxTunnelsPerAddress()) {
            return "your address has its " + options.maxTunnelsPerAddress() + " tunnels";
        }
        if (pending >= options.maxPending() || count.pending >= options.maxPendingPerAddress()) {
            return "too many clients have connected and not said anything, try again in a moment";
        }
        return null;
    }

    /** The client has shown a sign of life. */
    void established(InetAddress address) {
        lock.lock();
        try {
            pending--;
            Count count = addresses.get(address);
            if (count != null) count.pending--;
        } finally {
            lock.unlock();
        }
    }

    /** The tunnel has ended. */
    void leave(InetAddress address, boolean wasEstablished) {
        if (!wasEstablished) established(address);
        lock.lock();
        try {
            tunnels--;
            Count count = addresses.get(address);
            if (count != null && --count.tunnels == 0) addresses.remove(address);
        } finally {
            lock.unlock();
        }
    }

    /** Counts one more visitor; false when there are enough. */
    boolean enterVisitor() {
        if (visitors.incrementAndGet() <= options.maxVisitors()) return true;
        visitors.decrementAndGet();
        return false;
    }

    void leaveVisitor() {
        visitors.decrementAndGet();
    }

    int visitors() {
        return visitors.get();
    }

    private static final class Count {
        int tunnels;
        int pending;
    }
}
