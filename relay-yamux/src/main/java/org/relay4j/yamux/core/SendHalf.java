package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The sending half of one stream: the credit from the peer, the turn to send, and FIN. */
final class SendHalf {
    private final MuxStream stream; // its turn to send data
    private final SessionParts parts;
    private long window; // bytes that the peer allows us to send
    private long bytes; // payload sent
    private long quantum = SendQuantum.NEVER; // when the stream last sent; owned by SendQuantum
    private boolean waitsForWindow;
    private boolean closed; // FIN was sent or waits for room
    private boolean finWaits; // FIN waits for room

    SendHalf(MuxStream stream, long window, SessionParts parts) {
        this.stream = stream;
        this.window = window;
        this.parts = parts;
    }

    long window() {
        return window;
    }

    long bytes() {
        return bytes;
    }

    // ---- data

    /**
     * Returns space for up to {@code atMost} bytes; null if the window or the buffer space is exhausted, in which case
     * the stream waits for its turn.
     */
    @Nullable
    ByteBuffer reserve(int atMost, long now) {
        if (window == 0) {
            waitsForWindow = true;
            return null;
        }
        return parts.queue().reserve(stream, most(atMost, now));
    }

    /** Returns whether {@link #reserve} would find space, without changing any state. */
    boolean hasRoom(int atMost, long now) {
        return window > 0 && parts.queue().hasRoom(stream, most(atMost, now));
    }

    /** Queues the stream for a turn. */
    void await() {
        if (window == 0) waitsForWindow = true;
        else parts.queue().await(stream);
    }

    private int most(int atMost, long now) {
        return (int) Math.min(Math.min(window, atMost), parts.queue().quantum.limit(quantum, now));
    }

    void commit(int length, long now) {
        window -= length;
        bytes += length;
        parts.traffic().sent += length;
        parts.wasteful().sent(length, window);
        SendQueue queue = parts.queue();
        quantum = queue.quantum.used(quantum, now);
        queue.commit(stream.id, length);
        boolean mayBeLonger = length >= SendQuantum.UNMEASURED && window > 0;
        if (mayBeLonger) parts.windows().measure(now); // a longer frame is sent only if the path is short
    }

    /** Leaves bytes that were committed out of the counts of payload. */
    void uncount(int length) {
        bytes -= length;
        parts.traffic().sent -= length;
    }

    /** Adds credit to the window; true if the stream was waiting for it. */
    boolean credit(long length) throws ProtocolViolation {
        if (window + length > Frame.MAX_WINDOW) {
            throw new ProtocolViolation("the window of stream " + Integer.toUnsignedString(stream.id)
                    + " would grow beyond 2^32-1: " + window + " + " + length);
        }
        window += length;
        boolean resumes = waitsForWindow && window > 0;
        if (resumes) waitsForWindow = false;
        return resumes;
    }

    // ---- the end

    boolean isClosed() {
        return closed;
    }

    /** Returns true if FIN is in the output, after all data. */
    boolean finSent() {
        return closed && !finWaits;
    }

    /** Sends FIN after all data; false if FIN has to wait for room. */
    boolean close() {
        closed = true;
        stopWaiting();
        return sendFin();
    }

    /** Sends a pending FIN; false if there is no room for it. */
    boolean sendFin() {
        finWaits = !parts.queue().append(Frame.WINDOW_UPDATE, Frame.FIN, stream.id, 0);
        return !finWaits;
    }

    boolean finWaits() {
        return finWaits;
    }

    /** Stops sending, without FIN. */
    void abandon() {
        finWaits = false;
        stopWaiting();
    }

    private void stopWaiting() {
        waitsForWindow = false;
        parts.queue().waiting.remove(stream);
    }
}
