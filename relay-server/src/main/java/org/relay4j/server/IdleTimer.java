package org.relay4j.server;

import java.util.concurrent.TimeUnit;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.Splice;

/**
 * Finds out when a connected visitor has been idle for too long. The timer is not moved with each byte: when it fires, it is set again for
 * the rest of the time. On the loop of the visitor's stream.
 */
final class IdleTimer {
    private final Splice splice;
    private final LoopDriver driver;
    private final Runnable idle;
    private Loop.Timer timer;

    private IdleTimer(Splice splice, LoopDriver driver, long limit, Runnable idle) {
        this.splice = splice;
        this.driver = driver;
        this.idle = idle;
        timer = driver.loop().schedule(limit, this::check);
    }

    /**
     * Limits the time without a byte in either direction.
     *
     * @param limit unit: nanoseconds; more than 0
     * @param idle called once, when the visitor has been idle for that time
     */
    static IdleTimer start(Splice splice, LoopDriver driver, long limit, Runnable idle) {
        splice.limitIdleTime(limit);
        return new IdleTimer(splice, driver, limit, idle);
    }

    /** Returns why an idle visitor is reset. */
    static String why(long limit) {
        return "no byte in either direction for " + TimeUnit.NANOSECONDS.toMillis(limit) + " ms";
    }

    private void check() {
        long left;
        driver.lock.lock();
        try {
            left = splice.idleTimeLeft();
        } finally {
            driver.lock.unlock();
        }
        if (left > 0) timer = driver.loop().schedule(left, this::check);
        else idle.run();
    }

    void cancel() {
        timer.cancel();
    }
}
