package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The receiving half of one stream: the window that the peer may use, the bytes that wait to be read, and the peer's FIN. */
final class ReceiveHalf {
    private final int id;
    private final SessionParts parts;
    private final ReceiveWindow window;
    private @Nullable ReceiveBuffer buffer; // present once something had to wait
    private long bytes; // payload that has arrived
    private boolean ended; // the peer has sent FIN
    private boolean closed; // nobody reads any more
    private boolean truncated; // bytes that had been received were dropped

    ReceiveHalf(int id, SessionParts parts) {
        this.id = id;
        this.parts = parts;
        window = new ReceiveWindow(parts.options().receiveWindow());
    }

    ReceiveWindow window() {
        return window;
    }

    long bytes() {
        return bytes;
    }

    // ---- bytes

    @Nullable
    ByteBuffer peek() {
        return buffer == null ? null : buffer.peek();
    }

    int available() {
        return buffer == null ? 0 : buffer.size();
    }

    void advance(int length, long now) {
        if (buffer != null) buffer.advance(length, now);
    }

    /** Counts bytes that the peer announces. */
    void expect(long length) throws ProtocolViolation {
        if (window.use(length)) return;
        throw new ProtocolViolation("stream " + Integer.toUnsignedString(id) + " carries " + length
                + " bytes, and its window has " + window.open());
    }

    /** Counts bytes that have arrived. */
    void arrived(int length) {
        bytes += length;
        parts.traffic().received += length;
    }

    /** Copies bytes that nobody takes now; false when the stream had to be given up for lack of memory. */
    boolean keep(ByteBuffer piece, ReceiveBuffer.Owner owner, long now) {
        if (buffer == null) buffer = new ReceiveBuffer(parts.memory(), owner);
        while (buffer != null && !buffer.append(piece, now)) {
            ReceiveBuffer costliest = parts.memory().costliest(now);
            ReceiveBuffer.Owner victim = costliest == null ? owner : costliest.owner;
            victim.giveUp(new Cause(Cause.Kind.STREAM_ERROR, "too many received bytes wait to be read"));
        }
        return buffer != null;
    }

    /** Throws away what waits. */
    void clear() {
        if (buffer != null) buffer.clear();
        buffer = null;
    }

    /** Throws away what waits, so that what was received never looks complete. */
    void truncate() {
        clear();
        truncated = true;
    }

    // ---- credit

    /** Counts bytes as consumed; true when there is enough credit to be worth a frame. */
    boolean consume(int length) {
        return length > 0 && window.consume(length);
    }

    /**
     * What the peer may send from now on in addition. Unit: bytes.
     *
     * @param isMuch so much was consumed that it says how fast the stream moves
     */
    int returnCredit(boolean isMuch, long now) {
        if (isMuch) parts.windows().tune(window, now);
        int delta = window.returnCredit();
        parts.windows().credited(window);
        return delta;
    }

    // ---- the end

    /** True when the peer has sent FIN. */
    boolean hasEnded() {
        return ended;
    }

    void end() {
        ended = true;
    }

    /** True when the peer has sent FIN and everything before it was read. */
    boolean atEnd() {
        return ended && !truncated && available() == 0;
    }

    /** True when nobody reads any more. */
    boolean isClosed() {
        return closed;
    }

    void close() {
        closed = true;
        clear();
    }

    /** The stream has left the session: the peer can no longer use its window. */
    void forgetWindow() {
        parts.windows().forget(window);
    }
}
