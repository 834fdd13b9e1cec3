package org.relay4j.yamux.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * A connection without encryption: the socket itself.
 *
 * @param channel connected
 */
public record PlainWire(SocketChannel channel) implements Wire {
    @Override
    public int read(ByteBuffer to) throws IOException {
        return channel.read(to);
    }

    @Override
    public boolean hasInput() {
        return false;
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        return channel.write(from);
    }

    @Override
    public boolean flush() {
        return true;
    }

    @Override
    public boolean shutdownOutput() throws IOException {
        channel.shutdownOutput();
        return true;
    }

    @Override
    public int discard(ByteBuffer scratch) throws IOException {
        return channel.read(scratch.clear());
    }

    @Override
    public void close() {
        Sockets.close(channel);
    }

    @Override
    public String toString() {
        return channel.toString();
    }
}
