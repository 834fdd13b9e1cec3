package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** What the peer has sent on one stream and nobody has taken yet, and the window that it may still use. */
final class Inbox implements ReceiveBuffer.Owner {
    private final Multiplexer mux;
    private final MuxStream stream;
    private final ReceiveWindow window;
    private @Nullable ReceiveBuffer buffer; // present once something had to wait

    Inbox(Multiplexer mux, MuxStream stream) {
        this.mux = mux;
        this.stream = stream;
        window = new ReceiveWindow(mux.options().receiveWindow());
    }

    ReceiveWindow window() {
        return window;
    }

    // ---- bytes

    @Nullable
    ByteBuffer peek() {
        return buffer == null ? null : buffer.peek();
    }

    int available() {
        return buffer == null ? 0 : buffer.size();
    }

    void advance(int length) {
        if (buffer != null) buffer.advance(length, mux.now());
    }

    /** Copies bytes that nobody takes now; false when the stream had to be given up for lack of memory. */
    boolean keep(ByteBuffer piece) {
        if (buffer == null) buffer = new ReceiveBuffer(mux.memory(), this);
        while (buffer != null && !buffer.append(piece, mux.now())) {
            ReceiveBuffer costliest = mux.memory().costliest(mux.now());
            ReceiveBuffer.Owner victim = costliest == null ? this : costliest.owner;
            victim.giveUp(new Cause(Cause.Kind.STREAM_ERROR, "too many received bytes wait to be read"));
        }
        return buffer != null;
    }

    void clear() {
        if (buffer != null) buffer.clear();
        buffer = null;
    }

    @Override
    public boolean hasEnded() {
        return stream.hasLeft();
    }

    @Override
    public void giveUp(Cause cause) {
        stream.giveUp(cause);
    }

    @Override
    public void sessionEnded(Cause cause) {
        stream.sessionEnded(cause);
    }

    // ---- credit

    /** Counts bytes that the peer is sending. */
    void use(int id, long length) throws ProtocolViolation {
        if (window.use(length)) return;
        throw new ProtocolViolation("stream " + Integer.toUnsignedString(id) + " carries " + length
                + " bytes, and its window has " + window.open());
    }

    /**
     * What the peer may send from now on in addition. Unit: bytes.
     *
     * @param isMuch so much was consumed that it says how fast the stream moves
     */
    int returnCredit(boolean isMuch) {
        if (isMuch) mux.windows().tune(window, mux.now());
        int delta = window.returnCredit();
        mux.windows().credited(window);
        return delta;
    }
}
