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
import org.relay4j.yamux.io.StreamObserver;

/**
 * One stream of a session: a connection in both directions with the manners of a {@link Socket}. Each direction is closed
 * on its own; the end of the input is reported only after the peer's FIN, everything else is an exception.
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
 * <p>Safe for use by several threads; one may read while another writes. Waiting calls react to interruption with {@link
 * InterruptedIOException} and leave the thread's interrupted flag set.
 */
public final class Stream implements Closeable {
    private final Session session;
    private final Driver driver;
    private final ReentrantLock lock; // the driver's
    private final Handler handler = new Handler();
    private final StreamInput input;
    private final StreamOutput output;
    private MuxStream core; // guarded by lock
    private @Nullable Cause cause; // why the stream has ended; guarded by lock
    private boolean closed; // guarded by lock
    private boolean observed; // somebody wants to know of its end; guarded by lock

    @SuppressWarnings("NullAway.Init") // core is attached before anybody else sees the stream
    Stream(Session session, Driver driver) {
        this.session = session;
        this.driver = driver;
        lock = driver.lock;
        input = new StreamInput(this, driver);
        output = new StreamOutput(this, driver);
    }

    void attach(MuxStream newCore) {
        core = newCore;
    }

    StreamHandler handler() {
        return handler;
    }

    /** Somebody takes the stream, which the peer opened. False when it has ended meanwhile, and nobody need hear of it. */
    boolean accepted() {
        lock.lock();
        try {
            session.taken();
            if (hasFailed()) {
                discard();
                return false;
            }
            core.accept();
            driver.flush();
            StreamObserver observer = session.observer();
            if (observer == null) return true;
            observed = true;
            observer.accepted(core);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** The id on the wire: odd when the client end of the session opened the stream. Unsigned. */
    public int id() {
        return core.id();
    }

    /** The session that the stream belongs to. */
    public Session session() {
        return session;
    }

    /** Always the same; closing it closes the stream. */
    public InputStream getInputStream() {
        return input;
    }

    /** Always the same; closing it closes the stream. Writes leave at once, there is nothing to flush. */
    public OutputStream getOutputStream() {
        return output;
    }

    /** How long a read waits; zero, the default, for as long as it takes. Concerns calls made afterwards. */
    public void setReadTimeout(Duration timeout) {
        lock.lock();
        try {
            input.timeout(Bounds.notNegative("timeout", timeout));
        } finally {
            lock.unlock();
        }
    }

    /**
     * How long a write waits for the peer's window; zero, the default, for as long as it takes. A write that times out
     * after a part was sent resets the stream, because nobody could tell how much of it arrived.
     */
    public void setWriteTimeout(Duration timeout) {
        lock.lock();
        try {
            output.timeout(Bounds.notNegative("timeout", timeout));
        } finally {
            lock.unlock();
        }
    }

    /** Stops reading: what has arrived and still arrives is thrown away, and reads return -1. Does not block. */
    public void shutdownInput() {
        lock.lock();
        try {
            input.shut();
            driver.flush();
        } finally {
            lock.unlock();
        }
    }

    /** Sends FIN behind everything written: the peer reads to the end, and may go on sending. Does not block. */
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
     * Closes both directions. What was written still arrives, followed by FIN. A peer that goes on sending is told after a
     * while, by a reset, that nobody reads. Does not block.
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

    /** Ends both directions at once: the peer's reads and writes fail. Does not block. */
    public void reset() {
        lock.lock();
        try {
            abort("the stream was reset by this side");
        } finally {
            lock.unlock();
        }
    }

    /** True until {@link #close} or {@link #reset} was called here. */
    public boolean isOpen() {
        lock.lock();
        try {
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    /**
     * This stream without waiting, for servers with an event loop of their own. Closing either closes both.
     *
     * @param executor runs what {@link StreamChannel#whenReadable} and {@link StreamChannel#whenWritable} are given. It is called
     *     on a thread that serves other streams too, so it must hand the task over and not run it itself; when it rejects one, the
     *     stream is reset
     */
    public StreamChannel channel(Executor executor) {
        return new StreamChannel(this, input, output, driver, Objects.requireNonNull(executor, "executor"));
    }

    /** Payload that has arrived on this stream. Does not block. */
    public long bytesReceived() {
        lock.lock();
        try {
            return core.bytesReceived();
        } finally {
            lock.unlock();
        }
    }

    /** Payload that was written to this stream. Does not block. */
    public long bytesSent() {
        lock.lock();
        try {
            return core.bytesSent();
        } finally {
            lock.unlock();
        }
    }

    /**
     * This stream as a socket, for code that wants one. Closing either closes both. Its addresses are unspecified (0.0.0.0,
     * port 0), because a stream has none.
     */
    public Socket asSocket() {
        return StreamSocket.of(this);
    }

    /**
     * This stream as a socket with addresses that only its user knows. The socket owns the stream: when nobody refers to it or
     * its streams any more, it is closed, as a TCP socket is. Keep it for as long as the stream is used.
     *
     * @param local what the socket reports as its own address
     * @param remote what the socket reports as the address of the other end
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

    /** True when the stream ended without a FIN in both directions. */
    boolean hasFailed() {
        return cause != null;
    }

    /** Resets the stream for a reason of this side. */
    void abort(String why) {
        closed = true; // for readers too: bytes that nobody has read are lost, and that must not look like the end
        if (cause == null) cause = new Cause(Cause.Kind.RESET_LOCALLY, why);
        core.reset(0);
        discard();
        wakeAll();
        driver.flush();
    }

    /** Returns the memory of a stream that had ended, and of which nobody will read the rest. */
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

    /** What the core tells. With the lock held. */
    private final class Handler implements StreamHandler {
        @Override
        public void onData(MuxStream stream, ByteBuffer payload) {
            // Left for the stream's buffer: the reader takes it on its own thread.
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
            session.withdraw(Stream.this);
            wakeAll();
        }

        @Override
        public void onGone(MuxStream stream, @Nullable Cause why) {
            StreamObserver observer = session.observer();
            if (observed && observer != null) observer.gone(stream, why);
        }

        @Override
        public void onWritable(MuxStream stream) {
            output.wake();
        }
    }
}
