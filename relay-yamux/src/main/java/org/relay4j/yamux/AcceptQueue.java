package org.relay4j.yamux;

import java.io.Closeable;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Bounds;
import org.relay4j.yamux.io.OrderedLock;

/**
 * A queue of streams that peers have opened and the application has not accepted yet, oldest first. By default each session
 * has its own queue. Several sessions can share one ({@link SessionOptions.Builder#acceptQueue}), so that a single {@code
 * accept} serves them all. Each session is limited to its own {@linkplain SessionOptions#backlog backlog}, so it cannot fill
 * the queue for the others.
 *
 * <pre>{@code
 * AcceptQueue queue = new AcceptQueue();
 * SessionOptions options = SessionOptions.builder().acceptQueue(queue).build();
 * Session one = Session.server(channel, options);
 * Session other = Session.server(otherChannel, options);
 * Stream stream = queue.accept(Duration.ofSeconds(10)); // of either session
 * }</pre>
 *
 * <p>Safe for use by several threads.
 */
public final class AcceptQueue implements Closeable {
    /*
     * Lock order: this lock comes last. It may be acquired while a session's lock is held, and no other lock is acquired under
     * it. A removed stream is acknowledged afterwards, under its session's lock alone.
     */
    private final ReentrantLock lock = OrderedLock.leaf("an accept queue");
    private final Condition changed = lock.newCondition();
    private final LinkedHashSet<Stream> waiting = new LinkedHashSet<>(); // guarded by lock
    private final Map<Session, Integer> lengths = new HashMap<>(); // those that wait, by session; guarded by lock
    private @Nullable Supplier<? extends IOException> end; // the exception that accept throws; guarded by lock

    /** Creates an empty queue. */
    public AcceptQueue() {}

    /**
     * Waits for the next stream and acknowledges it.
     *
     * @param timeout how long to wait; zero means no limit
     * @throws SocketTimeoutException if the timeout expires
     * @throws StreamException if this queue is closed
     * @throws java.io.InterruptedIOException if the thread is interrupted; its interrupt flag stays set
     */
    public Stream accept(Duration timeout) throws IOException {
        Deadline deadline = new Deadline(Bounds.notNegative("timeout", timeout));
        Stream next;
        do {
            next = next(deadline);
        } while (!next.accepted());
        return next;
    }

    private Stream next(Deadline deadline) throws IOException {
        lock.lock();
        try {
            while (true) {
                Iterator<Stream> streams = waiting.iterator();
                if (streams.hasNext()) {
                    Stream next = streams.next();
                    streams.remove();
                    left(next);
                    return next;
                }
                Supplier<? extends IOException> over = end;
                if (over != null) throw over.get();
                deadline.await(changed, "Accept timed out");
            }
        } finally {
            lock.unlock();
        }
    }

    /** Closes the queue: {@link #accept} fails from now on. Queued streams and streams that arrive later are reset. */
    @Override
    public void close() {
        close(null);
    }

    /** Closes the queue with a cause for the exception that {@link #accept} throws. Only the first call has an effect. */
    public void close(@Nullable Throwable cause) {
        List<Stream> left = end(() -> {
            StreamException closed = new StreamException("the accept queue was closed");
            if (cause != null) closed.initCause(cause);
            return closed;
        });
        left.forEach(Stream::reset);
    }

    // ---- for the sessions; with or without a session's lock held

    /** Adds a stream. Returns false if the queue is closed, or {@code most} streams of its session wait already. */
    boolean add(Stream stream, int most) {
        lock.lock();
        try {
            int length = lengths.getOrDefault(stream.session(), 0);
            if (end != null || length >= most) return false;
            lengths.put(stream.session(), length + 1);
            waiting.add(stream);
            changed.signal();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Removes a stream. Returns true if it was queued. */
    boolean remove(Stream stream) {
        lock.lock();
        try {
            boolean removed = waiting.remove(stream);
            if (removed) left(stream);
            return removed;
        } finally {
            lock.unlock();
        }
    }

    /** With the lock held. */
    private void left(Stream stream) {
        lengths.computeIfPresent(stream.session(), (session, length) -> length == 1 ? null : length - 1);
    }

    /** Returns the number of streams of a session that wait. */
    int length(Session session) {
        lock.lock();
        try {
            return lengths.getOrDefault(session, 0);
        } finally {
            lock.unlock();
        }
    }

    /** Removes and returns all streams of one session. */
    List<Stream> removeAll(Session session) {
        lock.lock();
        try {
            List<Stream> removed = new ArrayList<>();
            for (Stream stream : waiting) {
                if (stream.session() == session) removed.add(stream);
            }
            removed.forEach(waiting::remove);
            lengths.remove(session);
            return removed;
        } finally {
            lock.unlock();
        }
    }

    /** Makes {@link #accept} fail from now on and returns the queued streams. The first failure is kept. */
    List<Stream> end(Supplier<? extends IOException> failure) {
        lock.lock();
        try {
            if (end == null) end = failure;
            List<Stream> left = List.copyOf(waiting);
            waiting.clear();
            lengths.clear();
            changed.signalAll();
            return left;
        } finally {
            lock.unlock();
        }
    }
}
