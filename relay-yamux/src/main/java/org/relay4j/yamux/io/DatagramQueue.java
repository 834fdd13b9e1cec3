package org.relay4j.yamux.io;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Chunk;

/**
 * Datagrams that wait to be sent on a stream, as its bytes: each after its length. At most 64 KiB; a datagram that needs more room
 * displaces the oldest ones. Holds no memory while it is empty. Not thread-safe.
 */
public final class DatagramQueue {
    /*
     * A ring. The stream may have room for a part of the oldest datagram only. The rest of it must follow, whatever comes, so it
     * is no longer displaced.
     */

    /** Unit: bytes, including the lengths. */
    static final int CAPACITY = BufferPool.LARGE;

    private static final int MASK = CAPACITY - 1; // it is a power of two

    private final DatagramMemory memory;
    private @Nullable Chunk chunk; // null while it is empty
    private int first; // index of the first byte
    private int size; // bytes
    private int begun; // bytes left of the oldest datagram, if a part of it was moved; otherwise 0

    public DatagramQueue(DatagramMemory memory) {
        this.memory = memory;
    }

    /** Returns whether there are no bytes. */
    public boolean isEmpty() {
        return size == 0;
    }

    /** Returns the number of bytes, including the lengths. */
    int size() {
        return size;
    }

    /** Returns the bytes left of the oldest datagram if a part of it was moved; otherwise 0. */
    int begun() {
        return begun;
    }

    /**
     * Appends the remaining bytes of {@code datagram}, which keeps its position. Returns how many datagrams were dropped: older ones, or
     * this one if there is no memory, or no room beside one that is partly sent.
     */
    public int add(ByteBuffer datagram) {
        int length = datagram.remaining();
        int needed = DatagramReader.PREFIX + length;
        if (length > DatagramReader.LARGEST || needed > CAPACITY - begun || !hasMemory()) return 1;
        int dropped = 0;
        for (; size + needed > CAPACITY; dropped++) dropOldest();
        put((byte) (length >> 8));
        put((byte) length);
        append(datagram);
        return dropped;
    }

    /** Puts bytes that are no datagram before all others. The queue is empty. Returns false if there is no memory. */
    boolean begin(byte[] bytes) {
        if (!hasMemory()) return false;
        append(ByteBuffer.wrap(bytes));
        begun = bytes.length;
        return true;
    }

    /** Moves as many bytes as {@code to} has room for. */
    void moveTo(ByteBuffer to) {
        int length = Math.min(size, to.remaining());
        for (int left = length; left > 0; ) {
            int piece = Math.min(left, CAPACITY - first);
            to.put(to.position(), bytes(), first, piece);
            to.position(to.position() + piece);
            left -= piece;
            advance(piece);
        }
        if (size == 0) release();
    }

    /** Moves the oldest datagram, without its length, to {@code to}, which has room for it. The queue is not empty. */
    public void moveOldestTo(ByteBuffer to) {
        int length = lengthAt(first);
        advance(DatagramReader.PREFIX);
        int limit = to.limit();
        to.limit(to.position() + length);
        moveTo(to);
        to.limit(limit);
    }

    /** Drops all bytes and releases the memory. */
    public void release() {
        if (chunk != null) memory.release(chunk);
        chunk = null;
        first = 0;
        size = 0;
        begun = 0;
    }

    private boolean hasMemory() {
        if (chunk == null) chunk = memory.acquire();
        return chunk != null;
    }

    /** Moves the beginning, over any number of datagrams. */
    private void advance(int length) {
        int left = length;
        while (begun < left) {
            left -= begun;
            first = (first + begun) & MASK;
            size -= begun;
            begun = DatagramReader.PREFIX + lengthAt(first);
        }
        first = (first + left) & MASK;
        size -= left;
        begun -= left;
    }

    /** Drops the oldest datagram of which no part was moved. */
    private void dropOldest() {
        int second = (first + begun) & MASK;
        int length = DatagramReader.PREFIX + lengthAt(second);
        ByteBuffer bytes = bytes();
        for (int i = begun - 1; i >= 0; i--) bytes.put((first + i + length) & MASK, bytes.get((first + i) & MASK));
        first = (first + length) & MASK;
        size -= length;
    }

    private int lengthAt(int index) {
        return ((bytes().get(index & MASK) & 0xFF) << 8) | (bytes().get((index + 1) & MASK) & 0xFF);
    }

    private void put(byte value) {
        bytes().put((first + size) & MASK, value);
        size++;
    }

    private void append(ByteBuffer from) {
        int length = from.remaining();
        for (int done = 0; done < length; ) {
            int at = (first + size) & MASK;
            int piece = Math.min(length - done, CAPACITY - at);
            bytes().put(at, from, from.position() + done, piece);
            done += piece;
            size += piece;
        }
    }

    /** Returns the whole memory; positions are kept in this object. */
    private ByteBuffer bytes() {
        if (chunk == null) throw new IllegalStateException("the queue is empty");
        return chunk.bytes.clear();
    }
}
