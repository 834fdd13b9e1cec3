package org.relay4j.testing;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Waiting in tests: for a state, up to a deadline that no healthy run comes near. */
public final class Await {
    /** Long enough for a machine under load. */
    public static final Duration DEADLINE = Duration.ofSeconds(20);

    private static final long POLL = TimeUnit.MILLISECONDS.toNanos(1);

    private Await() {}

    /** Waits until {@code state} is true. */
    public static void until(String description, Callable<Boolean> state) {
        until(() -> description, state);
    }

    /** Waits until {@code state} is true; {@code description} is evaluated only on failure. */
    public static void until(Supplier<String> description, Callable<Boolean> state) {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        while (!holds(state)) {
            if (System.nanoTime() - deadline > 0) throw new AssertionError("never came true: " + description.get());
            if (Thread.currentThread().isInterrupted()) throw new AssertionError("interrupted: " + description.get());
            LockSupport.parkNanos(POLL);
        }
    }

    /** Waits until {@code latch} has reached zero. */
    public static void until(String description, CountDownLatch latch) {
        try {
            if (latch.await(DEADLINE.toNanos(), TimeUnit.NANOSECONDS)) return;
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted: " + description, e);
        }
        throw new AssertionError("never came true: " + description);
    }

    private static boolean holds(Callable<Boolean> state) {
        try {
            return state.call();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
