package org.relay4j.benchmarks.load;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** One connection with at most one message in flight. */
final class PingConnection {
    private final SocketChannel channel;
    private final ByteBuffer out;
    private final ByteBuffer in;
    private byte sequence; // first and last byte of the message, to detect a wrong or old echo
    private boolean busy;
    private long sent; // nanoTime
    long due; // nanoTime of the next turn; owned by the scheduler

    PingConnection(SocketChannel channel, int size) {
        this.channel = channel;
        out = ByteBuffer.allocateDirect(size);
        in = ByteBuffer.allocateDirect(size).limit(0);
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
        channel.write(out);
    }

    /** Sends pending bytes, then reads the available input. */
    void receive() throws IOException {
        if (out.hasRemaining()) {
            channel.write(out);
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
