package org.relay4j.yamux;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.io.Driver;

/** What a stream receives. Its end is reported only after the peer's FIN; every other end is an exception. */
final class StreamInput extends InputStream {
    private final Stream stream;
    private final Driver driver;
    private final ReentrantLock lock; // the driver's
    private final Condition readable;
    private Duration timeout = Duration.ZERO; // guarded by lock
    private boolean shut; // guarded by lock

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
    }

    // ---- the stream

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
                if (core.available() > 0) return take(core, to, offset, length);
                if (shut || core.atEnd()) return -1;
                if (stream.hasFailed()) throw stream.failure();
                if (deadline == null) deadline = new Deadline(timeout);
                deadline.await(readable, "Read timed out");
            }
        } finally {
            lock.unlock();
        }
    }

    private int take(MuxStream core, byte[] to, int offset, int length) {
        int taken = 0;
        for (ByteBuffer waiting; taken < length && (waiting = core.peek()) != null; ) {
            int part = Math.min(length - taken, waiting.remaining());
            waiting.get(to, offset + taken, part);
            core.advance(part);
            taken += part;
        }
        driver.flush(); // credit may have become due
        return taken;
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
