package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What each frame from the peer does. A header is checked as a whole before anything changes; faults of framing, credit or
 * parity end the session, all others concern their stream alone.
 */
final class Input implements FrameReader.Sink {
    private final Multiplexer mux;
    private final Streams streams;
    private final Output output;
    private final KeepAlive keepAlive;
    private final SessionEvents events;
    private final Glitches glitches;
    private long ignored; // frames that were legal and had no effect
    private @Nullable MuxStream bodyOf; // null: the body is thrown away
    private boolean finAfterBody;

    Input(Multiplexer mux, Streams streams, KeepAlive keepAlive, SessionEvents events, Glitches glitches) {
        this.mux = mux;
        this.streams = streams;
        output = mux.output();
        this.keepAlive = keepAlive;
        this.events = events;
        this.glitches = glitches;
    }

    long ignored() {
        return ignored;
    }

    @Override
    public void onHeader(int type, int flags, int id, long length) throws ProtocolViolation {
        FrameTap tap = output.tap;
        if (tap != null) tap.onFrame(false, type, flags, id, length);
        bodyOf = null;
        finAfterBody = false;
        if (mux.ended() != null) return;
        switch (type) {
            case Frame.PING -> onPing(flags, (int) length);
            case Frame.GO_AWAY -> onGoAway(length);
            default -> onStreamFrame(type, flags, id, length);
        }
    }

    @Override
    public void onBody(ByteBuffer piece) {
        if (bodyOf != null) bodyOf.receive(piece);
    }

    @Override
    public void onBodyEnd() {
        MuxStream stream = bodyOf;
        bodyOf = null;
        if (stream != null && finAfterBody) stream.receiveFin();
    }

    private void onStreamFrame(int type, int flags, int id, long length) throws ProtocolViolation {
        if (id == 0) throw new ProtocolViolation("a stream frame for id 0, which is the session's");
        MuxStream stream = streams.get(id);
        if ((flags & Frame.SYN) != 0) stream = onSyn(stream, type, flags, id, length);
        if (stream == null) {
            // Silence, not RST: the peer may have sent this before it learned of the end of the stream.
            ignored++;
            if ((flags & Frame.SYN) == 0) glitches.add(Glitch.UNKNOWN_STREAM, mux.now());
            return;
        }
        boolean answers = streams.answered(stream);
        if (answers) mux.checkOpenable();
        if ((flags & Frame.RST) != 0) {
            if (!stream.outbound) glitches.add(Glitch.RESET_STREAM, mux.now());
            long code = type == Frame.WINDOW_UPDATE ? length : 0;
            stream.end(new Cause(Cause.Kind.RESET_BY_PEER, code, "the peer reset the stream", null));
            return;
        }
        boolean useful = length > 0
                || answers
                || (flags & Frame.SYN) != 0
                || ((flags & Frame.FIN) != 0 && !stream.finReceived());
        if (!useful) ignore(type == Frame.DATA ? Glitch.EMPTY_DATA : Glitch.EMPTY_UPDATE);
        if (type == Frame.DATA) onData(stream, flags, length);
        else onWindowUpdate(stream, flags, length, answers);
    }

    private void onData(MuxStream stream, int flags, long length) throws ProtocolViolation {
        boolean fin = (flags & Frame.FIN) != 0;
        if (length > 0 && stream.finReceived()) {
            if (!stream.outbound) glitches.add(Glitch.RESET_STREAM, mux.now());
            stream.abort(new Cause(Cause.Kind.STREAM_ERROR, "the peer sent data behind its FIN"));
            return;
        }
        stream.expect(length);
        bodyOf = stream;
        finAfterBody = fin;
    }

    private void onWindowUpdate(MuxStream stream, int flags, long length, boolean answers) throws ProtocolViolation {
        if ((flags & Frame.SYN) == 0 && length > 0) {
            if (!answers) glitches.credit(length, mux.now()); // the first answer may announce a larger window
            stream.receiveCredit(length);
        }
        if ((flags & Frame.FIN) != 0) stream.receiveFin();
    }

    private @Nullable MuxStream onSyn(@Nullable MuxStream known, int type, int flags, int id, long length)
            throws ProtocolViolation {
        if (streams.role().opens(id)) {
            throw new ProtocolViolation("the peer opened stream " + name(id) + ", whose parity is ours: both ends are "
                    + (streams.role() == Role.CLIENT ? "clients" : "servers"));
        }
        if (known != null) throw new ProtocolViolation("stream " + name(id) + " was opened twice");
        if ((flags & Frame.RST) != 0) {
            glitches.add(Glitch.RESET_STREAM, mux.now());
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
        if (mux.isDraining() || !streams.canAdmit()) return refuse(id);
        MuxStream stream = streams.addInbound(mux, id, window);
        StreamHandler handler = null;
        try {
            handler = events.onStream(stream);
        } catch (RuntimeException | Error e) {
            mux.defect(e);
        }
        if (handler == null) {
            stream.refused();
            return refuse(id);
        }
        stream.handler(handler);
        return stream;
    }

    private @Nullable MuxStream refuse(int id) throws ProtocolViolation {
        glitches.add(Glitch.REFUSED_STREAM, mux.now());
        output.refuse(id);
        return null;
    }

    private void ignore(Glitch glitch) throws ProtocolViolation {
        ignored++;
        glitches.add(glitch, mux.now());
    }

    private void onPing(int flags, int value) throws ProtocolViolation {
        if ((flags & Frame.SYN) != 0) {
            glitches.add(Glitch.PING, mux.now());
            output.pong(value);
        } else if ((flags & Frame.ACK) != 0) {
            long roundTrip = keepAlive.pong(value, mux.now());
            if (roundTrip < 0) {
                ignore(Glitch.STRAY_PONG);
                return;
            }
            mux.windows().measured(roundTrip, mux.now());
            output.quantum.far(mux.windows().isFar());
            events.onPong(roundTrip);
        } else ignore(Glitch.STRAY_PONG);
    }

    private void onGoAway(long code) throws ProtocolViolation {
        if (code == Frame.NORMAL) {
            if (!mux.goneAway()) ignore(Glitch.REPEATED_GO_AWAY);
        } else {
            mux.fail(new Cause(Cause.Kind.GO_AWAY, code, "the peer ended the session with code " + code, null));
        }
    }
}
