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
 * A connection and a stream spliced together: data received by one is sent by the other. Both are served by the session's loop,
 * with no executor, queue or thread between them, and with no copy while both ends keep up. The connection is a socket, or TLS
 * over one.
 */
public final class Splice implements StreamHandler, Loop.Handler, BandwidthWaiter {
    /*
     * Each direction is a class of its own. This one connects the socket, and decides how an end or a failure of one direction
     * affects the other: FIN is passed on as FIN, and the other direction stays open. Any other end is passed on as a reset.
     * With TLS, close_notify takes the place of FIN, and a connection that ends without it has failed. In TLS 1.2 close_notify
     * ends both directions: bytes for a peer that has sent it reset the stream, as they do when a socket was closed.
     *
     * More than 300 lines because connecting, both directions and the ends share the state that decides what an end means.
     */

    /** The owner of a splice. Called on the loop with the session's lock held. */
    public interface Owner {
        /** The splice has ended and closed its socket. {@code failure} is null if both directions ended with FIN. */
        void ended(Splice splice, @Nullable Throwable failure);

        /**
         * Returns what keeps the bytes of the connection until the peer has answered, for {@link Splice#takeBack}; null to keep
         * none. Called once, for a new stream.
         */
        default @Nullable KeptBytes keepsIn() {
            return null;
        }

        /** The peer has answered on a new stream, so the connection cannot be taken back any more. */
        default void answered(Splice splice) {}

        /** The socket of an accepted stream is connected. */
        default void connected(Splice splice) {}

        /** The connect has failed. Returns another configured, connecting socket to try, or null to end the splice. */
        default @Nullable SocketChannel connectAgain(Splice splice, IOException failure) {
            return null;
        }
    }

    private final LoopDriver driver;
    private final Owner owner;
    private final SpliceInput input;
    private final SpliceOutput output;
    private Wire wire; // replaced after a failed connect
    private MuxStream stream;
    private SelectionKey key;
    private boolean connected;
    private @Nullable IOException resetBehindEnd; // the stream was reset after all its data had been received
    private boolean ended;
    private @Nullable Idleness idleness; // if limited
    private byte @Nullable [] greeting; // written to the socket before anything from the stream

    @SuppressWarnings("NullAway.Init") // the two factories set stream and key before the first callback
    private Splice(LoopDriver driver, Wire wire, Owner owner) {
        this.driver = driver;
        this.wire = wire;
        this.owner = owner;
        input = new SpliceInput(this);
        output = new SpliceOutput(this);
    }

    /**
     * Splices a connected, configured socket to a new stream. On the loop, with the lock held; the session must be READY.
     *
     * @param preamble bytes that the stream begins with; null for none
     */
    public static Splice open(LoopDriver driver, SocketChannel channel, Owner owner, byte @Nullable [] preamble)
            throws IOException {
        return open(driver, new PlainWire(channel), owner, preamble, null);
    }

    /**
     * Splices a connection to a new stream. On the loop, with the lock held; the session must be READY. The splice closes the
     * wire when it ends, but not if this method throws.
     *
     * @param wire over a connected, configured socket, after its handshake
     * @param preamble bytes that the stream begins with, which are not counted; null for none
     * @param read bytes that were already read from the connection, and follow the preamble; null for none. The caller does not
     *     use the buffer again
     */
    public static Splice open(
            LoopDriver driver, Wire wire, Owner owner, byte @Nullable [] preamble, @Nullable ByteBuffer read)
            throws IOException {
        Splice splice = new Splice(driver, wire, owner);
        splice.connected = true;
        boolean begun = false;
        try {
            Sockets.resetUnlessFinished(wire.channel());
            splice.key = driver.loop().register(wire.channel(), SelectionKey.OP_READ, splice);
            MuxStream opened = driver.mux().open(splice, driver.loop().now());
            if (opened == null) throw new IOException("there is no memory left to open a stream");
            splice.stream = opened;
            splice.input.keep(owner.keepsIn(), read);
            splice.input.begin(joined(preamble, read), preamble == null ? 0 : preamble.length);
            driver.flush();
            begun = true;
            return splice;
        } finally {
            if (!begun) splice.forget();
        }
    }

    /** Returns both as one, so that they are sent in one frame. */
    private static @Nullable ByteBuffer joined(byte @Nullable [] preamble, @Nullable ByteBuffer read) {
        if (preamble == null) return read;
        if (read == null) return ByteBuffer.wrap(preamble);
        ByteBuffer both = ByteBuffer.allocate(preamble.length + read.remaining());
        return both.put(preamble).put(read).flip();
    }

    /**
     * Splices a stream that the peer opened to a configured, connecting socket. On the loop, with the lock held.
     *
     * @param greeting bytes that are written to each socket before those of the stream, at most 536; null for none
     */
    public static Splice accept(
            LoopDriver driver, MuxStream stream, SocketChannel channel, Owner owner, byte @Nullable [] greeting)
            throws IOException {
        Splice splice = new Splice(driver, new PlainWire(channel), owner);
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

    /**
     * Splices a connection to a stream that this end has opened, from its acknowledgement on: see {@link SpliceOffer}. On the loop,
     * with the lock held.
     *
     * @param read bytes that were already read from the connection; null for none
     */
    static Splice proceed(LoopDriver driver, MuxStream stream, Wire wire, Owner owner, @Nullable ByteBuffer read)
            throws IOException {
        Splice splice = new Splice(driver, wire, owner);
        splice.connected = true;
        splice.stream = stream;
        Sockets.resetUnlessFinished(wire.channel());
        splice.key = driver.loop().register(wire.channel(), SelectionKey.OP_READ, splice);
        stream.handler(splice);
        splice.input.begin(read, 0);
        return splice;
    }

    /** Undoes a failed start. The caller keeps the socket, and the stream if the peer opened it. */
    private void forget() {
        ended = true;
        input.forgetKept();
        if (key != null) key.cancel();
        if (stream != null && stream.isOutbound()) stream.reset(0);
    }

    /**
     * Takes the connection back from its stream, of which the peer will see nothing, so that it can begin another one. On the loop,
     * with the lock held; the driver must be flushed afterwards. The splice ends without a call of its owner. The connection stays
     * registered with the loop, without an interest.
     *
     * @return all bytes that were read from the connection; null if they were not kept, or the peer has answered: then nothing has
     *     changed
     */
    public @Nullable ByteBuffer takeBack() {
        ByteBuffer read = ended || stream.isAcknowledged() || stream.isGone() ? null : input.takeKept();
        if (read == null) return null;
        interest(key.interestOps(), false);
        ended = true;
        input.close();
        output.close();
        stream.uncount((int) stream.bytesSent()); // they are counted again on the next stream
        stream.reset(0);
        return read;
    }

    /** Returns the stream. */
    public MuxStream stream() {
        return stream;
    }

    Wire wire() {
        return wire;
    }

    LoopDriver driver() {
        return driver;
    }

    /** Passes on what has arrived before this was the handler of an accepted stream. */
    public void resume() {
        output.writeBuffered();
    }

    /** Returns false if the socket was never connected. */
    public boolean wasConnected() {
        return connected;
    }

    /** Returns whether the socket is connected, and the splice has not ended. */
    boolean isOpen() {
        return connected && !ended;
    }

    /** Limits the time without a byte in either direction. Nothing happens by itself: see {@link #idleTimeLeft}. */
    public void limitIdleTime(long nanos) {
        idleness = new Idleness(nanos, now());
    }

    /** Returns the time until the limit is reached; 0 or less if it is. A socket that waits for bandwidth is not idle. */
    public long idleTimeLeft() {
        Idleness limit = idleness;
        if (limit == null) return Long.MAX_VALUE;
        if (input.awaitsBandwidth()) limit.active(now());
        return limit.left(now());
    }

    void transferred(int length) {
        if (idleness != null && length > 0) idleness.active(now());
    }

    private long now() {
        return driver.loop().now();
    }

    // ---- the socket

    @Override
    public void ready(SelectionKey ready) {
        driver.lock.lock();
        try {
            int ops = ready.readyOps();
            if ((ops & SelectionKey.OP_CONNECT) != 0) finishConnect();
            if ((ops & SelectionKey.OP_WRITE) != 0) output.writeBuffered();
            if ((ops & SelectionKey.OP_READ) != 0) input.read();
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

    @Override
    public void resumeReading() {
        input.resume();
    }

    void interest(int operation, boolean wanted) {
        if (ended) return;
        int before = key.interestOps();
        int after = wanted ? before | operation : before & ~operation;
        if (before != after) key.interestOps(after);
    }

    // ---- connecting

    private void join(SocketChannel next) throws IOException {
        wire = new PlainWire(next);
        Sockets.resetUnlessFinished(next);
        boolean done = next.finishConnect(); // usually true on loopback
        if (done) greet();
        key = driver.loop().register(next, done ? SelectionKey.OP_READ : SelectionKey.OP_CONNECT, this);
        connected = done;
    }

    private void finishConnect() {
        if (ended) return;
        try {
            if (!wire.channel().finishConnect()) return;
            greet();
        } catch (IOException e) {
            failConnect(e);
            return;
        }
        connected();
        key.interestOps(SelectionKey.OP_READ);
        output.writeBuffered();
    }

    /** The send buffer of a new socket has room for the greeting. */
    private void greet() throws IOException {
        byte[] first = greeting;
        if (first != null && wire.write(ByteBuffer.wrap(first)) < first.length) {
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
            wire.close();
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
        output.writeBuffered();
    }

    // ---- the stream

    @Override
    public void onData(MuxStream from, ByteBuffer payload) {
        if (connected && !ended) output.write(payload);
    }

    @Override
    public void onBuffered(MuxStream from) {
        if (connected) interest(SelectionKey.OP_WRITE, true);
    }

    @Override
    public void onAcknowledged(MuxStream from) {
        input.forgetKept();
        if (!ended) owner.answered(this);
    }

    @Override
    public void onFin(MuxStream from) {
        if (connected && stream.atEnd()) output.shutdown();
    }

    @Override
    public void onReset(MuxStream from, Cause cause) {
        IOException failure = new IOException(cause.message(), cause.error());
        boolean complete = output.isComplete() || from.available() > 0; // incomplete data has already been dropped
        if (cause.kind().endsSession() || !complete || !connected) {
            end(failure, true);
            return;
        }
        // A complete reply is still delivered, although its sender no longer reads. A reset now would also destroy data
        // that the kernel holds for a slow reader. If that reader sends to the closed socket, the kernel resets it.
        resetBehindEnd = failure;
        input.stop();
        endWhenDone();
    }

    @Override
    public void onWritable(MuxStream from) {
        input.read();
    }

    // ---- the end

    void fail(Throwable cause) {
        if (ended) return;
        stream.reset(0);
        end(cause, true);
    }

    void endWhenDone() {
        if (input.hasEnded() && output.hasEnded()) end(resetBehindEnd, false);
    }

    private void end(@Nullable Throwable failure, boolean reset) {
        if (ended) return;
        ended = true;
        input.close();
        output.close();
        stream.closeRead(); // releases the buffers of data that was not passed on
        // The socket is closed first: a wire with TLS then sends no close_notify, which would make a reset look
        // complete.
        if (reset) Sockets.reset(wire.channel());
        else Sockets.finish(wire.channel());
        wire.close();
        owner.ended(this, failure);
    }

    @Override
    public String toString() {
        return "visitor " + wire;
    }
}
