package org.relay4j.yamux.io;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.event.Level;

/**
 * A rate limiter for log lines that remote peers can cause. It writes one line per second in the long run, with the number of
 * lines suppressed before it. Each kind of message has its own instance, so that one kind does not suppress another. Safe for
 * use by several threads; never throws.
 */
public final class LimitedLog {
    private static final long INTERVAL = TimeUnit.SECONDS.toNanos(1);

    private final Logger log;
    private final Level level;
    private final int burst; // lines
    private final LongSupplier clock; // ns
    private final ReentrantLock lock = OrderedLock.leaf("a limited log");
    private long allowed; // lines that can be written immediately; guarded by lock
    private long refilled; // ns; when a line was last added to allowed; guarded by lock
    private long suppressed; // lines since the last written one; guarded by lock

    /** Creates a log limited to one line per second. */
    public LimitedLog(Logger log, Level level) {
        this(log, level, 1);
    }

    /** Creates a log limited to one line per second in the long run, with bursts of up to {@code burst} lines. */
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
     * Writes a line, unless the limit is exceeded.
     *
     * @param format an SLF4J format
     * @param arguments the arguments of the format; an additional {@link Throwable} at the end is logged with its stack trace
     */
    public void log(String format, Object... arguments) {
        try {
            if (!log.isEnabledForLevel(level)) return;
            long before = take();
            if (before < 0) return;
            if (before == 0) log.atLevel(level).log(format, arguments);
            else log.atLevel(level).log(format + " ({} similar lines suppressed)", with(before, format, arguments));
        } catch (RuntimeException | Error e) {
            // A failing logger, for example for lack of memory, must not stop a listener or a loop.
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

    /** Inserts the number after the arguments of the format and before a throwable. */
    private static Object[] with(long number, String format, Object[] arguments) {
        int places = (format.length() - format.replace("{}", "").length()) / 2;
        int at = Math.min(places, arguments.length);
        Object[] all = Arrays.copyOf(arguments, arguments.length + 1);
        System.arraycopy(arguments, at, all, at + 1, arguments.length - at);
        all[at] = number;
        return all;
    }
}
