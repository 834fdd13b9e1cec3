package org.relay4j.yamux.io;

import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Several loops, among which sessions are spread in turn. Safe for use by several threads. */
public final class LoopGroup implements Closeable {
    private static final ReentrantLock SHARED_LOCK = OrderedLock.leaf("the shared loops");
    private static @Nullable LoopGroup shared; // guarded by SHARED_LOCK
    private static int sharedUsers; // guarded by SHARED_LOCK

    private static final long JOIN_MILLIS = 5_000;

    private final Loop[] loops;
    private final AtomicInteger turn = new AtomicInteger();

    /** Starts one loop. */
    interface Starter {
        Loop start(String name) throws IOException;
    }

    /** Starts {@code count} loops. */
    public LoopGroup(String name, int count, boolean daemon) throws IOException {
        this(name, count, each -> new Loop(each, daemon));
    }

    LoopGroup(String name, int count, Starter starter) throws IOException {
        loops = new Loop[count];
        int started = 0;
        try {
            for (; started < count; started++) loops[started] = starter.start(name + "-" + (started + 1));
        } finally {
            // A selector takes files, of which there may be too few for all.
            for (int i = 0; started < count && i < started; i++) loops[i].stop();
        }
    }

    /** How many loops are right for this machine: the loops and whatever they serve share its processors. */
    public static int defaultCount() {
        return Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    }

    /**
     * The group of this process for sessions that bring none of their own, with daemon threads. It is started for its first
     * user and ends with its last: whoever calls this also calls {@link #releaseShared} once.
     */
    public static LoopGroup acquireShared() throws IOException {
        SHARED_LOCK.lock();
        try {
            LoopGroup group = shared;
            if (group == null) {
                group = new LoopGroup("relay-loop", defaultCount(), true);
                shared = group;
            }
            sharedUsers++;
            return group;
        } finally {
            SHARED_LOCK.unlock();
        }
    }

    /** Gives back what {@link #acquireShared} gave. */
    public static void releaseShared() {
        LoopGroup unused = null;
        SHARED_LOCK.lock();
        try {
            if (--sharedUsers == 0) {
                unused = shared;
                shared = null;
            }
        } finally {
            SHARED_LOCK.unlock();
        }
        if (unused != null) unused.stop();
    }

    /**
     * The loop whose turn it is; one that has failed has none.
     *
     * @throws IOException when all loops have ended
     */
    public Loop next() throws IOException {
        for (int n = 0; n < loops.length; n++) {
            Loop loop = loops[Math.floorMod(turn.getAndIncrement(), loops.length)];
            if (loop.isRunning()) return loop;
        }
        throw new IOException("the event loops have ended");
    }

    /** Ends all loops and waits for their threads, at most five seconds. */
    @Override
    public void close() {
        stop();
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(JOIN_MILLIS);
        boolean interrupted = false;
        for (Loop loop : loops) {
            if (loop.isCurrent()) continue;
            long left = Math.max(1, (deadline - System.nanoTime()) / 1_000_000);
            try {
                loop.join(left);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) Thread.currentThread().interrupt();
    }

    private void stop() {
        for (Loop loop : loops) loop.stop();
    }
}
