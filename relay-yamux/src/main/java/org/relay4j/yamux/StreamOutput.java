package org.relay4j.yamux;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Driver;
import org.relay4j.yamux.io.StallEvent;
import org.relay4j.yamux.io.Stalls;

/** The output of a stream. It is unbuffered; a write blocks only while the peer's window or the session's output is full. */
final class StreamOutput extends OutputStream {
    private final Stream stream;
    private final Driver driver;
    private final ReentrantLock lock; // the driver's
    private final Condition writable;
    private Duration timeout = Duration.ZERO; // guarded by lock
    private boolean shut; // guarded by lock
    private @Nullable Runnable notice; // run once when the stream becomes writable; guarded by lock

    StreamOutput(Stream stream, Driver driver) {
        this.stream = stream;
        this.driver = driver;
        lock = driver.lock;
        writable = lock.newCondition();
    }

    // ---- with the lock held

    void timeout(Duration newTimeout) {
        timeout = newTimeout;
    }

    void shut() {
        shut = true;
        stream.core().closeWrite(System.nanoTime());
        wake();
    }

    void wake() {
        writable.signalAll();
        Runnable waiting = notice;
        if (waiting == null) return;
        if (!isWritable()) {
            stream.core().awaitWritable();
            return;
        }
        notice = null;
        waiting.run();
    }

    /** Returns true if a write would not block. */
    private boolean isWritable() {
        if (stream.isClosed() || stream.hasFailed() || shut) return true;
        return stream.core().hasRoom(1, System.nanoTime());
    }

    private void check() throws IOException {
        if (stream.isClosed() || stream.hasFailed()) throw stream.failure();
        if (shut) throw new StreamException("the output of the stream was shut down");
    }

    // ---- non-blocking

    int writeNow(ByteBuffer from) throws IOException {
        lock.lock();
        try {
            long now = System.nanoTime();
            int before = from.position();
            do {
                check();
            } while (from.hasRemaining() && put(from, now));
            return from.position() - before;
        } finally {
            lock.unlock();
        }
    }

    /** Sends as many bytes as fit into one frame. Returns false if the window or the session's output is full. */
    private boolean put(ByteBuffer from, long now) {
        if (stream.core().send(from, from.remaining(), now) == 0) return false;
        driver.flush();
        return true;
    }

    void whenWritable(Runnable newNotice) {
        lock.lock();
        try {
            if (notice != null) throw new IllegalStateException("whenWritable already has a pending action");
            notice = newNotice;
            wake();
        } finally {
            lock.unlock();
        }
    }

    // ---- OutputStream

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(from, offset, length);
        lock.lock();
        try {
            Deadline deadline = null;
            long now = System.nanoTime();
            do {
                check();
                if (length == 0) return;
                if (put(bytes, now)) continue;
                if (deadline == null) deadline = new Deadline(timeout);
                awaitRoom(deadline, length - bytes.remaining());
                now = System.nanoTime();
            } while (bytes.hasRemaining());
        } finally {
            lock.unlock();
        }
    }

    private void awaitRoom(Deadline deadline, int sent) throws IOException {
        StallEvent stall = Stalls.begun(stream.core());
        try {
            deadline.await(writable, "Write timed out");
        } catch (InterruptedIOException e) { // also SocketTimeoutException
            e.bytesTransferred = sent;
            String why = e instanceof SocketTimeoutException ? "timed out" : "was interrupted";
            if (sent > 0) stream.abort("a write " + why + " after part of it was sent");
            throw e;
        } finally {
            if (stall != null) stall.ended(driver);
        }
    }

    @Override
    public void close() {
        stream.close();
    }
}
