package org.relay4j.cli;

import java.io.PrintStream;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The last line of a terminal, which says what the command waits for, and for how long. Nothing is written anywhere else. Safe
 * for use by several threads.
 */
final class Progress {
    /*
     * Lines of the log clear the line first (LogLayout), and the next second draws it again. A line of standard output, which may
     * be the same terminal, is written after end().
     */
    private final PrintStream err;
    private final boolean shown;
    private final LongSupplier clock; // ns
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable String waiting; // what for; guarded by lock
    private long since; // ns; guarded by lock
    private @Nullable ScheduledExecutorService seconds; // guarded by lock

    Progress(PrintStream err, boolean shown) {
        this(err, shown, System::nanoTime);
    }

    Progress(PrintStream err, boolean shown, LongSupplier clock) {
        this.err = err;
        this.shown = shown;
        this.clock = clock;
    }

    /** Begins to wait. */
    void begin(String what) {
        if (!shown) return;
        lock.lock();
        try {
            waiting = what;
            since = clock.getAsLong();
            if (seconds == null) {
                seconds = Executors.newSingleThreadScheduledExecutor(task -> {
                    Thread thread = new Thread(task, "relay-progress");
                    thread.setDaemon(true);
                    return thread;
                });
                Future<?> unused = seconds.scheduleAtFixedRate(this::draw, 1, 1, TimeUnit.SECONDS);
            }
        } finally {
            lock.unlock();
        }
        draw();
    }

    /** Writes the line, while something is waited for. */
    void draw() {
        lock.lock();
        try {
            if (waiting == null) return;
            long passed = TimeUnit.NANOSECONDS.toSeconds(clock.getAsLong() - since);
            err.print(Terminal.CLEAR + waiting + (passed > 0 ? " ... " + passed + " s" : " ..."));
            err.flush();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the wait, and clears the line. Has no effect if nothing is waited for. */
    void end() {
        lock.lock();
        try {
            if (waiting == null) return;
            waiting = null;
            if (seconds != null) seconds.shutdownNow();
            seconds = null;
            err.print(Terminal.CLEAR);
            err.flush();
        } finally {
            lock.unlock();
        }
    }
}
