package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The received bytes of one stream that nobody has taken yet: a list of pooled chunks, bounded by the receive window. */
final class ReceiveBuffer {
    private static final int LARGEST_PIECE = 64 * 1024; // bytes

    private final BufferSource source;
    private @Nullable Chunk first;
    private @Nullable Chunk last;
    private int size; // bytes

    ReceiveBuffer(BufferSource source) {
        this.source = source;
    }

    int size() {
        return size;
    }

    /** Copies all of {@code in}. */
    void append(ByteBuffer in) {
        size += in.remaining();
        while (in.hasRemaining()) {
            Chunk tail = last;
            if (tail == null || tail.bytes.limit() == tail.bytes.capacity()) tail = grow(in.remaining());
            ByteBuffer bytes = tail.bytes;
            int at = bytes.limit();
            int length = Math.min(in.remaining(), bytes.capacity() - at);
            bytes.limit(at + length);
            bytes.put(at, in, in.position(), length);
            in.position(in.position() + length);
        }
    }

    /** The oldest bytes; whoever takes some says so with {@link #advance}. */
    @Nullable
    ByteBuffer peek() {
        return first == null ? null : first.bytes;
    }

    /** Counts {@code length} bytes as taken, whose place the caller has moved the position of {@link #peek} over. */
    void advance(int length) {
        size -= length;
        Chunk head = first;
        if (head == null || head.bytes.hasRemaining()) return;
        first = head.next;
        if (first == null) last = null;
        head.next = null;
        source.release(head);
    }

    void clear() {
        for (Chunk chunk = first; chunk != null; ) {
            Chunk next = chunk.next;
            chunk.next = null;
            source.release(chunk);
            chunk = next;
        }
        first = null;
        last = null;
        size = 0;
    }

    private Chunk grow(int wanted) {
        Chunk chunk = source.acquire(Math.min(wanted, LARGEST_PIECE));
        chunk.bytes.position(0).limit(0);
        if (last == null) first = chunk;
        else last.next = chunk;
        last = chunk;
        return chunk;
    }
}
