package org.relay4j.registry.etcd;

import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread on which a store keeps its state, completes stages and calls watchers; so nothing of it needs a lock. It ends by
 * itself when it has had nothing to do for 10 s. Safe for use by several threads.
 */
final class StoreThread {
    private static final Logger log = LoggerFactory.getLogger(StoreThread.class);
    private static final long IDLE_SECONDS = 10;

    private final ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, named("relay-etcd"));

    StoreThread() {
        executor.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
        executor.allowCoreThreadTimeOut(true);
        executor.setRemoveOnCancelPolicy(true);
    }

    /** A task that has not begun yet. */
    interface Timer {
        void cancel();
    }

    void execute(Runnable task) {
        executor.execute(() -> run(task));
    }

    Timer schedule(Duration delay, Runnable task) {
        ScheduledFuture<?> future = executor.schedule(() -> run(task), delay.toNanos(), TimeUnit.NANOSECONDS);
        return () -> future.cancel(false);
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            log.error("A task of the registry has failed", e);
        }
    }

    /** Returns a maker of daemon threads with this name. */
    static ThreadFactory named(String name) {
        AtomicInteger count = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }
}
