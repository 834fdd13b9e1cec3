package org.relay4j.yamux.io;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.MuxStream;

/**
 * The half of a {@link Splice} that writes to its socket what its stream has received. On the loop, with the session's lock
 * held.
 */
final class SpliceOutput {
    /*
     * The payload is written from the loop's read buffer. The rest, at most one window, is kept in the stream's buffer until the
     * socket is writable; credit is returned only then.
     * With TLS, bytes that the wire has taken may wait in it as ciphertext while the stream's buffer is empty: OP_WRITE is set
     * until they are sent, and the end follows them. The core times the delivery of its own bytes only, so a visitor that does
     * not read the end is reset after the same time here.
     */
    private final Splice splice;
    private boolean ending; // the stream's end waits for the socket
    private boolean ended; // it was passed on
    private Loop.@Nullable Timer delivery; // while ending, if that is limited

    SpliceOutput(Splice splice) {
        this.splice = splice;
    }

    boolean hasEnded() {
        return ended;
    }

    /** Returns whether everything was received and is on its way to the socket. */
    boolean isComplete() {
        return ending || ended;
    }

    /** The splice has ended. */
    void close() {
        if (delivery != null) delivery.cancel();
    }

    /** Writes received bytes, which the stream has not buffered. */
    void write(ByteBuffer payload) {
        Wire wire = splice.wire();
        try {
            splice.transferred(wire.write(payload));
            if (!wire.flush()) splice.interest(SelectionKey.OP_WRITE, true);
        } catch (IOException e) {
            splice.fail(e);
        }
    }

    void writeBuffered() {
        if (!splice.isOpen()) return;
        MuxStream stream = splice.stream();
        Wire wire = splice.wire();
        try {
            for (ByteBuffer waiting; (waiting = stream.peek()) != null; ) {
                int length = wire.write(waiting);
                splice.transferred(length);
                boolean all = !waiting.hasRemaining();
                stream.advance(length, driver().loop().now());
                if (!all) {
                    splice.interest(SelectionKey.OP_WRITE, true);
                    return;
                }
            }
            splice.interest(SelectionKey.OP_WRITE, !wire.flush());
        } catch (IOException e) {
            splice.fail(e);
            return;
        }
        if (ending || stream.atEnd()) shutdown();
    }

    /** Passes the end on, after everything else. */
    void shutdown() {
        if (ended) return;
        try {
            if (!splice.wire().shutdownOutput()) {
                splice.interest(SelectionKey.OP_WRITE, true);
                limitDelivery();
                ending = true;
                return;
            }
        } catch (IOException e) {
            splice.fail(e);
            return;
        }
        ended = true;
        splice.endWhenDone();
    }

    private void limitDelivery() {
        long limit = driver().deliveryTimeout();
        if (ending || limit == 0) return;
        IOException late =
                new SocketTimeoutException("the last bytes were not read within " + limit / 1_000_000 + " ms");
        delivery = driver().loop().schedule(limit, () -> splice.abandon(late));
    }

    private LoopDriver driver() {
        return splice.driver();
    }
}
