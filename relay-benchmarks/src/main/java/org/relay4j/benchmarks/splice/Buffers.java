package org.relay4j.benchmarks.splice;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/** The direct memory of one splice: a transfer buffer, and a pool for pending bytes. */
final class Buffers {
    static final int SIZE = 256 << 10;

    final ByteBuffer transfer = ByteBuffer.allocateDirect(SIZE);
    private final Deque<ByteBuffer> free = new ArrayDeque<>();

    /** Returns a copy of the bytes left in the transfer buffer. */
    ByteBuffer keepRest() {
        ByteBuffer kept = free.isEmpty() ? ByteBuffer.allocateDirect(SIZE) : free.pop();
        return kept.clear().put(transfer).flip();
    }

    void release(ByteBuffer kept) {
        free.push(kept);
    }
}
