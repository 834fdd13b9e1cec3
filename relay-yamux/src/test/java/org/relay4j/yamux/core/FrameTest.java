package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class FrameTest {
    @Test
    void constantsAreThoseOfTheSpecification() {
        assertEquals(12, Frame.HEADER_LENGTH);
        assertEquals(262_144, Frame.INITIAL_WINDOW);
        assertEquals(4_294_967_295L, Frame.MAX_WINDOW);
        assertArrayEquals(
                new int[] {0, 1, 2, 3}, new int[] {Frame.DATA, Frame.WINDOW_UPDATE, Frame.PING, Frame.GO_AWAY});
        assertArrayEquals(new int[] {1, 2, 4, 8}, new int[] {Frame.SYN, Frame.ACK, Frame.FIN, Frame.RST});
        assertArrayEquals(new int[] {0, 1, 2}, new int[] {Frame.NORMAL, Frame.PROTOCOL_ERROR, Frame.INTERNAL_ERROR});
    }

    @Test
    void headerIsBigEndianAndLeavesThePositionAlone() {
        ByteBuffer buffer = ByteBuffer.allocate(20).position(3);
        Frame.put(buffer, 5, Frame.WINDOW_UPDATE, Frame.SYN | Frame.RST, 0x81020304, 0xF0000005);
        assertEquals(3, buffer.position());
        byte[] expected = Wire.bytes("0000000000", "0001 0009 81020304 f0000005", "000000");
        assertArrayEquals(expected, buffer.array());
    }

    @Test
    void onlyDataFramesHaveABody() {
        ByteBuffer buffer = ByteBuffer.allocate(16);
        for (int type = Frame.DATA; type <= Frame.GO_AWAY; type++) {
            Frame.put(buffer, 4, type, 0, 1, 1000);
            assertEquals(type == Frame.DATA ? 1012 : 12, Frame.lengthOfFrameAt(buffer, 4), "type " + type);
        }
    }

    @Test
    void descriptionNamesTypeFlagsUnsignedIdAndLength() {
        assertEquals("DATA id=1 len=5", Frame.describe(Frame.DATA, 0, 1, 5));
        assertEquals(
                "WINDOW_UPDATE SYN ACK FIN RST id=4294967295 len=4294967295",
                Frame.describe(Frame.WINDOW_UPDATE, 15, -1, 0xFFFF_FFFFL));
        assertEquals("PING SYN id=0 len=7", Frame.describe(Frame.PING, Frame.SYN, 0, 7));
        assertEquals("GO_AWAY id=0 len=1", Frame.describe(Frame.GO_AWAY, 0, 0, 1));
        assertEquals("TYPE_9 id=2 len=0", Frame.describe(9, 0, 2, 0));
    }

    @Test
    void rolesDifferInParityAndLastId() {
        assertTrue(Role.CLIENT.opens(1));
        assertTrue(Role.CLIENT.opens(-1));
        assertFalse(Role.CLIENT.opens(2));
        assertTrue(Role.SERVER.opens(2));
        assertTrue(Role.SERVER.opens(-2));
        assertFalse(Role.SERVER.opens(1));
        assertEquals("4294967293", Integer.toUnsignedString(Role.CLIENT.lastId));
        assertEquals("4294967292", Integer.toUnsignedString(Role.SERVER.lastId));
    }
}
