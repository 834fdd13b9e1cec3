package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/**
 * The pool that the core allocates memory from. The core returns every chunk exactly once. Methods return null when no
 * memory is available.
 */
public interface BufferSource {
    /**
     * Received data that a session may buffer even if the budget of the process is exhausted. Without it a briefly slow
     * reader would be reset because of what other sessions buffer. Unit: bytes.
     */
    int GUARANTEED = 64 * 1024;

    /**
     * Returns a chunk for {@code size} received bytes or fewer; null if the session may not buffer more.
     *
     * @param held bytes that the session already buffers
     */
    @Nullable
    Chunk acquire(int size, long held);

    /** Returns a chunk of {@link #acquire} or {@link #acquireOutput} to the pool. */
    void release(Chunk chunk);

    /**
     * Returns a chunk of {@link SendBuffer#CAPACITY} bytes for outbound frames, or of at least 64 KiB when memory is
     * short. It returns null only when the JVM has no memory left, because a session that cannot send cannot free its
     * memory either.
     *
     * @param large whether {@link SendBuffer#LARGE_CAPACITY} bytes are wanted
     */
    @Nullable
    Chunk acquireOutput(boolean large);

    /**
     * Reserves {@code bytes} of the process budget so that a receive window may grow by as many; false if the budget
     * does not allow it. Every byte is released exactly once with {@link #takeBack}.
     */
    boolean promise(int bytes);

    /** Releases {@code bytes} that were promised: the peer can no longer use them. */
    void takeBack(int bytes);
}
