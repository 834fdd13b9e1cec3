package org.relay4j.yamux.io;

import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * The tasks of a loop that are due at a time. A task that is cancelled is let go of at once; its place in the heap is given
 * back once more than half of all places are of that kind, so that cancelling is cheap and memory stays in proportion to
 * the tasks that wait. Loop thread only.
 */
final class Timers {
    /** Fewer cancelled ones than this are not worth a sweep. */
    private static final int SWEEP_AT = 64;

    private final PriorityQueue<Loop.Timer> heap = new PriorityQueue<>();
    private int cancelled; // in the heap

    Loop.Timer add(long due, Runnable task) {
        Loop.Timer timer = new Loop.Timer(this, due, task);
        heap.add(timer);
        return timer;
    }

    /** Places taken in the heap. */
    int size() {
        return heap.size();
    }

    /** Time of the earliest one, which may have been cancelled; there must be one. Unit: ns. */
    long nextDue() {
        return heap.element().due;
    }

    /** Removes the earliest task that is due at {@code now}; null when none is. */
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
