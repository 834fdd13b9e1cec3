package org.relay4j.yamux.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** A wire of which a test changes some methods. */
public abstract class ForwardingWire implements Wire {
    protected final PlainWire under;

    protected ForwardingWire(PlainWire under) {
        this.under = under;
    }

    @Override
    public SocketChannel channel() {
        return under.channel();
    }

    @Override
    public int read(ByteBuffer to) throws IOException {
        return under.read(to);
    }

    @Override
    public boolean hasInput() {
        return under.hasInput();
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        return under.write(from);
    }

    @Override
    public boolean flush() throws IOException {
        return under.flush();
    }

    @Override
    public boolean shutdownOutput() throws IOException {
        return under.shutdownOutput();
    }

    @Override
    public int discard(ByteBuffer scratch) throws IOException {
        return under.discard(scratch);
    }

    @Override
    public void close() {
        under.close();
    }
}
