package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FrameReaderTest {
    private static final String[] FRAMES = {
        Wire.syn(1),
        Wire.data(1, "hello"),
        Wire.data(Wire.FIN, 1, ""),
        Wire.ping(0x01020304),
        Wire.data(3, "x".repeat(300)),
        Wire.update(Wire.RST, 0xFFFFFFFFL, 0xFFFFFFFFL),
        Wire.header(0, 1, 0xFFFF, 2, 9),
        Wire.goAway(2),
        Wire.data(5, "."),
    };

    private static final List<String> CUT = List.of(
            "1 1 1 0",
            "0 0 1 5 [hello]",
            "0 4 1 0 []",
            "2 1 0 16909060",
            "0 0 3 300 [" + "x".repeat(300) + "]",
            "1 8 -1 4294967295",
            "1 65535 2 9",
            "3 0 0 2",
            "0 0 5 1 [.]");

    private final Cutting cutting = new Cutting();
    private final FrameReader reader = new FrameReader();

    @Test
    void cutsFramesThatArriveAtOnce() throws ProtocolViolation {
        read(Wire.bytes(FRAMES));
        assertEquals(CUT, cutting.frames);
    }

    @Test
    void cutsFramesThatArriveByteByByte() throws ProtocolViolation {
        for (byte one : Wire.bytes(FRAMES)) read(one);
        assertEquals(CUT, cutting.frames);
    }

    @Test
    void cutsFramesInTwoPartsAtEveryByte() throws ProtocolViolation {
        byte[] bytes = Wire.bytes(FRAMES);
        for (int at = 0; at <= bytes.length; at++) {
            cutting.frames.clear();
            read(java.util.Arrays.copyOfRange(bytes, 0, at));
            read(java.util.Arrays.copyOfRange(bytes, at, bytes.length));
            assertEquals(CUT, cutting.frames, "cut at byte " + at);
        }
    }

    @Test
    void cutsFramesInRandomParts() throws ProtocolViolation {
        byte[] bytes = Wire.bytes(FRAMES);
        for (int seed = 0; seed < 500; seed++) {
            Random random = new Random(seed);
            cutting.frames.clear();
            for (int at = 0; at < bytes.length; ) {
                int end = Math.min(bytes.length, at + random.nextInt(40));
                read(java.util.Arrays.copyOfRange(bytes, at, end));
                at = end;
            }
            assertEquals(CUT, cutting.frames, "seed " + seed);
        }
    }

    @Test
    void frameOfEveryTypeTruncatedAtEveryByteOfItsHeaderIsNoFrame() throws ProtocolViolation {
        for (int type = 0; type <= 3; type++) {
            byte[] header = Wire.bytes(Wire.header(0, type, 1, 1, 0));
            for (int length = 0; length < header.length; length++) {
                Cutting torso = new Cutting();
                new FrameReader().read(ByteBuffer.wrap(header, 0, length), torso);
                assertEquals(List.of(), torso.frames, "type " + type + " cut at byte " + length);
            }
        }
    }

    @Test
    void headersOfRandomContentAreReadBackAsTheyWerePut() throws ProtocolViolation {
        Random random = new Random(42);
        for (int n = 0; n < 10_000; n++) {
            int type = 1 + random.nextInt(3);
            int flags = random.nextInt(0x10000);
            int id = random.nextInt();
            int length = random.nextInt();
            ByteBuffer buffer = ByteBuffer.allocate(12);
            Frame.put(buffer, 0, type, flags, id, length);
            cutting.frames.clear();
            read(buffer.array());
            String expected = type + " " + flags + " " + id + " " + Integer.toUnsignedString(length);
            assertEquals(List.of(expected), cutting.frames);
        }
    }

    @Test
    void bodyArrivesInThePiecesInWhichItWasDelivered() throws ProtocolViolation {
        read(Wire.bytes(Wire.header(0, 0, 0, 1, 10) + Wire.text("abc")));
        read(Wire.bytes(Wire.text("defg")));
        read(Wire.bytes(Wire.text("hij"), Wire.fin(1)));
        assertEquals(List.of("abc", "defg", "hij"), cutting.pieces);
        assertEquals(List.of("0 0 1 10 [abcdefghij]", "1 4 1 0"), cutting.frames);
    }

    @Test
    void whatTheSinkLeavesOfABodyIsThrownAway() throws ProtocolViolation {
        cutting.takes = 2;
        read(Wire.bytes(Wire.data(1, "abcdef"), Wire.data(3, "ghi")));
        assertEquals(List.of("0 0 1 6 [ab]", "0 0 3 3 [gh]"), cutting.frames);
    }

    @Test
    void sinkThatTakesNothingStillSeesTheNextFrame() throws ProtocolViolation {
        cutting.takes = 0;
        read(Wire.bytes(Wire.data(1, "abcdef"), Wire.ping(1)));
        assertEquals(List.of("0 0 1 6 []", "2 1 0 1"), cutting.frames);
    }

    @Test
    void bodyOfFourGibibytesIsOnlyCounted() throws ProtocolViolation {
        read(Wire.bytes(Wire.header(0, 0, 0, 1, 0xFFFFFFFFL)));
        cutting.takes = 0;
        byte[] megabyte = new byte[1 << 20];
        for (int n = 0; n < 4095; n++) read(megabyte);
        read(new byte[(1 << 20) - 1]);
        read(Wire.bytes(Wire.ping(1)));
        assertEquals(List.of("0 0 1 4294967295 []", "2 1 0 1"), cutting.frames);
    }

    @Test
    void versionOtherThanZeroIsAViolation() {
        assertThrows(ProtocolViolation.class, () -> read(Wire.bytes(Wire.header(1, 0, 0, 1, 0))));
        assertThrows(
                ProtocolViolation.class,
                () -> new FrameReader().read(ByteBuffer.wrap(Wire.bytes(Wire.header(255, 0, 0, 1, 0))), cutting));
    }

    @Test
    void typeAboveThreeIsAViolation() {
        assertThrows(ProtocolViolation.class, () -> read(Wire.bytes(Wire.header(0, 4, 0, 1, 0))));
        assertThrows(
                ProtocolViolation.class,
                () -> new FrameReader().read(ByteBuffer.wrap(Wire.bytes(Wire.header(0, 255, 0, 1, 0))), cutting));
    }

    @Test
    void inputIsReadUpToItsLimitAndNoFurther() throws ProtocolViolation {
        byte[] bytes = Wire.bytes("ffff", Wire.data(1, "abc"), "ffff");
        ByteBuffer in = ByteBuffer.wrap(bytes, 2, 15);
        reader.read(in, cutting);
        assertFalse(in.hasRemaining());
        assertEquals(17, in.limit());
        assertEquals(List.of("0 0 1 3 [abc]"), cutting.frames);
    }

    private void read(byte... bytes) throws ProtocolViolation {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        reader.read(in, cutting);
        assertFalse(in.hasRemaining(), "bytes were left");
    }

    /** Writes down what it is given. */
    private static final class Cutting implements FrameReader.Sink {
        final List<String> frames = new ArrayList<>();
        final List<String> pieces = new ArrayList<>();
        int takes = Integer.MAX_VALUE;
        private final StringBuilder body = new StringBuilder();
        private String header = "";

        @Override
        public void onHeader(int type, int flags, int id, long length) {
            header = type + " " + flags + " " + id + " " + length;
            if (type != 0) frames.add(header);
        }

        @Override
        public void onBody(ByteBuffer piece) {
            byte[] taken = new byte[Math.min(takes, piece.remaining())];
            piece.get(taken);
            pieces.add(new String(taken, StandardCharsets.ISO_8859_1));
            body.append(pieces.get(pieces.size() - 1));
        }

        @Override
        public void onBodyEnd() {
            frames.add(header + " [" + body + "]");
            body.setLength(0);
        }
    }
}
