package org.relay4j.yamux.io;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.Frame;
import org.relay4j.yamux.core.Multiplexer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Moves the bytes of one session between its core and its channel, and owns the lock that guards the core. */
public abstract class Driver {
    /** Guards the core and everything that hangs on it. Nothing blocks while it is held. */
    public final ReentrantLock lock = OrderedLock.ofSession();

    /** How often an ended session looks whether bytes that it has received are still being taken. Unit: nanoseconds. */
    private static final long RECLAIM_EVERY = TimeUnit.SECONDS.toNanos(1);

    private static final AtomicLong lastDefect = new AtomicLong(System.nanoTime() - TimeUnit.SECONDS.toNanos(1));
    private static final Logger log = LoggerFactory.getLogger(Driver.class);
    private static final Logger FRAMES = LoggerFactory.getLogger("org.relay4j.yamux.frames");

    private final CountDownLatch terminated = new CountDownLatch(1);
    private final AtomicReference<@Nullable Runnable> onTermination = new AtomicReference<>();

    /** The core; only with the lock held. */
    public abstract Multiplexer mux();

    /** Begins to move bytes. Called once. */
    public abstract void start();

    /**
     * Has the failures of handlers logged, and each frame when the logger {@code org.relay4j.yamux.frames} is at TRACE. To be
     * called before start.
     */
    final void logEvents() {
        mux().defects(this::logDefect);
        if (!FRAMES.isTraceEnabled()) return;
        mux().tap((outbound, type, flags, id, length) ->
                FRAMES.trace("{} {} {}", this, outbound ? "->" : "<-", Frame.describe(type, flags, id, length)));
    }

    /** Sends what waits, or sees to it that it is sent soon. With the lock held; does not block. */
    public abstract void flush();

    /** Runs {@code task} soon, without the lock, on a thread of this package that it must not hold up. Does not block. */
    public abstract void afterwards(Runnable task);

    /** Whether the calling thread is one that moves bytes, and so must never wait for the session. */
    public abstract boolean isCurrent();

    /** Lets the peer know that the session is over, and closes the channel. Returns at once. */
    public final void close() {
        lock.lock();
        try {
            mux().close();
            flush();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the session for {@code cause}. Returns at once. */
    public final void fail(Cause cause) {
        lock.lock();
        try {
            mux().fail(cause);
            flush();
        } finally {
            lock.unlock();
        }
    }

    /** Asks the peer for a sign of life, which also measures the round trip. Returns at once. */
    public final void ping() {
        lock.lock();
        try {
            mux().ping(System.nanoTime());
            flush();
        } finally {
            lock.unlock();
        }
    }

    /** Takes no more streams, and ends the session with the last one. Returns at once. */
    public final void closeWhenDone() {
        lock.lock();
        try {
            mux().drain(true);
            flush();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the channel is closed, at most {@code nanos}; true when it is. */
    public final boolean awaitTermination(long nanos) throws InterruptedException {
        return terminated.await(nanos, TimeUnit.NANOSECONDS);
    }

    /** Has {@code action} run once when the channel is closed; it must not block. To be called before {@link #start}. */
    public final void whenTerminated(Runnable action) {
        onTermination.set(action);
    }

    final void terminated() {
        if (terminated.getCount() > 0) reclaimLater();
        terminated.countDown();
        Runnable action = onTermination.getAndSet(null);
        if (action != null) action.run();
    }

    /** What was received in full outlives the session until it is taken, or nothing of it was taken for too long. */
    private void reclaimLater() {
        lock.lock();
        try {
            if (!mux().holdsReceived()) return;
        } finally {
            lock.unlock();
        }
        ProcessTimer.EXECUTOR.schedule(() -> afterwards(this::reclaim), RECLAIM_EVERY, TimeUnit.NANOSECONDS);
    }

    private void reclaim() {
        lock.lock();
        try {
            mux().tick(System.nanoTime());
        } finally {
            lock.unlock();
        }
        reclaimLater();
    }

    private void logDefect(Throwable error) {
        long now = System.nanoTime();
        long before = lastDefect.get();
        boolean first = now - before >= TimeUnit.SECONDS.toNanos(1) && lastDefect.compareAndSet(before, now);
        if (first) log.error("{}: unexpected failure, its stream was reset", this, error);
        else log.debug("{}: unexpected failure, its stream was reset", this, error);
    }

    static Cause lost(Throwable error) {
        return new Cause(Cause.Kind.CONNECTION_LOST, 0, "the connection was lost: " + text(error), error);
    }

    static Cause defect(Throwable error) {
        return new Cause(Cause.Kind.INTERNAL_ERROR, 0, "internal error: " + error, error);
    }

    private static String text(Throwable error) {
        String message = error.getMessage();
        return message == null ? error.getClass().getSimpleName() : message;
    }
}
