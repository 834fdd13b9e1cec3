package org.relay4j.examples.nanohttpd;

import java.io.InputStream;
import java.util.SplittableRandom;

/** A stream of pseudorandom bytes, the same each time for the same length. */
final class RandomBytes extends InputStream {
    private final SplittableRandom random;
    private long left; // bytes

    RandomBytes(long length) {
        random = new SplittableRandom(length);
        left = length;
    }

    @Override
    public int read() {
        if (left == 0) return -1;
        left--;
        return random.nextInt(256);
    }

    @Override
    public int read(byte[] to, int offset, int length) {
        if (left == 0) return -1;
        int part = (int) Math.min(length, left);
        for (int n = 0; n < part; n++) to[offset + n] = (byte) random.nextInt(256);
        left -= part;
        return part;
    }
}
