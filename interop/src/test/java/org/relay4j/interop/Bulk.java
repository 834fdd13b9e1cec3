package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Bytes of the generator that are too many to be kept or compared one by one: they are checked by their SHA-256. */
record Bulk(long size) {
    static final long SEED = 1;

    private static final int PIECE = 64 * 1024; // bytes
    private static final Map<Long, byte[]> DIGESTS = new ConcurrentHashMap<>(); // by size; counted once in a run

    byte[] digest() {
        return DIGESTS.computeIfAbsent(size, length -> {
            MessageDigest sha = sha256();
            pieces((piece, part) -> sha.update(piece, 0, part));
            return sha.digest();
        });
    }

    void writeTo(OutputStream out) throws IOException {
        pieces((piece, part) -> out.write(piece, 0, part));
    }

    /** Reads to the end of the stream. */
    void expectFrom(InputStream in) throws IOException {
        MessageDigest sha = sha256();
        byte[] piece = new byte[PIECE];
        long length = 0;
        for (int part; (part = in.read(piece)) >= 0; length += part) sha.update(piece, 0, part);
        assertEquals(size, length, "bytes");
        assertArrayEquals(digest(), sha.digest(), "SHA-256");
    }

    private interface Sink<X extends Exception> {
        void take(byte[] piece, int length) throws X;
    }

    private <X extends Exception> void pieces(Sink<X> sink) throws X {
        Xorshift source = new Xorshift(SEED);
        byte[] piece = new byte[PIECE];
        for (long left = size; left > 0; ) {
            int part = (int) Math.min(left, PIECE);
            source.next(piece, part);
            sink.take(piece, part);
            left -= part;
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
