package org.relay4j.yamux;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.io.Driver;

/** What a stream sends. Bytes leave at once; a write waits only while the peer's window or the session's output is full. */
final class StreamOutput extends OutputStream {
    private final Stream stream;
    private final Driver driver;
    private final ReentrantLock lock; // the driver's
    private final Condition writable;
    private Duration timeout = Duration.ZERO; // guarded by lock
    private boolean shut; // guarded by lock

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
        stream.core().closeWrite();
        wake();
    }

    void wake() {
        writable.signalAll();
    }

    // ---- the stream

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, from.length);
        lock.lock();
        try {
            MuxStream core = stream.core();
            Deadline deadline = null;
            driver.mux().advance(System.nanoTime());
            int sent = 0;
            do {
                if (stream.isClosed() || stream.hasFailed()) throw stream.failure();
                if (shut) throw new StreamException("the output of the stream was shut down");
                if (length == 0) return;
                ByteBuffer room = core.reserve(length - sent);
                if (room != null) {
                    int part = Math.min(room.remaining(), length - sent);
                    room.put(from, offset + sent, part);
                    core.commit(part);
                    driver.flush();
                    sent += part;
                } else {
                    if (deadline == null) deadline = new Deadline(timeout);
                    awaitRoom(deadline, sent);
                }
            } while (sent < length);
        } finally {
            lock.unlock();
        }
    }

    private void awaitRoom(Deadline deadline, int sent) throws IOException {
        try {
            deadline.await(writable, "Write timed out");
        } catch (InterruptedIOException e) { // also SocketTimeoutException
            e.bytesTransferred = sent;
            String why = e instanceof SocketTimeoutException ? "timed out" : "was interrupted";
            if (sent > 0) stream.abort("a write " + why + " after a part of it was sent");
            throw e;
        }
    }

    @Override
    public void close() {
        stream.close();
    }
}
