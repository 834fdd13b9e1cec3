package org.relay4j.server;

import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.relay4j.api.control.ControlLine;
import org.relay4j.api.control.ControlLines;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stream that a client opens for lines about its tunnel, in both directions. Guarded by the session's lock. A line that is too
 * long or malformed causes a reset of the stream.
 */
final class ControlStream implements StreamHandler {
    private static final Logger log = LoggerFactory.getLogger(ControlStream.class);

    private final MuxStream stream;
    private final Consumer<ControlLine> reader;
    private ByteBuffer unsent = ByteBuffer.allocate(0);
    private boolean finReceived;
    private boolean mayEnd; // this direction may end when the other one has
    private final ControlLines lines = new ControlLines();

    ControlStream(MuxStream stream, Consumer<ControlLine> reader) {
        this.stream = stream;
        this.reader = reader;
    }

    /** Writes a line, as soon as the client has room for it. The driver must be flushed afterwards. */
    void write(ControlLine text) {
        byte[] bytes = text.encode();
        unsent = ByteBuffer.allocate(unsent.remaining() + bytes.length)
                .put(unsent)
                .put(bytes)
                .flip();
        send();
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
            ByteBuffer space = stream.reserve(unsent.remaining(), now);
            if (space == null) return; // onWritable follows
            int length = Math.min(space.remaining(), unsent.remaining());
            space.put(unsent.slice(unsent.position(), length));
            unsent.position(unsent.position() + length);
            stream.commit(length, now);
        }
        if (finReceived && mayEnd) stream.closeWrite(now);
    }

    @Override
    public void onData(MuxStream same, ByteBuffer payload) {
        try {
            while (!stream.isGone()) {
                ControlLine line = lines.next(payload);
                if (line == null) return;
                reader.accept(line);
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
        throw new IllegalStateException("all bytes are taken as they arrive");
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
