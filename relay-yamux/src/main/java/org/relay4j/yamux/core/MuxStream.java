package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One stream of a session: a sending half, a receiving half and the state of both. Guarded by the session lock. Times
 * are in nanoseconds of the clock that drives the session.
 */
public final class MuxStream extends SendTurns.Turn {
    /** The longest Data frame that is sent. Unit: bytes. */
    public static final int LONGEST_FRAME = SendQuantum.ALONE;

    /*
     * A stream is in the table from its SYN until both FINs or one RST have passed. In the terms of the hashicorp sources:
     * SYNSent = outbound and not acknowledged, LocalClose = send.isClosed(), RemoteClose = receive.hasEnded().
     *
     * It is its own turn to send data, and its ending the one to send control frames, so that neither needs an object.
     *
     * Longer than 300 lines because it is all that a stream's user may call, with Javadoc; the rules are in the two halves.
     */

    final int id;
    final boolean outbound;

    private final SessionParts parts;
    private final SendHalf send;
    private final ReceiveHalf receive;
    private final StreamEnding ending;
    private final long openedAt; // ns
    private long activeAt; // ns
    private boolean auxiliary; // does not keep its session open
    private boolean acknowledged;
    private boolean lingers; // closed by us in both directions, the peer has not closed yet
    private boolean inVain; // the peer has sent bytes since lingers was set

    MuxStream(int id, boolean outbound, long sendWindow, SessionParts parts, long now) {
        this.id = id;
        this.outbound = outbound;
        this.parts = parts;
        openedAt = now;
        activeAt = now;
        send = new SendHalf(this, sendWindow, parts);
        receive = new ReceiveHalf(id, parts);
        ending = new StreamEnding(this, send, receive, parts);
    }

    public int id() {
        return id;
    }

    /** Returns true if this end opened the stream. */
    public boolean isOutbound() {
        return outbound;
    }

    /** Returns true if the peer has sent a frame for the stream, or, if the peer has opened it, this end has accepted it. */
    public boolean isAcknowledged() {
        return acknowledged;
    }

    /** Replaces the handler. The new one is not notified of bytes that are already buffered. */
    public void handler(StreamHandler newHandler) {
        ending.handler(newHandler);
    }

    // ---- sending

    /**
     * Returns space for up to {@code atMost} outbound bytes, between position and limit. The caller must call {@link
     * #commit} or {@link #cancel} before any other method of the session. Returns null if the window or the buffer
     * space is exhausted; {@link StreamHandler#onWritable} is called later.
     */
    public @Nullable ByteBuffer reserve(int atMost, long now) {
        return send.reserve(atMost, now);
    }

    /** Queues the first {@code length} reserved bytes as a Data frame. */
    public void commit(int length, long now) {
        send.commit(length, now);
        activeAt = now;
    }

    /**
     * Queues as many bytes as fit into one Data frame, and moves the position past them.
     *
     * @param most more than 0
     * @return their number; 0 if there is no room or no byte. {@link StreamHandler#onWritable} follows if there is no room
     */
    public int send(ByteBuffer bytes, int most, long now) {
        ByteBuffer room = reserve(Math.min(most, bytes.remaining()), now);
        if (room == null) return 0;
        int length = Math.min(room.remaining(), bytes.remaining());
        room.put(room.position(), bytes, bytes.position(), length);
        bytes.position(bytes.position() + length);
        commit(length, now);
        return length;
    }

    /** Releases the reserved space. */
    public void cancel() {
        parts.queue().cancel();
    }

    /** Returns whether {@link #reserve} would find space, without changing any state. */
    public boolean hasRoom(int atMost, long now) {
        return send.hasRoom(atMost, now);
    }

    /** Requests a call of {@link StreamHandler#onWritable} when it is the stream's turn to send. */
    public void awaitWritable() {
        if (isWritable()) send.await();
    }

    /** Returns the number of bytes that the peer allows us to send. */
    public long sendWindow() {
        return send.window();
    }

    /** Returns true while data may be sent. */
    public boolean isWritable() {
        return !send.isClosed() && !isGone();
    }

    /** Sends FIN after all data. Does nothing if FIN was sent already or the stream has ended. */
    public void closeWrite(long now) {
        if (!isWritable()) return;
        activeAt = now;
        ending.closeWrite();
    }

    /** Resets the stream. Its handler is not notified. */
    public void reset(int code) {
        ending.reset(code);
    }

    /**
     * Marks the stream as one that carries no data of its own, such as lines about the session. It does not keep a draining
     * session open, and a session that the peer ends while only such streams are open was ended gracefully.
     */
    public void auxiliary() {
        if (auxiliary || isGone()) return;
        auxiliary = true;
        parts.session().setAside(this);
    }

    boolean isAuxiliary() {
        return auxiliary;
    }

    /** Acknowledges a stream that the peer opened. Called when the application accepts it. */
    public void accept() {
        if (outbound || acknowledged) return;
        acknowledged = true;
        ending.acknowledge();
    }

    // ---- receiving

    /** Returns the oldest unread bytes; null if there are none. Consume them with {@link #advance}. */
    public @Nullable ByteBuffer peek() {
        return receive.peek();
    }

    /** Marks bytes of {@link #peek} as consumed. The caller has moved the position past them. */
    public void advance(int length, long now) {
        receive.advance(length, now);
        consumed(length);
        if (receive.available() == 0) ending.delivered();
    }

    /** Returns the number of unread bytes. */
    public int available() {
        return receive.available();
    }

    /**
     * Returns true if the peer has sent FIN and all data before it was read; never if some of that data was dropped.
     */
    public boolean atEnd() {
        return receive.atEnd();
    }

    /** Returns the number of bytes that the peer may send. */
    public int receiveWindow() {
        return receive.window().open();
    }

    /** Returns the number of bytes that were consumed and not yet returned to the peer as credit. */
    public int credit() {
        return receive.window().credit();
    }

    /**
     * Returns the whole window that the peer knows of: bytes that it may send, unread bytes and credit. Unit: bytes.
     */
    public int wholeWindow() {
        return receive.window().whole();
    }

    /** Stops reading. Unread data and data that arrives later is discarded and counts as consumed. */
    public void closeRead() {
        if (receive.isClosed()) return;
        int waiting = receive.available();
        receive.close();
        consumed(waiting);
        if (waiting > 0) ending.delivered();
    }

    /**
     * Closes both directions and sends FIN after all data. Data that the peer still sends is discarded without new
     * credit; after a timeout the stream is reset.
     */
    public void close(long now) {
        lingers = true;
        closeRead();
        closeWrite(now);
    }

    /** Returns the time since the stream was opened. Unit: nanoseconds. */
    public long age(long now) {
        return now - openedAt;
    }

    /** Returns the payload queued for sending since the stream was opened. Unit: bytes. */
    public long bytesSent() {
        return send.bytes();
    }

    /**
     * Leaves bytes that were just {@linkplain #commit committed} out of {@link #bytesSent}, also of the session, because they are not
     * those of a user.
     */
    public void uncount(int length) {
        send.uncount(length);
    }

    /** Returns the payload received since the stream was opened. Unit: bytes. */
    public long bytesReceived() {
        return receive.bytes();
    }

    /** Returns true if the stream has ended: closed in both directions, or reset. */
    public boolean isGone() {
        return ending.isGone();
    }

    // ---- frames from the peer

    /** Announces the stream to the peer; false if there is no memory for the frame. */
    boolean open(long now) {
        return parts.queue().append(Frame.WINDOW_UPDATE, Frame.SYN, id, receive.returnCredit(false, now));
    }

    StreamEnding ending() {
        return ending;
    }

    /**
     * Marks the stream as acknowledged, which any frame from the peer does. Returns true if this frame is the first.
     */
    boolean acknowledged() {
        if (acknowledged) return false;
        acknowledged = true;
        return true;
    }

    boolean finReceived() {
        return receive.hasEnded();
    }

    void expect(long length, long now) throws ProtocolViolation {
        receive.expect(length, now);
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
            ending.notifyData(piece);
            consumed(discards() ? length : length - piece.remaining());
            if (discards() || !piece.hasRemaining()) return;
        }
        if (receive.keep(piece, ending, now)) ending.notifyBuffered();
        else consumed(piece.remaining());
    }

    private boolean discards() {
        return receive.isClosed() || isGone();
    }

    private void consumed(int length) {
        // A lingering stream gets no more credit, so its peer can send at most one more window of data.
        if (receive.consume(length) && !receive.hasEnded() && !lingers) ending.returnCredit();
    }

    void receiveFin(long now) {
        if (receive.hasEnded() || isGone()) return; // a duplicate is harmless
        activeAt = now;
        ending.receiveFin();
    }

    void receiveCredit(long length, long now) throws ProtocolViolation {
        activeAt = now;
        if (send.credit(length)) ending.notifyWritable();
    }

    /**
     * Returns the reason why the stream must be aborted now, or null. Acknowledges a stream that has waited too long to
     * be accepted.
     */
    @Nullable
    Cause expired(long now) {
        if (isGone()) return null;
        StreamLimits limits = parts.limits();
        if (!acknowledged) {
            if (outbound && limits.openExpired(now - openedAt)) {
                return new Cause(Cause.Kind.OPEN_TIMEOUT, "the peer did not acknowledge the stream in time");
            }
            if (!outbound && limits.mustAcknowledge(now - openedAt)) accept();
        }
        if (!send.isClosed() && !receive.hasEnded()) return null;
        // A silent peer may still be reading our data, and a RST would discard what it has not read yet.
        boolean sendsInVain = lingers && (inVain || receive.window().open() == 0);
        return limits.idle(lingers, sendsInVain, now - activeAt);
    }

    /** The stream's turn to send data. */
    @Override
    void take(long now) {
        ending.notifyWritable();
    }
}
