package org.relay4j.yamux.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.Chunk;
import org.relay4j.yamux.core.CoreOptions;
import org.relay4j.yamux.core.Multiplexer;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionClosing;
import org.relay4j.yamux.core.SessionEvents;

/**
 * Runs a session over any blocking channel with two threads, a reader and a writer. The reader never waits for the writer, so two
 * peers that both send cannot deadlock. Closing the channel must unblock reads and writes.
 */
public final class ThreadedDriver extends Driver {

    /** Output is written in pieces of at most this size, so that the write-stall timeout sees progress. Unit: bytes. */
    private static final int WRITE_MOST = 128 * 1024;

    /**
     * The silence after the last frame after which the peer is assumed to send no more. Unlike a socket, a channel cannot be
     * half-closed, so the peer may be waiting for us. Unit: nanoseconds.
     */
    private static final long DRAIN_SILENCE = TimeUnit.MILLISECONDS.toNanos(250);

    private static final ThreadFactory THREADS = Threads.factory("relay-session");

    private final ByteChannel channel;
    private final Multiplexer mux; // guarded by lock
    private final CoreOptions options;
    private final BufferPool pool = BufferPool.shared();
    private final Thread reader;
    private final Thread writer;
    private final Condition outputReady = lock.newCondition(); // the writer waits; flush signals
    private boolean writerWaits; // guarded by lock
    private final CountDownLatch inputEnded = new CountDownLatch(1);
    private final SessionClosing closing = new SessionClosing(DRAIN_SILENCE); // guarded by lock
    private volatile long writingSince; // ns; 0 while the writer is not in the channel
    private boolean written; // the last frame has been written; guarded by lock
    private @Nullable ScheduledFuture<?> ticks; // guarded by lock
    private long tickDue; // ns; guarded by lock

    /** Creates a driver that is not started; see {@link #start}. */
    public ThreadedDriver(ByteChannel channel, Role role, CoreOptions options, SessionEvents events) {
        this.channel = channel;
        this.options = options;
        mux = new Multiplexer(role, options, pool, events, System.nanoTime());
        reader = THREADS.newThread(this::read);
        writer = THREADS.newThread(this::write);
    }

    @Override
    public Multiplexer mux() {
        return mux;
    }

    @Override
    public void afterwards(Runnable task) {
        ProcessTimer.EXECUTOR.execute(task);
    }

    @Override
    public boolean isCurrent() {
        return Thread.currentThread() == reader || Thread.currentThread() == writer;
    }

    @Override
    public void start() {
        logEvents();
        lock.lock();
        try {
            long interval = options.tickInterval();
            ticks = ProcessTimer.EXECUTOR.scheduleWithFixedDelay(this::tick, interval, interval, TimeUnit.NANOSECONDS);
            tickDue = System.nanoTime() + interval;
        } finally {
            lock.unlock();
        }
        reader.start();
        writer.start();
    }

    @Override
    public void flush() {
        if (!writerWaits || (!mux.hasOutput() && mux.ended() == null)) return;
        writerWaits = false;
        outputReady.signal();
    }

    private void read() {
        Chunk chunk = null;
        try {
            chunk = pool.acquireForReading();
            for (boolean open = true; open; ) open = readOnce(chunk.bytes.clear());
        } catch (IOException e) {
            fail(lost(e));
        } catch (RuntimeException | Error e) {
            fail(defect(e));
        } finally {
            inputEnded.countDown();
            if (chunk != null) pool.release(chunk);
        }
    }

    private boolean readOnce(ByteBuffer buffer) throws IOException {
        int length = channel.read(buffer);
        lock.lock();
        try {
            long now = System.nanoTime();
            closing.received(now);
            if (length < 0) mux.endOfInput();
            else mux.receive(buffer.flip(), now);
            flush();
            return length >= 0;
        } finally {
            lock.unlock();
        }
    }

    private void write() {
        try {
            for (Chunk chunk; (chunk = nextOutput()) != null; ) {
                try {
                    writeAll(chunk.bytes);
                } finally {
                    pool.release(chunk);
                }
            }
            drain();
        } catch (IOException e) {
            fail(lost(e));
        } catch (RuntimeException | Error e) {
            fail(defect(e));
        } finally {
            shut();
        }
    }

    private void writeAll(ByteBuffer bytes) throws IOException {
        int end = bytes.limit();
        while (bytes.position() < end) {
            writingSince = System.nanoTime();
            bytes.limit(Math.min(end, bytes.position() + WRITE_MOST));
            while (bytes.hasRemaining()) channel.write(bytes);
        }
    }

    /** Waits for output. Returns null when the session has ended and the last frame has been written. */
    private @Nullable Chunk nextOutput() {
        lock.lock();
        try {
            writingSince = 0;
            while (true) {
                long now = System.nanoTime();
                Chunk chunk = mux.takeOutput(now);
                if (chunk != null) {
                    writingSince = now;
                    mux.resumeWaiting(now); // there is room as soon as the chunk is taken
                    return chunk;
                }
                if (mux.ended() != null) return null;
                writerWaits = true;
                outputReady.awaitUninterruptibly();
                writerWaits = false;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the peer closes the connection or falls silent. Meanwhile the reader discards received data. */
    private void drain() {
        try {
            for (long wait; (wait = drainStep()) > 0; ) {
                if (inputEnded.await(wait, TimeUnit.NANOSECONDS)) return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // does not happen in practice; the channel is closed next
        }
    }

    /** Returns how long to wait before the next call; 0 means close the channel now. Unit: nanoseconds. */
    private long drainStep() {
        lock.lock();
        try {
            written = true;
            long now = System.nanoTime();
            closing.next(mux.ended(), false, now);
            return closing.isClosed() ? 0 : Math.max(1, closing.deadline() - now);
        } finally {
            lock.unlock();
        }
    }

    private void tick() {
        lock.lock();
        try {
            long now = System.nanoTime();
            mux.late(Math.max(0, now - tickDue));
            tickDue = now + options.tickInterval();
            mux.tick(now);
            long stall = options.writeStallTimeout();
            long since = writingSince;
            long writing = since == 0 ? 0 : now - since;
            if (stall > 0 && writing >= stall) {
                mux.fail(new Cause(Cause.Kind.TIMEOUT, "the peer has read no data for " + writing / 1_000_000 + " ms"));
            }
            flush();
            if (ticks == null || written) return; // the writer closes the channel
            if (since != 0) closing.wrote(since);
            if (closing.next(mux.ended(), true, now) != SessionClosing.Step.CLOSE) return;
            // The writer is blocked in the channel.
            ticks.cancel(false);
            ticks = null;
        } finally {
            lock.unlock();
        }
        THREADS.newThread(this::shut).start(); // a blocking close must not delay the timers of other sessions
    }

    private void shut() {
        lock.lock();
        try {
            if (ticks != null) ticks.cancel(false);
            mux.discardOutput();
        } finally {
            lock.unlock();
        }
        Sockets.close(channel);
        terminated();
    }

    @Override
    public String toString() {
        return "session over " + channel;
    }
}
