package org.relay4j.yamux.testing;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;

/** A blocking socket that does not look like one, so that a session over it is driven by threads. */
public final class PlainChannel implements ByteChannel {
    private final SocketChannel socket;

    public PlainChannel(SocketChannel socket) {
        this.socket = socket;
    }

    public SocketChannel socket() {
        return socket;
    }

    @Override
    public int read(ByteBuffer to) throws IOException {
        return socket.read(to);
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        return socket.write(from);
    }

    @Override
    public boolean isOpen() {
        return socket.isOpen();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    @Override
    public String toString() {
        return "plain " + socket;
    }
}
