package org.relay4j.yamux;

import java.io.Closeable;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Bounds;
import org.relay4j.yamux.io.OrderedLock;

/**
 * The streams that peers have opened and nobody has accepted yet, the oldest first. A session has one of its own; several
 * sessions can be given the same one ({@link SessionOptions.Builder#acceptQueue}), so that one {@code accept} serves them all.
 * Each session keeps to its own {@linkplain SessionOptions#backlog backlog} in it, so one cannot fill it up for the others.
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
     * Its lock is the last one of all: it is taken with a session's lock held, and no other is taken under it. A stream that
     * was taken out is acknowledged afterwards, under its session's lock alone.
     */
    private final ReentrantLock lock = OrderedLock.leaf("an accept queue");
    private final Condition changed = lock.newCondition();
    private final LinkedHashSet<Stream> waiting = new LinkedHashSet<>(); // guarded by lock
    private @Nullable Supplier<? extends IOException> end; // what accept throws from now on; guarded by lock

    /** An empty one. */
    public AcceptQueue() {}

    /**
     * Waits for the next stream, and acknowledges it.
     *
     * @param timeout how long to wait at most; zero for as long as it takes
     * @throws SocketTimeoutException when none came in time
     * @throws StreamException when this queue was closed
     * @throws java.io.InterruptedIOException when the thread was interrupted; its flag stays set
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

    /** Ends all waiting: from now on {@link #accept} fails. Streams that wait, and those that still come, are reset. */
    @Override
    public void close() {
        close(null);
    }

    /** As {@link #close()}; the failure of {@link #accept} has this cause. The first call decides. */
    public void close(@Nullable Throwable cause) {
        List<Stream> left = end(() -> {
            StreamException closed = new StreamException("the accept queue was closed");
            if (cause != null) closed.initCause(cause);
            return closed;
        });
        left.forEach(Stream::reset);
    }

    // ---- for the sessions; with the lock of one of them held, or none

    /** False when it is closed. */
    boolean add(Stream stream) {
        lock.lock();
        try {
            if (end != null) return false;
            waiting.add(stream);
            changed.signal();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** True when the stream was waiting. */
    boolean remove(Stream stream) {
        lock.lock();
        try {
            return waiting.remove(stream);
        } finally {
            lock.unlock();
        }
    }

    /** Takes out all streams of one session. */
    List<Stream> removeAll(Session session) {
        lock.lock();
        try {
            List<Stream> removed = new ArrayList<>();
            for (Stream stream : waiting) {
                if (stream.session() == session) removed.add(stream);
            }
            removed.forEach(waiting::remove);
            return removed;
        } finally {
            lock.unlock();
        }
    }

    /** Lets {@link #accept} fail from now on, the first reason wins; returns the streams that were waiting. */
    List<Stream> end(Supplier<? extends IOException> failure) {
        lock.lock();
        try {
            if (end == null) end = failure;
            List<Stream> left = List.copyOf(waiting);
            waiting.clear();
            changed.signalAll();
            return left;
        } finally {
            lock.unlock();
        }
    }
}
