package org.relay4j.client;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tries to get a tunnel again, with growing pauses, until there is one or its owner closes it. */
final class Reconnector {
    private static final Logger log = LoggerFactory.getLogger(Reconnector.class);

    /** One attempt. */
    interface Attempt<T> {
        T connect() throws IOException;
    }

    private final Backoff backoff;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable Thread trying; // guarded by lock

    Reconnector(RelayClientOptions options) {
        backoff = new Backoff(options.shortestBackoff(), options.longestBackoff());
    }

    /** Ends the attempts, also one that is under way. Safe from any thread. */
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

    /** Tells how long the tunnel stood that was lost now. */
    void wasUp(long nanos) {
        backoff.wasUp(nanos);
    }

    /** Tries once; {@link #close} interrupts it. By one thread at a time. */
    <T> T tryOnce(Attempt<T> attempt) throws IOException {
        tries(Thread.currentThread());
        try {
            if (isClosing()) throw new IOException("closed before it was connected");
            return attempt.connect();
        } finally {
            tries(null);
            if (isClosing()) Thread.interrupted(); // meant for the attempt
        }
    }

    /** Tries until it succeeds; null when the owner closed it meanwhile, or the thread was interrupted. By one thread at a time. */
    <T> @Nullable T tryAgain(Attempt<T> attempt) {
        tries(Thread.currentThread());
        try {
            return tryUntilClosed(attempt);
        } finally {
            tries(null);
            if (isClosing()) Thread.interrupted(); // meant for the attempts
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

    private <T> @Nullable T tryUntilClosed(Attempt<T> attempt) {
        while (true) {
            Duration pause = backoff.next();
            try {
                if (closing.await(pause.toNanos(), TimeUnit.NANOSECONDS)) return null;
                return attempt.connect();
            } catch (IOException e) {
                if (isClosing()) return null;
                log.warn("cannot re-establish the tunnel, trying again: {}", e.getMessage());
            } catch (InterruptedException e) {
                return null;
            }
        }
    }
}
