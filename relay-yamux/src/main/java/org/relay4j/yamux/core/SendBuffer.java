package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The frames that wait to be sent, as they will stand on the wire: one contiguous buffer, so that everything leaves in one
 * write. Holds no memory while nothing waits.
 */
public final class SendBuffer {
    /*
     * Layout:   | headroom | ... sent ... |start    frames    end| room for data | tail |
     *
     * Data is read from its source straight to its place behind a reserved header and then never moves. Control frames
     * overtake it by being put *in front of* start, which is possible whenever start lies on a frame boundary: the space
     * there is either the headroom or has been sent. Data leaves the tail free for SYN, FIN and RST, which keep their place
     * behind the data of their stream, and the last twelve bytes for a GoAway.
     */
    static final int HEADROOM = 4096; // bytes
    static final int DATA_ROOM = 512 * 1024; // bytes
    static final int TAIL = 4096; // bytes

    /** Usual size of the buffer; when memory is short it gets less, see {@link BufferSource#acquireOutput}. Unit: bytes. */
    public static final int CAPACITY = HEADROOM + DATA_ROOM + TAIL;

    private final BufferSource source;
    private @Nullable Chunk chunk;
    private int start = HEADROOM;
    private int end = HEADROOM;
    private int frameEnd = HEADROOM; // first frame boundary at or behind start
    private boolean starved; // the source had no memory; it is not asked again before retry

    SendBuffer(BufferSource source) {
        this.source = source;
    }

    boolean isEmpty() {
        return start == end;
    }

    /** Bytes that wait to be sent. */
    int size() {
        return end - start;
    }

    /** True when there was no memory for what was to be sent. */
    boolean isStarved() {
        return starved && chunk == null;
    }

    /** Asks for memory again the next time it is needed. */
    void retry() {
        starved = false;
    }

    /** Bytes that one more Data frame may carry; may be negative. */
    int room() {
        if (isStarved()) return 0;
        return capacity() - TAIL - end - Frame.HEADER_LENGTH;
    }

    /** The place for the body of a Data frame of up to {@code length} bytes; followed by commit or cancel. Null without memory. */
    @Nullable
    ByteBuffer reserve(int length) {
        ByteBuffer buffer = memory();
        if (buffer == null) return null;
        int fits = Math.min(length, room()); // what room() said before may have been about more memory than there is
        buffer.limit(end + Frame.HEADER_LENGTH + fits).position(end + Frame.HEADER_LENGTH);
        return buffer;
    }

    void commit(int id, int length) {
        Frame.put(present(), end, Frame.DATA, 0, id, length);
        end += Frame.HEADER_LENGTH + length;
    }

    /** Gives up what was reserved: returns the memory when nothing waits. */
    void cancel() {
        if (isEmpty()) clear();
    }

    /** Puts a frame without body behind everything else; false when there is no room. */
    boolean append(int type, int flags, int id, int length) {
        int reserved = type == Frame.GO_AWAY ? 0 : Frame.HEADER_LENGTH;
        ByteBuffer buffer = memory();
        if (buffer == null || end + Frame.HEADER_LENGTH > capacity() - reserved) return false;
        Frame.put(buffer, end, type, flags, id, length);
        end += Frame.HEADER_LENGTH;
        return true;
    }

    /** True when the next byte to be sent is the first of a frame. */
    boolean atBoundary() {
        return start == frameEnd;
    }

    /** How many frames can be put in front now. */
    int frontRoom() {
        return atBoundary() && memory() != null ? start / Frame.HEADER_LENGTH : 0;
    }

    /** Puts a frame without body in front of everything else; there must be room. */
    void prepend(int type, int flags, int id, int length) {
        Frame.put(present(), start - Frame.HEADER_LENGTH, type, flags, id, length);
        start -= Frame.HEADER_LENGTH;
        frameEnd = start;
    }

    /** What is to be sent next: all of it, or only the rest of the frame of which a part has been sent. Null when empty. */
    @Nullable
    ByteBuffer unsent(boolean restOfFrameOnly) {
        if (isEmpty()) return null;
        ByteBuffer buffer = present();
        buffer.limit(restOfFrameOnly ? frameEnd : end).position(start);
        return buffer;
    }

    /** Counts bytes of {@link #unsent} as sent. */
    void sent(int length) {
        start += length;
        if (start == end) {
            clear();
            return;
        }
        ByteBuffer buffer = present();
        while (frameEnd < start) frameEnd += Frame.lengthOfFrameAt(buffer, frameEnd);
        // Moving bytes costs a copy: only when little is left to move, and much is won.
        if (room() < capacity() / 2 && size() < capacity() / 4) compact(buffer);
    }

    /** Hands over everything that waits, from position to limit; the buffer is empty afterwards. Null when it is already. */
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

    /** Bytes of the buffer; of the usual one while there is none. */
    private int capacity() {
        return chunk == null ? CAPACITY : chunk.bytes.capacity();
    }

    /** The whole buffer, which is acquired when there is none: null without memory. Positions are kept in this object. */
    private @Nullable ByteBuffer memory() {
        if (chunk == null && !starved) {
            chunk = source.acquireOutput();
            starved = chunk == null;
        }
        return chunk == null ? null : chunk.bytes.clear();
    }

    /** The whole buffer, in which something waits. */
    private ByteBuffer present() {
        if (chunk == null) throw new IllegalStateException("nothing was reserved");
        return chunk.bytes.clear();
    }
}
