package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The end of one stream: the notification of its handler, and its pending control frames ACK, credit, FIN and RST.
 * These wait for their turn because each is sent on a frame boundary. Of the stream it uses
 * only the id, and passes it to handler and session as the subject of each event.
 */
final class StreamEnding extends SendTurns.Turn implements ReceiveBuffer.Owner {
    /** The events that a stream reports to its session. */
    interface Session {
        /** Called when the stream was marked as auxiliary. */
        void setAside(MuxStream stream);

        /** Removes the stream from the table: it was closed in both directions, or reset. */
        void leaves(MuxStream stream);

        /** Called when a stream has ended, or its last unread bytes are gone, and its handler was notified. */
        void settle();
    }

    private static final Cause RESET_HERE = new Cause(Cause.Kind.RESET_LOCALLY, "the stream was reset by this side");

    private final MuxStream stream;
    private final SendHalf send;
    private final ReceiveHalf receive;
    private final SendQueue queue;
    private final SessionParts parts;
    private StreamHandler handler = UnclaimedStream.INSTANCE;
    private boolean left; // the stream is out of the table
    private boolean ackDue;
    private boolean creditDue;
    private boolean resetDue; // the stream has ended, but stays in the table until RST has room
    private int resetCode;

    StreamEnding(MuxStream stream, SendHalf send, ReceiveHalf receive, SessionParts parts) {
        this.stream = stream;
        this.send = send;
        this.receive = receive;
        this.parts = parts;
        queue = parts.queue();
    }

    void handler(StreamHandler newHandler) {
        handler = newHandler;
    }

    /** Returns true if the stream has ended, even if RST still waits for room. */
    boolean isGone() {
        return left || resetDue;
    }

    // ---- control frames

    void acknowledge() {
        if (isGone()) return;
        ackDue = true;
        queue.control.add(this);
    }

    void returnCredit() {
        if (isGone()) return;
        creditDue = true;
        queue.control.add(this);
    }

    /** Sends the pending control frames. Called on a frame boundary with room for one frame in front. */
    @Override
    void take(long now) {
        if (!isGone() && (ackDue || creditDue)) {
            int delta = receive.hasEnded() ? 0 : receive.returnCredit(creditDue, now);
            if (ackDue || delta > 0) queue.prepend(Frame.WINDOW_UPDATE, ackDue ? Frame.ACK : 0, stream.id, delta);
        }
        ackDue = false;
        creditDue = false;
        if (send.finWaits() && send.sendFin()) finishWhenClosed();
        if (resetDue && queue.append(Frame.WINDOW_UPDATE, Frame.RST, stream.id, resetCode)) {
            resetDue = false;
            finish(RESET_HERE);
        }
        if (send.finWaits() || resetDue) queue.control.add(this);
        parts.session().settle();
    }

    // ---- the ends

    void closeWrite() {
        if (!send.close()) queue.control.add(this);
        finishWhenClosed();
        parts.session().settle();
    }

    void receiveFin() {
        receive.end();
        finishWhenClosed();
        try {
            handler.onFin(stream);
        } catch (RuntimeException | Error e) {
            handlerFailed(e);
        }
        parts.session().settle();
    }

    /** Ends the stream with RST, without notifying its handler. */
    void reset(int code) {
        if (isGone()) return;
        sendReset(code, RESET_HERE);
        receive.clear();
        parts.session().settle();
    }

    /** Ends the stream with RST and notifies its handler. */
    void abort(Cause cause) {
        if (isGone()) return;
        sendReset(0, cause);
        dropIncomplete();
        notifyReset(cause);
        parts.session().settle();
    }

    /** Ends the stream because of the peer or the session, and notifies its handler. */
    void end(Cause cause) {
        if (left) return;
        boolean notified = resetDue;
        resetDue = false;
        finish(cause);
        if (!notified) {
            dropIncomplete();
            notifyReset(cause);
        }
        parts.session().settle();
    }

    /** Removes a stream that was refused. */
    void refused() {
        finish(RESET_HERE);
        parts.session().settle();
    }

    /** Called when all bytes have been read. */
    void delivered() {
        if (left) parts.session().settle();
    }

    private void sendReset(int code, Cause cause) {
        send.abandon();
        if (queue.append(Frame.WINDOW_UPDATE, Frame.RST, stream.id, code)) {
            finish(cause);
            return;
        }
        // The stream stays in the table, and counts towards the limit on streams, until the RST has found room.
        resetDue = true;
        resetCode = code;
        queue.control.add(this);
    }

    private void finishWhenClosed() {
        if (send.finSent() && receive.hasEnded()) finish(null);
    }

    private void finish(@Nullable Cause cause) {
        if (left) return;
        left = true;
        send.abandon();
        queue.control.remove(this);
        receive.forgetWindow();
        parts.session().leaves(stream);
        try {
            handler.onGone(stream, cause);
        } catch (RuntimeException | Error e) {
            parts.defects().report(e);
        }
    }

    /** Drops the unread bytes unless the peer has sent FIN: bytes before a FIN are complete and stay readable. */
    private void dropIncomplete() {
        if (!receive.hasEnded()) receive.clear();
    }

    // ---- received bytes that outlive the stream

    @Override
    public boolean hasEnded() {
        return left;
    }

    @Override
    public void drop(Cause cause) {
        receive.truncate();
        if (!isGone()) abort(cause);
        else {
            notifyReset(cause);
            parts.session().settle();
        }
    }

    @Override
    public void sessionEnded(Cause cause) {
        notifyReset(cause);
    }

    // ---- the handler: an exception resets only the stream of that handler

    void notifyAcknowledged() {
        if (isGone()) return;
        try {
            handler.onAcknowledged(stream);
        } catch (RuntimeException | Error e) {
            handlerFailed(e);
        }
    }

    void notifyData(ByteBuffer payload) {
        try {
            handler.onData(stream, payload);
        } catch (RuntimeException | Error e) {
            handlerFailed(e);
        }
    }

    void notifyBuffered() {
        try {
            handler.onBuffered(stream);
        } catch (RuntimeException | Error e) {
            handlerFailed(e);
        }
    }

    void notifyWritable() {
        try {
            handler.onWritable(stream);
        } catch (RuntimeException | Error e) {
            handlerFailed(e);
        }
    }

    private void notifyReset(Cause cause) {
        try {
            handler.onReset(stream, cause);
        } catch (RuntimeException | Error e) {
            parts.defects().report(e);
        }
    }

    private void handlerFailed(Throwable error) {
        parts.defects().report(error);
        drop(new Cause(Cause.Kind.STREAM_ERROR, 0, "internal error: " + error, error));
    }
}
