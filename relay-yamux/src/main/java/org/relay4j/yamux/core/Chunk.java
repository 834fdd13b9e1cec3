package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A piece of pooled memory, and a link of the list that holds the received bytes of a stream. */
public final class Chunk {
    /** The memory. Between position and limit are the bytes that wait to be read. */
    public final ByteBuffer bytes;

    @Nullable
    Chunk next; // guarded by the session lock

    public Chunk(ByteBuffer bytes) {
        this.bytes = bytes;
    }
}
