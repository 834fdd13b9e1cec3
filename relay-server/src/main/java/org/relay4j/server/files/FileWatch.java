package org.relay4j.server.files;

import java.io.Closeable;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A thread that checks files for changes at intervals. */
public final class FileWatch implements Closeable {
    /** The time within which a change is noticed. */
    public static final Duration INTERVAL = Duration.ofSeconds(3);

    private static final Logger log = LoggerFactory.getLogger(FileWatch.class);

    private final ScheduledExecutorService executor;

    /** Starts to call {@code check}, first after one interval. If it fails, it is called again. */
    public FileWatch(Duration interval, Runnable check) {
        executor = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "relay-files");
            thread.setDaemon(true);
            return thread;
        });
        long nanos = interval.toNanos();
        Future<?> unused = executor.scheduleWithFixedDelay(() -> run(check), nanos, nanos, TimeUnit.NANOSECONDS);
    }

    private static void run(Runnable check) {
        try {
            check.run();
        } catch (RuntimeException | Error e) {
            log.error("unexpected failure while checking for changed files, trying again", e);
        }
    }

    /** Ends the thread. Does not wait for a check that is running. */
    @Override
    public void close() {
        executor.shutdownNow();
    }
}
