package org.relay4j.yamux.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;

/**
 * A socket and a stream spliced together: data received by one is sent by the other. Both are served by the session's loop,
 * with no executor, queue or thread between them, and with no copy while both ends keep up.
 */
public final class Splice implements StreamHandler, Loop.Handler {
    /*
     * Socket to stream: the socket is read directly into the session's output, one read and so one frame per turn. When the
     * window or the output is full, the socket is not selected for reading until the core calls onWritable.
     * Stream to socket: the payload is written from the loop's read buffer. The rest, at most one window, is kept in the
     * stream's buffer until the socket is writable; credit is returned only then.
     * End: FIN is passed on as FIN, and the other direction stays open. Any other end is passed on as a reset.
     * Both directions are in one class of more than 300 lines because an end or a failure of one decides about the other.
     */

    /** The owner of a splice. Called on the loop with the session's lock held. */
    public interface Owner {
        /** The splice has ended and closed its socket. {@code failure} is null if both directions ended with FIN. */
        void ended(Splice splice, @Nullable Throwable failure);

        /** The socket of an accepted stream is connected. */
        default void connected(Splice splice) {}

        /** The connect has failed. Returns another configured, connecting socket to try, or null to end the splice. */
        default @Nullable SocketChannel connectAgain(Splice splice, IOException failure) {
            return null;
        }
    }

    private static final int READ_MOST = 256 * 1024; // bytes

    private final LoopDriver driver;
    private final Owner owner;
    private SocketChannel channel; // replaced after a failed connect
    private MuxStream stream;
    private SelectionKey key;
    private boolean connected;
    private boolean inputEnded; // FIN was received from the socket, or the socket is no longer read
    private boolean outputEnded; // the stream's FIN was passed on to the socket
    private @Nullable IOException resetBehindEnd; // the stream was reset after all its data had been received
    private boolean ended;
    private boolean awaitsBandwidth; // the socket is not read until the throttle resumes it
    private @Nullable Idleness idleness; // if limited
    private @Nullable StallEvent stall;
    private @Nullable ByteBuffer preamble; // sent on the stream before anything from the socket
    private byte @Nullable [] greeting; // written to the socket before anything from the stream

    @SuppressWarnings("NullAway.Init") // the two factories set stream and key before the first callback
    private Splice(LoopDriver driver, SocketChannel channel, Owner owner) {
        this.driver = driver;
        this.channel = channel;
        this.owner = owner;
    }

    /** Splices a connected, configured socket to a new stream that begins with nothing else. */
    public static Splice open(LoopDriver driver, SocketChannel channel, Owner owner) throws IOException {
        return open(driver, channel, owner, null);
    }

    /**
     * Splices a connected, configured socket to a new stream. On the loop, with the lock held; the session must be READY.
     *
     * @param preamble bytes that the stream begins with; null for none
     */
    public static Splice open(LoopDriver driver, SocketChannel channel, Owner owner, byte @Nullable [] preamble)
            throws IOException {
        Splice splice = new Splice(driver, channel, owner);
        splice.connected = true;
        boolean begun = false;
        try {
            Sockets.resetUnlessFinished(channel);
            splice.key = driver.loop().register(channel, SelectionKey.OP_READ, splice);
            MuxStream opened = driver.mux().open(splice, driver.loop().now());
            if (opened == null) throw new IOException("there is no memory left to open a stream");
            splice.stream = opened;
            if (preamble != null) splice.sendFirst(ByteBuffer.wrap(preamble));
            driver.flush();
            begun = true;
            return splice;
        } finally {
            if (!begun) splice.forget();
        }
    }

    /** Splices a stream that the peer opened to a configured, connecting socket that is sent nothing else. */
    public static Splice accept(LoopDriver driver, MuxStream stream, SocketChannel channel, Owner owner)
            throws IOException {
        return accept(driver, stream, channel, owner, null);
    }

    /**
     * Splices a stream that the peer opened to a configured, connecting socket. On the loop, with the lock held.
     *
     * @param greeting bytes that are written to each socket before those of the stream, at most 536; null for none
     */
    public static Splice accept(
            LoopDriver driver, MuxStream stream, SocketChannel channel, Owner owner, byte @Nullable [] greeting)
            throws IOException {
        Splice splice = new Splice(driver, channel, owner);
        driver.splices();
        splice.greeting = greeting;
        splice.stream = stream;
        boolean begun = false;
        try {
            splice.join(channel);
            stream.accept();
            driver.flush();
            begun = true;
            return splice;
        } finally {
            if (!begun) splice.forget();
        }
    }

    /** Undoes a failed start. The caller keeps the socket, and the stream if the peer opened it. */
    private void forget() {
        ended = true;
        if (key != null) key.cancel();
        if (stream != null && stream.isOutbound()) stream.reset(0);
    }

    /** Returns the stream. */
    public MuxStream stream() {
        return stream;
    }

    /** Returns false if the socket was never connected. */
    public boolean wasConnected() {
        return connected;
    }

    /** Limits the time without a byte in either direction. Nothing happens by itself: see {@link #idleTimeLeft}. */
    public void limitIdleTime(long nanos) {
        idleness = new Idleness(nanos, now());
    }

    /** Returns the time until the limit is reached; 0 or less if it is. A socket that waits for bandwidth is not idle. */
    public long idleTimeLeft() {
        Idleness limit = idleness;
        if (limit == null) return Long.MAX_VALUE;
        if (awaitsBandwidth) limit.active(now());
        return limit.left(now());
    }

    private void transferred(int length) {
        if (idleness != null && length > 0) idleness.active(now());
    }

    // ---- the socket

    @Override
    public void ready(SelectionKey ready) {
        driver.lock.lock();
        try {
            int ops = ready.readyOps();
            if ((ops & SelectionKey.OP_CONNECT) != 0) finishConnect();
            if ((ops & SelectionKey.OP_WRITE) != 0) writeBuffered();
            if ((ops & SelectionKey.OP_READ) != 0) readSocket();
            driver.flush();
        } finally {
            driver.lock.unlock();
        }
    }

    @Override
    public void abandon(Throwable cause) {
        driver.lock.lock();
        try {
            fail(cause);
            driver.flush();
        } finally {
            driver.lock.unlock();
        }
    }

    private void join(SocketChannel next) throws IOException {
        channel = next;
        Sockets.resetUnlessFinished(channel);
        boolean done = channel.finishConnect(); // usually true on loopback
        if (done) greet();
        key = driver.loop().register(channel, done ? SelectionKey.OP_READ : SelectionKey.OP_CONNECT, this);
        connected = done;
    }

    private void finishConnect() {
        if (ended) return;
        try {
            if (!channel.finishConnect()) return;
            greet();
        } catch (IOException e) {
            failConnect(e);
            return;
        }
        connected();
        key.interestOps(SelectionKey.OP_READ);
        writeBuffered();
    }

    /** The send buffer of a new socket has room for the greeting. */
    private void greet() throws IOException {
        byte[] first = greeting;
        if (first != null && channel.write(ByteBuffer.wrap(first)) < first.length) {
            throw new IOException("the send buffer of the socket is smaller than " + first.length + " bytes");
        }
    }

    private void connected() {
        connected = true;
        owner.connected(this);
    }

    /** Aborts a connect in progress and continues with the owner's next socket, or ends the splice if there is none. */
    public void failConnect(IOException failure) {
        if (ended || connected) return;
        IOException last = failure;
        while (true) {
            Sockets.close(channel);
            SocketChannel next = owner.connectAgain(this, last);
            if (next == null) {
                fail(last);
                return;
            }
            try {
                join(next);
                break;
            } catch (IOException e) {
                last = e;
            }
        }
        if (!connected) return;
        connected();
        writeBuffered();
    }

    private void readSocket() {
        if (ended || inputEnded || !connected || awaitsBandwidth) return;
        if (preamble != null && !sendFirst(preamble)) return;
        Throttle throttle = driver.throttle();
        if (throttle == null) readSocket(READ_MOST);
        else if (stream.hasRoom(READ_MOST, now())) readThrottled(throttle);
        else {
            stream.awaitWritable();
            stalled();
        }
    }

    private void readThrottled(Throttle throttle) {
        int most = throttle.takeFor(this, READ_MOST);
        if (most > 0) {
            throttle.giveBack(most - Math.max(0, readSocket(most)));
            return;
        }
        awaitsBandwidth = true;
        interest(SelectionKey.OP_READ, false);
    }

    /** The bandwidth permits to read again. */
    void resumeReading() {
        awaitsBandwidth = false;
        readSocket();
    }

    /** Reads once, at most {@code most} bytes. Returns how many. */
    private int readSocket(int most) {
        ByteBuffer room = stream.reserve(most, now());
        if (room == null) {
            stalled();
            return 0;
        }
        goesOn();
        int length;
        boolean more;
        try {
            length = channel.read(room);
            more = !room.hasRemaining();
        } catch (IOException e) {
            stream.cancel();
            fail(e);
            return 0;
        }
        if (length <= 0) stream.cancel();
        if (length < 0) {
            inputEnded = true;
            interest(SelectionKey.OP_READ, false);
            stream.closeWrite(now());
            endWhenDone();
            return 0;
        }
        transferred(length);
        if (length > 0) stream.commit(length, now());
        driver.flushIfMuch();
        // After a full read, more data is likely. If it cannot be sent now, do not wait for the selector to report it.
        if (more && stream.isWritable() && !stream.hasRoom(READ_MOST, now())) {
            stream.awaitWritable();
            stalled();
        } else interest(SelectionKey.OP_READ, true);
        return length;
    }

    /** Sends the preamble, or the rest of it. Returns false if it has to wait for room; {@link #onWritable} continues. */
    private boolean sendFirst(ByteBuffer bytes) {
        preamble = bytes;
        while (bytes.hasRemaining()) {
            ByteBuffer room = stream.reserve(bytes.remaining(), now());
            if (room == null) {
                stalled();
                return false;
            }
            int length = Math.min(room.remaining(), bytes.remaining());
            room.put(bytes.slice(bytes.position(), length));
            bytes.position(bytes.position() + length);
            stream.commit(length, now());
        }
        preamble = null;
        return true;
    }

    private void stalled() {
        interest(SelectionKey.OP_READ, false);
        if (stall == null) stall = StallEvent.begun(stream);
    }

    private void goesOn() {
        if (stall == null) return;
        stall.ended(driver);
        stall = null;
    }

    private long now() {
        return driver.loop().now();
    }

    private void writeBuffered() {
        if (ended || !connected) return;
        try {
            for (ByteBuffer waiting; (waiting = stream.peek()) != null; ) {
                int length = channel.write(waiting);
                transferred(length);
                boolean all = !waiting.hasRemaining();
                stream.advance(length, now());
                if (!all) {
                    interest(SelectionKey.OP_WRITE, true);
                    return;
                }
            }
        } catch (IOException e) {
            fail(e);
            return;
        }
        interest(SelectionKey.OP_WRITE, false);
        if (stream.atEnd()) shutdownOutput();
    }

    private void shutdownOutput() {
        if (outputEnded) return;
        outputEnded = true;
        try {
            channel.shutdownOutput();
        } catch (IOException e) {
            fail(e);
            return;
        }
        endWhenDone();
    }

    private void interest(int operation, boolean wanted) {
        if (ended) return;
        int before = key.interestOps();
        int after = wanted ? before | operation : before & ~operation;
        if (before != after) key.interestOps(after);
    }

    // ---- the stream

    @Override
    public void onData(MuxStream from, ByteBuffer payload) {
        if (!connected || ended) return;
        try {
            transferred(channel.write(payload));
        } catch (IOException e) {
            fail(e);
        }
    }

    @Override
    public void onBuffered(MuxStream from) {
        if (connected) interest(SelectionKey.OP_WRITE, true);
    }

    @Override
    public void onFin(MuxStream from) {
        if (connected && stream.atEnd()) shutdownOutput();
    }

    @Override
    public void onReset(MuxStream from, Cause cause) {
        IOException failure = new IOException(cause.message(), cause.error());
        boolean complete = outputEnded || from.available() > 0; // incomplete data has already been dropped
        if (cause.kind().endsSession() || !complete || !connected) {
            end(failure, true);
            return;
        }
        // A complete reply is still delivered, although its sender no longer reads. A reset now would also destroy data
        // that the kernel holds for a slow reader. If that reader sends to the closed socket, the kernel resets it.
        resetBehindEnd = failure;
        inputEnded = true;
        interest(SelectionKey.OP_READ, false);
        endWhenDone();
    }

    @Override
    public void onWritable(MuxStream from) {
        readSocket();
    }

    // ---- the end

    private void fail(Throwable cause) {
        if (ended) return;
        stream.reset(0);
        end(cause, true);
    }

    private void endWhenDone() {
        if (inputEnded && outputEnded) end(resetBehindEnd, false);
    }

    private void end(@Nullable Throwable failure, boolean reset) {
        if (ended) return;
        ended = true;
        goesOn();
        stream.closeRead(); // releases the buffers of data that was not passed on
        if (reset) Sockets.reset(channel);
        else Sockets.finish(channel);
        owner.ended(this, failure);
    }

    @Override
    public String toString() {
        return "visitor " + channel;
    }
}
