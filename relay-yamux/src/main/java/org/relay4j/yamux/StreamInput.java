package org.relay4j.yamux;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.io.Driver;

/** The input of a stream. End of input is reported only after the peer's FIN; any other end is an exception. */
final class StreamInput extends InputStream {
    private final Stream stream;
    private final Driver driver;
    private final ReentrantLock lock; // the driver's
    private final Condition readable;
    private Duration timeout = Duration.ZERO; // guarded by lock
    private boolean shut; // guarded by lock
    private @Nullable Runnable notice; // run once when the stream becomes readable; guarded by lock

    StreamInput(Stream stream, Driver driver) {
        this.stream = stream;
        this.driver = driver;
        lock = driver.lock;
        readable = lock.newCondition();
    }

    // ---- with the lock held

    void timeout(Duration newTimeout) {
        timeout = newTimeout;
    }

    void shut() {
        shut = true;
        stream.core().closeRead();
        wake();
    }

    void wake() {
        readable.signalAll();
        Runnable waiting = notice;
        if (waiting == null || !isReadable()) return;
        notice = null;
        waiting.run();
    }

    /** Returns true if a read would not block. */
    private boolean isReadable() {
        return stream.isClosed() || stream.core().available() > 0 || isAtEnd() || stream.hasFailed();
    }

    private boolean isAtEnd() {
        return shut || stream.core().atEnd();
    }

    // ---- non-blocking

    int readNow(ByteBuffer to) throws IOException {
        lock.lock();
        try {
            MuxStream core = stream.core();
            if (stream.isClosed()) throw stream.failure();
            if (!to.hasRemaining()) return 0;
            if (core.available() > 0) return take(core, to);
            if (isAtEnd()) return -1;
            if (stream.hasFailed()) throw stream.failure();
            return 0;
        } finally {
            lock.unlock();
        }
    }

    void whenReadable(Runnable newNotice) {
        lock.lock();
        try {
            if (notice != null) throw new IllegalStateException("whenReadable already has a pending action");
            notice = newNotice;
            wake();
        } finally {
            lock.unlock();
        }
    }

    // ---- InputStream

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, to.length);
        lock.lock();
        try {
            MuxStream core = stream.core();
            Deadline deadline = null;
            while (true) {
                if (stream.isClosed()) throw stream.failure();
                if (length == 0) return 0;
                if (core.available() > 0) return take(core, ByteBuffer.wrap(to, offset, length));
                if (isAtEnd()) return -1;
                if (stream.hasFailed()) throw stream.failure();
                if (deadline == null) deadline = new Deadline(timeout);
                deadline.await(readable, "Read timed out");
            }
        } finally {
            lock.unlock();
        }
    }

    private int take(MuxStream core, ByteBuffer to) {
        int before = to.position();
        long now = System.nanoTime();
        for (ByteBuffer waiting; to.hasRemaining() && (waiting = core.peek()) != null; ) {
            int part = Math.min(to.remaining(), waiting.remaining());
            to.put(to.position(), waiting, waiting.position(), part);
            to.position(to.position() + part);
            waiting.position(waiting.position() + part);
            core.advance(part, now);
        }
        driver.flush(); // a window update may be due
        return to.position() - before;
    }

    @Override
    public int available() throws IOException {
        lock.lock();
        try {
            if (stream.isClosed()) throw stream.failure();
            return stream.core().available();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        stream.close();
    }
}
