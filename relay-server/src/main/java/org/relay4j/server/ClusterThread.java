package org.relay4j.server;

import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.relay4j.server.cluster.ClusterTime;
import org.relay4j.yamux.io.Threads;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The thread of a node of a cluster, which makes all its decisions. Safe for use by several threads. */
final class ClusterThread implements ClusterTime, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RelayServer.class);

    private final ScheduledThreadPoolExecutor executor;

    ClusterThread() {
        executor = new ScheduledThreadPoolExecutor(1, Threads.factory("relay-cluster"), (task, closed) -> {
            // The server has closed: there is nothing left to decide.
        });
        executor.setRemoveOnCancelPolicy(true);
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public Runnable schedule(long nanos, Runnable task) {
        ScheduledFuture<?> scheduled = executor.schedule(() -> safely(task), nanos, TimeUnit.NANOSECONDS);
        return () -> scheduled.cancel(false);
    }

    @Override
    public void execute(Runnable task) {
        executor.execute(() -> safely(task));
    }

    private static void safely(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            log.error("relay server: unexpected failure of the cluster's thread", e);
        }
    }

    /** Ends the thread. Tasks that have not begun are dropped. Does not block. */
    @Override
    public void close() {
        executor.shutdownNow();
    }
}
