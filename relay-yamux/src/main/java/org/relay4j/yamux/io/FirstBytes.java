package org.relay4j.yamux.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/** The first bytes of a connection, read before it is known what becomes of it. */
public final class FirstBytes {
    private static final int MOST = 2048; // bytes
    private static final ByteBuffer NONE = ByteBuffer.allocate(0);

    private FirstBytes() {}

    /**
     * Reads what has arrived on a non-blocking connection, up to 2 KiB.
     *
     * @param loop the current one, whose buffer is used
     * @return an empty buffer if nothing has arrived; null if the peer has left: it has sent nothing and ended its direction, or has
     *     reset the connection
     */
    public static @Nullable ByteBuffer read(Loop loop, SocketChannel channel) {
        ByteBuffer room = loop.readBuffer().clear().limit(MOST);
        int length;
        try {
            length = channel.read(room);
        } catch (IOException e) {
            return null;
        }
        if (length < 0) return null;
        return length == 0 ? NONE : ByteBuffer.allocate(length).put(room.flip()).flip();
    }
}
