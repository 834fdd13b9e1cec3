package org.relay4j.server;

import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.relay4j.api.control.ControlLine;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stream that a client opens for lines about its tunnel. Guarded by the session's lock. A line that is too long or malformed
 * causes a reset of the stream.
 */
final class ControlStream implements StreamHandler {
    private static final Logger log = LoggerFactory.getLogger(ControlStream.class);

    private final Consumer<ControlLine> reader;
    private final byte[] line = new byte[ControlLine.LONGEST];
    private int length; // bytes of the line that have arrived

    ControlStream(Consumer<ControlLine> reader) {
        this.reader = reader;
    }

    @Override
    public void onData(MuxStream stream, ByteBuffer payload) {
        while (payload.hasRemaining() && !stream.isGone()) {
            byte next = payload.get();
            if (next == '\n') read(stream);
            else if (length == ControlLine.LONGEST - 1) end(stream, "the line is too long");
            else line[length++] = next;
        }
    }

    private void read(MuxStream stream) {
        int complete = length;
        length = 0;
        ControlLine parsed;
        try {
            parsed = ControlLine.parse(line, complete);
        } catch (IllegalArgumentException e) {
            end(stream, String.valueOf(e.getMessage()));
            return;
        }
        reader.accept(parsed);
    }

    private static void end(MuxStream stream, String why) {
        log.debug("the control stream was reset: {}", why);
        stream.reset(0);
    }

    @Override
    public void onBuffered(MuxStream stream) {
        throw new IllegalStateException("all bytes are taken as they arrive");
    }

    @Override
    public void onFin(MuxStream stream) {
        stream.closeWrite(System.nanoTime());
    }

    @Override
    public void onReset(MuxStream stream, Cause cause) {
        length = 0;
    }

    @Override
    public void onWritable(MuxStream stream) {
        log.trace("control stream {} can be written", stream.id());
    }
}
