package org.relay4j.server.peer;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.relay4j.yamux.io.Threads;

/** Two threads for what a link needs at its start and a loop must not do: reading files and TLS computations; and those for names. */
final class PeerTasks implements AutoCloseable {
    static final int THREADS = 2;
    static final int WAITING = 512; // tasks
    private static final long IDLE_SECONDS = 10; // then the threads end

    private final ThreadPoolExecutor threads;
    private final PeerNames names = new PeerNames(PeerNames::resolve);

    PeerTasks() {
        threads = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(WAITING),
                Threads.factory("relay-peer"));
        threads.allowCoreThreadTimeOut(true);
    }

    /**
     * Runs a task soon. Returns false if too many tasks wait, or this is closed. Does not block.
     *
     * @param isWanted asked when it is the turn of the task, which is skipped if nobody waits for it any more
     */
    boolean run(BooleanSupplier isWanted, Runnable task) {
        try {
            threads.execute(() -> {
                if (isWanted.getAsBoolean()) task.run();
            });
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    PeerNames names() {
        return names;
    }

    @Override
    public void close() {
        threads.shutdown();
        names.close();
    }
}
