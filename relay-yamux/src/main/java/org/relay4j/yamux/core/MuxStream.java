package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** One stream of a session: its windows, its state, and the bytes that wait to be read. Guarded by the session lock. */
public final class MuxStream {
    /*
     * State. A stream is in the table from its SYN until both FINs or one RST have passed. The bits replace the state names
     * of the hashicorp sources: SYNSent = outbound without ACKED, LocalClose = FIN_SENT, RemoteClose = FIN_RECEIVED.
     */
    private static final int ACKED = 1;
    private static final int FIN_SENT = 2; // sent, or waiting in the control queue
    private static final int FIN_RECEIVED = 4;
    private static final int DISCARDS = 8; // nobody reads any more
    private static final int LINGERS = 16; // closed by us in both directions, the peer has not closed yet
    private static final int GONE = 32; // out of the table
    private static final int IN_VAIN = 64; // the peer has sent bytes since we closed
    private static final int TRUNCATED = 128; // bytes that had been received were dropped

    private static final int SEND_ACK = 1 << 8;
    private static final int SEND_CREDIT = 1 << 9;
    private static final int SEND_FIN = 1 << 10;
    private static final int SEND_RST = 1 << 11;

    private static final Cause RESET_HERE = new Cause(Cause.Kind.RESET_LOCALLY, "the stream was reset by this side");

    /** How long a silent peer may take to read to the end of a stream that was closed here. Unit: nanoseconds. */
    static final long LONGEST_LINGER = 300_000_000_000L;

    /** Nothing happens on the stream any more, though a RST may still wait for room. */
    private static final int DEAD = GONE | SEND_RST;

    final int id;
    final boolean outbound;
    long epoch = Long.MIN_VALUE; // owned by FrameQuantum

    private final Multiplexer mux;
    private StreamHandler handler;
    private int state;
    private boolean waitsForWindow;
    private long sendWindow; // bytes we may send
    private long bytesSent; // payload
    private long bytesReceived; // payload
    private final Inbox inbox;
    private int resetCode;
    private final long openedAt; // ns
    private long activeAt; // ns
    private StreamQueue.@Nullable Link controlLink;
    private StreamQueue.@Nullable Link waitingLink;

    MuxStream(Multiplexer mux, int id, boolean outbound, long sendWindow, StreamHandler handler) {
        this.mux = mux;
        this.id = id;
        this.outbound = outbound;
        this.sendWindow = sendWindow;
        this.handler = handler;
        openedAt = mux.now();
        activeAt = openedAt;
        inbox = new Inbox(mux, this);
    }

    public int id() {
        return id;
    }

    /** True when this end opened the stream. */
    public boolean isOutbound() {
        return outbound;
    }

    StreamHandler handler() {
        return handler;
    }

    void handler(StreamHandler newHandler) {
        handler = newHandler;
    }

    // ---- sending

    /**
     * Where to put up to {@code atMost} bytes to be sent: between position and limit, followed by {@link #commit} or {@link
     * #cancel} before anything else happens on the session. Null when window or room is used up; then
     * {@link StreamHandler#onWritable} follows.
     */
    public @Nullable ByteBuffer reserve(int atMost) {
        long length =
                Math.min(Math.min(sendWindow, atMost), mux.output().quantum.limit(this, mux.now()));
        if (length == 0) {
            waitsForWindow = true;
            return null;
        }
        return mux.output().reserve(this, (int) length);
    }

    /** Makes the first {@code length} bytes of what was reserved a Data frame. */
    public void commit(int length) {
        sendWindow -= length;
        bytesSent += length;
        mux.countSent(length, sendWindow);
        activeAt = mux.now();
        mux.output().buffer.commit(id, length);
        mux.output().quantum.used(this, activeAt);
        mux.output().tapped(Frame.DATA, 0, id, length);
    }

    /** Gives up what was reserved. */
    public void cancel() {
        mux.output().buffer.cancel();
    }

    /** Bytes the peer allows us to send. */
    public long sendWindow() {
        return sendWindow;
    }

    /** True while data may be sent. */
    public boolean isWritable() {
        return (state & (FIN_SENT | DEAD)) == 0;
    }

    /** Sends FIN behind all data. Does nothing when that was done, or the stream has ended. */
    public void closeWrite() {
        if (!isWritable()) return;
        state |= FIN_SENT;
        activeAt = mux.now();
        mux.output().waiting.remove(waitingLink);
        waitsForWindow = false;
        if (!mux.output().append(Frame.WINDOW_UPDATE, Frame.FIN, id, 0)) sendLater(SEND_FIN);
        finishWhenClosed();
        mux.settle();
    }

    /** Ends the stream in both directions at once. Its handler is not told. */
    public void reset(int code) {
        if ((state & DEAD) != 0) return;
        sendReset(code, RESET_HERE);
        inbox.clear();
        mux.settle();
    }

    /** Acknowledges a stream that the peer opened: called when somebody takes it. */
    public void accept() {
        if (outbound || (state & ACKED) != 0) return;
        state |= ACKED;
        if ((state & DEAD) == 0) sendLater(SEND_ACK);
    }

    // ---- receiving

    /** The oldest bytes that wait to be read, null when there are none. Moved over with {@link #advance}. */
    public @Nullable ByteBuffer peek() {
        return inbox.peek();
    }

    /** Counts bytes taken from {@link #peek} as consumed; the caller has moved its position over them. */
    public void advance(int length) {
        inbox.advance(length);
        consumed(length);
        if ((state & GONE) != 0 && inbox.available() == 0) mux.settle();
    }

    /** Bytes that wait to be read. */
    public int available() {
        return inbox.available();
    }

    /** True when the peer has sent FIN and everything before it was read; false for good when a part of it was dropped. */
    public boolean atEnd() {
        return (state & (FIN_RECEIVED | TRUNCATED)) == FIN_RECEIVED && available() == 0;
    }

    /** Bytes the peer is allowed to send. */
    public int receiveWindow() {
        return inbox.window().open();
    }

    /** Bytes that were consumed and not yet returned to the peer. */
    public int credit() {
        return inbox.window().credit();
    }

    /** The whole window that the peer knows of: what it may send, what waits to be read, and credit. Unit: bytes. */
    public int wholeWindow() {
        return inbox.window().whole();
    }

    /** Stops reading: what has arrived and what is still to come is thrown away, and counts as consumed. */
    public void closeRead() {
        if ((state & DISCARDS) != 0) return;
        state |= DISCARDS;
        int waiting = available();
        inbox.clear();
        consumed(waiting);
        if (waiting > 0 && (state & GONE) != 0) mux.settle();
    }

    /**
     * Closes both directions: FIN behind all data. What the peer still sends is thrown away without new credit, and a while
     * after that it is told with RST that nobody reads.
     */
    public void close() {
        state |= LINGERS;
        closeRead();
        closeWrite();
    }

    /** Time since the stream was opened. Unit: nanoseconds. */
    public long age() {
        return mux.now() - openedAt;
    }

    /** Payload that was queued to be sent since the stream was opened. */
    public long bytesSent() {
        return bytesSent;
    }

    /** Payload that has arrived since the stream was opened. */
    public long bytesReceived() {
        return bytesReceived;
    }

    /** True when the stream has ended: closed in both directions, or reset. */
    public boolean isGone() {
        return (state & DEAD) != 0;
    }

    // ---- called by the multiplexer

    /** Announces the stream; false when there is no memory for that. */
    boolean opened() {
        return mux.output().append(Frame.WINDOW_UPDATE, Frame.SYN, id, inbox.returnCredit(false));
    }

    /** True when the stream is no longer in the table, though bytes of it may still wait to be read. */
    boolean hasLeft() {
        return (state & GONE) != 0;
    }

    /** Forgets a stream that nobody took. */
    void refused() {
        finish(RESET_HERE);
        mux.settle();
    }

    /** Any frame from the peer answers to the opening. True when it is the first. */
    boolean acknowledged() {
        if ((state & ACKED) != 0) return false;
        state |= ACKED;
        return true;
    }

    boolean finReceived() {
        return (state & FIN_RECEIVED) != 0;
    }

    void expect(long length) throws ProtocolViolation {
        inbox.use(id, length);
        activeAt = mux.now();
    }

    void receive(ByteBuffer piece) {
        int length = piece.remaining();
        bytesReceived += length;
        mux.countReceived(length);
        if ((state & (DISCARDS | DEAD)) != 0) {
            if ((state & LINGERS) != 0) state |= IN_VAIN;
            consumed(length);
            return;
        }
        if (available() == 0) {
            try {
                handler.onData(this, piece);
            } catch (RuntimeException | Error e) {
                handlerFailed(e);
            }
            boolean discards = (state & (DISCARDS | DEAD)) != 0;
            consumed(discards ? length : length - piece.remaining());
            if (discards || !piece.hasRemaining()) return;
        }
        if (!inbox.keep(piece)) {
            consumed(piece.remaining());
            return;
        }
        try {
            handler.onBuffered(this);
        } catch (RuntimeException | Error e) {
            handlerFailed(e);
        }
    }

    void receiveFin() {
        if ((state & (FIN_RECEIVED | DEAD)) != 0) return; // a duplicate is harmless
        state |= FIN_RECEIVED;
        activeAt = mux.now();
        finishWhenClosed();
        try {
            handler.onFin(this);
        } catch (RuntimeException | Error e) {
            handlerFailed(e);
        }
        mux.settle();
    }

    void receiveCredit(long length) throws ProtocolViolation {
        if (sendWindow + length > Frame.MAX_WINDOW) {
            throw new ProtocolViolation("the window of stream " + Integer.toUnsignedString(id)
                    + " would grow beyond 2^32-1: " + sendWindow + " + " + length);
        }
        sendWindow += length;
        activeAt = mux.now();
        if (waitsForWindow && sendWindow > 0 && isWritable()) resumeWriting();
    }

    void resumeWriting() {
        waitsForWindow = false;
        try {
            handler.onWritable(this);
        } catch (RuntimeException | Error e) {
            handlerFailed(e);
        }
    }

    /** Ends the stream for a reason that comes from the peer or the session, and tells the handler. */
    void end(Cause cause) {
        if ((state & GONE) != 0) return;
        boolean told = (state & SEND_RST) != 0;
        state &= ~(SEND_FIN | SEND_RST);
        finish(cause);
        if (!told) {
            dropTorso();
            tellReset(cause);
        }
        mux.settle();
    }

    /** Ends the stream with RST, and tells the handler. */
    void abort(Cause cause) {
        if ((state & DEAD) != 0) return;
        sendReset(0, cause);
        dropTorso();
        tellReset(cause);
        mux.settle();
    }

    /** Throws away what waits to be read, complete or not, and ends the stream with RST when it has not ended yet. */
    void giveUp(Cause cause) {
        inbox.clear();
        state |= TRUNCATED;
        if ((state & DEAD) == 0) abort(cause);
        else {
            tellReset(cause);
            mux.settle();
        }
    }

    /** The session is over, and bytes of this stream, which had ended before, still wait to be read. */
    void sessionEnded(Cause cause) {
        tellReset(cause);
    }

    private void tellReset(Cause cause) {
        try {
            handler.onReset(this, cause);
        } catch (RuntimeException | Error e) {
            mux.defect(e);
        }
    }

    /** Whatever a handler throws costs its own stream alone. */
    private void handlerFailed(Throwable error) {
        mux.defect(error);
        giveUp(new Cause(Cause.Kind.STREAM_ERROR, 0, "internal error: " + error, error));
    }

    /** Why the stream is to be aborted now, or null. */
    @Nullable
    Cause expired(long now) {
        CoreOptions options = mux.options();
        long idle = now - activeAt;
        if ((state & DEAD) != 0) return null;
        if ((state & ACKED) == 0) {
            long waits = now - openedAt; // whatever is sent meanwhile: the peer's patience has an end
            if (!outbound && options.acceptTimeout() > 0 && waits >= options.acceptTimeout()) accept();
            else if (outbound && options.openTimeout() > 0 && waits >= options.openTimeout()) {
                return new Cause(Cause.Kind.OPEN_TIMEOUT, "the peer did not answer to the opening of the stream");
            }
        }
        boolean halfClosed = (state & (FIN_SENT | FIN_RECEIVED)) != 0;
        long limit = sendsInVain() ? options.lingerTimeout() : silenceLimit(options);
        if (halfClosed && limit > 0 && idle >= limit) {
            return new Cause(
                    Cause.Kind.IDLE_TIMEOUT, "closed in one direction, and idle for " + idle / 1_000_000 + " ms");
        }
        return null;
    }

    /** A stream that we have closed in both directions has a limit in any case: nobody here will ever end it. */
    private long silenceLimit(CoreOptions options) {
        boolean orphaned = (state & LINGERS) != 0 && options.halfCloseTimeout() == 0 && options.lingerTimeout() > 0;
        return orphaned ? LONGEST_LINGER : options.halfCloseTimeout();
    }

    /** A peer that is silent may still be reading what we sent, which a RST would destroy on its way to its reader. */
    private boolean sendsInVain() {
        return (state & LINGERS) != 0
                && ((state & IN_VAIN) != 0 || inbox.window().open() == 0);
    }

    // ---- control frames

    /** Sends what the control queue holds of this stream. Called on a frame boundary with room for one frame in front. */
    void sendControl() {
        Output output = mux.output();
        int pending = state;
        state &= ~(SEND_ACK | SEND_CREDIT);
        if ((state & DEAD) == 0 && (pending & (SEND_ACK | SEND_CREDIT)) != 0) {
            boolean acks = (pending & SEND_ACK) != 0;
            int delta = (state & FIN_RECEIVED) == 0 ? inbox.returnCredit((pending & SEND_CREDIT) != 0) : 0;
            if (acks || delta > 0) output.prepend(Frame.WINDOW_UPDATE, acks ? Frame.ACK : 0, id, delta);
        }
        if ((state & SEND_FIN) != 0 && output.append(Frame.WINDOW_UPDATE, Frame.FIN, id, 0)) {
            state &= ~SEND_FIN;
            finishWhenClosed();
        }
        if ((state & SEND_RST) != 0 && output.append(Frame.WINDOW_UPDATE, Frame.RST, id, resetCode)) {
            state &= ~SEND_RST;
            finish(RESET_HERE);
        }
        if ((state & (SEND_FIN | SEND_RST)) != 0) output.control.add(controlLink());
        mux.settle();
    }

    StreamQueue.Link waitingLink() {
        if (waitingLink == null) waitingLink = new StreamQueue.Link(this);
        return waitingLink;
    }

    private StreamQueue.Link controlLink() {
        if (controlLink == null) controlLink = new StreamQueue.Link(this);
        return controlLink;
    }

    private void sendLater(int what) {
        state |= what;
        mux.output().control.add(controlLink());
    }

    private void consumed(int length) {
        if (length == 0) return;
        boolean due = inbox.window().consume(length);
        // A stream that lingers gets no more credit: one window is the most its peer can still send in vain.
        boolean useless = (state & (FIN_RECEIVED | LINGERS | DEAD)) != 0;
        if (due && !useless) sendLater(SEND_CREDIT);
    }

    private void sendReset(int code, Cause cause) {
        resetCode = code;
        state &= ~SEND_FIN;
        if (mux.output().append(Frame.WINDOW_UPDATE, Frame.RST, id, code)) {
            finish(cause);
            return;
        }
        // It stays in the table, and so within the limit on streams, until the RST has found room.
        mux.output().waiting.remove(waitingLink);
        sendLater(SEND_RST);
    }

    private void finishWhenClosed() {
        int both = FIN_SENT | FIN_RECEIVED;
        if ((state & both) == both && (state & SEND_FIN) == 0) finish(null);
    }

    private void finish(@Nullable Cause cause) {
        if ((state & GONE) != 0) return;
        state |= GONE;
        waitsForWindow = false;
        mux.output().waiting.remove(waitingLink);
        mux.output().control.remove(controlLink);
        mux.windows().forget(inbox.window());
        mux.removed(this);
        try {
            handler.onGone(this, cause);
        } catch (RuntimeException | Error e) {
            mux.defect(e);
        }
    }

    /** What the peer sent before its FIN is complete and stays readable; anything else is a torso. */
    private void dropTorso() {
        if ((state & FIN_RECEIVED) == 0) inbox.clear();
    }
}
