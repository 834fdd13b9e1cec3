package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The sending half of one stream: the credit that the peer has given, the turn to send, and FIN. */
final class SendHalf {
    private final int id;
    private final SendQueue queue;
    private final SessionParts parts;
    private final SendTurns.Turn turn; // to send data
    private long window; // bytes the peer allows us to send
    private long bytes; // payload that was sent
    private long quantum = SendQuantum.NEVER; // when the stream last sent; owned by SendQuantum
    private boolean waitsForWindow;
    private boolean closed; // FIN was sent, or waits for room
    private boolean finWaits; // for room

    SendHalf(int id, long window, SessionParts parts, SendTurns.Turn turn) {
        this.id = id;
        this.window = window;
        this.parts = parts;
        this.turn = turn;
        queue = parts.queue();
    }

    long window() {
        return window;
    }

    long bytes() {
        return bytes;
    }

    // ---- data

    /** Room for up to {@code atMost} bytes; null when window or room is used up, and then the stream waits for its turn. */
    @Nullable
    ByteBuffer reserve(int atMost, long now) {
        if (window == 0) {
            waitsForWindow = true;
            return null;
        }
        return queue.reserve(turn, most(atMost, now));
    }

    /** Whether {@link #reserve} would find room. Changes nothing. */
    boolean hasRoom(int atMost, long now) {
        return window > 0 && queue.hasRoom(turn, most(atMost, now));
    }

    /** Waits for a turn. */
    void await() {
        if (window == 0) waitsForWindow = true;
        else queue.await(turn);
    }

    private int most(int atMost, long now) {
        return (int) Math.min(Math.min(window, atMost), queue.quantum.limit(quantum, now));
    }

    void commit(int length, long now) {
        window -= length;
        bytes += length;
        parts.traffic().sent += length;
        parts.wasteful().sent(length, window);
        quantum = queue.quantum.used(quantum, now);
        queue.commit(id, length);
    }

    /** Adds to the window; true when the stream waited for that. */
    boolean credit(long length) throws ProtocolViolation {
        if (window + length > Frame.MAX_WINDOW) {
            throw new ProtocolViolation("the window of stream " + Integer.toUnsignedString(id)
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

    /** True when FIN stands in the output, behind all data. */
    boolean finSent() {
        return closed && !finWaits;
    }

    /** Sends FIN behind all data; false when that has to wait for room. */
    boolean close() {
        closed = true;
        stopWaiting();
        return sendFin();
    }

    /** False while there is no room for a FIN that is to be sent. */
    boolean sendFin() {
        finWaits = !queue.append(Frame.WINDOW_UPDATE, Frame.FIN, id, 0);
        return !finWaits;
    }

    boolean finWaits() {
        return finWaits;
    }

    /** Nothing more is sent, no FIN either. */
    void abandon() {
        finWaits = false;
        stopWaiting();
    }

    private void stopWaiting() {
        waitsForWindow = false;
        queue.waiting.remove(turn);
    }
}
