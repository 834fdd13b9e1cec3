package org.relay4j.benchmarks.load;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.function.IntConsumer;

/** One connection with at most one message in flight. */
final class PingConnection {
    private final SocketChannel channel;
    private final ByteBuffer out;
    private final ByteBuffer in;
    private byte sequence; // first and last byte of the message, to detect a wrong or old echo
    private boolean busy;
    private long sent; // nanoTime
    private IntConsumer interest = operations -> {}; // of a channel that does not block
    private boolean writing; // waits until it can write more
    long due; // nanoTime of the next turn; owned by the scheduler

    PingConnection(SocketChannel channel, int size) {
        this.channel = channel;
        out = ByteBuffer.allocateDirect(size);
        in = ByteBuffer.allocateDirect(size).limit(0);
    }

    /** Makes the channel non-blocking. {@link #receive} must be called whenever it is ready. */
    void register(Selector selector) throws IOException {
        channel.configureBlocking(false);
        interest = channel.register(selector, SelectionKey.OP_READ, this)::interestOps;
    }

    boolean idle() {
        return !busy;
    }

    void send() throws IOException {
        sequence++;
        out.clear().put(0, sequence).put(out.capacity() - 1, sequence);
        in.clear();
        busy = true;
        sent = System.nanoTime();
        write();
    }

    /** A large message is sent in parts, while its first parts come back. */
    private void write() throws IOException {
        channel.write(out);
        if (writing != out.hasRemaining()) {
            writing = out.hasRemaining();
            interest.accept(writing ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
        }
    }

    /** Sends pending bytes, then reads the available input. */
    void receive() throws IOException {
        if (out.hasRemaining()) {
            write();
        }
        if (channel.read(in) < 0) {
            throw new EOFException("closed by the backend");
        }
    }

    boolean echoed() {
        return busy && !in.hasRemaining();
    }

    /** Ends a round trip and returns its duration in nanoseconds. */
    long finish() throws IOException {
        long took = System.nanoTime() - sent;
        busy = false;
        if (in.get(0) != sequence || in.get(in.capacity() - 1) != sequence) {
            throw new IOException("the echo differs from the sent byte");
        }
        return took;
    }
}
