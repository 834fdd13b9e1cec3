package org.relay4j.client;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.relay4j.yamux.io.LimitedLog;
import org.relay4j.yamux.io.Threads;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** The threads that reconnect and call listeners. They may block, and exist only while they are needed. */
final class Callbacks {
    /** The number of threads of each kind, without those whose task takes long. */
    static final int MOST = 256;

    private static final Executor THREADS = Threads.executor("relay-callback");

    private static final Duration SHORT = Duration.ofSeconds(1);

    /** Runs what happens to tunnels and their endpoints. Most tasks are short; some look up a name or check a local service. */
    static final Executor EXECUTOR = new CallbackThreads(THREADS, MOST, SHORT);

    /**
     * Makes attempts to connect, each of which ends by itself, because each wait in it has a timeout. Apart from the others, so that a
     * server that does not answer delays only other attempts.
     */
    static final Executor ATTEMPTS = new CallbackThreads(THREADS, MOST, Duration.ofSeconds(30));

    /** Calls listeners, which may block. Apart from the others, so that a slow listener delays no tunnel. */
    static final Executor LISTENERS = new CallbackThreads(THREADS, MOST, SHORT);

    private static final Logger log = LoggerFactory.getLogger(Callbacks.class);
    private static final LimitedLog noThread = new LimitedLog(log, Level.ERROR);

    private Callbacks() {}

    /** Runs a task that must not be lost: without memory for a thread, it retries every second. */
    static void runSurely(Executor executor, Runnable task) {
        try {
            executor.execute(task);
        } catch (RuntimeException | Error e) {
            noThread.log("cannot start a thread, trying again in 1 s", e);
            CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS, Runnable::run)
                    .execute(() -> runSurely(executor, task));
        }
    }

    /** Runs a task after a pause, on one of the threads. It is not lost either. */
    static void runLater(Duration pause, Runnable task) {
        CompletableFuture.delayedExecutor(pause.toNanos(), TimeUnit.NANOSECONDS, Runnable::run)
                .execute(() -> runSurely(EXECUTOR, task));
    }
}
