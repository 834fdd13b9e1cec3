package org.relay4j.yamux.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** A connection without encryption whose first bytes were already read from the socket. */
public final class ReadAheadWire implements Wire {
    private final PlainWire wire;
    private final ByteBuffer first;

    /** @param first the bytes that were read; the caller does not use the buffer again */
    public ReadAheadWire(SocketChannel channel, ByteBuffer first) {
        wire = new PlainWire(channel);
        this.first = first;
    }

    @Override
    public SocketChannel channel() {
        return wire.channel();
    }

    @Override
    public int read(ByteBuffer to) throws IOException {
        if (!first.hasRemaining()) return wire.read(to);
        int length = Math.min(first.remaining(), to.remaining());
        to.put(first.slice(first.position(), length));
        first.position(first.position() + length);
        return length;
    }

    @Override
    public boolean hasInput() {
        return first.hasRemaining();
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        return wire.write(from);
    }

    @Override
    public boolean flush() {
        return wire.flush();
    }

    @Override
    public boolean shutdownOutput() throws IOException {
        return wire.shutdownOutput();
    }

    @Override
    public int discard(ByteBuffer scratch) throws IOException {
        first.position(first.limit());
        return wire.discard(scratch);
    }

    @Override
    public void close() {
        wire.close();
    }

    @Override
    public String toString() {
        return wire.toString();
    }
}
