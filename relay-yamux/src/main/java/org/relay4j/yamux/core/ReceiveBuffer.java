package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The received bytes of one stream that nobody has taken yet: a list of pooled chunks, bounded by the receive window. */
final class ReceiveBuffer {
    private static final int LARGEST_PIECE = 64 * 1024; // bytes

    private final ReceiveMemory memory;
    private @Nullable Chunk first;
    private @Nullable Chunk last;
    private int size; // bytes

    ReceiveBuffer(ReceiveMemory memory) {
        this.memory = memory;
    }

    int size() {
        return size;
    }

    /** Copies {@code in}; false when there was no memory for all of it. */
    boolean append(ByteBuffer in) {
        while (in.hasRemaining()) {
            Chunk tail = last;
            if (tail == null || tail.bytes.limit() == tail.bytes.capacity()) {
                tail = grow(in.remaining());
                if (tail == null) return false;
            }
            ByteBuffer bytes = tail.bytes;
            int at = bytes.limit();
            int length = Math.min(in.remaining(), bytes.capacity() - at);
            bytes.limit(at + length);
            bytes.put(at, in, in.position(), length);
            in.position(in.position() + length);
            size += length;
        }
        return true;
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
        memory.release(head);
    }

    void clear() {
        for (Chunk chunk = first; chunk != null; ) {
            Chunk next = chunk.next;
            chunk.next = null;
            memory.release(chunk);
            chunk = next;
        }
        first = null;
        last = null;
        size = 0;
    }

    private @Nullable Chunk grow(int wanted) {
        Chunk chunk = memory.acquire(Math.min(wanted, LARGEST_PIECE));
        if (chunk == null) return null;
        chunk.bytes.position(0).limit(0);
        if (last == null) first = chunk;
        else last.next = chunk;
        last = chunk;
        return chunk;
    }
}
