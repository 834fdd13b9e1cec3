package org.relay4j.client;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.OrderedLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Attempts to connect, with growing pauses, until one succeeds or the owner closes them. Used by one thread at a time. */
final class Attempts {
    private static final Logger log = LoggerFactory.getLogger(Attempts.class);

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

    /**
     * Tries at once; after a failure it tries again if {@code retry} is set.
     *
     * @throws IOException if the only attempt fails, or the owner closed this object
     * @throws InterruptedIOException if the thread is interrupted; its interrupted flag stays set
     */
    <T> T first(Attempt<T> attempt, boolean retry) throws IOException {
        return run(() -> tryUntilConnected(attempt, retry));
    }

    /** Tries after a pause, until it succeeds. Throws as {@link #first} does if the owner closed this object or the thread is interrupted. */
    <T> T again(Attempt<T> attempt) throws IOException {
        return run(() -> {
            pause(backoff.next(urgent.getAsBoolean()));
            return tryUntilConnected(attempt, true);
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

    private <T> T tryUntilConnected(Attempt<T> attempt, boolean retry) throws IOException {
        while (true) {
            if (isClosing()) throw closed();
            try {
                return attempt.connect();
            } catch (IOException e) {
                if (!retry || isClosing() || Thread.currentThread().isInterrupted()) throw e;
                boolean soon = urgent.getAsBoolean();
                Duration pause = backoff.next(soon);
                log.atLevel(soon ? Level.DEBUG : Level.WARN)
                        .log("{}: {}; next attempt in {} ms", failed, e.getMessage(), pause.toMillis());
                pause(pause);
            }
        }
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
