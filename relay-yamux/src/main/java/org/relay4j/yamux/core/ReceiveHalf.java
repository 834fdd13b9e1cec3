package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The receiving half of one stream: the receive window, the unread bytes and the peer's FIN. */
final class ReceiveHalf {
    private final int id;
    private final SessionParts parts;
    private final ReceiveWindow window;
    private @Nullable ReceiveBuffer buffer; // null until bytes had to be buffered
    private long bytes; // received payload
    private boolean ended; // the peer has sent FIN
    private boolean closed; // the application has stopped reading
    private boolean truncated; // received bytes were dropped

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

    /** Deducts a declared body length from the window. */
    void expect(long length, long now) throws ProtocolViolation {
        if (length > 0) parts.windows().receives(window, now);
        if (window.use(length)) return;
        throw new ProtocolViolation("stream " + Integer.toUnsignedString(id) + " carries " + length
                + " bytes, and its window has " + window.open());
    }

    /** Counts received bytes. */
    void arrived(int length) {
        bytes += length;
        parts.traffic().received += length;
    }

    /** Buffers bytes that were not consumed; false if the stream had to be reset for lack of memory. */
    boolean keep(ByteBuffer piece, ReceiveBuffer.Owner owner, long now) {
        if (buffer == null) buffer = new ReceiveBuffer(parts.memory(), owner);
        while (buffer != null && !buffer.append(piece, now)) {
            ReceiveBuffer costliest = parts.memory().costliest(now);
            ReceiveBuffer.Owner victim = costliest == null ? owner : costliest.owner;
            victim.drop(new Cause(Cause.Kind.STREAM_ERROR, "the limit on unread data was exceeded"));
        }
        return buffer != null;
    }

    /** Discards the unread bytes. */
    void clear() {
        if (buffer != null) buffer.clear();
        buffer = null;
    }

    /**
     * Discards the unread bytes and marks the data as truncated, so that the reader never sees a regular end of stream.
     */
    void truncate() {
        clear();
        truncated = true;
    }

    // ---- credit

    /** Marks bytes as consumed. Returns true if there is enough credit for a window update. */
    boolean consume(int length) {
        return length > 0 && window.consume(length);
    }

    /**
     * Returns the credit to send to the peer now. Unit: bytes.
     *
     * @param isMuch true if enough was consumed to measure the rate of the stream
     */
    int returnCredit(boolean isMuch, long now) {
        if (isMuch) parts.windows().tune(window, now);
        int delta = window.returnCredit();
        parts.windows().credited(window);
        return delta;
    }

    // ---- the end

    /** Returns true if the peer has sent FIN. */
    boolean hasEnded() {
        return ended;
    }

    void end() {
        ended = true;
    }

    /** Returns true if the peer has sent FIN and all data before it was read. */
    boolean atEnd() {
        return ended && !truncated && available() == 0;
    }

    /** Returns true if the application has stopped reading. */
    boolean isClosed() {
        return closed;
    }

    void close() {
        closed = true;
        clear();
    }

    /** Releases the window: the stream has left the session, so the peer can no longer use it. */
    void forgetWindow() {
        parts.windows().forget(window);
    }
}
