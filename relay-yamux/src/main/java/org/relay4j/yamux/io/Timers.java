package org.relay4j.yamux.io;

import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * The scheduled tasks of a loop. A cancelled task is released at once. Its heap entry is removed when more than half of all
 * entries are cancelled, so that cancelling is cheap and memory stays proportional to the number of pending tasks. Loop thread
 * only.
 */
final class Timers {
    /** The minimum number of cancelled entries for a sweep. */
    private static final int SWEEP_AT = 64;

    private final PriorityQueue<Loop.Timer> heap = new PriorityQueue<>();
    private int cancelled; // cancelled entries in the heap

    Loop.Timer add(long due, Runnable task) {
        Loop.Timer timer = new Loop.Timer(this, due, task);
        heap.add(timer);
        return timer;
    }

    /** Returns the number of heap entries. */
    int size() {
        return heap.size();
    }

    /** Returns the time of the earliest entry, which may have been cancelled. The heap must not be empty. Unit: ns. */
    long nextDue() {
        return heap.element().due;
    }

    /** Removes and returns the earliest task that is due at {@code now}; null if there is none. */
    @Nullable
    Runnable poll(long now) {
        for (Loop.Timer timer; (timer = heap.peek()) != null && timer.due - now <= 0; ) {
            heap.poll();
            Runnable task = timer.take();
            if (task != null) return task;
            cancelled--;
        }
        return null;
    }

    void cancelledOne() {
        if (++cancelled < SWEEP_AT || cancelled <= heap.size() / 2) return;
        heap.removeIf(Loop.Timer::isOver);
        cancelled = 0;
    }
}
