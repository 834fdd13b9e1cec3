package org.relay4j.conformance;

/** Bytes for an echo. Each part differs from its neighbours, and from the same part of another payload. */
final class Payload {
    private Payload() {}

    static byte[] of(int length) {
        return of(length, 1);
    }

    static byte[] of(int length, int seed) {
        byte[] bytes = new byte[length];
        int x = seed * 0x9e3779b9 | 1; // xorshift32, which must not start at 0
        for (int i = 0; i < length; i++) {
            x ^= x << 13;
            x ^= x >>> 17;
            x ^= x << 5;
            bytes[i] = (byte) (x >>> 24);
        }
        return bytes;
    }
}
