package org.relay4j.server.names;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The examples of RFC 7541, and codes that are refused. */
class HuffmanCodeTest {
    private static @Nullable String decode(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        return HuffmanCode.decode(bytes, 0, bytes.length);
    }

    @Test
    void examples() {
        assertEquals("www.example.com", decode("f1e3c2e5f23a6ba0ab90f4ff"));
        assertEquals("no-cache", decode("a8eb10649cbf"));
        assertEquals("custom-key", decode("25a849e95ba97d7f"));
        assertEquals("custom-value", decode("25a849e95bb8e8b4bf"));
        assertEquals("302", decode("6402"));
        assertEquals("Mon, 21 Oct 2013 20:13:21 GMT", decode("d07abe941054d444a8200595040b8166e082a62d1bff"));
        assertEquals("https://www.example.com", decode("9d29ad171863c78f0b97c8e9ae82ae43d3"));
        assertEquals(
                "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
                decode("94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007"));
    }

    @Test
    void everyByte() {
        // The codes of 0, 255 and of the longest, from appendix B.
        assertEquals("\0", decode("ffc7"));
        assertEquals("\u00FF", decode("fffffb" + "bf"));
        assertEquals("\n", decode("fffffff3"));
        assertEquals("", decode(""));
    }

    @Test
    void malformed() {
        assertEquals(null, decode("ffffffff")); // the end
        assertEquals(null, decode("f1e3c2e5f23a6ba0ab90f4ffff")); // a byte of padding
        assertEquals(null, decode("f1e3c2e5f23a6ba0ab90f4fe")); // padding with a zero
        assertEquals(null, decode("18")); // the same, short
    }
}
