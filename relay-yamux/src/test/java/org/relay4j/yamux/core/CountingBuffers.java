package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Memory for tests that knows which pieces are in use: one that comes back twice, or did not come from here, fails at once.
 * Returned chunks are reused with overwritten contents, so that a use after the return is detected.
 */
final class CountingBuffers implements BufferSource {
    private static final int SMALL = 4 * 1024; // bytes
    private static final int LARGE = 64 * 1024; // bytes
    private static final byte[] SPOILED =
            "spoiled!".repeat(SMALL / 4).getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    private final Set<Chunk> inUse = new HashSet<>();
    private final ArrayDeque<Chunk> small = new ArrayDeque<>();
    private final ArrayDeque<Chunk> large = new ArrayDeque<>();
    private final ArrayDeque<Chunk> output = new ArrayDeque<>();
    private final ArrayDeque<Chunk> largeOutput = new ArrayDeque<>();
    private boolean refusing;
    private boolean starving;
    private boolean throwing;
    private int acquired;
    private long promised; // bytes
    private long mostPromised = Long.MAX_VALUE; // bytes

    @Override
    public @Nullable Chunk acquire(int size, long held) {
        if (refusing && held >= GUARANTEED) return null;
        return size <= SMALL ? take(small, SMALL) : take(large, LARGE);
    }

    @Override
    public @Nullable Chunk acquireOutput(boolean isLarge) {
        if (throwing) throw new OutOfMemoryError("as if");
        if (starving) return null;
        if (refusing) return take(large, LARGE);
        return isLarge ? take(largeOutput, SendBuffer.LARGE_CAPACITY) : take(output, SendBuffer.CAPACITY);
    }

    @Override
    public void release(Chunk chunk) {
        if (!inUse.remove(chunk)) throw new AssertionError("released twice, or never acquired: " + chunk.bytes);
        if (chunk.next != null) throw new AssertionError("released while it is still linked to another chunk");
        ByteBuffer bytes = chunk.bytes.clear();
        bytes.put(0, SPOILED, 0, Math.min(SPOILED.length, bytes.capacity()));
        shelf(bytes.capacity()).push(chunk);
    }

    @Override
    public boolean promise(int bytes) {
        if (promised + bytes > mostPromised) return false;
        promised += bytes;
        return true;
    }

    @Override
    public void takeBack(int bytes) {
        promised -= bytes;
        if (promised < 0) throw new AssertionError("more taken back than was promised: " + promised);
    }

    /** Whether there is no memory at all for frames to be sent. */
    void starve(boolean newStarving) {
        starving = newStarving;
    }

    /** Whether memory for frames to be sent is answered with an error, which no source should do. */
    void throwing(boolean newThrowing) {
        throwing = newThrowing;
    }

    /** Gives no more memory for received bytes but what is guaranteed, and the least for those to be sent. */
    void refuse() {
        refusing = true;
    }

    void promiseNoMoreThan(long bytes) {
        mostPromised = bytes;
    }

    /** Bytes that were promised and not yet taken back. */
    long promised() {
        return promised;
    }

    /** Pieces that were acquired and not yet released. */
    int inUse() {
        return inUse.size();
    }

    /** Pieces that were ever acquired. */
    int acquired() {
        return acquired;
    }

    /** Bytes that were acquired and not yet released. */
    long bytesInUse() {
        return inUse.stream().mapToLong(chunk -> chunk.bytes.capacity()).sum();
    }

    void assertAllReturned() {
        assertEquals(0, promised, "bytes that are still promised");
        assertEquals(
                0,
                inUse.size(),
                () -> "still in use: "
                        + inUse.stream().map(chunk -> chunk.bytes).toList());
    }

    private ArrayDeque<Chunk> shelf(int capacity) {
        if (capacity == SMALL) return small;
        if (capacity == LARGE) return large;
        return capacity == SendBuffer.CAPACITY ? output : largeOutput;
    }

    private Chunk take(ArrayDeque<Chunk> shelf, int capacity) {
        Chunk free = shelf.poll();
        Chunk chunk = free == null ? new Chunk(ByteBuffer.allocate(capacity)) : free;
        inUse.add(chunk);
        acquired++;
        return chunk;
    }
}
