package org.relay4j.benchmarks;

import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One end of a connection in memory without a buffer: a write returns when reads have consumed all of it. Go's {@code
 * net.Pipe} does the same, so both sides of the comparison block in the same places.
 */
final class Pipe implements ByteChannel {
    private final Direction in;
    private final Direction out;

    private Pipe(Direction in, Direction out) {
        this.in = in;
        this.out = out;
    }

    /** Returns the two ends of a new connection. */
    static Transport.Ends ends() {
        Direction up = new Direction();
        Direction down = new Direction();
        return new Transport.Ends(new Pipe(down, up), new Pipe(up, down));
    }

    @Override
    public int read(ByteBuffer to) {
        return in.read(to);
    }

    @Override
    public int write(ByteBuffer from) throws ClosedChannelException {
        return out.write(from);
    }

    @Override
    public boolean isOpen() {
        return in.isOpen();
    }

    @Override
    public void close() {
        in.close();
        out.close();
    }

    private static final class Direction {
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition offered = lock.newCondition(); // readers wait
        private final Condition taken = lock.newCondition(); // writers wait
        private @Nullable ByteBuffer offer; // bytes of a blocked writer; guarded by lock
        private boolean closed; // guarded by lock

        int read(ByteBuffer to) {
            lock.lock();
            try {
                while (offer == null && !closed) offered.awaitUninterruptibly();
                ByteBuffer from = offer;
                if (closed || from == null) return -1;
                int length = Math.min(to.remaining(), from.remaining());
                to.put(to.position(), from, from.position(), length);
                to.position(to.position() + length);
                from.position(from.position() + length);
                if (!from.hasRemaining()) {
                    offer = null;
                    taken.signalAll();
                }
                return length;
            } finally {
                lock.unlock();
            }
        }

        int write(ByteBuffer from) throws ClosedChannelException {
            int length = from.remaining();
            if (length == 0) return 0;
            lock.lock();
            try {
                while (offer != null && !closed) taken.awaitUninterruptibly();
                if (!closed) {
                    offer = from;
                    offered.signal();
                }
                while (from.hasRemaining() && !closed) taken.awaitUninterruptibly();
                if (from.hasRemaining()) throw new ClosedChannelException();
                return length;
            } finally {
                lock.unlock();
            }
        }

        boolean isOpen() {
            lock.lock();
            try {
                return !closed;
            } finally {
                lock.unlock();
            }
        }

        void close() {
            lock.lock();
            try {
                closed = true;
                offered.signalAll();
                taken.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
