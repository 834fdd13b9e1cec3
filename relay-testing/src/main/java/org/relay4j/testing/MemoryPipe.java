package org.relay4j.testing;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** One end of a connection in memory: blocking, with a bounded buffer for each direction. */
public final class MemoryPipe implements ByteChannel {
    private final Direction in;
    private final Direction out;
    private volatile boolean closed;

    private MemoryPipe(Direction in, Direction out) {
        this.in = in;
        this.out = out;
    }

    /** Returns two connected ends with a buffer of {@code capacity} bytes in each direction. */
    public static MemoryPipe[] pair(int capacity) {
        Direction there = new Direction(capacity);
        Direction back = new Direction(capacity);
        return new MemoryPipe[] {new MemoryPipe(back, there), new MemoryPipe(there, back)};
    }

    @Override
    public int read(ByteBuffer to) throws IOException {
        return in.read(to);
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        return out.write(from);
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    @Override
    public void close() {
        closed = true;
        in.close(true);
        out.close(false);
    }

    /** One direction of the pipe. */
    private static final class Direction {
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition changed = lock.newCondition();
        private final ByteBuffer bytes; // filled up to its position; guarded by lock
        private boolean readerClosed; // guarded by lock
        private boolean writerClosed; // guarded by lock

        Direction(int capacity) {
            bytes = ByteBuffer.allocate(capacity);
        }

        int read(ByteBuffer to) throws IOException {
            lock.lock();
            try {
                if (readerClosed) throw new ClosedChannelException();
                while (bytes.position() == 0) {
                    if (writerClosed) return -1;
                    changed.awaitUninterruptibly();
                    if (readerClosed) throw new AsynchronousCloseException();
                }
                bytes.flip();
                int length = Math.min(to.remaining(), bytes.remaining());
                to.put(bytes.slice(0, length));
                bytes.position(length).compact();
                changed.signalAll();
                return length;
            } finally {
                lock.unlock();
            }
        }

        int write(ByteBuffer from) throws IOException {
            lock.lock();
            try {
                if (writerClosed) throw new ClosedChannelException();
                while (!bytes.hasRemaining()) {
                    if (readerClosed) throw new IOException("Broken pipe");
                    changed.awaitUninterruptibly();
                    if (writerClosed) throw new AsynchronousCloseException();
                }
                if (readerClosed) throw new IOException("Broken pipe");
                int length = Math.min(from.remaining(), bytes.remaining());
                bytes.put(from.slice(from.position(), length));
                from.position(from.position() + length);
                changed.signalAll();
                return length;
            } finally {
                lock.unlock();
            }
        }

        void close(boolean byReader) {
            lock.lock();
            try {
                if (byReader) readerClosed = true;
                else writerClosed = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
