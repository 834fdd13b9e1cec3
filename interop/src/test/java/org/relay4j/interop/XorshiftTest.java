package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** The values that {@code interop/go/README.md} gives. */
class XorshiftTest {
    @Test
    void givesTheSameBytesAsInGo() {
        assertEquals("1ddd6c894bcee4471d6579e0a8a6cfab571f73eb", hex(1));
        assertEquals("7a48219ae2b3830d679dfef1794cc454780e7a00", hex(0));
        assertEquals("8c70b62c4782947cde281fbf925670d5c005e0a5", hex(0x0123456789abcdefL));
    }

    @Test
    void doesNotDependOnThePieces() {
        Xorshift source = new Xorshift(3);
        byte[] pieces = new byte[100];
        byte[] piece = new byte[7];
        for (int at = 0; at < pieces.length; at += piece.length) {
            source.next(piece, piece.length);
            System.arraycopy(piece, 0, pieces, at, Math.min(piece.length, pieces.length - at));
        }
        assertArrayEquals(Arrays.copyOf(Xorshift.bytes(3, 100), 100), pieces);
    }

    private static String hex(long seed) {
        return HexFormat.of().formatHex(Xorshift.bytes(seed, 20));
    }
}
