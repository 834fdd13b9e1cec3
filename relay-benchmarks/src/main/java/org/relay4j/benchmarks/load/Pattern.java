package org.relay4j.benchmarks.load;

import java.nio.ByteBuffer;

/**
 * The endless sequence of bytes that bulk transfers carry. Its period is a prime, so that a lost or repeated piece of
 * any size in use (frames, buffers and windows are multiples of 4 KiB) shifts it visibly.
 */
final class Pattern {
    private static final int PERIOD = 65521;

    private final ByteBuffer bytes; // the sequence from 0 on, one period longer than the longest piece asked for

    Pattern(int longest) {
        bytes = ByteBuffer.allocateDirect(longest + PERIOD);
        int value = 1;
        for (int i = 0; i < bytes.capacity(); i++) {
            if (i % PERIOD == 0) {
                value = 1;
            }
            value = value * 1103515245 + 12345;
            bytes.put(i, (byte) (value >>> 16));
        }
    }

    /** Returns the sequence from a position on, at least as long as the longest piece. The buffer is shared. */
    ByteBuffer from(long position) {
        return bytes.limit(bytes.capacity()).position((int) (position % PERIOD));
    }

    /**
     * Returns whether the data matches the sequence at a position. The data must not be longer than the longest piece.
     */
    boolean matches(ByteBuffer data, long position) {
        ByteBuffer expected = from(position);
        expected.limit(expected.position() + data.remaining());
        return expected.mismatch(data) < 0;
    }
}
