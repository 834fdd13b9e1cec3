package org.relay4j.server;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.LimitedLog;
import org.relay4j.yamux.io.OrderedLock;
import org.relay4j.yamux.io.Threads;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * A few threads for work that must not run on a loop, with a bounded queue for which the owners of the tasks take turns. Idle
 * threads end. Safe for use by several threads.
 */
final class Workers {
    /*
     * The tasks of clients are owned by their addresses. With a single queue, a newcomer would wait for all the work of an address
     * that begins many handshakes, once for each of its own tasks. With turns, it waits for one task of each other address.
     */
    private static final long IDLE_SECONDS = 10;

    private final int most; // threads
    private final int longest; // tasks that wait
    private final ThreadPoolExecutor threads;
    private final LimitedLog failed = new LimitedLog(LoggerFactory.getLogger(Workers.class), Level.ERROR);
    private final ReentrantLock lock = OrderedLock.leaf("the work of clients");
    private final Map<Object, ArrayDeque<Runnable>> waiting =
            new LinkedHashMap<>(); // the next owner first; guarded by lock
    private int tasks; // that wait or are run; guarded by lock
    private int working; // threads that take tasks, or soon will; guarded by lock
    private boolean ended; // guarded by lock

    Workers(String name, int threads, int queued) {
        most = threads;
        longest = queued;
        this.threads = new ThreadPoolExecutor(
                threads, threads, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), Threads.factory(name));
        this.threads.allowCoreThreadTimeOut(true);
    }

    /**
     * Runs a task soon. Returns false if the queue is full or the workers have ended. Does not block.
     *
     * @param owner takes turns with the owners of other tasks; compared with {@code equals}
     */
    boolean run(Object owner, Runnable task) {
        lock.lock();
        try {
            if (ended || tasks >= most + longest) return false;
            waiting.computeIfAbsent(owner, key -> new ArrayDeque<>()).add(task);
            tasks++;
            if (working == most) return true;
            working++;
        } finally {
            lock.unlock();
        }
        boolean started = false;
        try {
            threads.execute(this::work);
            started = true;
        } finally {
            if (!started) stopped(); // no memory for a thread; the task waits for the next call
        }
        return true;
    }

    /** Removes a task from the queue; has no effect on one that has begun. Does not block. */
    void forget(Object owner, Runnable task) {
        lock.lock();
        try {
            ArrayDeque<Runnable> own = waiting.get(owner);
            if (own == null || !own.remove(task)) return;
            tasks--;
            if (own.isEmpty()) waiting.remove(owner);
        } finally {
            lock.unlock();
        }
    }

    /** Ends the threads after the queued tasks. Does not block. */
    void end() {
        lock.lock();
        try {
            ended = true;
        } finally {
            lock.unlock();
        }
        threads.shutdown();
    }

    private void work() {
        for (Runnable task; (task = next()) != null; ) {
            try {
                task.run();
            } catch (RuntimeException | Error e) {
                failed.log("relay server: work for a client has failed", e);
            }
            done();
        }
    }

    private void done() {
        lock.lock();
        try {
            tasks--;
        } finally {
            lock.unlock();
        }
    }

    /** Returns the next task of the next owner; null if there is none, and the thread is to end. */
    private @Nullable Runnable next() {
        lock.lock();
        try {
            Iterator<Map.Entry<Object, ArrayDeque<Runnable>>> owners =
                    waiting.entrySet().iterator();
            if (!owners.hasNext()) {
                working--;
                return null;
            }
            Map.Entry<Object, ArrayDeque<Runnable>> owner = owners.next();
            Object key = owner.getKey();
            ArrayDeque<Runnable> own = owner.getValue();
            owners.remove();
            Runnable task = own.remove();
            if (!own.isEmpty()) waiting.put(key, own); // behind the others
            return task;
        } finally {
            lock.unlock();
        }
    }

    private void stopped() {
        lock.lock();
        try {
            working--;
        } finally {
            lock.unlock();
        }
    }
}
