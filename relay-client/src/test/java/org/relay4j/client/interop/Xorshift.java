package org.relay4j.client.interop;

/** The deterministic byte generator that the Go programs have too: xorshift64*, see {@code interop/go/README.md}. */
final class Xorshift {
    private static final long MULTIPLIER = 0x2545F4914F6CDD1DL;
    private static final long SEED_FOR_ZERO = 0x9E3779B97F4A7C15L;

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
        for (int i = 0; i < length; i++) {
            if (left == 0) {
                state ^= state >>> 12;
                state ^= state << 25;
                state ^= state >>> 27;
                word = state * MULTIPLIER;
                left = 8;
            }
            to[i] = (byte) word;
            word >>>= 8;
            left--;
        }
    }
}
