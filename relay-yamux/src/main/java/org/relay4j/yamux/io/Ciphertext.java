package org.relay4j.yamux.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Chunk;

/**
 * The encrypted side of a TLS connection, between the engine and the socket: turns many small reads and writes of records into
 * few system calls. Holds memory only while bytes wait.
 */
final class Ciphertext implements ByteChannel {
    private final SocketChannel socket;
    private final BufferPool pool;
    private @Nullable Chunk in; // arrived, from position to limit
    private @Nullable Chunk out; // to be sent, from 0 to position
    private boolean inputEnded; // the socket has said so

    Ciphertext(SocketChannel socket, BufferPool pool) {
        this.socket = socket;
        this.pool = pool;
    }

    SocketChannel socket() {
        return socket;
    }

    // ---- input

    /** Reads from the socket what the engine is to decrypt next, if it has used up everything before. */
    void fill() throws IOException {
        if (in != null || inputEnded) return;
        Chunk chunk = pool.acquireForReading();
        int length = -1;
        try {
            length = socket.read(chunk.bytes.clear());
            inputEnded = length < 0;
        } finally {
            if (length > 0) {
                chunk.bytes.flip();
                in = chunk;
            } else pool.release(chunk);
        }
    }

    /** True while bytes have arrived that the engine has not seen. */
    boolean hasInput() {
        return in != null;
    }

    /** True when the socket has said that no more comes. */
    boolean inputEnded() {
        return inputEnded;
    }

    /** As a non-blocking channel: 0 when nothing is left of what {@link #fill} has read. */
    @Override
    public int read(ByteBuffer to) {
        Chunk chunk = in;
        if (chunk == null) return inputEnded ? -1 : 0;
        ByteBuffer from = chunk.bytes;
        int length = Math.min(from.remaining(), to.remaining());
        to.put(to.position(), from, from.position(), length);
        to.position(to.position() + length);
        from.position(from.position() + length);
        if (!from.hasRemaining()) {
            in = null;
            pool.release(chunk);
        }
        return length;
    }

    // ---- output

    /** Keeps records to be sent with {@link #flush}, as far as there is room for them. */
    @Override
    public int write(ByteBuffer from) {
        Chunk chunk = out;
        if (chunk == null) {
            chunk = pool.acquireForReading();
            chunk.bytes.clear();
            out = chunk;
        }
        ByteBuffer to = chunk.bytes;
        int length = Math.min(from.remaining(), to.remaining());
        to.put(to.position(), from, from.position(), length);
        to.position(to.position() + length);
        from.position(from.position() + length);
        return length;
    }

    /** Sends what waits; false if the socket did not take all of it. */
    boolean flush() throws IOException {
        Chunk chunk = out;
        if (chunk == null) return true;
        ByteBuffer bytes = chunk.bytes.flip();
        try {
            socket.write(bytes);
        } finally {
            bytes.compact();
        }
        if (bytes.position() > 0) return false;
        out = null;
        pool.release(chunk);
        return true;
    }

    // ---- the end

    @Override
    public boolean isOpen() {
        return socket.isOpen();
    }

    /** Returns the memory, and closes the socket. */
    @Override
    public void close() {
        if (in != null) pool.release(in);
        if (out != null) pool.release(out);
        in = null;
        out = null;
        Sockets.close(socket);
    }
}
