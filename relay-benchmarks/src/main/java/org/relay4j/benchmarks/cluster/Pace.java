package org.relay4j.benchmarks.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Starts operations at fixed times, whatever those before them do. Operations that would exceed the number that may be under way are
 * left out and counted, so a machine that cannot keep up gets no more and more of them. For one thread.
 */
final class Pace implements AutoCloseable {
    /** Maximum number of operations of one kind under way. */
    static final int MOST = 256;

    private static final long END_SECONDS = 90; // each operation ends by itself before

    private final ScheduledExecutorService clock = Executors.newScheduledThreadPool(2, Pace::daemon);
    private final ExecutorService threads = Executors.newCachedThreadPool(Pace::daemon); // at most MOST of a kind
    private final List<Future<?>> schedules = new ArrayList<>();
    private final List<Semaphore> free = new ArrayList<>();
    private final AtomicInteger leftOut = new AtomicInteger();

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "pace");
        thread.setDaemon(true);
        return thread;
    }

    /** Starts an operation so many times in a second from now on; none with 0. */
    void every(int perSecond, Runnable operation) {
        if (perSecond == 0) return;
        Semaphore kind = new Semaphore(MOST);
        free.add(kind);
        long nanos = TimeUnit.SECONDS.toNanos(1) / perSecond;
        schedules.add(clock.scheduleAtFixedRate(() -> start(kind, operation), nanos, nanos, TimeUnit.NANOSECONDS));
    }

    private void start(Semaphore kind, Runnable operation) {
        if (!kind.tryAcquire()) {
            leftOut.incrementAndGet();
            return;
        }
        threads.execute(() -> {
            try {
                operation.run();
            } finally {
                kind.release();
            }
        });
    }

    /** Returns how many operations were left out so far. */
    int leftOut() {
        return leftOut.get();
    }

    /**
     * Starts no more operations, and waits for those under way.
     *
     * @throws IllegalStateException if one of them has not ended after 90 seconds
     */
    void stop() throws InterruptedException {
        schedules.forEach(schedule -> schedule.cancel(false));
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(END_SECONDS);
        for (Semaphore kind : free) {
            if (!kind.tryAcquire(MOST, end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                throw new IllegalStateException("an operation has not ended after " + END_SECONDS + " s");
            }
        }
        schedules.clear();
        free.clear();
    }

    @Override
    public void close() {
        clock.shutdownNow();
        threads.shutdownNow();
    }
}
