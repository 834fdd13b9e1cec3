package org.relay4j.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FrameTest {
    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 0,          000100010000000100000000",
        "1, 2, 2, 6029312,    0001000200000002005c0000",
        "2, 1, 0, 4294967295, 0002000100000000ffffffff",
        "3, 0, 0, 1,          000300000000000000000001",
        "255, 65535, -1, 5,   00ffffffffffffff00000005"
    })
    void header(int type, int flags, int id, long length, String hex) {
        Frame frame = Frame.of(type, flags, id, length);
        assertEquals(hex, HexFormat.of().formatHex(frame.encoded()));
        Frame read = Frame.ofHeader(java.nio.ByteBuffer.wrap(HexFormat.of().parseHex(hex)));
        assertEquals(frame.toString(), read.toString());
        assertEquals(length, read.length());
    }

    @Test
    void dataWithBodyAndVersion() {
        Frame frame = Frame.data(Frame.FIN, 3, new byte[] {0x68, 0x69}).withVersion(7);
        assertEquals("0700000400000003000000026869", HexFormat.of().formatHex(frame.encoded()));
        assertArrayEquals(new byte[] {0x68, 0x69}, frame.body());
    }

    @Test
    void oneLine() {
        assertEquals("WindowUpdate SYN|ACK id=1 length=9", Frame.of(1, 3, 1, 9).toString());
        assertEquals(
                "Data - id=4294967293 length=2 0102",
                Frame.data(0, -3, new byte[] {1, 2}).toString());
        assertEquals(
                "Version1 Type9 RST|0x8010 id=0 length=0",
                Frame.of(9, 0x8018, 0, 0).withVersion(1).toString());
        assertEquals(
                "Data FIN id=1 length=17 00000000000000000000000000000000...",
                Frame.data(Frame.FIN, 1, new byte[17]).toString());
    }

    @Test
    void payloadsDiffer() {
        byte[] one = Payload.of(1000, 1);
        byte[] two = Payload.of(1000, 2);
        int same = 0;
        for (int i = 0; i < one.length; i++) {
            if (one[i] == two[i]) same++;
        }
        assertEquals(true, same < 50, same + " bytes are the same");
    }
}
