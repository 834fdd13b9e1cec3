package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One stream of a session: a sending half, a receiving half, and what concerns both. Guarded by the session lock. Times are
 * nanoseconds of the clock that drives the session.
 */
public final class MuxStream {
    /*
     * A stream is in the table from its SYN until both FINs or one RST have passed. In the terms of the hashicorp sources:
     * SYNSent = outbound and not acknowledged, LocalClose = send.isClosed(), RemoteClose = receive.hasEnded().
     */

    final int id;
    final boolean outbound;

    private final SessionParts parts;
    private final SendHalf send;
    private final ReceiveHalf receive;
    private final StreamEnding ending;
    private final long openedAt; // ns
    private long activeAt; // ns
    private boolean acknowledged;
    private boolean lingers; // closed by us in both directions, the peer has not closed yet
    private boolean inVain; // the peer has sent bytes since then

    MuxStream(int id, boolean outbound, long sendWindow, SessionParts parts, long now) {
        this.id = id;
        this.outbound = outbound;
        this.parts = parts;
        openedAt = now;
        activeAt = now;
        send = new SendHalf(id, sendWindow, parts, new DataTurn());
        receive = new ReceiveHalf(id, parts);
        ending = new StreamEnding(this, send, receive, parts);
    }

    public int id() {
        return id;
    }

    /** True when this end opened the stream. */
    public boolean isOutbound() {
        return outbound;
    }

    void handler(StreamHandler newHandler) {
        ending.handler(newHandler);
    }

    // ---- sending

    /**
     * Where to put up to {@code atMost} bytes to be sent: between position and limit, followed by {@link #commit} or {@link
     * #cancel} before anything else happens on the session. Null when window or room is used up; then
     * {@link StreamHandler#onWritable} follows.
     */
    public @Nullable ByteBuffer reserve(int atMost, long now) {
        return send.reserve(atMost, now);
    }

    /** Makes the first {@code length} bytes of what was reserved a Data frame. */
    public void commit(int length, long now) {
        send.commit(length, now);
        activeAt = now;
    }

    /** Gives up what was reserved. */
    public void cancel() {
        parts.queue().cancel();
    }

    /** Whether {@link #reserve} would find room. Changes nothing. */
    public boolean hasRoom(int atMost, long now) {
        return send.hasRoom(atMost, now);
    }

    /** Has {@link StreamHandler#onWritable} called when it is the stream's turn to send. */
    public void awaitWritable() {
        if (isWritable()) send.await();
    }

    /** Bytes the peer allows us to send. */
    public long sendWindow() {
        return send.window();
    }

    /** True while data may be sent. */
    public boolean isWritable() {
        return !send.isClosed() && !isGone();
    }

    /** Sends FIN behind all data. Does nothing when that was done, or the stream has ended. */
    public void closeWrite(long now) {
        if (!isWritable()) return;
        activeAt = now;
        ending.closeWrite();
    }

    /** Ends the stream in both directions at once. Its handler is not told. */
    public void reset(int code) {
        ending.reset(code);
    }

    /** Acknowledges a stream that the peer opened: called when somebody takes it. */
    public void accept() {
        if (outbound || acknowledged) return;
        acknowledged = true;
        ending.acknowledge();
    }

    // ---- receiving

    /** The oldest bytes that wait to be read, null when there are none. Consume them with {@link #advance}. */
    public @Nullable ByteBuffer peek() {
        return receive.peek();
    }

    /** Counts bytes taken from {@link #peek} as consumed; the caller has moved its position over them. */
    public void advance(int length, long now) {
        receive.advance(length, now);
        consumed(length);
        if (receive.available() == 0) ending.delivered();
    }

    /** Bytes that wait to be read. */
    public int available() {
        return receive.available();
    }

    /** True when the peer has sent FIN and everything before it was read; never when a part of it was dropped. */
    public boolean atEnd() {
        return receive.atEnd();
    }

    /** Bytes the peer is allowed to send. */
    public int receiveWindow() {
        return receive.window().open();
    }

    /** Bytes that were consumed and not yet returned to the peer. */
    public int credit() {
        return receive.window().credit();
    }

    /** The whole window that the peer knows of: what it may send, what waits to be read, and credit. Unit: bytes. */
    public int wholeWindow() {
        return receive.window().whole();
    }

    /** Stops reading: what has arrived and what is still to come is thrown away, and counts as consumed. */
    public void closeRead() {
        if (receive.isClosed()) return;
        int waiting = receive.available();
        receive.close();
        consumed(waiting);
        if (waiting > 0) ending.delivered();
    }

    /**
     * Closes both directions: FIN behind all data. What the peer still sends is thrown away without new credit, and a while
     * after that it is told with RST that nobody reads.
     */
    public void close(long now) {
        lingers = true;
        closeRead();
        closeWrite(now);
    }

    /** Time since the stream was opened. Unit: nanoseconds. */
    public long age(long now) {
        return now - openedAt;
    }

    /** Payload that was queued to be sent since the stream was opened. */
    public long bytesSent() {
        return send.bytes();
    }

    /** Payload that has arrived since the stream was opened. */
    public long bytesReceived() {
        return receive.bytes();
    }

    /** True when the stream has ended: closed in both directions, or reset. */
    public boolean isGone() {
        return ending.isGone();
    }

    // ---- frames from the peer

    /** Announces the stream; false when there is no memory for that. */
    boolean open(long now) {
        return parts.queue().append(Frame.WINDOW_UPDATE, Frame.SYN, id, receive.returnCredit(false, now));
    }

    StreamEnding ending() {
        return ending;
    }

    /** Any frame from the peer answers to the opening. True when it is the first. */
    boolean acknowledged() {
        if (acknowledged) return false;
        acknowledged = true;
        return true;
    }

    boolean finReceived() {
        return receive.hasEnded();
    }

    void expect(long length, long now) throws ProtocolViolation {
        receive.expect(length);
        activeAt = now;
    }

    void receive(ByteBuffer piece, long now) {
        int length = piece.remaining();
        receive.arrived(length);
        if (discards()) {
            inVain |= lingers;
            consumed(length);
            return;
        }
        if (receive.available() == 0) {
            ending.tellData(piece);
            consumed(discards() ? length : length - piece.remaining());
            if (discards() || !piece.hasRemaining()) return;
        }
        if (receive.keep(piece, ending, now)) ending.tellBuffered();
        else consumed(piece.remaining());
    }

    private boolean discards() {
        return receive.isClosed() || isGone();
    }

    private void consumed(int length) {
        // A stream that lingers gets no more credit: one window is the most its peer can still send in vain.
        if (receive.consume(length) && !receive.hasEnded() && !lingers) ending.returnCredit();
    }

    void receiveFin(long now) {
        if (receive.hasEnded() || isGone()) return; // a duplicate is harmless
        activeAt = now;
        ending.receiveFin();
    }

    void receiveCredit(long length, long now) throws ProtocolViolation {
        activeAt = now;
        if (send.credit(length)) ending.tellWritable();
    }

    /** Why the stream is to be aborted now, or null. Acknowledges a stream that nobody accepts when it is time to. */
    @Nullable
    Cause expired(long now) {
        if (isGone()) return null;
        StreamLimits limits = parts.limits();
        if (!acknowledged) {
            if (outbound && limits.openExpired(now - openedAt)) {
                return new Cause(Cause.Kind.OPEN_TIMEOUT, "the peer did not answer to the opening of the stream");
            }
            if (!outbound && limits.mustAcknowledge(now - openedAt)) accept();
        }
        if (!send.isClosed() && !receive.hasEnded()) return null;
        // A peer that is silent may still be reading what we sent, which a RST would destroy on its way to its reader.
        boolean sendsInVain = lingers && (inVain || receive.window().open() == 0);
        return limits.idle(lingers, sendsInVain, now - activeAt);
    }

    /** The turn of the stream to send data. */
    private final class DataTurn extends SendTurns.Turn {
        @Override
        void take(long now) {
            ending.tellWritable();
        }
    }
}
