package org.relay4j.testing;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** A byte sequence generated from a seed, so that any amount can be sent and checked without storing it. */
public final class Pattern {
    private static final int PIECE = 32 * 1024; // bytes

    private long state;

    private Pattern(long seed) {
        state = seed * 0x9E3779B97F4A7C15L + 1;
    }

    /** Returns the first {@code length} bytes. */
    public static byte[] bytes(long seed, int length) {
        return new Pattern(seed).next(length);
    }

    /** Writes the first {@code length} bytes, in pieces. */
    public static void write(long seed, long length, OutputStream to) throws IOException {
        Pattern pattern = new Pattern(seed);
        for (long left = length; left > 0; left -= Math.min(left, PIECE)) {
            to.write(pattern.next((int) Math.min(left, PIECE)));
        }
    }

    /** Reads {@code length} bytes, which must be the first ones. */
    public static void check(long seed, long length, InputStream from) throws IOException {
        Pattern pattern = new Pattern(seed);
        for (long left = length; left > 0; left -= Math.min(left, PIECE)) {
            byte[] expected = pattern.next((int) Math.min(left, PIECE));
            byte[] got = from.readNBytes(expected.length);
            if (got.length < expected.length)
                throw new EOFException("ended " + (left - got.length) + " bytes too early");
            int at = java.util.Arrays.mismatch(expected, got);
            if (at >= 0) throw new AssertionError("byte " + (length - left + at) + " of " + length + " is wrong");
        }
    }

    private byte[] next(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            state ^= state << 13; // xorshift64
            state ^= state >>> 7;
            state ^= state << 17;
            bytes[i] = (byte) state;
        }
        return bytes;
    }
}
