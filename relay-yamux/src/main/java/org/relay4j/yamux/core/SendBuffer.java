package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The pending frames in wire format, in one contiguous buffer so that all are sent with one write. It uses no memory
 * while it is empty.
 */
public final class SendBuffer {
    /*
     * Layout:   | headroom | ... sent ... |start    frames    end| room for data | tail |
     *
     * Data is read from its source directly into place after a reserved header and never moves. Control frames overtake
     * data: they are written *in front of* start, which is possible whenever start is on a frame boundary, because the
     * space there is headroom or has been sent. Data leaves the tail free for SYN, FIN and RST, which must follow the data
     * of their stream, and the last twelve bytes for a GoAway.
     */
    static final int HEADROOM = 4096; // bytes
    static final int DATA_ROOM = 512 * 1024; // bytes
    static final int LARGE_DATA_ROOM = SendQuantum.ALONE + 64 * 1024; // bytes; the longest frame, and short ones
    static final int TAIL = 4096; // bytes

    /**
     * Usual size of the buffer; it is smaller when memory is short, see {@link BufferSource#acquireOutput}. Unit:
     * bytes.
     */
    public static final int CAPACITY = HEADROOM + DATA_ROOM + TAIL;

    /** Size of the buffer if it begins with a frame that is longer than the usual one can hold. Unit: bytes. */
    public static final int LARGE_CAPACITY = HEADROOM + LARGE_DATA_ROOM + TAIL;

    private final BufferSource source;
    private @Nullable Chunk chunk;
    private int start = HEADROOM;
    private int end = HEADROOM;
    private int frameEnd = HEADROOM; // first frame boundary at or after start
    private boolean starved; // the source had no memory; retry() clears this

    SendBuffer(BufferSource source) {
        this.source = source;
    }

    boolean isEmpty() {
        return start == end;
    }

    /** Returns the number of pending bytes. */
    int size() {
        return end - start;
    }

    /** Returns true if there was no memory for a frame. */
    boolean isStarved() {
        return starved && chunk == null;
    }

    /** Allows the next allocation attempt after the source had no memory. */
    void retry() {
        starved = false;
    }

    /** Returns the body length that one more Data frame may have; may be negative. */
    int room() {
        if (isStarved()) return 0;
        return capacity() - TAIL - end - Frame.HEADER_LENGTH;
    }

    /**
     * Returns space for a Data frame body of up to {@code length} bytes; null without memory. The caller then calls
     * commit or cancel.
     */
    @Nullable
    ByteBuffer reserve(int length) {
        ByteBuffer buffer = memory(length + Frame.HEADER_LENGTH > DATA_ROOM);
        if (buffer == null) return null;
        int fits = Math.min(length, room()); // the buffer may be smaller than room() assumed
        buffer.limit(end + Frame.HEADER_LENGTH + fits).position(end + Frame.HEADER_LENGTH);
        return buffer;
    }

    void commit(int id, int length) {
        Frame.put(present(), end, Frame.DATA, 0, id, length);
        end += Frame.HEADER_LENGTH + length;
    }

    /** Releases the reserved space, and the memory if the buffer is empty. */
    void cancel() {
        if (isEmpty()) clear();
    }

    /** Appends a frame without a body; false if there is no room. */
    boolean append(int type, int flags, int id, int length) {
        int reserved = type == Frame.GO_AWAY ? 0 : Frame.HEADER_LENGTH;
        ByteBuffer buffer = memory(false);
        if (buffer == null || end + Frame.HEADER_LENGTH > capacity() - reserved) return false;
        Frame.put(buffer, end, type, flags, id, length);
        end += Frame.HEADER_LENGTH;
        return true;
    }

    /** Returns true if the next byte to be sent is the first byte of a frame. */
    boolean atBoundary() {
        return start == frameEnd;
    }

    /** Returns the number of frames that can be prepended now. */
    int frontRoom() {
        return atBoundary() && memory(false) != null ? start / Frame.HEADER_LENGTH : 0;
    }

    /** Prepends a frame without a body; there must be room. */
    void prepend(int type, int flags, int id, int length) {
        Frame.put(present(), start - Frame.HEADER_LENGTH, type, flags, id, length);
        start -= Frame.HEADER_LENGTH;
        frameEnd = start;
    }

    /**
     * Returns the bytes to send next: all pending bytes, or only the rest of a partly sent frame. Null if the buffer is
     * empty.
     */
    @Nullable
    ByteBuffer unsent(boolean restOfFrameOnly) {
        if (isEmpty()) return null;
        ByteBuffer buffer = present();
        buffer.limit(restOfFrameOnly ? frameEnd : end).position(start);
        return buffer;
    }

    /** Marks bytes of {@link #unsent} as sent. */
    void sent(int length) {
        start += length;
        if (start == end) {
            clear();
            return;
        }
        ByteBuffer buffer = present();
        while (frameEnd < start) frameEnd += Frame.lengthOfFrameAt(buffer, frameEnd);
        // Compacting costs a copy, so do it only if few bytes are left and much space is gained.
        if (room() < capacity() / 2 && size() < capacity() / 4) compact(buffer);
    }

    /**
     * Hands over all pending bytes, from position to limit, and leaves the buffer empty. Null if it is already empty.
     */
    @Nullable
    Chunk take() {
        ByteBuffer buffer = unsent(false);
        Chunk taken = chunk;
        if (buffer == null) return null;
        chunk = null;
        clear();
        return taken;
    }

    void clear() {
        if (chunk != null) source.release(chunk);
        chunk = null;
        start = HEADROOM;
        end = HEADROOM;
        frameEnd = HEADROOM;
    }

    private void compact(ByteBuffer buffer) {
        int moved = start - HEADROOM;
        if (moved <= 0) return;
        buffer.put(HEADROOM, buffer, start, size());
        start -= moved;
        end -= moved;
        frameEnd -= moved;
    }

    /** Returns the capacity of the buffer, or the largest possible one if none is allocated. Unit: bytes. */
    private int capacity() {
        return chunk == null ? LARGE_CAPACITY : chunk.bytes.capacity();
    }

    /**
     * Returns the whole buffer and allocates it if necessary; null without memory. Positions are kept in this object.
     *
     * @param large whether a new one should have {@link #LARGE_CAPACITY}
     */
    private @Nullable ByteBuffer memory(boolean large) {
        if (chunk == null && !starved) {
            chunk = source.acquireOutput(large);
            starved = chunk == null;
        }
        return chunk == null ? null : chunk.bytes.clear();
    }

    /** Returns the whole buffer, which must be allocated. */
    private ByteBuffer present() {
        if (chunk == null) throw new IllegalStateException("nothing was reserved");
        return chunk.bytes.clear();
    }
}
