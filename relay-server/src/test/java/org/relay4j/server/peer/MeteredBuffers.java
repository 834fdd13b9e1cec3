package org.relay4j.server.peer;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.BufferSource;
import org.relay4j.yamux.core.Chunk;
import org.relay4j.yamux.core.SendBuffer;

/** Memory of its own, with a count of what is in use. */
final class MeteredBuffers implements BufferSource {
    private static final int SMALL = 4 * 1024; // bytes
    static final int LARGE = 64 * 1024; // bytes

    long used; // bytes
    long most; // bytes
    private final ArrayDeque<Chunk> outputs = new ArrayDeque<>(); // not in use

    private Chunk count(Chunk chunk) {
        used += chunk.bytes.capacity();
        most = Math.max(most, used);
        return chunk;
    }

    @Override
    public @Nullable Chunk acquire(int size, long held) {
        return count(new Chunk(ByteBuffer.allocate(size <= SMALL ? SMALL : LARGE)));
    }

    @Override
    public @Nullable Chunk acquireOutput(boolean large) {
        Chunk free = outputs.poll();
        return count(free != null ? free : new Chunk(ByteBuffer.allocate(SendBuffer.CAPACITY)));
    }

    @Override
    public void release(Chunk chunk) {
        used -= chunk.bytes.capacity();
        if (chunk.bytes.capacity() == SendBuffer.CAPACITY) outputs.push(chunk);
    }

    @Override
    public boolean promise(int bytes) {
        return true;
    }

    @Override
    public void takeBack(int bytes) {}
}
