package org.relay4j.api.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Lines come in any pieces, and only one is kept. */
class ControlLinesTest {
    private final ControlLines lines = new ControlLines();

    @Test
    void linesMayComeInAnyPieces() {
        byte[] text = "DRAIN 30\nBYE\nOPEN tcp/0 share\n".getBytes(StandardCharsets.US_ASCII);
        for (int size = 1; size <= text.length; size++) {
            List<String> read = new ArrayList<>();
            for (int at = 0; at < text.length; at += size) {
                ByteBuffer piece = ByteBuffer.wrap(text, at, Math.min(size, text.length - at));
                for (ControlLine line; (line = lines.next(piece)) != null; ) read.add(line.toString());
                assertEquals(0, piece.remaining());
            }
            assertEquals(List.of("DRAIN 30", "BYE", "OPEN tcp/0 share"), read);
        }
    }

    @Test
    void lineEndsWhereTheNextOneBegins() {
        ByteBuffer both = bytes("BYE\nBYE");
        assertNotNull(lines.next(both));
        assertEquals(3, both.remaining());
        assertNull(lines.next(both));
    }

    @Test
    void longestLineIsReadAndALongerOneIsNot() {
        String longest = "x".repeat(ControlLine.LONGEST - 1);
        assertEquals(longest, String.valueOf(lines.next(bytes(longest + "\n"))));
        assertNull(lines.next(bytes(longest)));
        assertThrows(IllegalArgumentException.class, () -> lines.next(bytes("x")));
    }

    @Test
    void malformedLineIsRefused() {
        for (String line : new String[] {"", "a  b", "a b b", "a\u0000", "\u00e9"}) {
            assertThrows(IllegalArgumentException.class, () -> lines.next(bytes(line + "\n")), line);
        }
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
    }
}
