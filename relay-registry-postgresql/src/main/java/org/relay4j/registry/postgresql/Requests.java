package org.relay4j.registry.postgresql;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;

/**
 * The queue of requests, and the threads that carry them out. JDBC blocks, so each thread has a connection of its own; there are few,
 * since the server makes one transaction after the other anyway.
 *
 * <p>One more thread ends each request at its deadline and with it the connection that it waits for, so a silent server blocks a worker
 * no longer than a request lasts.
 */
final class Requests implements AutoCloseable {
    /** Number of connections, besides that of the watches. */
    static final int CONNECTIONS = 2;

    /** More requests than a server answers within their deadline are refused at once. */
    static final int MOST_WAITING = 10_000;

    private static final long PATIENCE = RegistryStore.PATIENCE.toNanos();
    private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(100); // between two attempts

    private final Problems problems;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final Deque<Request<?>> waiting = new ArrayDeque<>(); // guarded by lock
    private final List<Worker> workers = new ArrayList<>(); // guarded by lock
    private final ScheduledThreadPoolExecutor timers;
    private boolean closed; // guarded by lock

    Requests(Database database, Problems problems) {
        this.problems = problems;
        timers = new ScheduledThreadPoolExecutor(1, task -> thread("deadlines", task));
        timers.setRemoveOnCancelPolicy(true);
        for (int i = 0; i < CONNECTIONS; i++) {
            Worker worker = new Worker(new Link(database));
            workers.add(worker);
            thread(Integer.toString(i), worker).start();
        }
    }

    static Thread thread(String name, Runnable task) {
        Thread thread = new Thread(task, "relay-registry-postgresql-" + name);
        thread.setDaemon(true);
        return thread;
    }

    /** Adds a request. Does not block. */
    <T> CompletableFuture<T> submit(Request.Kind kind, Request.Work<T> work) {
        Request<T> request = new Request<>(kind, work, System.nanoTime() + PATIENCE);
        String refused = null;
        lock.lock();
        try {
            if (closed) {
                refused = "the store is closed";
            } else if (waiting.size() >= MOST_WAITING) {
                refused = "more than " + MOST_WAITING + " requests wait for PostgreSQL";
            } else {
                if (kind == Request.Kind.URGENT) waiting.addFirst(request);
                else waiting.addLast(request);
                request.timer(timers.schedule(() -> expire(request), PATIENCE, TimeUnit.NANOSECONDS));
                arrived.signal();
            }
        } finally {
            lock.unlock();
        }
        if (refused != null) request.fail(new RegistryUnavailableException(refused, null, true));
        return request.result;
    }

    private void expire(Request<?> request) {
        Worker busy = null;
        lock.lock();
        try {
            if (!waiting.remove(request)) {
                busy = workers.stream()
                        .filter(worker -> worker.current == request)
                        .findFirst()
                        .orElse(null);
            }
            if (busy != null) busy.link.abort(); // under the lock, so that it is not the connection of the next request
        } finally {
            lock.unlock();
        }
        request.fail(problems.late(request.sent, request.lastError));
    }

    /** Fails all requests, and ends the threads. Does not block. */
    @Override
    public void close() {
        List<Request<?>> open = new ArrayList<>();
        lock.lock();
        try {
            if (closed) return;
            closed = true;
            open.addAll(waiting);
            waiting.clear();
            for (Worker worker : workers) {
                Request<?> current = worker.current;
                if (current != null) open.add(current);
                worker.link.abort();
            }
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            timers.execute(() -> {
                for (Request<?> request : open)
                    request.fail(new RegistryUnavailableException("the store is closed", null, !request.sent));
            });
        } catch (RejectedExecutionException e) {
            throw new AssertionError("only this method ends the executor, once", e);
        }
        timers.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        timers.shutdown();
    }

    /** Takes the next request for a worker; null when the store is closed. Blocks. */
    private @Nullable Request<?> take(Worker worker) {
        lock.lock();
        try {
            worker.current = null;
            while (waiting.isEmpty() && !closed) arrived.awaitUninterruptibly();
            if (closed) return null;
            worker.current = waiting.removeFirst();
            return worker.current;
        } finally {
            lock.unlock();
        }
    }

    /** A thread with a connection. */
    private final class Worker implements Runnable {
        final Link link;

        @Nullable
        Request<?> current; // guarded by lock

        Worker(Link link) {
            this.link = link;
        }

        @Override
        public void run() {
            for (Request<?> request; (request = take(this)) != null; ) {
                while (!request.isOver() && !attempt(request)) LockSupport.parkNanos(PAUSE);
            }
            link.drop();
        }

        /** Returns false if the request may be tried again. */
        private <T> boolean attempt(Request<T> request) {
            try {
                Connection connection = link.ready();
                if (request.isOver()) return true;
                double deadline = link.serverTimeAt(request.deadline);
                request.sent = request.kind == Request.Kind.ONCE;
                request.complete(request.work.run(connection, deadline));
                return true;
            } catch (SQLException e) {
                if (Problems.endsConnection(e)) link.drop();
                return failed(request, e);
            } catch (RegistryException | RuntimeException e) {
                request.fail(e);
                return true;
            }
        }

        /** Returns false if the request may be tried again. */
        private boolean failed(Request<?> request, SQLException e) {
            request.lastError = e;
            boolean again = request.kind != Request.Kind.CHECK && !request.sent && Problems.endsConnection(e);
            if (!again) request.fail(problems.of(e, request.sent));
            return !again;
        }
    }
}
