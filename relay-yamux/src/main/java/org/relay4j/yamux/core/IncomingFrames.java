package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The handling of each frame from the peer. A header is fully validated before any state changes. Framing, flow-control
 * and id parity errors end the session; all others affect only their stream.
 */
final class IncomingFrames implements FrameReader.Sink {
    private final SessionParts parts;
    private final Streams streams;
    private final SessionFrames session;
    private final SendQueue queue;
    private final WastefulFrames wasteful;
    private final FrameReader reader = new FrameReader();
    private long now; // ns; arrival time of the bytes that are being read
    private long ignored; // legal frames without effect
    private @Nullable MuxStream bodyOf; // null: the body is discarded
    private boolean finAfterBody;

    IncomingFrames(SessionParts parts, Streams streams, SessionFrames session) {
        this.parts = parts;
        this.streams = streams;
        this.session = session;
        queue = parts.queue();
        wasteful = parts.wasteful();
    }

    /** Consumes all of {@code in}, which arrived at {@code time}. */
    void read(ByteBuffer in, long time) throws ProtocolViolation {
        now = time;
        reader.read(in, this);
    }

    long ignored() {
        return ignored + session.ignored();
    }

    @Override
    public void onHeader(int type, int flags, int id, long length) throws ProtocolViolation {
        queue.tapped(false, type, flags, id, length);
        bodyOf = null;
        finAfterBody = false;
        if (session.isOver()) return;
        switch (type) {
            case Frame.PING -> session.onPing(flags, (int) length, now);
            case Frame.GO_AWAY -> session.onGoAway(length, now);
            default -> onStreamFrame(type, flags, id, length);
        }
    }

    @Override
    public void onBody(ByteBuffer piece) {
        if (bodyOf != null) bodyOf.receive(piece, now);
    }

    @Override
    public void onBodyEnd() {
        MuxStream stream = bodyOf;
        bodyOf = null;
        if (stream != null && finAfterBody) stream.receiveFin(now);
    }

    private void onStreamFrame(int type, int flags, int id, long length) throws ProtocolViolation {
        if (id == 0) throw new ProtocolViolation("a stream frame for id 0, which is reserved for the session");
        MuxStream stream = streams.get(id);
        if ((flags & Frame.SYN) != 0) stream = onSyn(stream, type, flags, id, length);
        if (stream == null) {
            // No RST: the peer may have sent this before it learned that the stream had ended.
            ignored++;
            if ((flags & Frame.SYN) == 0) wasteful.add(WastefulFrame.UNKNOWN_STREAM, now);
            return;
        }
        boolean answers = streams.answered(stream);
        if (answers) parts.session().settle();
        if ((flags & Frame.RST) != 0) {
            if (!stream.outbound) wasteful.add(WastefulFrame.RESET_STREAM, now);
            long code = type == Frame.WINDOW_UPDATE ? length : 0;
            stream.ending().end(new Cause(Cause.Kind.RESET_BY_PEER, code, "the peer reset the stream", null));
            return;
        }
        if (answers) stream.ending().notifyAcknowledged();
        boolean useful = length > 0
                || answers
                || (flags & Frame.SYN) != 0
                || ((flags & Frame.FIN) != 0 && !stream.finReceived());
        if (!useful) {
            ignored++;
            wasteful.add(type == Frame.DATA ? WastefulFrame.EMPTY_DATA : WastefulFrame.EMPTY_UPDATE, now);
        }
        if (type == Frame.DATA) onData(stream, flags, length);
        else onWindowUpdate(stream, flags, length, answers);
    }

    private void onData(MuxStream stream, int flags, long length) throws ProtocolViolation {
        if (length > 0 && stream.finReceived()) {
            if (!stream.outbound) wasteful.add(WastefulFrame.RESET_STREAM, now);
            stream.ending().abort(new Cause(Cause.Kind.STREAM_ERROR, "the peer sent data after its FIN"));
            return;
        }
        stream.expect(length, now);
        bodyOf = stream;
        finAfterBody = (flags & Frame.FIN) != 0;
    }

    private void onWindowUpdate(MuxStream stream, int flags, long length, boolean answers) throws ProtocolViolation {
        if ((flags & Frame.SYN) == 0 && length > 0) {
            if (!answers) wasteful.credit(length, now); // the first answer may announce a larger window
            stream.receiveCredit(length, now);
        }
        if ((flags & Frame.FIN) != 0) stream.receiveFin(now);
    }

    private @Nullable MuxStream onSyn(@Nullable MuxStream known, int type, int flags, int id, long length)
            throws ProtocolViolation {
        if (streams.role().opens(id)) {
            throw new ProtocolViolation("the peer opened stream " + name(id) + " with an id of this end: both ends are "
                    + (streams.role() == Role.CLIENT ? "clients" : "servers"));
        }
        if (known != null) throw new ProtocolViolation("stream " + name(id) + " was opened twice");
        if ((flags & Frame.RST) != 0) {
            wasteful.add(WastefulFrame.RESET_STREAM, now);
            return null;
        }
        long extra = type == Frame.WINDOW_UPDATE ? length : 0;
        if (Frame.INITIAL_WINDOW + extra > Frame.MAX_WINDOW) {
            throw new ProtocolViolation("stream " + name(id) + " was opened with a window above 2^32-1");
        }
        if (type == Frame.DATA && length > Frame.INITIAL_WINDOW) {
            throw new ProtocolViolation(
                    "stream " + name(id) + " was opened with " + length + " bytes, more than the initial window");
        }
        return admit(id, Frame.INITIAL_WINDOW + extra);
    }

    private static String name(int id) {
        return Integer.toUnsignedString(id);
    }

    private @Nullable MuxStream admit(int id, long window) throws ProtocolViolation {
        if (session.takesNoStreams() || !streams.canAdmit()) return refuse(id);
        MuxStream stream = streams.addInbound(id, window, now);
        StreamHandler handler = session.handlerOf(stream);
        if (handler == null) {
            stream.ending().refused();
            return refuse(id);
        }
        stream.handler(handler);
        return stream;
    }

    private @Nullable MuxStream refuse(int id) throws ProtocolViolation {
        wasteful.add(WastefulFrame.REFUSED_STREAM, now);
        queue.refuse(id);
        return null;
    }
}
