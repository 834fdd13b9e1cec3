package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/**
 * The memory in which a session keeps received bytes that nobody has taken yet: its share of what the process has for that.
 * Without such a bound everybody who may open streams and not read them could take a window for each.
 */
final class ReceiveMemory {
    /**
     * What a session may have though the process has used up its budget. With nothing at all, whoever is slow for a moment
     * would be reset for what the streams of other sessions hold. Unit: bytes.
     */
    static final int OWED = 64 * 1024;

    private final BufferSource source;
    private final long share; // bytes
    private long held; // bytes

    ReceiveMemory(BufferSource source, long share) {
        this.source = source;
        this.share = share;
    }

    /** A piece for received bytes; null when the session has its share, or the process has no more. */
    @Nullable
    Chunk acquire(int size) {
        if (isUsedUp()) return null;
        Chunk chunk = source.acquire(size, held < OWED);
        if (chunk != null) held += chunk.bytes.capacity();
        return chunk;
    }

    void release(Chunk chunk) {
        held -= chunk.bytes.capacity();
        source.release(chunk);
    }

    /** True when it is the session that has its share. */
    boolean isUsedUp() {
        return held >= share;
    }

    /** Bytes of all pieces. */
    long held() {
        return held;
    }
}
