package org.relay4j.server;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.OrderedLock;

/**
 * The clients for which a node asks the store of the cluster: at most {@value #AT_ONCE} at once, the others in their order. Safe for
 * use by several threads.
 */
final class ClaimTurns {
    /*
     * After the death of a node, hundreds of clients come back at once. If all of their claims were under way together, each would take
     * longer than its client waits, and none would succeed. As many as may be pending wait, see Decisions.
     */
    static final int AT_ONCE = 16;

    private final ReentrantLock lock = OrderedLock.leaf("the turns of claims");
    private final Set<Turn> waiting = new LinkedHashSet<>(); // guarded by lock
    private int present; // guarded by lock

    /**
     * Takes a turn, which ends with {@link Turn#end}.
     *
     * @param begin called at most once: before this method returns, or later on any thread. Not called if the turn was ended first.
     *     Must not block
     */
    Turn take(Runnable begin) {
        Turn turn = new Turn(begin);
        lock.lock();
        try {
            if (present == AT_ONCE) {
                waiting.add(turn);
                return turn;
            }
            present++;
            turn.begun = true;
        } finally {
            lock.unlock();
        }
        begin.run();
        return turn;
    }

    /** Returns how many wait for their turn. */
    int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the next one; null if none waits. With the lock held. */
    private @Nullable Turn next() {
        Iterator<Turn> first = waiting.iterator();
        if (!first.hasNext()) return null;
        Turn next = first.next();
        first.remove();
        next.begun = true;
        return next;
    }

    /** The turn of one claim. */
    final class Turn {
        private final Runnable begin;
        private boolean begun; // guarded by lock
        private boolean over; // guarded by lock

        private Turn(Runnable begin) {
            this.begin = begin;
        }

        /** Ends the turn, or the wait for it. Has an effect once. */
        void end() {
            Turn next = null;
            lock.lock();
            try {
                if (over) return;
                over = true;
                if (!begun) waiting.remove(this);
                else {
                    next = next();
                    if (next == null) present--;
                }
            } finally {
                lock.unlock();
            }
            if (next != null) next.begin.run();
        }
    }
}
