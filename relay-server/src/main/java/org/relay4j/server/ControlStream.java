package org.relay4j.server;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ControlLine;
import org.relay4j.api.control.ControlLines;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stream that a client opens for lines about its tunnel, in both directions. Guarded by the session's lock. A line that is too
 * long or malformed causes a reset of the stream. The line after one that needs an answer is read when the answer has left; until
 * then the client's window bounds what it may send.
 */
final class ControlStream implements StreamHandler {
    private static final Logger log = LoggerFactory.getLogger(ControlStream.class);

    private final MuxStream stream;
    private final Reader reader;
    private ByteBuffer unsent = ByteBuffer.allocate(0);
    private boolean finReceived;
    private boolean mayEnd; // this direction may end when the other one has
    private boolean asked; // the last line needs an answer, which has not left yet
    private boolean answered; // the answer was written
    private final ControlLines lines = new ControlLines();

    /** Receives the lines. */
    interface Reader {
        /**
         * Handles a line, with the session's lock held. Returns true if {@link ControlStream#answer} follows, later.
         *
         * @throws IllegalArgumentException if the line is malformed; the message says why
         */
        boolean said(ControlLine line);
    }

    ControlStream(MuxStream stream, Reader reader) {
        this.stream = stream;
        this.reader = reader;
    }

    long bytesSent() {
        return stream.bytesSent();
    }

    long bytesReceived() {
        return stream.bytesReceived();
    }

    /** Writes a line, as soon as the client has room for it. The driver must be flushed afterwards. */
    void write(ControlLine text) {
        write(text.encode());
    }

    private void write(byte[] bytes) {
        unsent = ByteBuffer.allocate(unsent.remaining() + bytes.length)
                .put(unsent)
                .put(bytes)
                .flip();
        send();
    }

    /** Answers the last line, or ends the wait for it without a word. The driver must be flushed afterwards. */
    void answer(byte @Nullable [] text) {
        if (!asked || stream.isGone()) return;
        answered = true;
        write(text == null ? new byte[0] : text);
    }

    /**
     * The connection gets no more visitors: from now on the end of the client's direction is answered with the end of this one,
     * which tells the client that it has the streams of all visitors. The driver must be flushed afterwards.
     */
    void mayEnd() {
        mayEnd = true;
        send();
    }

    private void send() {
        long now = System.nanoTime();
        while (unsent.hasRemaining() && stream.isWritable()) {
            if (stream.send(unsent, unsent.remaining(), now) == 0) return; // onWritable follows
        }
        if (answered && !unsent.hasRemaining() && !stream.isGone()) readOn(now);
        if (finReceived && mayEnd && !asked) stream.closeWrite(now);
    }

    /** The answer has left: reads the lines that have arrived since. */
    private void readOn(long now) {
        asked = false;
        answered = false;
        for (ByteBuffer piece; !asked && (piece = stream.peek()) != null; ) {
            int before = piece.remaining();
            read(piece);
            if (stream.isGone()) return;
            stream.advance(before - piece.remaining(), now);
        }
    }

    @Override
    public void onData(MuxStream same, ByteBuffer payload) {
        read(payload);
    }

    private void read(ByteBuffer payload) {
        try {
            while (!asked && !stream.isGone()) {
                ControlLine line = lines.next(payload);
                if (line == null) return;
                asked = reader.said(line);
            }
        } catch (IllegalArgumentException e) {
            end(String.valueOf(e.getMessage()));
        }
    }

    private void end(String why) {
        log.debug("the control stream was reset: {}", why);
        stream.reset(0);
    }

    @Override
    public void onBuffered(MuxStream same) {
        // they are read when the answer has left
    }

    @Override
    public void onFin(MuxStream same) {
        finReceived = true;
        send();
    }

    @Override
    public void onReset(MuxStream same, Cause cause) {
        unsent = ByteBuffer.allocate(0);
    }

    @Override
    public void onWritable(MuxStream same) {
        send();
    }
}
