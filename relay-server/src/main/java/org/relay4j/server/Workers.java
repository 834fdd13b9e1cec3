package org.relay4j.server;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.relay4j.yamux.io.Threads;

/** A few threads for work that must not run on a loop, with a bounded queue. Idle threads end. Safe for use by several threads. */
final class Workers {
    private static final long IDLE_SECONDS = 10;

    private final ThreadPoolExecutor executor;

    Workers(String name, int threads, int queued) {
        executor = new ThreadPoolExecutor(
                threads,
                threads,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(queued),
                Threads.factory(name));
        executor.allowCoreThreadTimeOut(true);
    }

    /** Runs a task soon. Returns false if the queue is full or the workers have ended. Does not block. */
    boolean run(Runnable task) {
        try {
            executor.execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    /** Removes a task from the queue; has no effect on one that has begun. Does not block. */
    void forget(Runnable task) {
        executor.remove(task);
    }

    /** Ends the threads after the queued tasks. Does not block. */
    void end() {
        executor.shutdown();
    }
}
