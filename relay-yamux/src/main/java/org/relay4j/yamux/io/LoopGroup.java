package org.relay4j.yamux.io;

import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A group of loops among which sessions are distributed. Safe for use by several threads. */
public final class LoopGroup implements Closeable {
    private static final ReentrantLock SHARED_LOCK = OrderedLock.leaf("the shared loops");
    private static @Nullable LoopGroup shared; // guarded by SHARED_LOCK
    private static int sharedUsers; // guarded by SHARED_LOCK
    private static long unusedSince; // ns; guarded by SHARED_LOCK
    private static boolean endScheduled; // for the shared group; guarded by SHARED_LOCK

    /** How long the shared group outlives its last user, so that a reconnecting client can reuse it. */
    private static final long LINGER = TimeUnit.SECONDS.toNanos(30);

    private static final long JOIN_MILLIS = 5_000;

    private final Loop[] loops; // the spare one at the end, if there is one
    private final int size; // without the spare one
    private final AtomicInteger turn = new AtomicInteger();
    private final ReentrantLock lock = OrderedLock.leaf("a group of loops");
    private final int[] users; // of each loop, see join; guarded by lock
    private @Nullable CountDownLatch unanswered; // of the last question; guarded by lock

    /** Starts one loop. */
    interface Starter {
        Loop start(String name) throws IOException;
    }

    /** Starts {@code count} loops. */
    public LoopGroup(String name, int count, boolean daemon) throws IOException {
        this(name, count, false, each -> new Loop(each, daemon));
    }

    /**
     * Starts {@code count} loops.
     *
     * @param spare whether to start a {@link #spare} one, too, if {@code count} is one
     */
    public LoopGroup(String name, int count, boolean spare, boolean daemon) throws IOException {
        this(name, count, spare && count == 1, each -> new Loop(each, daemon));
    }

    LoopGroup(String name, int count, boolean spare, Starter starter) throws IOException {
        size = count;
        int all = spare ? count + 1 : count;
        loops = new Loop[all];
        users = new int[all];
        int started = 0;
        try {
            for (; started < all; started++) loops[started] = starter.start(name + "-" + (started + 1));
        } finally {
            // A selector needs file descriptors, which may run out before all loops have started.
            for (int i = 0; started < all && i < started; i++) loops[i].stop();
        }
    }

    /** Returns the number of loops, without the spare one. */
    public int size() {
        return size;
    }

    /** Returns the loop that no other method returns, for those that need one of their own; null if there is none, or it has ended. */
    public @Nullable Loop spare() {
        Loop spare = loops.length > size ? loops[size] : null;
        return spare != null && spare.isRunning() ? spare : null;
    }

    /** Returns a loop by its number, from 0 to {@link #size} - 1. */
    public Loop get(int number) {
        return loops[number];
    }

    /** Returns the loop for a key, always the same one for equal keys. */
    public Loop of(Object key) {
        return loops[Math.floorMod(key.hashCode(), size)];
    }

    /** Returns the default number of loops: half of the processors, which the loops share with the services behind them. */
    public static int defaultCount() {
        return Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    }

    /**
     * Returns the group of this process for sessions that are not given another one: at least two loops, so that two connections of a
     * tunnel need not wait for each other, even on one or two processors. Its threads are daemons. It starts with
     * its first user and ends 30 s after the last one. Each call must be paired with one call of {@link #releaseShared}.
     */
    public static LoopGroup acquireShared() throws IOException {
        SHARED_LOCK.lock();
        try {
            LoopGroup group = shared;
            if (group == null) {
                group = new LoopGroup("relay-loop", Math.max(2, defaultCount()), true);
                shared = group;
                endScheduled = false;
            }
            sharedUsers++;
            return group;
        } finally {
            SHARED_LOCK.unlock();
        }
    }

    /** Releases the group returned by {@link #acquireShared}. */
    public static void releaseShared() {
        releaseShared(LINGER);
    }

    /** Releases the group, which ends {@code linger} nanoseconds after its last user. */
    static void releaseShared(long linger) {
        SHARED_LOCK.lock();
        try {
            if (--sharedUsers > 0) return;
            unusedSince = System.nanoTime();
            LoopGroup group = shared;
            if (group != null && !endScheduled) group.endLater(linger, linger);
        } finally {
            SHARED_LOCK.unlock();
        }
    }

    /** Ends the shared group now if it has no user. Does not block. */
    public static void endUnused() {
        SHARED_LOCK.lock();
        try {
            if (sharedUsers == 0 && shared != null) shared.endShared();
        } finally {
            SHARED_LOCK.unlock();
        }
    }

    private void endLater(long delay, long linger) {
        for (Loop loop : loops) {
            if (!loop.offer(() -> loop.schedule(delay, () -> endIfUnused(linger)))) continue;
            endScheduled = true;
            return;
        }
        endShared(); // all its loops have ended
    }

    private void endIfUnused(long linger) {
        SHARED_LOCK.lock();
        try {
            if (shared != this) return;
            endScheduled = false;
            if (sharedUsers > 0) return;
            long left = linger - (System.nanoTime() - unusedSince);
            if (left > 0) endLater(left, linger);
            else endShared();
        } finally {
            SHARED_LOCK.unlock();
        }
    }

    private void endShared() {
        shared = null;
        stop();
    }

    /**
     * Returns the next running loop, round-robin.
     *
     * @throws IOException if all loops have ended
     */
    public Loop next() throws IOException {
        for (int n = 0; n < size; n++) {
            Loop loop = loops[Math.floorMod(turn.getAndIncrement(), size)];
            if (loop.isRunning()) return loop;
        }
        throw ended();
    }

    /**
     * Returns the running loop with the fewest users, of equal ones the first, and counts one more. Each call must be paired with one
     * of {@link #leave}.
     *
     * @throws IOException if all loops have ended
     */
    public Loop join() throws IOException {
        lock.lock();
        try {
            int chosen = -1;
            for (int i = 0; i < size; i++) {
                if (loops[i].isRunning() && (chosen < 0 || users[i] < users[chosen])) chosen = i;
            }
            if (chosen < 0) throw ended();
            users[chosen]++;
            return loops[chosen];
        } finally {
            lock.unlock();
        }
    }

    /** Counts one user less. */
    public void leave(Loop loop) {
        lock.lock();
        try {
            for (int i = 0; i < size; i++) if (loops[i] == loop) users[i]--;
        } finally {
            lock.unlock();
        }
    }

    private static IOException ended() {
        return new IOException("the event loops have ended");
    }

    /**
     * Waits until each loop has run a task, at most {@code nanos} nanoseconds. Several callers wait for the same tasks, so that a
     * loop that does not answer has at most one of them.
     *
     * @return false if a loop has ended, or has not run the task in time
     */
    public boolean awaitAnswers(long nanos) throws InterruptedException {
        CountDownLatch asked;
        lock.lock();
        try {
            if (unanswered == null || unanswered.getCount() == 0) unanswered = ask();
            asked = unanswered;
        } finally {
            lock.unlock();
        }
        return asked.await(nanos, TimeUnit.NANOSECONDS);
    }

    private CountDownLatch ask() {
        CountDownLatch answers = new CountDownLatch(loops.length);
        for (Loop loop : loops) loop.offer(answers::countDown);
        return answers;
    }

    /** Stops all loops and waits for their threads, at most five seconds. */
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
