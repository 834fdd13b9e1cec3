package org.relay4j.benchmarks.splice;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/** The direct memory of one splice: a buffer for what is just being moved, and a pool for what a socket did not take. */
final class Buffers {
    static final int SIZE = 256 << 10;

    final ByteBuffer transfer = ByteBuffer.allocateDirect(SIZE);
    private final Deque<ByteBuffer> free = new ArrayDeque<>();

    /** A copy of what is left in the transfer buffer. */
    ByteBuffer keepRest() {
        ByteBuffer kept = free.isEmpty() ? ByteBuffer.allocateDirect(SIZE) : free.pop();
        return kept.clear().put(transfer).flip();
    }

    void release(ByteBuffer kept) {
        free.push(kept);
    }
}
