package org.relay4j.yamux.io;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;
import tlschannel.BufferAllocator;

/**
 * Memory for single TLS records, which tls-channel asks for and returns with nearly each of them: kept for reuse, so that a
 * busy connection makes no garbage. An idle connection holds none, except for a record of which a part has arrived.
 */
final class RecordBuffers implements BufferAllocator {
    static final RecordBuffers SHARED = new RecordBuffers();

    private static final int SIZE = 17 * 1024; // bytes; the most that tls-channel asks for
    private static final int KEPT = 64; // buffers

    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<ByteBuffer> free = new ArrayDeque<>(); // guarded by lock

    /** A buffer of at least {@code size} bytes, on the heap: engines are faster on arrays than on direct memory. */
    @Override
    public ByteBuffer allocate(int size) {
        if (size > SIZE) return ByteBuffer.allocate(size);
        ByteBuffer buffer;
        lock.lock();
        try {
            buffer = free.poll();
        } finally {
            lock.unlock();
        }
        return buffer == null ? ByteBuffer.allocate(SIZE) : buffer.clear();
    }

    @Override
    public void free(ByteBuffer buffer) {
        if (buffer.capacity() != SIZE) return;
        lock.lock();
        try {
            if (free.size() < KEPT) free.push(buffer);
        } finally {
            lock.unlock();
        }
    }
}
