package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/** Where the core gets memory from, and to which it returns every piece exactly once. It answers null when there is none. */
public interface BufferSource {
    /**
     * What a session may hold of received bytes even though the process has used up its budget. Without it a reader that is
     * slow for a moment would be reset for what other sessions hold. Unit: bytes.
     */
    int GUARANTEED = 64 * 1024;

    /**
     * A chunk for up to {@code size} received bytes, or for the first of them; null when the session may not hold more.
     *
     * @param held bytes that the session holds already
     */
    @Nullable
    Chunk acquire(int size, long held);

    /** Takes back a chunk of {@link #acquire} or {@link #acquireOutput}. */
    void release(Chunk chunk);

    /**
     * A chunk of {@link SendBuffer#CAPACITY} bytes for frames to be sent, or of 64 KiB at least when memory is short; null only
     * when the JVM has none left, since a session that cannot send cannot get rid of what it holds either.
     */
    @Nullable
    Chunk acquireOutput();

    /**
     * Agrees that a peer may be told of a receive window that is larger than usual by so many bytes; false when all such
     * windows together would hold too much. Every byte is taken back once with {@link #takeBack}.
     */
    boolean promise(int bytes);

    /** The peer can no longer use so many bytes that were promised. */
    void takeBack(int bytes);
}
