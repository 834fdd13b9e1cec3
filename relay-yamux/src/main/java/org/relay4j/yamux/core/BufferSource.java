package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/** Where the core gets memory from, and to which it returns every piece exactly once. */
public interface BufferSource {
    /**
     * A chunk for up to {@code size} received bytes, or for the first of them; null when there is no memory left for that.
     *
     * @param owed true: though the budget of the process is used up, since whoever asks has next to nothing of it
     */
    @Nullable
    Chunk acquire(int size, boolean owed);

    /** Takes back a chunk of {@link #acquire} or {@link #acquireOutput}. */
    void release(Chunk chunk);

    /**
     * A chunk of {@link OutputBuffer#CAPACITY} bytes for frames to be sent, or of 64 KiB at least when memory is short: that
     * is never refused, since a session that cannot send cannot get rid of what it holds either.
     */
    Chunk acquireOutput();

    /**
     * Agrees that a peer may be told of a receive window that is larger than usual by so many bytes; false when all such
     * windows together would hold too much. Every byte is taken back once with {@link #takeBack}.
     */
    boolean promise(int bytes);

    /** The peer can no longer use so many bytes that were promised. */
    void takeBack(int bytes);
}
