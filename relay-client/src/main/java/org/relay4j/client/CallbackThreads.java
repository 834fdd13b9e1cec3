package org.relay4j.client;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.LimitedLog;
import org.relay4j.yamux.io.OrderedLock;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Runs tasks that may block, on a bounded number of threads. Tasks begin in the order in which they were submitted. Safe for use by
 * several threads.
 */
final class CallbackThreads implements Executor {
    /*
     * When all tunnels of a process are lost at the same moment, each has tasks. As many as the bound run at once, and the others wait.
     *
     * A task may be code of the application, which may block for as long as it wants. So one that has run for longer than the patience
     * no longer counts when others wait: another thread takes its place. Its own thread ends with it, unless there is room again.
     *
     * A tunnel has no more than a few tasks at a time, so the queue needs no bound of its own.
     */
    /** Runs an action after a while. The action does not block. */
    interface Timer {
        void after(long nanos, Runnable action);
    }

    private final Executor threads; // runs each task at once
    private final int most; // threads that count
    private final long patience; // ns
    private final LongSupplier clock; // ns
    private final Timer timer;
    private final LimitedLog failed = new LimitedLog(LoggerFactory.getLogger(CallbackThreads.class), Level.ERROR);
    private final ReentrantLock lock = OrderedLock.leaf("the threads of callbacks");
    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>(); // guarded by lock
    private final Set<Worker> counted = new LinkedHashSet<>(); // the one with the oldest task first; guarded by lock
    private boolean watching; // the timer is set; guarded by lock

    /**
     * Creates an executor without threads; they start as they are needed.
     *
     * @param threads runs each task at once, on a thread that may block
     * @param most the number of threads, without those whose task has run for longer than {@code patience} while others waited
     */
    CallbackThreads(Executor threads, int most, Duration patience) {
        this(threads, most, patience, System::nanoTime, CallbackThreads::after);
    }

    CallbackThreads(Executor threads, int most, Duration patience, LongSupplier clock, Timer timer) {
        this.threads = threads;
        this.most = most;
        this.patience = patience.toNanos();
        this.clock = clock;
        this.timer = timer;
    }

    private static void after(long nanos, Runnable action) {
        CompletableFuture.delayedExecutor(nanos, TimeUnit.NANOSECONDS, Runnable::run)
                .execute(action);
    }

    /** A thread that runs one task after the other, while there are any. */
    private final class Worker implements Runnable {
        private long since; // when its task began, ns; guarded by lock

        private Worker(long since) {
            this.since = since;
        }

        @Override
        public void run() {
            for (Runnable task; (task = next(this)) != null; ) {
                try {
                    task.run();
                } catch (RuntimeException | Error e) {
                    failed.log("a task has failed", e);
                }
                Thread.interrupted(); // a flag that the task left set is not meant for the next one
            }
        }
    }

    /**
     * Runs a task soon. Does not block.
     *
     * @throws OutOfMemoryError if a thread or a timer is needed and cannot be started; the task is not run then
     */
    @Override
    public void execute(Runnable task) {
        Worker added;
        lock.lock();
        try {
            added = addUnlessFull();
            if (added == null) watch();
            waiting.add(task); // last, because what comes before it may lack memory
        } finally {
            lock.unlock();
        }
        if (added == null) return;
        try {
            threads.execute(added);
        } catch (RuntimeException | Error e) {
            if (isTakenBack(task, added)) throw e;
        }
    }

    /** Returns false if another thread has the task already. */
    private boolean isTakenBack(Runnable task, Worker notStarted) {
        lock.lock();
        try {
            counted.remove(notStarted);
            return waiting.removeLastOccurrence(task);
        } finally {
            lock.unlock();
        }
    }

    /** Returns a worker to be started, without the lock; null if there are enough. With the lock held. */
    private @Nullable Worker addUnlessFull() {
        long now = clock.getAsLong();
        if (counted.size() >= most) {
            Iterator<Worker> oldest = counted.iterator();
            if (now - oldest.next().since < patience) return null;
            oldest.remove();
        }
        Worker added = new Worker(now);
        counted.add(added);
        return added;
    }

    /** Has {@link #check} called when the oldest task no longer counts. With the lock held. */
    private void watch() {
        if (watching || counted.isEmpty()) return;
        long age = clock.getAsLong() - counted.iterator().next().since;
        timer.after(Math.max(0, patience - age), this::check);
        watching = true;
    }

    /** Starts threads for tasks that wait behind others that no longer count. */
    private void check() {
        List<Worker> added = new ArrayList<>();
        lock.lock();
        try {
            watching = false;
            for (Worker next; added.size() < waiting.size() && (next = addUnlessFull()) != null; ) added.add(next);
            if (added.size() < waiting.size()) watch();
        } finally {
            lock.unlock();
        }
        for (Worker each : added) start(each);
    }

    /** Starts a worker; without memory for a thread, its task waits for another one. */
    private void start(Worker added) {
        try {
            threads.execute(added);
        } catch (RuntimeException | Error e) {
            failed.log("cannot start a thread, trying again soon", e);
            lock.lock();
            try {
                counted.remove(added);
                if (watching) return;
                timer.after(patience, this::check);
                watching = true;
            } finally {
                lock.unlock();
            }
        }
    }

    /** Returns the next task of a worker; null if its thread is to end. */
    private @Nullable Runnable next(Worker worker) {
        lock.lock();
        try {
            boolean counts = counted.remove(worker);
            if (waiting.isEmpty() || (!counts && counted.size() >= most)) return null;
            worker.since = clock.getAsLong();
            counted.add(worker); // behind the others, whose tasks are older
            return waiting.remove();
        } finally {
            lock.unlock();
        }
    }
}
