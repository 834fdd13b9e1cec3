package org.relay4j.client;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.OrderedLock;

/** The connections that carry a tunnel: none until it is up and after it was lost, usually one. Safe for use by several threads. */
final class Connections {
    /** Connections of one tunnel, as servers limit them. */
    private static final int MOST = 8;

    private final ReentrantLock lock = OrderedLock.leaf("the connections of a tunnel");
    private final List<TunnelConnection> present = new ArrayList<>(1); // guarded by lock
    private final Set<TunnelConnection> moving = new HashSet<>(); // present, with a successor to come; guarded by lock
    private @Nullable TunnelConnection last; // one that is present, or the one that ended last; guarded by lock

    /** The first connection of a tunnel that is up, for the first time or again. */
    void begin(TunnelConnection first) {
        lock.lock();
        try {
            present.add(first);
            last = first;
        } finally {
            lock.unlock();
        }
    }

    /** Adds a further connection; false if there is none that it could join. */
    boolean join(TunnelConnection further) {
        lock.lock();
        try {
            return !present.isEmpty() && present.add(further);
        } finally {
            lock.unlock();
        }
    }

    /** Marks a connection that gets a successor; false if it has ended, or there are as many as a tunnel may have. */
    boolean moves(TunnelConnection one) {
        lock.lock();
        try {
            return present.size() < MOST && present.contains(one) && moving.add(one);
        } finally {
            lock.unlock();
        }
    }

    /** Marks a connection as {@link #moves} does, if it is the only one that was not marked. */
    boolean movesAlone(TunnelConnection one) {
        lock.lock();
        try {
            return present.size() < MOST && present.contains(one) && staying() == 1 && moving.add(one);
        } finally {
            lock.unlock();
        }
    }

    /** Removes the mark, because there is no successor; false if the connection has ended. */
    boolean stays(TunnelConnection one) {
        lock.lock();
        try {
            moving.remove(one);
            return present.contains(one);
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether a connection has a successor, or one is being made. */
    boolean isMoving(TunnelConnection one) {
        lock.lock();
        try {
            return moving.contains(one);
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether a connection has a successor, which is present and has none itself. */
    boolean isSucceeded(TunnelConnection one) {
        lock.lock();
        try {
            return moving.contains(one) && staying() > 0;
        } finally {
            lock.unlock();
        }
    }

    /** Returns the number of the present connections that have no successor. */
    int staying() {
        lock.lock();
        try {
            return present.size() - moving.size();
        } finally {
            lock.unlock();
        }
    }

    /** Removes a connection that has ended; true if it was the last one. */
    boolean remove(TunnelConnection ended) {
        lock.lock();
        try {
            present.remove(ended);
            moving.remove(ended);
            last = present.isEmpty() ? ended : present.get(0);
            return present.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** The present connections, or the one that ended last; empty if there was none yet. */
    List<TunnelConnection> all() {
        lock.lock();
        try {
            if (!present.isEmpty()) return List.copyOf(present);
            return last == null ? List.of() : List.of(last);
        } finally {
            lock.unlock();
        }
    }

    /** The connection that the tunnel shows; null if there was none yet. */
    @Nullable
    TunnelConnection main() {
        lock.lock();
        try {
            return last;
        } finally {
            lock.unlock();
        }
    }

    /** Returns the sessions of the present connections, or of the last one. */
    List<ServiceConnection> services() {
        return all().stream()
                .filter(ServiceConnection.class::isInstance)
                .map(ServiceConnection.class::cast)
                .toList();
    }

    /** Returns an open connection, one that has no successor and whose server does not shut down if there is one; null if none is open. */
    @Nullable
    ServiceConnection usable() {
        ServiceConnection best = null;
        for (ServiceConnection one : services()) {
            if (one.isOpen() && (best == null || best.isDraining() || isMoving(best))) best = one;
        }
        return best;
    }

    boolean isOpen() {
        return all().stream().anyMatch(TunnelConnection::isOpen);
    }

    /** Waits until the visitors have left, until {@link System#nanoTime} is {@code end} at most; then resets them. */
    boolean awaitVisitors(long end) {
        boolean finished = true;
        for (TunnelConnection each : all()) {
            boolean ended = false;
            try {
                ended = each.awaitTermination(Math.max(0, end - System.nanoTime()));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            if (!ended) each.close();
            finished &= ended;
        }
        return finished;
    }

    /** Waits until the sockets are closed, until {@link System#nanoTime} is {@code end} at most; false if one is not by then. */
    boolean awaitTermination(long end) throws InterruptedException {
        for (TunnelConnection each : all()) {
            if (!each.awaitTermination(Math.max(0, end - System.nanoTime()))) return false;
        }
        return true;
    }
}
