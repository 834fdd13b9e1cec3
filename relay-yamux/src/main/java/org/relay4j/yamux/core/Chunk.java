package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A piece of pooled memory, and a node of the list of received bytes of a stream. */
public final class Chunk {
    /** The memory. The unread bytes are between position and limit. */
    public final ByteBuffer bytes;

    @Nullable
    Chunk next; // guarded by the session lock

    public Chunk(ByteBuffer bytes) {
        this.bytes = bytes;
    }
}
