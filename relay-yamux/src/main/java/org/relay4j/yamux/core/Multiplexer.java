package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One end of a yamux session as a plain object: bytes in, bytes out, events out, time passed in. It knows no socket, thread,
 * lock or clock. Whoever drives it calls it with one lock held, see {@code docs/concurrency.md}.
 *
 * <p>It emits only frames that every known implementation understands and accepts whatever any of them sends; the rules are
 * listed in {@code docs/protocol.md}.
 */
public final class Multiplexer {
    /** Whether a stream can be opened. */
    public enum OpenState {
        READY,
        /** Not now: {@link SessionEvents#onOpenable} follows. */
        WAIT,
        /** The peer takes no more streams. */
        GONE_AWAY,
        /** All stream ids of this end have been used. */
        EXHAUSTED,
        /** The session is over. */
        ENDED
    }

    private final Role role;
    private final CoreOptions options;
    private final BufferSource buffers;
    private final SessionEvents events;
    private final Output output;
    private final KeepAlive keepAlive;
    private final StreamTable streams;
    private final FrameReader reader = new FrameReader();
    private final InputSink sink = new InputSink();

    private long now; // ns
    private int nextId; // unsigned
    private int inbound; // streams in the table that the peer opened
    private int unacknowledged; // streams in the table that we opened and the peer has not answered
    private boolean received;
    private boolean openWaiting;
    private boolean draining; // we take no more streams
    private boolean closesWhenDrained;
    private boolean goneAway; // the peer takes no more streams
    private @Nullable Cause ended;
    private @Nullable FrameTap tap;
    private long ignored; // frames that were legal and had no effect

    public Multiplexer(Role role, CoreOptions options, BufferSource buffers, SessionEvents events, long now) {
        this.role = role;
        this.options = options;
        this.buffers = buffers;
        this.events = events;
        this.now = now;
        nextId = role.firstId;
        streams = new StreamTable(options.hashSeed());
        output = new Output(buffers);
        keepAlive = new KeepAlive(output, options, now);
    }

    /** Shows each frame to {@code newTap}. */
    public void tap(@Nullable FrameTap newTap) {
        tap = newTap;
        output.tap = newTap;
    }

    // ---- input and time

    /** Takes all bytes of {@code in}. */
    public void receive(ByteBuffer in, long time) {
        now = time;
        if (in.hasRemaining()) {
            received = true;
            keepAlive.received(time);
        }
        if (ended == null) {
            try {
                reader.read(in, sink);
            } catch (ProtocolViolation violation) {
                fail(new Cause(
                        Cause.Kind.PROTOCOL_ERROR, "the peer broke the yamux protocol: " + violation.getMessage()));
            }
        }
        in.position(in.limit());
    }

    /** The peer sends no more bytes. */
    public void endOfInput() {
        if (ended != null) return;
        if (streams.size() == 0) fail(new Cause(Cause.Kind.CLOSED_BY_PEER, "the peer closed the session"));
        else {
            fail(new Cause(
                    Cause.Kind.CONNECTION_LOST, "the connection ended while " + streams.size() + " streams were open"));
        }
    }

    /** Lets time pass; to be called every {@link CoreOptions#tickInterval}. */
    public void tick(long time) {
        now = time;
        if (ended != null) return;
        Cause dead = keepAlive.tick(time);
        if (dead != null) {
            fail(dead);
            return;
        }
        List<MuxStream> expired = new ArrayList<>(0);
        streams.forEach(stream -> {
            if (stream.expired(time) != null) expired.add(stream);
        });
        for (MuxStream stream : expired) {
            Cause cause = stream.expired(time);
            if (cause != null) stream.abort(cause);
        }
    }

    /** Tells the time before something is sent. */
    public void advance(long time) {
        now = time;
    }

    // ---- output

    /** What is to be written now, between position and limit, followed by {@link #sent}; null when there is nothing. */
    public @Nullable ByteBuffer nextOutput() {
        return output.next();
    }

    /** Counts the first {@code length} bytes of {@link #nextOutput} as written. */
    public void sent(int length, long time) {
        now = time;
        output.sent(length);
        keepAlive.sent(time);
    }

    /** Hands over everything that is to be written; the caller returns the chunk to the buffer source. Null when empty. */
    public @Nullable Chunk takeOutput(long time) {
        now = time;
        Chunk taken = output.take();
        keepAlive.sent(time);
        return taken;
    }

    /** True once the peer has sent anything. */
    public boolean hasReceived() {
        return received;
    }

    /** Bytes of data and their headers that wait to be written. */
    public int queued() {
        return output.buffer.size();
    }

    /** True when something waits to be written. */
    public boolean hasOutput() {
        return !output.isEmpty();
    }

    /** Gives streams that wait for room their turn; false when none did. To be called after output was written. */
    public boolean resumeWaiting() {
        checkOpenable();
        return output.resume();
    }

    // ---- streams

    /** Whether {@link #open} would succeed; after WAIT, {@link SessionEvents#onOpenable} follows. */
    public OpenState openState() {
        if (ended != null) return OpenState.ENDED;
        if (goneAway || draining) return OpenState.GONE_AWAY;
        if (Integer.compareUnsigned(nextId, role.lastId) > 0) return OpenState.EXHAUSTED;
        if (canOpen()) return OpenState.READY;
        openWaiting = true;
        return OpenState.WAIT;
    }

    /** Opens a stream; allowed when {@link #openState} is READY. */
    public MuxStream open(StreamHandler handler) {
        if (openState() != OpenState.READY) throw new IllegalStateException("openState is " + openState());
        MuxStream stream = new MuxStream(this, nextId, true, Frame.INITIAL_WINDOW, handler);
        nextId += 2;
        unacknowledged++;
        streams.put(stream);
        stream.opened();
        return stream;
    }

    public int streamCount() {
        return streams.size();
    }

    /** Frames that were legal and had no effect: for streams that no longer exist, or without content. */
    public long ignoredFrames() {
        return ignored;
    }

    // ---- session

    /** Asks for the round-trip time; the answer comes as {@link SessionEvents#onPong}. */
    public void ping() {
        if (ended == null) keepAlive.ping(now);
    }

    /**
     * Takes no more streams.
     *
     * @param andClose false: the GoAway follows when the last stream has ended, since several implementations end the whole
     *     session when they see one; true: it is sent now, and the session closes when the last stream has ended
     */
    public void drain(boolean andClose) {
        if (andClose && !closesWhenDrained && ended == null) {
            closesWhenDrained = true;
            if (streams.size() > 0) output.append(Frame.GO_AWAY, 0, 0, Frame.NORMAL);
        }
        draining = true;
        endWhenDrained();
    }

    /** Ends the session in an orderly way: RST for each stream that is open, then GoAway. */
    public void close() {
        if (ended != null) return;
        streams.forEach(stream -> output.append(Frame.WINDOW_UPDATE, Frame.RST, stream.id, 0));
        fail(new Cause(Cause.Kind.CLOSED_LOCALLY, "the session was closed"));
    }

    /** Ends the session. The first cause wins. */
    public void fail(Cause cause) {
        if (ended != null) return;
        ended = cause;
        switch (cause.kind()) {
            case PROTOCOL_ERROR -> output.close(Frame.PROTOCOL_ERROR);
            case INTERNAL_ERROR -> output.close(Frame.INTERNAL_ERROR);
            case CLOSED_LOCALLY -> output.close(Frame.NORMAL);
            default -> output.clear(); // nobody is there to read it
        }
        List<MuxStream> all = new ArrayList<>(streams.size());
        streams.forEach(all::add);
        for (MuxStream stream : all) stream.end(cause);
        events.onEnd(cause);
    }

    /** Why the session is over, or null while it is not. */
    public @Nullable Cause ended() {
        return ended;
    }

    /** Returns the memory of the output. To be called when nothing more will be written. */
    public void discardOutput() {
        output.clear();
    }

    // ---- for the parts of the core

    long now() {
        return now;
    }

    CoreOptions options() {
        return options;
    }

    Output output() {
        return output;
    }

    BufferSource buffers() {
        return buffers;
    }

    void removed(MuxStream stream) {
        streams.remove(stream);
        if (!stream.outbound) inbound--;
        else if (stream.acknowledged()) unacknowledged--;
        if (ended != null) return;
        endWhenDrained();
        checkOpenable();
    }

    private void endWhenDrained() {
        if (!draining || streams.size() > 0 || ended != null) return;
        if (closesWhenDrained) close();
        else output.close(Frame.NORMAL);
    }

    private boolean canOpen() {
        return unacknowledged < options.maxUnacknowledged() && output.buffer.room() > 0;
    }

    private void checkOpenable() {
        if (!openWaiting || !canOpen()) return;
        openWaiting = false;
        events.onOpenable();
    }

    /** The effect of each frame. */
    private final class InputSink implements FrameReader.Sink {
        private @Nullable MuxStream bodyOf; // null: the body is thrown away
        private boolean finAfterBody;

        @Override
        public void onHeader(int type, int flags, int id, long length) throws ProtocolViolation {
            FrameTap tapping = tap;
            if (tapping != null) tapping.onFrame(false, type, flags, id, length);
            bodyOf = null;
            finAfterBody = false;
            if (ended != null) return;
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
                return;
            }
            if (stream.outbound && stream.acknowledged()) {
                unacknowledged--;
                checkOpenable();
            }
            if ((flags & Frame.RST) != 0) {
                long code = type == Frame.WINDOW_UPDATE ? length : 0;
                stream.end(new Cause(Cause.Kind.RESET_BY_PEER, code, "the peer reset the stream", null));
            } else if (type == Frame.DATA) onData(stream, flags, length);
            else onWindowUpdate(stream, flags, length);
        }

        private void onData(MuxStream stream, int flags, long length) throws ProtocolViolation {
            boolean fin = (flags & Frame.FIN) != 0;
            if (length > 0 && stream.finReceived()) {
                stream.abort(new Cause(Cause.Kind.STREAM_ERROR, "the peer sent data behind its FIN"));
                return;
            }
            if (length == 0 && flags == 0) ignored++;
            stream.expect(length);
            bodyOf = stream;
            finAfterBody = fin;
        }

        private void onWindowUpdate(MuxStream stream, int flags, long length) throws ProtocolViolation {
            if (length == 0 && flags == 0) ignored++;
            if ((flags & Frame.SYN) == 0 && length > 0) stream.receiveCredit(length);
            if ((flags & Frame.FIN) != 0) stream.receiveFin();
        }

        private @Nullable MuxStream onSyn(@Nullable MuxStream known, int type, int flags, int id, long length)
                throws ProtocolViolation {
            String name = Integer.toUnsignedString(id);
            if (role.opens(id)) {
                throw new ProtocolViolation("the peer opened stream " + name + ", whose parity is ours: both ends are "
                        + (role == Role.CLIENT ? "clients" : "servers"));
            }
            if (known != null) throw new ProtocolViolation("stream " + name + " was opened twice");
            if ((flags & Frame.RST) != 0) return null;
            long extra = type == Frame.WINDOW_UPDATE ? length : 0;
            if (Frame.INITIAL_WINDOW + extra > Frame.MAX_WINDOW) {
                throw new ProtocolViolation("stream " + name + " was opened with a window above 2^32-1");
            }
            if (type == Frame.DATA && length > Frame.INITIAL_WINDOW) {
                throw new ProtocolViolation(
                        "stream " + name + " was opened with " + length + " bytes, more than the initial window");
            }
            return admit(id, Frame.INITIAL_WINDOW + extra);
        }

        private @Nullable MuxStream admit(int id, long window) throws ProtocolViolation {
            if (draining || inbound >= options.maxStreams()) {
                output.refuse(id);
                return null;
            }
            MuxStream stream = new MuxStream(Multiplexer.this, id, false, window, Refused.INSTANCE);
            streams.put(stream);
            inbound++;
            StreamHandler handler = events.onStream(stream);
            if (handler == null) {
                stream.refused();
                output.refuse(id);
                return null;
            }
            stream.handler(handler);
            return stream;
        }

        private void onPing(int flags, int value) throws ProtocolViolation {
            if ((flags & Frame.SYN) != 0) output.pong(value);
            else if ((flags & Frame.ACK) != 0) {
                long roundTrip = keepAlive.pong(value, now);
                if (roundTrip >= 0) events.onPong(roundTrip);
                else ignored++;
            } else ignored++;
        }

        private void onGoAway(long code) {
            if (code == Frame.NORMAL) {
                if (goneAway) return;
                goneAway = true;
                events.onGoAway();
            } else {
                fail(new Cause(Cause.Kind.GO_AWAY, code, "the peer ended the session with code " + code, null));
            }
        }
    }
}
