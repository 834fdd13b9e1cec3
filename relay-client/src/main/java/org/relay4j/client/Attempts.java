package org.relay4j.client;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.RelayCertificateException;
import org.relay4j.api.RelayProxyException;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.yamux.io.OrderedLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Attempts to connect, with growing pauses, until one succeeds or the owner closes them. One series of attempts at a time. The first
 * one of a tunnel blocks its thread; all others have a thread only during an attempt, because pauses are long and tunnels may be many.
 */
final class Attempts {
    private static final Logger log = LoggerFactory.getLogger(Attempts.class);

    /** How long failures are not reported again while the next attempts follow soon. Unit: nanoseconds. */
    private static final long QUIET = TimeUnit.SECONDS.toNanos(30);

    /** Refusals that another attempt may soon overcome. */
    private static final Set<String> PASSING = Set.of("internal");

    /** One attempt. */
    interface Attempt<T> {
        T connect() throws IOException;
    }

    /** What a series of attempts has come to: the result of the successful one, or a failure. */
    record Outcome<T>(@Nullable T result, @Nullable Throwable failure) {
        /** Returns the result, or throws the failure: an {@link IOException} as {@link #first}, or a defect. */
        T get() throws IOException {
            if (failure instanceof IOException e) throw e;
            if (failure instanceof RuntimeException e) throw e;
            if (failure instanceof Error e) throw e;
            return Objects.requireNonNull(result);
        }
    }

    private final String failed;
    private final Executor threads;
    private final Executor ends;
    private final Backoff backoff;
    private final BooleanSupplier urgent;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final ReentrantLock lock = OrderedLock.leaf("attempts to connect");
    private @Nullable Thread trying; // guarded by lock
    private @Nullable Waiting waiting; // guarded by lock

    /**
     * A series whose next attempt waits for the end of a pause, or for a thread.
     *
     * @param pause completed when the pause is over
     */
    private record Waiting(Series<?> series, CompletableFuture<@Nullable Void> pause) {}

    /**
     * @param failed what a failed attempt means, for the log
     * @param urgent whether visitors wait for the next connection
     */
    Attempts(String failed, RelayClientOptions options, BooleanSupplier urgent) {
        this(failed, options, urgent, Callbacks.ATTEMPTS, Callbacks.EXECUTOR);
    }

    /**
     * @param threads makes the attempts
     * @param ends reports the end of a series that is closed while it waits, which must not wait for the attempts of others
     */
    Attempts(String failed, RelayClientOptions options, BooleanSupplier urgent, Executor threads, Executor ends) {
        this.failed = failed;
        this.threads = threads;
        this.ends = ends;
        this.urgent = urgent;
        backoff = new Backoff(options.shortestBackoff(), options.longestBackoff());
    }

    /** Ends the attempts, including one in progress, or the pause before the next one. Does not block. Safe from any thread. */
    void close() {
        closing.countDown();
        lock.lock();
        try {
            if (trying != null) trying.interrupt();
        } finally {
            lock.unlock();
        }
        endWaiting();
    }

    private void endWaiting() {
        Waiting last = takeWaiting(null);
        if (last == null) return;
        last.pause.cancel(false); // and with it the timer
        Callbacks.runSurely(ends, last.series::closed);
    }

    /** Returns what waits, which then no longer does; null if that is nothing, or another series than the given one. */
    private @Nullable Waiting takeWaiting(@Nullable Series<?> only) {
        lock.lock();
        try {
            Waiting last = waiting;
            if (last == null || (only != null && !only.equals(last.series))) return null;
            waiting = null;
            return last;
        } finally {
            lock.unlock();
        }
    }

    boolean isClosing() {
        return closing.getCount() == 0;
    }

    /** Resets the back-off if the connection that was lost had lasted long enough. Unit: nanoseconds. */
    void wasUp(long nanos) {
        backoff.wasUp(nanos);
    }

    /** Resets the back-off after an end that the server has announced, as {@link Backoff#wasDrained} does. */
    void wasDrained(long nanos) {
        backoff.wasDrained(nanos);
    }

    /**
     * Tries at once; after a failure it tries again if {@code retry} accepts that. Blocks until the last attempt.
     *
     * @throws IOException if an attempt fails and is not retried, or the owner closed this object
     * @throws InterruptedIOException if the thread is interrupted; its interrupted flag stays set
     */
    <T> T first(Attempt<T> attempt, Predicate<IOException> retry) throws IOException {
        Series<T> series = new Series<>(attempt, retry, outcome -> {});
        while (true) {
            long begun = System.nanoTime();
            try {
                return once(attempt);
            } catch (IOException e) {
                Duration pause = series.pauseAfter(e, begun);
                if (pause == null) throw e;
                pause(pause);
            }
        }
    }

    /** Tries as {@link #first} does, but does not block: a thread that may block tries, and one calls {@code then} at the end. */
    <T> void soon(Attempt<T> attempt, Predicate<IOException> retry, Consumer<Outcome<T>> then) {
        await(new Series<>(attempt, retry, then), Duration.ZERO);
    }

    /** Tries as {@link #soon} does, but after a pause. */
    <T> void later(Attempt<T> attempt, Predicate<IOException> retry, Consumer<Outcome<T>> then) {
        await(new Series<>(attempt, retry, then), backoff.next(urgent.getAsBoolean()));
    }

    private <T> T once(Attempt<T> attempt) throws IOException {
        tries(Thread.currentThread());
        try {
            if (isClosing()) throw closed();
            return attempt.connect();
        } finally {
            tries(null);
            if (isClosing()) Thread.interrupted(); // the interrupt was meant for the attempts
        }
    }

    private void tries(@Nullable Thread thread) {
        lock.lock();
        try {
            trying = thread;
        } finally {
            lock.unlock();
        }
    }

    /** Attempts with the same aim. As a task, it makes the next one. */
    private final class Series<T> implements Runnable {
        private final Attempt<T> attempt;
        private final Predicate<IOException> retry;
        private final Consumer<Outcome<T>> then;
        private long quietUntil = System.nanoTime(); // ns; one thread at a time

        private Series(Attempt<T> attempt, Predicate<IOException> retry, Consumer<Outcome<T>> then) {
            this.attempt = attempt;
            this.retry = retry;
            this.then = then;
        }

        @Override
        public void run() {
            if (takeWaiting(this) == null) return; // it was closed meanwhile
            Outcome<T> outcome = attempt();
            if (outcome != null) then.accept(outcome);
        }

        /** Returns null if the next attempt is made after a pause. */
        private @Nullable Outcome<T> attempt() {
            long begun = System.nanoTime();
            try {
                try {
                    return new Outcome<>(once(attempt), null);
                } catch (IOException e) {
                    Duration pause = pauseAfter(e, begun);
                    if (pause == null) return new Outcome<>(null, e);
                    await(this, pause);
                    return null;
                }
            } catch (RuntimeException | Error e) {
                takeWaiting(this); // the pause may have begun
                return new Outcome<>(null, e);
            }
        }

        private void closed() {
            then.accept(new Outcome<>(null, Attempts.closed()));
        }

        /**
         * Reports a failed attempt, and returns the pause until the next one; null if there is none.
         *
         * @param begun when the attempt began, ns
         */
        private @Nullable Duration pauseAfter(IOException e, long begun) {
            if (isClosing() || Thread.currentThread().isInterrupted() || !retry.test(e)) return null;
            boolean restarts = isDraining(e);
            boolean soon = urgent.getAsBoolean() && isPassing(e);
            Duration pause = restarts ? backoff.whileDraining() : backoff.next(soon);
            long now = System.nanoTime();
            boolean quiet = (soon || restarts) && now - quietUntil < 0;
            if (!quiet) quietUntil = now + QUIET;
            log.atLevel(quiet ? Level.DEBUG : restarts ? Level.INFO : Level.WARN)
                    .log("{}: {}; next attempt in {} ms", failed, e.getMessage(), pause.toMillis());
            return soon ? remaining(pause, now - begun) : pause;
        }
    }

    /** Returns whether the server is about to restart, so that the next attempts fail for the same reason. */
    private static boolean isDraining(IOException failure) {
        return failure instanceof RelayRefusedException refusal
                && refusal.code().equals("draining");
    }

    /** Returns the pause after an attempt, part of which it has taken already by waiting for an answer. */
    static Duration remaining(Duration pause, long nanos) {
        Duration rest = pause.minusNanos(nanos);
        return rest.isNegative() ? Duration.ZERO : rest;
    }

    /** Returns false if the failure is a decision, which the next attempts would meet again. */
    private static boolean isPassing(IOException failure) {
        if (failure instanceof RelayRefusedException refusal) return PASSING.contains(refusal.code());
        if (failure instanceof RelayProxyException proxy) return !proxy.isAboutCredentials();
        return !(failure instanceof RelayCertificateException);
    }

    private void pause(Duration pause) throws IOException {
        try {
            if (closing.await(pause.toNanos(), TimeUnit.NANOSECONDS)) throw closed();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while connecting");
        }
    }

    /** Has the next attempt of a series made after a pause, unless the owner closes this object before it begins. */
    private void await(Series<?> series, Duration pause) {
        CompletableFuture<@Nullable Void> over = new CompletableFuture<>();
        lock.lock();
        try {
            waiting = new Waiting(series, over);
        } finally {
            lock.unlock();
        }
        var unused = over.thenRun(() -> Callbacks.runSurely(threads, series));
        if (pause.isZero()) over.complete(null);
        else over.completeOnTimeout(null, pause.toNanos(), TimeUnit.NANOSECONDS);
        if (isClosing()) endWaiting(); // the thread that closed this object may have missed it
    }

    private static IOException closed() {
        return new SocketException("closed before it was connected");
    }
}
