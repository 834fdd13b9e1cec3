package org.relay4j.yamux;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.Driver;

/**
 * One stream of a session: a connection in both directions with the manners of a {@link Socket}. Each direction is closed
 * on its own; the end of the input is reported only after the peer's FIN, everything else is an exception.
 *
 * <p>Safe for use by several threads; one may read while another writes. Waiting calls react to interruption with {@link
 * InterruptedIOException} and leave the thread's interrupted flag set.
 */
public final class Stream implements Closeable {
    private final Session session;
    private final Driver driver;
    private final ReentrantLock lock; // the driver's
    private final Condition readable;
    private final Condition writable;
    private final Handler handler = new Handler();
    private final Input input = new Input();
    private final Output output = new Output();
    private MuxStream core; // guarded by lock
    private @Nullable Cause cause; // why the stream has ended; guarded by lock
    private boolean inputShut; // guarded by lock
    private boolean outputShut; // guarded by lock
    private boolean closed; // guarded by lock
    private Duration readTimeout = Duration.ZERO; // guarded by lock
    private Duration writeTimeout = Duration.ZERO; // guarded by lock

    @SuppressWarnings("NullAway.Init") // core is attached before anybody else sees the stream
    Stream(Session session, Driver driver) {
        this.session = session;
        this.driver = driver;
        lock = driver.lock;
        readable = lock.newCondition();
        writable = lock.newCondition();
    }

    void attach(MuxStream newCore) {
        core = newCore;
    }

    StreamHandler handler() {
        return handler;
    }

    /** With the lock held. */
    void accepted() {
        core.accept();
        driver.flush();
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
        readTimeout = checked(timeout);
    }

    /**
     * How long a write waits for the peer's window; zero, the default, for as long as it takes. A write that times out
     * after a part was sent resets the stream, because nobody could tell how much of it arrived.
     */
    public void setWriteTimeout(Duration timeout) {
        writeTimeout = checked(timeout);
    }

    /** Stops reading: what has arrived and still arrives is thrown away, and reads return -1. Does not block. */
    public void shutdownInput() {
        lock.lock();
        try {
            inputShut = true;
            core.closeRead();
            readable.signalAll();
            driver.flush();
        } finally {
            lock.unlock();
        }
    }

    /** Sends FIN behind everything written: the peer reads to the end, and may go on sending. Does not block. */
    public void shutdownOutput() {
        lock.lock();
        try {
            outputShut = true;
            core.closeWrite();
            writable.signalAll();
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
            core.close();
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
            closed = true;
            if (cause == null) cause = new Cause(Cause.Kind.RESET_LOCALLY, "the stream was reset by this side");
            core.reset(0);
            wakeAll();
            driver.flush();
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
     * This stream as a socket, for code that wants one. Closing either closes both. Its addresses are unspecified (0.0.0.0,
     * port 0), because a stream has none.
     */
    public Socket asSocket() {
        return StreamSocket.of(this);
    }

    /**
     * This stream as a socket with addresses that only its user knows.
     *
     * @param local what the socket reports as its own address
     * @param remote what the socket reports as the address of the other end
     */
    public Socket asSocket(InetSocketAddress local, InetSocketAddress remote) {
        return StreamSocket.of(this, local, remote);
    }

    private Duration checked(Duration timeout) {
        if (timeout.isNegative()) throw new IllegalArgumentException("timeout is negative: " + timeout);
        return timeout;
    }

    private void wakeAll() {
        readable.signalAll();
        writable.signalAll();
    }

    private IOException failure() {
        Cause known = cause;
        if (known == null) return new StreamException("the stream is closed");
        if (known.kind().endsSession()) return SessionException.of(known);
        return new StreamResetException(known.message(), known.code());
    }

    // ---- reading

    private int read(byte[] to, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, to.length);
        lock.lock();
        try {
            Session.Deadline deadline = null;
            while (true) {
                if (closed) throw failure();
                if (length == 0) return 0;
                if (core.available() > 0) return take(to, offset, length);
                if (inputShut || core.atEnd()) return -1;
                if (cause != null) throw failure();
                if (deadline == null) deadline = new Session.Deadline(readTimeout);
                deadline.await(readable, "Read timed out");
            }
        } finally {
            lock.unlock();
        }
    }

    private int take(byte[] to, int offset, int length) {
        int taken = 0;
        for (ByteBuffer waiting; taken < length && (waiting = core.peek()) != null; ) {
            int part = Math.min(length - taken, waiting.remaining());
            waiting.get(to, offset + taken, part);
            core.advance(part);
            taken += part;
        }
        driver.flush();
        return taken;
    }

    private int available() throws IOException {
        lock.lock();
        try {
            if (closed) throw failure();
            return core.available();
        } finally {
            lock.unlock();
        }
    }

    // ---- writing

    private void write(byte[] from, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, from.length);
        lock.lock();
        try {
            int sent = 0;
            Session.Deadline deadline = null;
            driver.mux().advance(System.nanoTime());
            do {
                if (closed || cause != null) throw failure();
                if (outputShut) throw new StreamException("the output of the stream was shut down");
                if (length == 0) return;
                ByteBuffer room = core.reserve(length - sent);
                if (room != null) {
                    int part = Math.min(room.remaining(), length - sent);
                    room.put(from, offset + sent, part);
                    core.commit(part);
                    sent += part;
                    driver.flush();
                } else {
                    if (deadline == null) deadline = new Session.Deadline(writeTimeout);
                    awaitRoom(deadline, sent);
                }
            } while (sent < length);
        } finally {
            lock.unlock();
        }
    }

    private void awaitRoom(Session.Deadline deadline, int sent) throws IOException {
        try {
            deadline.await(writable, "Write timed out");
        } catch (InterruptedIOException e) { // also SocketTimeoutException
            e.bytesTransferred = sent;
            if (sent > 0) {
                if (cause == null) {
                    String why = e instanceof SocketTimeoutException ? "timed out" : "was interrupted";
                    cause = new Cause(Cause.Kind.RESET_LOCALLY, "a write " + why + " after a part of it was sent");
                }
                core.reset(0);
                wakeAll();
                driver.flush();
            }
            throw e;
        }
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
            readable.signalAll();
        }

        @Override
        public void onFin(MuxStream stream) {
            readable.signalAll();
        }

        @Override
        public void onReset(MuxStream stream, Cause why) {
            if (cause == null) cause = why;
            session.withdraw(Stream.this);
            wakeAll();
        }

        @Override
        public void onWritable(MuxStream stream) {
            writable.signalAll();
        }
    }

    private final class Input extends InputStream {
        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return Stream.this.read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            return Stream.this.read(to, offset, length);
        }

        @Override
        public int available() throws IOException {
            return Stream.this.available();
        }

        @Override
        public void close() {
            Stream.this.close();
        }
    }

    private final class Output extends OutputStream {
        @Override
        public void write(int value) throws IOException {
            Stream.this.write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] from, int offset, int length) throws IOException {
            Stream.this.write(from, offset, length);
        }

        @Override
        public void close() {
            Stream.this.close();
        }
    }
}
