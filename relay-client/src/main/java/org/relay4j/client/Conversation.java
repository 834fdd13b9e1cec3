package org.relay4j.client;

import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.relay4j.yamux.io.BlockingHandshake;
import org.relay4j.yamux.io.TlsWire;
import org.relay4j.yamux.io.Wire;

/**
 * The exchange on a connection before its session starts: the TLS handshake and lines. Blocks its thread, which may be
 * interrupted. One deadline covers everything. {@link #close} leaves the wire open.
 */
final class Conversation implements Dialogue, AutoCloseable {
    private final Wire wire;
    private final Selector selector;
    private final SelectionKey key;
    private final long deadline; // ns of System.nanoTime
    private final ByteBuffer one = ByteBuffer.allocate(1);

    Conversation(Wire wire, Duration timeout) throws IOException {
        this.wire = wire;
        deadline = System.nanoTime() + timeout.toNanos();
        selector = Selector.open();
        boolean registered = false;
        try {
            key = wire.channel().register(selector, 0);
            registered = true;
        } finally {
            if (!registered) selector.close();
        }
    }

    /**
     * Completes the TLS handshake. Its tasks run on this thread.
     *
     * @throws SocketTimeoutException if the deadline passes
     * @throws InterruptedIOException if the thread is interrupted; its interrupted flag stays set
     */
    void handshake(TlsWire tls) throws IOException {
        BlockingHandshake.run(tls, Math.max(0, deadline - System.nanoTime()));
    }

    /**
     * Reads exactly one byte, because a frame may follow the line in the same segment. Throws as {@link #handshake} does.
     *
     * @throws EOFException if the peer sends no more
     */
    @Override
    public byte read() throws IOException {
        one.clear();
        while (true) {
            int length = wire.read(one);
            if (length < 0) throw new EOFException();
            if (length > 0) return one.get(0);
            if (!wire.flush()) await(SelectionKey.OP_WRITE);
            else if (!wire.hasInput()) await(SelectionKey.OP_READ);
        }
    }

    /** Writes all bytes to the socket. Throws as {@link #handshake} does. */
    @Override
    public void write(byte[] bytes) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(bytes);
        while (true) {
            wire.write(left);
            if (wire.flush() && !left.hasRemaining()) return;
            await(SelectionKey.OP_WRITE);
        }
    }

    private void await(int operation) throws IOException {
        if (Thread.currentThread().isInterrupted()) throw Dial.interrupted();
        long left = deadline - System.nanoTime();
        if (left <= 0) throw new SocketTimeoutException();
        key.interestOps(operation);
        selector.select(Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
        selector.selectedKeys().clear();
        if (Thread.currentThread().isInterrupted()) throw Dial.interrupted();
    }

    @Override
    public void close() throws IOException {
        selector.close();
    }
}
