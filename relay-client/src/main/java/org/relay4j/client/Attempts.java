package org.relay4j.client;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.RelayCertificateException;
import org.relay4j.api.RelayProxyException;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.yamux.io.OrderedLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Attempts to connect, with growing pauses, until one succeeds or the owner closes them. Used by one thread at a time. */
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

    private final String failed;
    private final Backoff backoff;
    private final BooleanSupplier urgent;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final ReentrantLock lock = OrderedLock.leaf("attempts to connect");
    private @Nullable Thread trying; // guarded by lock

    /**
     * @param failed what a failed attempt means, for the log
     * @param urgent whether visitors wait for the next connection
     */
    Attempts(String failed, RelayClientOptions options, BooleanSupplier urgent) {
        this.failed = failed;
        this.urgent = urgent;
        backoff = new Backoff(options.shortestBackoff(), options.longestBackoff());
    }

    /** Ends the attempts, including one in progress. Safe from any thread. */
    void close() {
        closing.countDown();
        lock.lock();
        try {
            if (trying != null) trying.interrupt();
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
     * Tries at once; after a failure it tries again if {@code retry} accepts that.
     *
     * @throws IOException if an attempt fails and is not retried, or the owner closed this object
     * @throws InterruptedIOException if the thread is interrupted; its interrupted flag stays set
     */
    <T> T first(Attempt<T> attempt, Predicate<IOException> retry) throws IOException {
        return run(() -> tryUntilConnected(attempt, retry));
    }

    /** Tries as {@link #first} does, but after a pause. */
    <T> T again(Attempt<T> attempt, Predicate<IOException> retry) throws IOException {
        return run(() -> {
            pause(backoff.next(urgent.getAsBoolean()));
            return tryUntilConnected(attempt, retry);
        });
    }

    private <T> T run(Attempt<T> attempts) throws IOException {
        tries(Thread.currentThread());
        try {
            return attempts.connect();
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

    private <T> T tryUntilConnected(Attempt<T> attempt, Predicate<IOException> retry) throws IOException {
        long quietUntil = System.nanoTime(); // ns
        while (true) {
            if (isClosing()) throw closed();
            long begun = System.nanoTime();
            try {
                return attempt.connect();
            } catch (IOException e) {
                if (isClosing() || Thread.currentThread().isInterrupted() || !retry.test(e)) throw e;
                boolean restarts = isDraining(e);
                boolean soon = urgent.getAsBoolean() && isPassing(e);
                Duration pause = restarts ? backoff.whileDraining() : backoff.next(soon);
                long now = System.nanoTime();
                boolean quiet = (soon || restarts) && now - quietUntil < 0;
                if (!quiet) quietUntil = now + QUIET;
                log.atLevel(quiet ? Level.DEBUG : restarts ? Level.INFO : Level.WARN)
                        .log("{}: {}; next attempt in {} ms", failed, e.getMessage(), pause.toMillis());
                pause(soon ? remaining(pause, now - begun) : pause);
            }
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

    private static IOException closed() {
        return new SocketException("closed before it was connected");
    }
}
