package org.relay4j.yamux.io;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.event.Level;

/**
 * Log lines of one kind that a stranger can cause: one line a second in the long run, with the number of lines that were
 * suppressed before it. Each reason has an instance of its own, so that one reason does not hide another. Safe for use by
 * several threads; never throws.
 */
public final class LimitedLog {
    private static final long INTERVAL = TimeUnit.SECONDS.toNanos(1);

    private final Logger log;
    private final Level level;
    private final int burst; // lines
    private final LongSupplier clock; // ns
    private final ReentrantLock lock = OrderedLock.leaf("a limited log");
    private long allowed; // lines that may be written at once; guarded by lock
    private long refilled; // ns; when a line was last added to allowed; guarded by lock
    private long suppressed; // lines since the last one that was written; guarded by lock

    /** One line a second. */
    public LimitedLog(Logger log, Level level) {
        this(log, level, 1);
    }

    /** One line a second in the long run, and up to {@code burst} of them at once after a quiet time. */
    public LimitedLog(Logger log, Level level, int burst) {
        this(log, level, burst, System::nanoTime);
    }

    LimitedLog(Logger log, Level level, int burst, LongSupplier clock) {
        this.log = log;
        this.level = level;
        this.burst = burst;
        this.clock = clock;
        allowed = burst;
        refilled = clock.getAsLong();
    }

    /**
     * Writes a line, unless there were too many of this kind.
     *
     * @param format in the notation of SLF4J
     * @param arguments of the format; a {@link Throwable} behind them is logged with its stack trace
     */
    public void log(String format, Object... arguments) {
        try {
            if (!log.isEnabledForLevel(level)) return;
            long before = take();
            if (before < 0) return;
            if (before == 0) log.atLevel(level).log(format, arguments);
            else log.atLevel(level).log(format + " ({} similar lines suppressed)", with(before, format, arguments));
        } catch (RuntimeException | Error e) {
            // A logger that fails, for example for lack of memory, must not take a listener or a loop with it.
        }
    }

    /** Lines that were suppressed since the last one that was written; -1 when this one is, too. */
    private long take() {
        lock.lock();
        try {
            long now = clock.getAsLong();
            long earned = (now - refilled) / INTERVAL;
            allowed = Math.min(burst, allowed + earned);
            refilled += earned * INTERVAL;
            if (allowed == 0) {
                suppressed++;
                return -1;
            }
            allowed--;
            long before = suppressed;
            suppressed = 0;
            return before;
        } finally {
            lock.unlock();
        }
    }

    /** Inserts the number behind the arguments of the format, and in front of a throwable. */
    private static Object[] with(long number, String format, Object[] arguments) {
        int places = (format.length() - format.replace("{}", "").length()) / 2;
        int at = Math.min(places, arguments.length);
        Object[] all = Arrays.copyOf(arguments, arguments.length + 1);
        System.arraycopy(arguments, at, all, at + 1, arguments.length - at);
        all[at] = number;
        return all;
    }
}
