package org.relay4j.interop;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The deterministic byte generator that the Go programs have too: xorshift64*, see {@code interop/go/README.md}. */
final class Xorshift {
    private static final long MULTIPLIER = 0x2545F4914F6CDD1DL;
    private static final long SEED_FOR_ZERO = 0x9E3779B97F4A7C15L;

    private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private long state;
    private long word;
    private int left; // bytes of word not handed out yet, its highest ones

    Xorshift(long seed) {
        state = seed == 0 ? SEED_FOR_ZERO : seed;
    }

    /** The first bytes that a seed gives. */
    static byte[] bytes(long seed, int length) {
        byte[] bytes = new byte[length];
        new Xorshift(seed).next(bytes, length);
        return bytes;
    }

    /** Puts the next bytes at the start of {@code to}. */
    void next(byte[] to, int length) {
        int at = rest(to, 0, length);
        for (; length - at >= Long.BYTES; at += Long.BYTES) WORDS.set(to, at, step());
        if (at < length) {
            word = step();
            left = Long.BYTES;
            rest(to, at, length);
        }
    }

    /** Copies the rest of the current word; returns the index up to which {@code to} is filled. */
    private int rest(byte[] to, int from, int length) {
        int at = from;
        for (; left > 0 && at < length; left--) {
            to[at++] = (byte) word;
            word >>>= 8;
        }
        return at;
    }

    private long step() {
        state ^= state >>> 12;
        state ^= state << 25;
        state ^= state >>> 27;
        return state * MULTIPLIER;
    }
}
