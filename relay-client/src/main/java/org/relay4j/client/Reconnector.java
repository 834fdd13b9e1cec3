package org.relay4j.client;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.OrderedLock;
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
    private final boolean retryFirst;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final ReentrantLock lock = OrderedLock.leaf("a reconnector");
    private @Nullable Thread trying; // guarded by lock

    Reconnector(RelayClientOptions options) {
        backoff = new Backoff(options.shortestBackoff(), options.longestBackoff());
        retryFirst = options.retryFirst();
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

    /**
     * Makes the first connection: tries once, or until it succeeds if the options say so. {@link #close} ends it. By one thread
     * at a time.
     *
     * @throws IOException the failure of the attempt; or when the owner closed it meanwhile
     * @throws InterruptedIOException when the thread was interrupted; its flag stays set
     */
    <T> T tryFirst(Attempt<T> attempt) throws IOException {
        tries(Thread.currentThread());
        try {
            while (true) {
                if (isClosing()) throw new IOException("closed before it was connected");
                try {
                    return attempt.connect();
                } catch (IOException e) {
                    if (!retryFirst || isClosing() || Thread.currentThread().isInterrupted()) throw e;
                    Duration pause = backoff.next();
                    log.warn(
                            "cannot establish the tunnel, next attempt in {} ms: {}", pause.toMillis(), e.getMessage());
                    pause(pause);
                }
            }
        } finally {
            tries(null);
            if (isClosing()) Thread.interrupted(); // meant for the attempt
        }
    }

    private void pause(Duration pause) throws InterruptedIOException {
        try {
            closing.await(pause.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while connecting");
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
