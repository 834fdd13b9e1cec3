package org.relay4j.yamux.io;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.BufferSource;
import org.relay4j.yamux.core.Chunk;

/**
 * The memory of the queues of datagrams of one endpoint or service, within the budget of the process. Safe for use by several
 * threads.
 */
public final class DatagramMemory {
    private final BufferSource source;
    private final AtomicLong held = new AtomicLong(); // bytes

    /** Creates an account with the pool of the process. */
    public DatagramMemory() {
        this(BufferPool.shared());
    }

    DatagramMemory(BufferSource source) {
        this.source = source;
    }

    /** Returns memory for one queue; null if this account holds too much for the memory that is free. */
    @Nullable
    Chunk acquire() {
        Chunk chunk = source.acquire(DatagramQueue.CAPACITY, held.get());
        if (chunk != null) held.addAndGet(chunk.bytes.capacity());
        return chunk;
    }

    void release(Chunk chunk) {
        held.addAndGet(-chunk.bytes.capacity());
        source.release(chunk);
    }

    /** Returns the memory in use. Unit: bytes. */
    long held() {
        return held.get();
    }
}
