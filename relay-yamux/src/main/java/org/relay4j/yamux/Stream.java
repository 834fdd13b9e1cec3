package org.relay4j.yamux;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.Bounds;
import org.relay4j.yamux.io.Driver;
import org.relay4j.yamux.io.StreamHeader;
import org.relay4j.yamux.io.StreamObserver;

/**
 * One stream of a session: a bidirectional connection that behaves like a {@link Socket}. Each direction is closed
 * independently. End of input is reported only after the peer's FIN; any other end is an exception.
 *
 * <pre>{@code
 * try (Stream stream = session.open()) {
 *     stream.setReadTimeout(Duration.ofSeconds(10));
 *     stream.getOutputStream().write(request);
 *     stream.shutdownOutput(); // the peer reads to the end, and may still reply
 *     byte[] reply = stream.getInputStream().readAllBytes();
 * }
 * }</pre>
 *
 * <p>Safe for use by several threads; one may read while another writes. Blocking calls respond to interruption with {@link
 * InterruptedIOException} and leave the thread's interrupt flag set.
 */
public final class Stream implements Closeable {
    /*
     * Longer than 300 lines because it is the public API of a stream and the handler of its events: both are guarded by the
     * session's lock and change the same few fields. Reading and writing are in StreamInput and StreamOutput.
     */

    private final Session session;
    private final Driver driver;
    private final ReentrantLock lock; // the driver's
    private final Handler handler = new Handler();
    private final StreamInput input;
    private final StreamOutput output;
    private MuxStream core; // guarded by lock
    private @Nullable StreamHeader header; // set before the stream is published
    private @Nullable Cause cause; // why the stream has ended; guarded by lock
    private boolean closed; // guarded by lock
    private SessionInternals.@Nullable Backlog backlog; // where it waits or has waited to be accepted; guarded by lock
    private boolean observed; // the observer is notified when it ends; guarded by lock

    @SuppressWarnings("NullAway.Init") // core is attached before the stream is published
    Stream(Session session, Driver driver) {
        this.session = session;
        this.driver = driver;
        lock = driver.lock;
        input = new StreamInput(this, driver);
        output = new StreamOutput(this, driver);
    }

    void attach(MuxStream newCore, @Nullable StreamHeader newHeader) {
        core = newCore;
        header = newHeader;
    }

    /** Waits to be accepted. Returns false if there is no room. With the lock held. */
    boolean enter(SessionInternals.Backlog newBacklog) {
        if (!newBacklog.queue().add(this, newBacklog.most())) return false;
        backlog = newBacklog;
        return true;
    }

    private @Nullable StreamObserver observer() {
        return backlog == null ? null : backlog.observer();
    }

    /** Returns the header that was read before the stream could be accepted; null if there is none. */
    @Nullable
    StreamHeader header() {
        return header;
    }

    StreamHandler handler() {
        return handler;
    }

    /** Accepts the stream, which the peer opened. Returns false if it has ended in the meantime and should be skipped. */
    boolean accepted() {
        lock.lock();
        try {
            if (hasFailed()) {
                discard();
                return false;
            }
            core.accept();
            driver.flush();
            StreamObserver observer = observer();
            if (observer == null) return true;
            observed = true;
            observer.accepted(driver, core, header, this::reset);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Returns the id on the wire, unsigned. It is odd if the client end of the session opened the stream. */
    public int id() {
        return core.id();
    }

    /** Returns the session of this stream. */
    public Session session() {
        return session;
    }

    /** Returns the input of this stream, always the same object. Closing it closes the stream. */
    public InputStream getInputStream() {
        return input;
    }

    /** Returns the output of this stream, always the same object. Closing it closes the stream. Flushing is not necessary. */
    public OutputStream getOutputStream() {
        return output;
    }

    /** Sets how long a read may block; zero, the default, means no limit. Applies to later calls. */
    public void setReadTimeout(Duration timeout) {
        lock.lock();
        try {
            input.timeout(Bounds.notNegative("timeout", timeout));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Sets how long a write may wait for the peer's window; zero, the default, means no limit. A write that times out after
     * part of it was sent resets the stream, because the caller cannot know how much of it arrived.
     */
    public void setWriteTimeout(Duration timeout) {
        lock.lock();
        try {
            output.timeout(Bounds.notNegative("timeout", timeout));
        } finally {
            lock.unlock();
        }
    }

    /** Shuts down the input: received data is discarded, also data that arrives later, and reads return -1. Does not block. */
    public void shutdownInput() {
        lock.lock();
        try {
            input.shut();
            driver.flush();
        } finally {
            lock.unlock();
        }
    }

    /** Sends FIN after all written data. The peer can read to the end and may continue to send. Does not block. */
    public void shutdownOutput() {
        lock.lock();
        try {
            output.shut();
            driver.flush();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Closes both directions. Written data is still delivered, followed by FIN. If the peer continues to send, the stream is
     * reset after the {@linkplain SessionOptions#lingerTimeout linger timeout}. Does not block.
     */
    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) return;
            closed = true;
            core.close(System.nanoTime());
            wakeAll();
            driver.flush();
        } finally {
            lock.unlock();
        }
    }

    /** Resets the stream: both directions end at once, and the peer's reads and writes fail. Does not block. */
    public void reset() {
        lock.lock();
        try {
            abort("the stream was reset by this side");
        } finally {
            lock.unlock();
        }
    }

    /** Returns true until {@link #close} or {@link #reset} is called on this end. */
    public boolean isOpen() {
        lock.lock();
        try {
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Returns a non-blocking channel over this stream, for servers with an event loop of their own. Closing either closes both.
     *
     * @param executor runs the actions passed to {@link StreamChannel#whenReadable} and {@link StreamChannel#whenWritable}. It
     *     is called on a thread that serves other streams too, so it must run tasks on another thread. If it rejects a task,
     *     the stream is reset
     */
    public StreamChannel channel(Executor executor) {
        return new StreamChannel(this, input, output, driver, Objects.requireNonNull(executor, "executor"));
    }

    /** Returns the payload bytes received on this stream. Does not block. */
    public long bytesIn() {
        lock.lock();
        try {
            return core.bytesReceived();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the payload bytes written to this stream. Does not block. */
    public long bytesOut() {
        lock.lock();
        try {
            return core.bytesSent();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Returns a socket over this stream. Closing either closes both. The addresses of the socket are unspecified (0.0.0.0,
     * port 0), because a stream has none.
     */
    public Socket asSocket() {
        return StreamSocket.of(this);
    }

    /**
     * Returns a socket over this stream that reports the given addresses. The socket owns the stream: the stream is closed when
     * the socket and its input and output streams become unreachable, as with a TCP socket. Keep a reference to the socket for
     * as long as the stream is used.
     *
     * @param local the address that the socket reports as its own
     * @param remote the address that the socket reports for the other end
     */
    public Socket asSocket(InetSocketAddress local, InetSocketAddress remote) {
        return StreamSocket.of(this, local, remote);
    }

    // ---- for both directions, with the lock held

    MuxStream core() {
        return core;
    }

    boolean isClosed() {
        return closed;
    }

    /** Returns true if the stream ended without a FIN in both directions. */
    boolean hasFailed() {
        return cause != null;
    }

    /** Resets the stream from this end. */
    void abort(String why) {
        closed = true; // for readers too: unread bytes are lost, which must not look like the end of input
        if (cause == null) cause = new Cause(Cause.Kind.RESET_LOCALLY, why);
        core.reset(0);
        discard();
        wakeAll();
        driver.flush();
    }

    /** Releases the buffers of an ended stream whose remaining data will not be read. */
    void discard() {
        core.closeRead();
    }

    private void wakeAll() {
        input.wake();
        output.wake();
    }

    IOException failure() {
        Cause known = cause;
        if (known == null) return new StreamException("the stream is closed");
        if (known.kind().endsSession()) return SessionException.of(known);
        return new StreamResetException(known.message(), known.code());
    }

    @Override
    public String toString() {
        return "stream " + Integer.toUnsignedString(id()) + " of " + session;
    }

    /** Handles the events of the core. With the lock held. */
    private final class Handler implements StreamHandler {
        @Override
        public void onData(MuxStream stream, ByteBuffer payload) {
            // Left in the stream's buffer, from which the reader copies it on its own thread.
        }

        @Override
        public void onBuffered(MuxStream stream) {
            input.wake();
        }

        @Override
        public void onFin(MuxStream stream) {
            input.wake();
        }

        @Override
        public void onReset(MuxStream stream, Cause why) {
            if (cause == null) cause = why;
            if (backlog != null && backlog.queue().remove(Stream.this)) discard();
            wakeAll();
        }

        @Override
        public void onGone(MuxStream stream, @Nullable Cause why) {
            StreamObserver observer = observer();
            if (observed && observer != null) observer.gone(stream, header, why);
        }

        @Override
        public void onWritable(MuxStream stream) {
            output.wake();
        }
    }
}
