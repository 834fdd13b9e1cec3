package org.relay4j.server.names;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.server.names.Pieces.ofHttp;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** HTTP/2 with prior knowledge: frames, and header blocks with the examples of RFC 7541. */
class Http2OpeningTest {
    private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    private static final String REQUEST = "828684"; // :method GET, :scheme http, :path /
    private static final String EXAMPLE = REQUEST + "410f7777772e6578616d706c652e636f6d"; // C.3.1

    private static final class Connection {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Connection() {
            bytes.writeBytes(PREFACE.getBytes(StandardCharsets.US_ASCII));
        }

        /** Also with SETTINGS as its first frame. */
        static Connection begun() {
            return new Connection().frame(4, 0, 0, "000300000064");
        }

        Connection frame(int type, int flags, int stream, String payload) {
            byte[] content = HexFormat.of().parseHex(payload);
            bytes.write(content.length >> 16);
            bytes.write(content.length >> 8);
            bytes.write(content.length);
            bytes.write(type);
            bytes.write(flags);
            bytes.writeBytes(new byte[] {0, 0, (byte) (stream >> 8), (byte) stream});
            bytes.writeBytes(content);
            return this;
        }

        Connection headers(String block) {
            return frame(1, 5, 1, block);
        }

        /** Returns a name, "incomplete", or a fault. */
        String outcome() {
            String whole = outcome(Integer.MAX_VALUE);
            assertEquals(whole, outcome(1));
            return whole;
        }

        private String outcome(int atOnce) {
            Opening opening = ofHttp(bytes.toByteArray(), atOnce);
            if (opening == null) return "incomplete";
            if (opening.fault() != null) return opening.fault().name();
            return opening.name() + " " + opening.target() + " " + opening.stream();
        }
    }

    private static String outcome(String block) {
        return Connection.begun().headers(block).outcome();
    }

    private static String literal(String name, String value) {
        return "00" + text(name) + text(value);
    }

    private static String text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        return String.format("%02x", bytes.length) + HexFormat.of().formatHex(bytes);
    }

    // ---- frames

    @Test
    void requestBehindOtherFrames() {
        assertEquals("www.example.com / 1", Connection.begun().headers(EXAMPLE).outcome());
        Connection other = Connection.begun();
        other.frame(8, 0, 0, "00ff0000"); // WINDOW_UPDATE
        other.frame(2, 0, 3, "0000000010"); // PRIORITY
        other.frame(6, 0, 0, "0000000000000000"); // PING
        other.frame(16, 0, 0, "00000000753d30"); // PRIORITY_UPDATE
        other.frame(4, 0, 0, "");
        assertEquals("www.example.com / 5", other.frame(1, 4, 5, EXAMPLE).outcome());
    }

    @Test
    void paddedPrioritizedAndContinued() {
        assertEquals(
                "www.example.com / 1",
                Connection.begun()
                        .frame(1, 0x2D, 1, "03" + "0000000010" + EXAMPLE + "000000")
                        .outcome());
        Connection pieces = Connection.begun().frame(1, 0x9, 1, "01" + EXAMPLE.substring(0, 10) + "ff");
        assertEquals("incomplete", pieces.outcome());
        pieces.frame(9, 0, 1, EXAMPLE.substring(10, 12)).frame(9, 0, 1, "");
        assertEquals("incomplete", pieces.outcome());
        assertEquals(
                "www.example.com / 1",
                pieces.frame(9, 4, 1, EXAMPLE.substring(12)).outcome());
    }

    @Test
    void malformedFrames() {
        String fault = "HTTP2_FRAME";
        assertEquals(fault, new Connection().headers(EXAMPLE).outcome()); // without SETTINGS
        assertEquals(fault, new Connection().frame(4, 1, 0, "").outcome()); // an acknowledgement
        assertEquals(fault, new Connection().frame(4, 0, 1, "").outcome());
        assertEquals(fault, new Connection().frame(4, 0, 0, "00").outcome());
        assertEquals(fault, Connection.begun().frame(1, 5, 2, EXAMPLE).outcome()); // an even stream
        assertEquals(fault, Connection.begun().frame(1, 5, 0, EXAMPLE).outcome());
        assertEquals(fault, Connection.begun().frame(9, 4, 1, EXAMPLE).outcome()); // nothing to continue
        assertEquals(fault, Connection.begun().frame(0, 0, 1, "00").outcome());
        assertEquals(
                fault, Connection.begun().frame(7, 0, 0, "0000000000000000").outcome());
        assertEquals(fault, Connection.begun().frame(1, 0xD, 1, "04000000").outcome()); // more padding than payload
        assertEquals(fault, Connection.begun().frame(1, 0xD, 1, "").outcome());
        assertEquals(fault, Connection.begun().frame(1, 0x25, 1, "00000000").outcome()); // half a priority
        Connection interrupted = Connection.begun().frame(1, 1, 1, REQUEST);
        assertEquals(fault, interrupted.frame(8, 0, 0, "00ff0000").outcome());
        Connection otherStream = Connection.begun().frame(1, 1, 1, REQUEST);
        assertEquals(fault, otherStream.frame(9, 4, 3, EXAMPLE).outcome());
        assertEquals(
                "TOO_LONG",
                Connection.begun().frame(1, 4, 1, "00".repeat(16_400)).outcome());
        Connection endless = Connection.begun();
        for (int n = 0; n < 2_000; n++) endless.frame(8, 0, 0, "00000001");
        assertEquals("TOO_LONG", endless.outcome());
    }

    /** Each frame costs what it adds, not what came before. */
    @Test
    void manySmallFramesAreCheap() {
        Connection many = Connection.begun()
                .frame(1, 1, 1, EXAMPLE + literal("x", "y".repeat(120)).repeat(60));
        for (int n = 0; n < 800; n++) many.frame(9, 0, 1, "");
        byte[] bytes = many.frame(9, 4, 1, "").bytes.toByteArray();
        Opening opening = ofHttp(bytes, Integer.MAX_VALUE);
        assertNotNull(opening);
        assertEquals("www.example.com", opening.name());
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        ofHttp(bytes, Integer.MAX_VALUE);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < 1_000_000, () -> allocated + " bytes were allocated for " + bytes.length);
    }

    // ---- headers

    @Test
    void examples() {
        assertEquals("www.example.com / 1", outcome(REQUEST + "418cf1e3c2e5f23a6ba0ab90f4ff")); // C.4.1
        assertEquals(
                "app.example.com /sample/path 1",
                outcome("8286" + "040c2f73616d706c652f70617468" + "010f"
                        + text("app.example.com").substring(2))); // C.2.2
        String secret = "100870617373776f726406736563726574"; // C.2.3
        assertEquals("www.example.com / 1", outcome(EXAMPLE + secret));
        String custom = "400a637573746f6d2d6b65790d637573746f6d2d686561646572"; // C.2.1
        assertEquals("www.example.com / 1", outcome(EXAMPLE + custom + "be")); // the table has it
    }

    @Test
    void hosts() {
        String authority = literal(":authority", "app.example.com:80");
        assertEquals("app.example.com / 1", outcome(REQUEST + authority));
        assertEquals("app.example.com / 1", outcome(REQUEST + authority + literal("host", "APP.example.com:80")));
        assertEquals("app.example.com / 1", outcome(REQUEST + literal("host", "App.example.com.")));
        assertEquals(" / 1", outcome(REQUEST + literal(":authority", "[::1]")));
        assertEquals("NO_HOST", outcome(REQUEST));
        assertEquals("OTHER_TARGET", outcome(REQUEST + authority + literal("host", "other.example.com")));
        assertEquals("OTHER_TARGET", outcome(REQUEST + authority + literal("host", "app.example.com")));
        assertEquals("HTTP2_HEADERS", outcome(REQUEST + authority + authority));
        assertEquals("HTTP2_HEADERS", outcome(REQUEST + literal("host", "a") + literal("host", "a")));
        assertEquals("HOST", outcome(REQUEST + literal(":authority", "user@app.example.com")));
        assertEquals("HOST", outcome(REQUEST + literal(":authority", "b\u00FCcher.example")));
        assertEquals("HOST", outcome(REQUEST + literal(":authority", "")));
        assertEquals("HTTP2_HEADERS", outcome(REQUEST + literal(":authority", "a\0b")));
    }

    @Test
    void malformedHeaders() {
        String fault = "HTTP2_HEADERS";
        assertEquals(fault, outcome(EXAMPLE + literal("Host", "app.example.com"))); // upper case
        assertEquals(fault, outcome(EXAMPLE + literal("x\r\nhost", "app.example.com")));
        assertEquals(fault, outcome(EXAMPLE + literal("x", "y\r\nhost: app.example.com")));
        assertEquals(fault, outcome(EXAMPLE + literal("host ", "app.example.com")));
        assertEquals(fault, outcome(EXAMPLE + literal("", "app.example.com")));
        assertEquals(fault, outcome(EXAMPLE + literal(":", "app.example.com")));
        assertEquals(fault, outcome(EXAMPLE + literal(":protocol", "websocket")));
        assertEquals(fault, outcome(EXAMPLE + literal(":status", "200")));
        assertEquals(fault, outcome(literal("x", "y") + EXAMPLE)); // a pseudo-header behind another
        assertEquals(fault, outcome(EXAMPLE + "82")); // :method again
        assertEquals(fault, outcome("8684" + literal(":authority", "a.example"))); // no method
        assertEquals(fault, outcome("8286" + literal(":authority", "a.example"))); // no path
        assertEquals(fault, outcome("8284" + literal(":authority", "a.example"))); // no scheme
        assertEquals(fault, outcome("8286" + literal(":path", "x") + literal(":authority", "a.example")));
        assertEquals(fault, outcome("8286" + literal(":path", "/ HTTP/1.1") + literal(":authority", "a.example")));
        assertEquals("METHOD_CONNECT", outcome(literal(":method", "CONNECT") + literal(":authority", "a.example")));
    }

    @Test
    void malformedCompression() {
        String fault = "HTTP2_HEADERS";
        assertEquals(fault, outcome(EXAMPLE + "80")); // index 0
        assertEquals(fault, outcome(EXAMPLE + "bf")); // behind the table: only 62 is there
        assertEquals(fault, outcome(EXAMPLE + "ff")); // a number that does not end
        assertEquals(fault, outcome(EXAMPLE + "ff808080808001"));
        assertEquals(fault, outcome(EXAMPLE + "ffffffff7f"));
        assertEquals(fault, outcome(EXAMPLE + "0005")); // a text that does not end
        assertEquals(fault, outcome(EXAMPLE + "007f8f8f8f7f"));
        assertEquals(fault, outcome(EXAMPLE + "0084ffffffff0161")); // the end in Huffman code
        assertEquals(fault, outcome(EXAMPLE + "3f")); // half a size, and too late
        assertEquals(fault, outcome(EXAMPLE + "20"));
        assertEquals(fault, outcome("3fe21f" + EXAMPLE)); // 4,097 bytes
        assertEquals("www.example.com / 1", outcome("3fe11f" + EXAMPLE)); // 4,096 bytes
        assertEquals("www.example.com / 1", outcome("20" + EXAMPLE));
        assertEquals(fault, outcome("20" + EXAMPLE + "be")); // a table without room
    }

    @Test
    void tableHasItsSize() {
        String block = REQUEST + "41" + text("a.example"); // 10 + 9 + 32 bytes
        String entry = "40" + text("x") + "7f01" + "61".repeat(128); // 1 + 128 + 32 bytes
        String full = block + entry.repeat(25); // 51 + 25 * 161 = 4,076 bytes
        assertEquals("HTTP2_HEADERS", outcome(full + "d7")); // the authority is still there, but repeated
        assertEquals("HTTP2_HEADERS", outcome(full + "d8"));
        assertEquals("a.example / 1", outcome(full + entry + "d6")); // it was evicted, and so was the oldest entry
        assertEquals("HTTP2_HEADERS", outcome(full + entry + "d7"));
        assertEquals(
                "a.example / 1",
                outcome(block + "40" + text("y") + "7fe11e" + "62".repeat(4_064))); // larger than the table
        assertEquals("HTTP2_HEADERS", outcome(block + "40" + text("y") + "7fe11e" + "62".repeat(4_064) + "be"));
    }

    /** Blocks of random bytes are decoded to the end or refused, in time that depends on their length only. */
    @Test
    void randomBlocks() {
        Random random = new Random(11);
        for (int n = 0; n < 5_000; n++) {
            byte[] block = new byte[random.nextInt(300)];
            random.nextBytes(block);
            new HeaderBlock(block).decode((name, value) -> {
                assertEquals(name, name.toLowerCase(Locale.ROOT));
                return true;
            });
        }
    }
}
