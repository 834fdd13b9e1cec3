package org.relay4j.server;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.relay4j.yamux.io.OrderedLock;

/** What a node of a cluster has counted since its start. Safe for use by several threads. */
final class ClusterCounts {
    private final Map<String, AtomicLong> sent = new ConcurrentHashMap<>(); // visitors, by node
    private final Map<String, AtomicLong> received = new ConcurrentHashMap<>(); // visitors, by node
    private final AtomicLong retries = new AtomicLong();
    private final AtomicLong expired = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicInteger passing = new AtomicInteger();
    private final ReentrantLock lock = OrderedLock.leaf("the visitors that pass a node");
    private final Condition none = lock.newCondition();
    private int routed; // visitors whose tunnel is at another node; guarded by lock

    /** A visitor has come whose tunnel is at another node. {@link #left} follows. */
    void entered() {
        lock.lock();
        try {
            routed++;
        } finally {
            lock.unlock();
        }
    }

    /** The visitor has left, or has gone to a tunnel of this node. */
    void left() {
        lock.lock();
        try {
            if (--routed == 0) none.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Another node has taken a visitor. */
    void forwarded(String node) {
        sent.computeIfAbsent(node, key -> new AtomicLong()).incrementAndGet();
        passing.incrementAndGet();
    }

    /** A visitor that another node has taken has left. */
    void forwardedEnded() {
        passing.decrementAndGet();
        left();
    }

    /** This node has taken a visitor of another. */
    void received(String node) {
        received.computeIfAbsent(node, key -> new AtomicLong()).incrementAndGet();
    }

    /** A node did not take a visitor, which was offered to the next one, or waits. */
    void retried() {
        retries.incrementAndGet();
    }

    /** A visitor was reset because no node has taken it within the hold time. */
    void holdExpired() {
        expired.incrementAndGet();
    }

    /** A claim was refused because another tunnel has the endpoint. */
    void refused() {
        refused.incrementAndGet();
    }

    /** More or fewer visitors wait for a node to take them. */
    void waits(int more) {
        waiting.addAndGet(more);
    }

    Map<String, Long> sent() {
        return copy(sent);
    }

    Map<String, Long> received() {
        return copy(received);
    }

    private static Map<String, Long> copy(Map<String, AtomicLong> counts) {
        Map<String, Long> copy = new TreeMap<>();
        counts.forEach((node, count) -> copy.put(node, count.get()));
        return copy;
    }

    long retries() {
        return retries.get();
    }

    long expired() {
        return expired.get();
    }

    long claimsRefused() {
        return refused.get();
    }

    int waiting() {
        return waiting.get();
    }

    int passing() {
        return passing.get();
    }

    /** Waits until there is no visitor whose tunnel is at another node, at most {@code nanos} nanoseconds; returns true if there is none. */
    boolean awaitNoneRouted(long nanos) throws InterruptedException {
        lock.lock();
        try {
            long left = nanos;
            while (routed > 0) {
                if (left <= 0) return false;
                left = none.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }
}
