package org.relay4j.yamux.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Chunk;

/** At most 64 KiB of bytes that wait in pooled memory. Holds no memory while it is empty. Not thread-safe. */
final class PooledBytes {
    /** Unit: bytes. */
    static final int CAPACITY = BufferPool.LARGE;

    private final BufferPool pool;
    private @Nullable Chunk chunk; // the bytes are between position and limit; null if there are none

    PooledBytes(BufferPool pool) {
        this.pool = pool;
    }

    boolean isEmpty() {
        return chunk == null;
    }

    /** Returns the number of bytes. */
    int size() {
        return chunk == null ? 0 : chunk.bytes.remaining();
    }

    /** Appends all of {@code from}. Returns false, without a change, if there is no room for it. */
    boolean put(ByteBuffer from) {
        if (!from.hasRemaining()) return true;
        int size = size() + from.remaining();
        if (size > CAPACITY) return false;
        Chunk before = chunk;
        if (before != null && size <= before.bytes.capacity()) {
            before.bytes.compact().put(from).flip();
            return true;
        }
        Chunk after = pool.acquireNeeded(size);
        after.bytes.clear();
        if (before != null) {
            after.bytes.put(before.bytes);
            pool.release(before);
        }
        after.bytes.put(from).flip();
        chunk = after;
        return true;
    }

    /** Moves as many bytes as {@code to} has room for. Returns their number. */
    int moveTo(ByteBuffer to) {
        if (chunk == null) return 0;
        ByteBuffer from = chunk.bytes;
        int length = Math.min(from.remaining(), to.remaining());
        to.put(to.position(), from, from.position(), length);
        to.position(to.position() + length);
        from.position(from.position() + length);
        if (!from.hasRemaining()) release();
        return length;
    }

    /** Writes the bytes to the socket. Returns false if it did not accept all of them. */
    boolean sendTo(SocketChannel socket) throws IOException {
        if (chunk == null) return true;
        socket.write(chunk.bytes);
        if (chunk.bytes.hasRemaining()) return false;
        release();
        return true;
    }

    /** Drops the bytes and releases the memory. */
    void release() {
        if (chunk != null) pool.release(chunk);
        chunk = null;
    }
}
