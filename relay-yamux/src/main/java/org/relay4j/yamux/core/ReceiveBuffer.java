package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The unread bytes of one stream: a list of pooled chunks, bounded by the receive window. */
final class ReceiveBuffer {
    /** The stream to which the bytes belong. */
    interface Owner {
        /** Returns true if the stream has left the session. */
        boolean hasEnded();

        /** Drops the bytes and resets the stream if it is still open. */
        void drop(Cause cause);

        /** Called when the session has ended; the user of the stream decides whether to keep the bytes. */
        void sessionEnded(Cause cause);
    }

    private static final int LARGEST_PIECE = 64 * 1024; // bytes

    final Owner owner;

    // Owned by ReceiveMemory.
    @Nullable
    ReceiveBuffer before;

    @Nullable
    ReceiveBuffer after;

    int list = -1; // -1: in none, because the buffer is empty

    private final ReceiveMemory memory;
    private @Nullable Chunk first;
    private @Nullable Chunk last;
    private int size; // bytes
    private int held; // capacity of the chunks in bytes
    private long movedAt; // ns; when bytes were last consumed, or the first byte arrived

    ReceiveBuffer(ReceiveMemory memory, Owner owner) {
        this.memory = memory;
        this.owner = owner;
    }

    int size() {
        return size;
    }

    /** Returns the memory in use. Unit: bytes. */
    int held() {
        return held;
    }

    /** Returns the time since a byte was last consumed. Unit: nanoseconds. */
    long withoutProgress(long now) {
        return now - movedAt;
    }

    /** Copies {@code in}; false if there was not enough memory for all of it. */
    boolean append(ByteBuffer in, long now) {
        if (size == 0) movedAt = now;
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

    /** Returns the oldest bytes. Consume them with {@link #advance}. */
    @Nullable
    ByteBuffer peek() {
        return first == null ? null : first.bytes;
    }

    /** Marks {@code length} bytes as consumed. The caller has moved the position of {@link #peek} past them. */
    void advance(int length, long now) {
        if (length == 0) return;
        size -= length;
        movedAt = now;
        Chunk head = first;
        if (head != null && !head.bytes.hasRemaining()) {
            first = head.next;
            if (first == null) last = null;
            head.next = null;
            release(head);
        }
        memory.update(this, true);
    }

    void clear() {
        for (Chunk chunk = first; chunk != null; ) {
            Chunk next = chunk.next;
            chunk.next = null;
            release(chunk);
            chunk = next;
        }
        first = null;
        last = null;
        size = 0;
        memory.update(this, false);
    }

    private void release(Chunk chunk) {
        held -= chunk.bytes.capacity();
        memory.release(chunk);
    }

    private @Nullable Chunk grow(int wanted) {
        Chunk chunk = memory.acquire(Math.min(wanted, LARGEST_PIECE));
        if (chunk == null) return null;
        chunk.bytes.position(0).limit(0);
        if (last == null) first = chunk;
        else last.next = chunk;
        last = chunk;
        held += chunk.bytes.capacity();
        memory.update(this, false);
        return chunk;
    }
}
