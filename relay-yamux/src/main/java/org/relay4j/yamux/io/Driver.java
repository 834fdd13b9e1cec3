package org.relay4j.yamux.io;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.Frame;
import org.relay4j.yamux.core.Multiplexer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Moves the bytes of one session between its core and its channel, and owns the lock that guards the core. */
public abstract class Driver {
    /** Guards the core and its streams. Code that holds it never blocks. */
    public final OrderedLock lock = OrderedLock.ofSession();

    /** How often an ended session checks whether its received data is still being read. Unit: nanoseconds. */
    private static final long RECLAIM_EVERY = TimeUnit.SECONDS.toNanos(1);

    private static final AtomicLong lastDefect = new AtomicLong(System.nanoTime() - TimeUnit.SECONDS.toNanos(1));
    private static final Logger log = LoggerFactory.getLogger(Driver.class);
    private static final Logger FRAMES = LoggerFactory.getLogger("org.relay4j.yamux.frames");

    private final CountDownLatch terminated = new CountDownLatch(1);
    private final AtomicReference<@Nullable Runnable> onTermination = new AtomicReference<>();

    /**
     * Acquires the lock while the same thread holds that of another session. Both sessions must be on one loop, and the caller its
     * thread. Released with {@code lock.unlock()}.
     */
    public final void lockBeside() {
        assert isCurrent() : "two sessions are locked only by the loop of both";
        lock.lockSecond();
    }

    /**
     * Returns how many bytes may now be passed on to the peer, at most {@code most}, if the bandwidth of the session is limited. Those
     * that were not are given back. With the lock held.
     *
     * @return 0 if none may: the waiter is called once, when there is bandwidth again
     */
    public int takeBandwidth(BandwidthWaiter waiter, int most) {
        return most;
    }

    /** Gives bandwidth back that was taken and not used. With the lock held. */
    public void giveBandwidthBack(int bytes) {}

    /** Returns the core. Use it only with the lock held. */
    public abstract Multiplexer mux();

    /** Starts the transfer of bytes. Called once. */
    public abstract void start();

    /**
     * Logs failures of handlers, and each frame if the logger {@code org.relay4j.yamux.frames} is at TRACE. Must be called
     * before start.
     */
    final void logEvents() {
        mux().defects(this::logDefect);
        if (!FRAMES.isTraceEnabled()) return;
        mux().tap((outbound, type, flags, id, length) ->
                FRAMES.trace("{} {} {}", this, outbound ? "->" : "<-", Frame.describe(type, flags, id, length)));
    }

    /** Sends pending output, or schedules that. With the lock held. Does not block. */
    public abstract void flush();

    /** Runs {@code task} soon, without the lock, on a thread of this package. The task must not block. Does not block. */
    public abstract void afterwards(Runnable task);

    /** Returns true if the calling thread transfers bytes and so must never wait for the session. */
    public abstract boolean isCurrent();

    /** Ends the session, notifies the peer and closes the channel. Does not block. */
    public final void close() {
        lock.lock();
        try {
            mux().close();
            flush();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the session with {@code cause}. Does not block. */
    public final void fail(Cause cause) {
        lock.lock();
        try {
            mux().fail(cause);
            flush();
        } finally {
            lock.unlock();
        }
    }

    /** Pings the peer, which also measures the round trip. Does not block. */
    public final void ping() {
        lock.lock();
        try {
            mux().ping(System.nanoTime());
            flush();
        } finally {
            lock.unlock();
        }
    }

    /** Pings the peer, and does not end the session if there is no answer. Does not block. */
    final void probe(long now) {
        lock.lock();
        try {
            mux().probe(now);
            flush();
        } finally {
            lock.unlock();
        }
    }

    /** Stops opening and accepting streams, and ends the session with the last stream. Does not block. */
    public final void closeWhenDone() {
        lock.lock();
        try {
            mux().drain(true);
            flush();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the channel is closed, at most {@code nanos} nanoseconds. Returns true if it is closed. */
    public final boolean awaitTermination(long nanos) throws InterruptedException {
        return terminated.await(nanos, TimeUnit.NANOSECONDS);
    }

    /** Sets an action that runs once when the channel is closed. It must not block. Must be called before {@link #start}. */
    public final void whenTerminated(Runnable action) {
        onTermination.set(action);
    }

    final void terminated() {
        if (terminated.getCount() > 0) reclaimLater();
        terminated.countDown();
        Runnable action = onTermination.getAndSet(null);
        if (action != null) action.run();
    }

    /** Schedules the next check of received data, which is kept until it is read or the delivery timeout expires. */
    private void reclaimLater() {
        lock.lock();
        try {
            if (!mux().holdsReceived()) return;
        } finally {
            lock.unlock();
        }
        Future<?> unused =
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
