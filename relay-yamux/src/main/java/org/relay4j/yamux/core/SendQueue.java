package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The output queue of a session. The order is: answers to pings, then acknowledgements and credit, then data in the
 * order of the streams' turns. Everything that a peer can cause to be queued is bounded.
 */
final class SendQueue {
    /** Answers to pings that may overtake data; further ones are sent after the data if there is room. */
    static final int MAX_PONGS = 64;

    /** Refusals that may overtake data; further ones are sent after the data if there is room. */
    static final int MAX_REFUSALS = 256;

    /** Minimum free space before a stream is asked for data. Unit: bytes. */
    static final int SMALLEST_ROOM = 16 * 1024;

    final SendBuffer buffer;
    final SendQuantum quantum = new SendQuantum();

    /** Streams with a pending ACK, credit, FIN or RST. */
    final SendTurns control = new SendTurns();

    /** Streams that wait for room, in FIFO order. */
    final SendTurns waiting = new SendTurns();

    private static final int[] NONE = {};

    private final int[] pongs = new int[MAX_PONGS];
    private int pongCount;
    private final int[] refusals = new int[MAX_REFUSALS];
    private int refusalCount;
    private boolean pingWanted;
    private int pingValue;
    private int[] lastResets = NONE; // ids whose final RST has found no room yet
    private int lastResetCount;
    private boolean goAwayDue; // after these RSTs
    private int goAwayCode;
    private boolean closed; // the last frames are determined; nothing may follow

    @Nullable
    FrameTap tap;

    private SendTurns.@Nullable Turn resumed;

    SendQueue(BufferSource source) {
        buffer = new SendBuffer(source);
    }

    /** Returns true if no output is pending. */
    boolean isEmpty() {
        return buffer.isEmpty() && !hasControl();
    }

    private boolean hasControl() {
        return control.size() + pongCount + refusalCount + lastResetCount > 0 || pingWanted || goAwayDue;
    }

    // ---- data

    /** Returns space for up to {@code atMost} bytes of a stream; null if the stream has to wait for its turn. */
    @Nullable
    ByteBuffer reserve(SendTurns.Turn turn, int atMost) {
        ByteBuffer room = hasRoom(turn, atMost) ? buffer.reserve(Math.min(atMost, buffer.room())) : null;
        if (room == null) waiting.add(turn);
        return room;
    }

    /** Returns whether {@link #reserve} would find space, without changing any state. */
    @SuppressWarnings("ReferenceEquality") // a turn has no state to compare
    boolean hasRoom(SendTurns.Turn turn, int atMost) {
        boolean overtakes = waiting.size() > 0 && turn != resumed;
        return !closed && !overtakes && buffer.room() >= Math.min(atMost, SMALLEST_ROOM);
    }

    /** Queues the turn after those of other streams. */
    void await(SendTurns.Turn turn) {
        waiting.add(turn);
    }

    /** Releases the reserved space. */
    void cancel() {
        buffer.cancel();
    }

    /** Queues the first {@code length} reserved bytes as a Data frame. */
    void commit(int id, int length) {
        buffer.commit(id, length);
        tapped(Frame.DATA, 0, id, length);
    }

    /** Gives the streams that wait for room their turn. Returns false if none was waiting or there is no room. */
    boolean resume(long now) {
        boolean any = false;
        for (int n = waiting.size(); n > 0 && buffer.room() >= SMALLEST_ROOM; n--) {
            SendTurns.Turn turn = waiting.poll();
            if (turn == null) break;
            resumed = turn;
            turn.take(now);
            any = true;
        }
        resumed = null;
        return any;
    }

    // ---- control

    /** Appends a frame after the data; false if there is no room. */
    boolean append(int type, int flags, int id, int length) {
        return closed || put(type, flags, id, length);
    }

    private boolean put(int type, int flags, int id, int length) {
        if (!buffer.append(type, flags, id, length)) return false;
        tapped(type, flags, id, length);
        return true;
    }

    void prepend(int type, int flags, int id, int length) {
        buffer.prepend(type, flags, id, length);
        tapped(type, flags, id, length);
    }

    void pong(int value) throws ProtocolViolation {
        if (pongCount < MAX_PONGS) pongs[pongCount++] = value;
        else answerBehindData(Frame.PING, Frame.ACK, 0, value);
    }

    void refuse(int id) throws ProtocolViolation {
        if (refusalCount < MAX_REFUSALS) refusals[refusalCount++] = id;
        else answerBehindData(Frame.WINDOW_UPDATE, Frame.RST, id, 0);
    }

    /**
     * Answers after the data. Many requests may arrive before there is a chance to answer, which alone is not a flood.
     */
    private void answerBehindData(int type, int flags, int id, int length) throws ProtocolViolation {
        // Without memory the answer is dropped. Other implementations also drop answers that they cannot queue.
        if (append(type, flags, id, length) || buffer.isStarved()) return;
        throw new ProtocolViolation("too many of its frames are unanswered: it sends faster than it reads");
    }

    void ping(int value) {
        pingWanted = true;
        pingValue = value;
    }

    /** Resets a stream, after all data and immediately before {@link #close}. */
    void resetLast(int id) {
        if (closed || (lastResetCount == 0 && append(Frame.WINDOW_UPDATE, Frame.RST, id, 0))) return;
        if (lastResetCount == lastResets.length)
            lastResets = Arrays.copyOf(lastResets, Math.max(64, 2 * lastResetCount));
        lastResets[lastResetCount++] = id;
    }

    /** Makes a GoAway the last frame of the session. */
    void close(int code) {
        if (closed) return;
        closed = true;
        goAwayDue = true;
        goAwayCode = code;
        appendLast();
    }

    /** Appends the last frames of the session if there is room. */
    private void appendLast() {
        if (!goAwayDue) return;
        int sent = 0;
        while (sent < lastResetCount && put(Frame.WINDOW_UPDATE, Frame.RST, lastResets[sent], 0)) sent++;
        lastResetCount -= sent;
        System.arraycopy(lastResets, sent, lastResets, 0, lastResetCount);
        if (lastResetCount == 0) goAwayDue = !put(Frame.GO_AWAY, 0, 0, goAwayCode);
        if (goAwayDue && buffer.isStarved()) clear(); // the session ends without these frames
    }

    // ---- sending

    /** Returns the bytes to send now, or null. The caller then calls {@link #sent}. */
    @Nullable
    ByteBuffer next(long now) {
        boolean control = hasControl();
        if (control && buffer.atBoundary()) {
            fill(now);
            control = false;
        }
        return buffer.unsent(control);
    }

    void sent(int length) {
        buffer.sent(length);
        appendLast();
    }

    /** Hands over all pending output, for a driver that writes outside the lock. */
    @Nullable
    Chunk take(long now) {
        fill(now);
        Chunk taken = buffer.take();
        appendLast();
        return taken;
    }

    /** Discards all pending output and releases the memory. */
    void clear() {
        buffer.clear();
        pongCount = 0;
        refusalCount = 0;
        pingWanted = false;
        goAwayDue = false;
        lastResetCount = 0;
        closed = true;
    }

    /** Returns true if there was no memory for a frame. */
    boolean isStarved() {
        return buffer.isStarved();
    }

    /** Retries the allocation if there was no memory. */
    void retry() {
        buffer.retry();
    }

    /** Prepends control frames, the most urgent last so that it is first on the wire. */
    private void fill(long now) {
        for (int n = control.size(); n > 0 && buffer.frontRoom() > 1; n--) {
            SendTurns.Turn turn = control.poll();
            if (turn != null) turn.take(now);
        }
        while (refusalCount > 0 && buffer.frontRoom() > 0) {
            prepend(Frame.WINDOW_UPDATE, Frame.RST, refusals[--refusalCount], 0);
        }
        if (pingWanted && buffer.frontRoom() > 0) {
            pingWanted = false;
            prepend(Frame.PING, Frame.SYN, 0, pingValue);
        }
        while (pongCount > 0 && buffer.frontRoom() > 0) {
            prepend(Frame.PING, Frame.ACK, 0, pongs[--pongCount]);
        }
        buffer.cancel(); // releases the memory if nothing was sent
    }

    private void tapped(int type, int flags, int id, int length) {
        tapped(true, type, flags, id, length & 0xFFFF_FFFFL);
    }

    /** Passes a frame of either direction to the tap. */
    void tapped(boolean outbound, int type, int flags, int id, long length) {
        if (tap != null) tap.onFrame(outbound, type, flags, id, length);
    }
}
