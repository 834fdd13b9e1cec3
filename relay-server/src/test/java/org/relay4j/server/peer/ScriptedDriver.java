package org.relay4j.server.peer;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.BufferSource;
import org.relay4j.yamux.core.CoreOptions;
import org.relay4j.yamux.core.Multiplexer;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;
import org.relay4j.yamux.io.BandwidthWaiter;
import org.relay4j.yamux.io.Driver;

/** A session without a socket: the test moves its bytes, and runs the tasks of its loop. */
final class ScriptedDriver extends Driver {
    private final Queue<Runnable> tasks;
    private final Multiplexer mux;
    int flushes; // requested
    int bandwidth = Integer.MAX_VALUE; // bytes that may be sent
    private final Queue<BandwidthWaiter> waiters = new ArrayDeque<>();
    private @Nullable Thread loop; // the one that runs the test, which need not be the one that makes it

    ScriptedDriver(Role role, CoreOptions options, BufferSource buffers, SessionEvents events, Queue<Runnable> tasks) {
        this.tasks = tasks;
        mux = new Multiplexer(role, options, buffers, events, System.nanoTime());
    }

    @Override
    public Multiplexer mux() {
        return mux;
    }

    @Override
    public void start() {}

    @Override
    public void flush() {
        flushes++;
    }

    @Override
    public int takeBandwidth(BandwidthWaiter waiter, int most) {
        if (bandwidth == 0) waiters.add(waiter);
        int taken = Math.min(bandwidth, most);
        bandwidth -= taken;
        return taken;
    }

    @Override
    public void giveBandwidthBack(int bytes) {
        bandwidth += bytes;
    }

    /** Allows so many bytes, and has those that wait continue. */
    void allow(int bytes) {
        lock.lock();
        try {
            bandwidth = bytes;
            for (int n = waiters.size(); n > 0; n--) waiters.remove().resumeReading();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void afterwards(Runnable task) {
        tasks.add(task);
    }

    @Override
    public boolean isCurrent() {
        if (loop == null) loop = Thread.currentThread();
        return Thread.currentThread().equals(loop);
    }

    /** Passes up to {@code most} bytes of the output to the core at the other end. Returns how many. */
    int transferTo(Multiplexer to, int most) {
        ByteBuffer copy;
        lock.lock();
        try {
            copy = take(mux, most);
        } finally {
            lock.unlock();
        }
        int length = copy.remaining();
        to.receive(copy, System.nanoTime());
        return length;
    }

    /** Receives up to {@code most} bytes of the output of the core at the other end. Returns how many. */
    int transferFrom(Multiplexer from, int most) {
        ByteBuffer copy = take(from, most);
        int length = copy.remaining();
        lock.lock();
        try {
            mux.receive(copy, System.nanoTime());
        } finally {
            lock.unlock();
        }
        return length;
    }

    private static ByteBuffer take(Multiplexer from, int most) {
        ByteBuffer copy = ByteBuffer.allocate(most);
        long now = System.nanoTime();
        do {
            for (ByteBuffer next; copy.hasRemaining() && (next = from.nextOutput(now)) != null; ) {
                int length = Math.min(copy.remaining(), next.remaining());
                copy.put(next.slice(next.position(), length));
                next.position(next.position() + length);
                from.sent(length, now);
            }
        } while (copy.hasRemaining() && from.resumeWaiting(now) && from.hasOutput());
        return copy.flip();
    }
}
