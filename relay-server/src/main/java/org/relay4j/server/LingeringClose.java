package org.relay4j.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.util.concurrent.TimeUnit;
import org.relay4j.yamux.io.Wire;

/**
 * The end of a connection whose peer is to read the last line: shuts down our direction, and discards input until the peer ends its own.
 * A close with unread input would be a TCP reset, which destroys the line.
 */
final class LingeringClose {
    /** How long to wait for the peer. Unit: nanoseconds. */
    static final long PATIENCE = TimeUnit.SECONDS.toNanos(1);

    private static final int DISCARDED_PER_EVENT = 16; // reads
    private static final int PIECE = 4096; // bytes

    private final Wire wire;

    LingeringClose(Wire wire) {
        this.wire = wire;
    }

    /**
     * Continues. To be called at first, and whenever the socket is ready.
     *
     * @return the operations to wait for, of {@link SelectionKey}; 0 when both directions have ended
     */
    int step() throws IOException {
        boolean ended = wire.shutdownOutput();
        boolean endedByPeer = false;
        ByteBuffer scratch = ByteBuffer.allocate(PIECE);
        for (int n = 0; n < DISCARDED_PER_EVENT; n++) {
            int length = wire.discard(scratch);
            endedByPeer = length < 0;
            if (length <= 0) break;
        }
        if (ended && endedByPeer) return 0;
        if (endedByPeer) return SelectionKey.OP_WRITE; // the end of input would be reported again and again
        return ended ? SelectionKey.OP_READ : SelectionKey.OP_READ | SelectionKey.OP_WRITE;
    }
}
