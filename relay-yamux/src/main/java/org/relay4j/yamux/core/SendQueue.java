package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a session sends, and in which order: answers to pings first, then acknowledgements and credit, then data in the
 * order in which the streams got their turn. Everything that a peer can make wait here is bounded.
 */
final class SendQueue {
    /** Answers to pings that may overtake data; more are sent behind it, while there is room. */
    static final int MAX_PONGS = 64;

    /** Refusals that may overtake data; more are sent behind it, while there is room. */
    static final int MAX_REFUSALS = 256;

    /** A stream is only read when at least this many bytes of it fit. Unit: bytes. */
    static final int SMALLEST_ROOM = 16 * 1024;

    final SendBuffer buffer;
    final SendQuantum quantum = new SendQuantum();

    /** Streams with an ACK, credit, FIN or RST to be sent. */
    final SendTurns control = new SendTurns();

    /** Streams that wait for room, first come first served. */
    final SendTurns waiting = new SendTurns();

    private static final int[] NONE = {};

    private final int[] pongs = new int[MAX_PONGS];
    private int pongCount;
    private final int[] refusals = new int[MAX_REFUSALS];
    private int refusalCount;
    private boolean pingWanted;
    private int pingValue;
    private int[] lastResets = NONE; // ids that are reset before the session ends, and found no room yet
    private int lastResetCount;
    private boolean goAwayDue; // behind them
    private int goAwayCode;
    private boolean closed; // the last frames are known, nothing may follow them

    @Nullable
    FrameTap tap;

    private SendTurns.@Nullable Turn resumed;

    SendQueue(BufferSource source) {
        buffer = new SendBuffer(source);
    }

    /** True when nothing waits to be sent. */
    boolean isEmpty() {
        return buffer.isEmpty() && !hasControl();
    }

    private boolean hasControl() {
        return control.size() + pongCount + refusalCount + lastResetCount > 0 || pingWanted || goAwayDue;
    }

    // ---- data

    /** Where up to {@code atMost} bytes of a stream may be put; null when it has to wait for its turn. */
    @Nullable
    ByteBuffer reserve(SendTurns.Turn turn, int atMost) {
        ByteBuffer room = hasRoom(turn, atMost) ? buffer.reserve(Math.min(atMost, buffer.room())) : null;
        if (room == null) waiting.add(turn);
        return room;
    }

    /** Whether {@link #reserve} would find room. Changes nothing. */
    boolean hasRoom(SendTurns.Turn turn, int atMost) {
        boolean overtakes = waiting.size() > 0 && turn != resumed;
        return !closed && !overtakes && buffer.room() >= Math.min(atMost, SMALLEST_ROOM);
    }

    /** Waits for a turn, behind the streams that already do. */
    void await(SendTurns.Turn turn) {
        waiting.add(turn);
    }

    /** Gives up what was reserved. */
    void cancel() {
        buffer.cancel();
    }

    /** Makes the first {@code length} bytes of what was reserved a Data frame. */
    void commit(int id, int length) {
        buffer.commit(id, length);
        tapped(Frame.DATA, 0, id, length);
    }

    /** Gives the streams that wait for room their turn. Returns false when none was waiting, or there is no room. */
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

    /** Appends a frame whose place is behind the data; false when there is no room. */
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

    /** Many questions may arrive at once, before there was a chance to answer: that alone is no flood. */
    private void answerBehindData(int type, int flags, int id, int length) throws ProtocolViolation {
        // Without memory the answer is lost, as with a peer that drops those it cannot queue.
        if (append(type, flags, id, length) || buffer.isStarved()) return;
        throw new ProtocolViolation("the answers that it is owed fill the output: it sends faster than it reads");
    }

    void ping(int value) {
        pingWanted = true;
        pingValue = value;
    }

    /** Resets a stream, behind all data, right before {@link #close}. */
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

    /** The last frames of the session, as far as there is room. */
    private void appendLast() {
        if (!goAwayDue) return;
        int sent = 0;
        while (sent < lastResetCount && put(Frame.WINDOW_UPDATE, Frame.RST, lastResets[sent], 0)) sent++;
        lastResetCount -= sent;
        System.arraycopy(lastResets, sent, lastResets, 0, lastResetCount);
        if (lastResetCount == 0) goAwayDue = !put(Frame.GO_AWAY, 0, 0, goAwayCode);
        if (goAwayDue && buffer.isStarved()) clear(); // it ends without them
    }

    // ---- sending

    /** What is to be sent now, or null. Followed by {@link #sent}. */
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

    /** Hands over everything that is to be sent, for a driver that writes outside the lock. */
    @Nullable
    Chunk take(long now) {
        fill(now);
        Chunk taken = buffer.take();
        appendLast();
        return taken;
    }

    /** Forgets everything that waits and returns the memory. */
    void clear() {
        buffer.clear();
        pongCount = 0;
        refusalCount = 0;
        pingWanted = false;
        goAwayDue = false;
        lastResetCount = 0;
        closed = true;
    }

    /** True when there was no memory for what was to be sent. */
    boolean isStarved() {
        return buffer.isStarved();
    }

    /** Asks for memory again, when there was none. */
    void retry() {
        buffer.retry();
    }

    /** Puts control frames in front, the most urgent last so that it is the first on the wire. */
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
        buffer.cancel(); // there may have been nothing to be sent after all
    }

    private void tapped(int type, int flags, int id, int length) {
        tapped(true, type, flags, id, length & 0xFFFF_FFFFL);
    }

    /** Shows a frame of either direction to the tap. */
    void tapped(boolean outbound, int type, int flags, int id, long length) {
        if (tap != null) tap.onFrame(outbound, type, flags, id, length);
    }
}
