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
 * One socket and one stream joined: what either receives, the other sends. Both live on the session's loop, so there is
 * nothing between them: no executor, no queue, no thread, and while both ends keep up, no copy.
 */
public final class Splice implements StreamHandler, Loop.Handler {
    /*
     * Socket to stream: the socket is read into its place in the session's output, one read (= one frame) a turn. When
     * window or room is used up the socket leaves the selector until the core says that there is some again.
     * Stream to socket: the payload is written from the loop's read buffer; what the socket refuses waits in the stream's
     * buffer, at most one window, and only then returns credit.
     * Ends: FIN passes as FIN and the other direction goes on; anything else passes as a reset.
     */

    /** Told when a splice has let go of its socket. Called on the loop with the session lock held. */
    public interface Owner {
        /** {@code failure} is null when both directions ended with FIN. */
        void ended(Splice splice, @Nullable Throwable failure);

        /** The socket of an accepted stream is connected. */
        default void connected(Splice splice) {}

        /** The connect has failed: returns another configured socket whose connect has begun, or null to end the splice. */
        default @Nullable SocketChannel connectAgain(Splice splice, IOException failure) {
            return null;
        }
    }

    private static final int READ_MOST = 256 * 1024; // bytes

    private final LoopDriver driver;
    private final Owner owner;
    private SocketChannel channel; // another one after a connect that has failed
    private MuxStream stream;
    private SelectionKey key;
    private boolean connected;
    private boolean inputEnded; // the socket sent FIN, or is not read any more
    private boolean outputEnded; // the stream's end was passed on to the socket
    private @Nullable IOException resetBehindEnd; // the stream was reset when all of it had been received
    private boolean ended;
    private @Nullable StallEvent stall;

    @SuppressWarnings("NullAway.Init") // stream and key are set by the two factories before anything else can happen
    private Splice(LoopDriver driver, SocketChannel channel, Owner owner) {
        this.driver = driver;
        this.channel = channel;
        this.owner = owner;
    }

    /** Opens a stream for a connected, configured socket. On the loop, with the lock held and the session READY. */
    public static Splice open(LoopDriver driver, SocketChannel channel, Owner owner) throws IOException {
        Splice splice = new Splice(driver, channel, owner);
        splice.connected = true;
        boolean begun = false;
        try {
            Sockets.resetUnlessFinished(channel);
            splice.key = driver.loop().register(channel, SelectionKey.OP_READ, splice);
            MuxStream opened = driver.mux().open(splice, driver.loop().now());
            if (opened == null) throw new IOException("there is no memory left to open a stream");
            splice.stream = opened;
            driver.flush();
            begun = true;
            return splice;
        } finally {
            if (!begun) splice.forget();
        }
    }

    /** Joins a stream that the peer opened with a configured socket whose connect has begun. On the loop, lock held. */
    public static Splice accept(LoopDriver driver, MuxStream stream, SocketChannel channel, Owner owner)
            throws IOException {
        Splice splice = new Splice(driver, channel, owner);
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

    /** Leaves nothing behind of a beginning that failed: the caller keeps the socket, and a stream that the peer opened. */
    @SuppressWarnings("ConstantValue") // both are set only in the course of the beginning
    private void forget() {
        ended = true;
        if (key != null) key.cancel();
        if (stream != null && stream.isOutbound()) stream.reset(0);
    }

    /** The stream whose bytes are passed on. */
    public MuxStream stream() {
        return stream;
    }

    /** False when the connect did not succeed. */
    public boolean wasConnected() {
        return connected;
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
        boolean done = channel.finishConnect(); // on loopback it usually is by now
        key = driver.loop().register(channel, done ? SelectionKey.OP_READ : SelectionKey.OP_CONNECT, this);
        connected = done;
    }

    private void finishConnect() {
        if (ended) return;
        try {
            if (!channel.finishConnect()) return;
        } catch (IOException e) {
            failConnect(e);
            return;
        }
        connected();
        key.interestOps(SelectionKey.OP_READ);
        writeBuffered();
    }

    private void connected() {
        connected = true;
        owner.connected(this);
    }

    /** Gives up a connect that is in progress: goes on with the socket that the owner has next, or ends. */
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
        if (ended || inputEnded || !connected) return;
        ByteBuffer room = stream.reserve(READ_MOST, now());
        if (room == null) {
            stalled();
            return;
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
            return;
        }
        if (length <= 0) stream.cancel();
        if (length < 0) {
            inputEnded = true;
            interest(SelectionKey.OP_READ, false);
            stream.closeWrite(now());
            endWhenDone();
            return;
        }
        if (length > 0) stream.commit(length, now());
        driver.flushIfMuch();
        // After a full read more is likely: if it has to wait anyway, the selector need not be asked.
        if (more && stream.isWritable() && !stream.hasRoom(READ_MOST, now())) {
            stream.awaitWritable();
            stalled();
        } else interest(SelectionKey.OP_READ, true);
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
            channel.write(payload);
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
        boolean complete = outputEnded || from.available() > 0; // of what is incomplete nothing is left
        if (cause.kind().endsSession() || !complete || !connected) {
            end(failure, true);
            return;
        }
        // A complete reply is delivered to its end, though its sender takes nothing any more: a reset now would also
        // destroy what the kernel holds for a slow reader. Whoever goes on sending to the closed socket is reset then.
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
        stream.closeRead(); // returns the memory of what is not passed on
        if (reset) Sockets.reset(channel);
        else Sockets.finish(channel);
        owner.ended(this, failure);
    }

    @Override
    public String toString() {
        return "visitor " + channel;
    }
}
