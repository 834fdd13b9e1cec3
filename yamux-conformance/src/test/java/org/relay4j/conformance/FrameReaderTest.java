package org.relay4j.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class FrameReaderTest {
    @Test
    void framesInARow() throws IOException {
        Frame data = Frame.data(0, 1, new byte[] {1, 2, 3});
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(data.encoded());
        bytes.writeBytes(Frame.of(Frame.WINDOW_UPDATE, Frame.FIN, 1, 5).encoded()); // a length, and no body
        bytes.writeBytes(Frame.data(0, 1, new byte[0]).encoded());
        FrameReader reader = new FrameReader(new ByteArrayInputStream(bytes.toByteArray()));
        assertEquals(data.toString(), next(reader));
        assertEquals("WindowUpdate FIN id=1 length=5", next(reader));
        assertEquals("Data - id=1 length=0", next(reader));
        assertNull(reader.next());
    }

    private static String next(FrameReader reader) throws IOException {
        Frame frame = reader.next();
        assertNotNull(frame);
        return frame.toString();
    }

    @Test
    void endWithinAFrame() throws IOException {
        byte[] whole = Frame.data(0, 1, new byte[] {1, 2, 3}).encoded();
        for (int length = 1; length < whole.length; length++) {
            FrameReader reader = new FrameReader(new ByteArrayInputStream(Arrays.copyOf(whole, length)));
            assertThrows(EOFException.class, reader::next, "after " + length + " bytes");
        }
    }

    @Test
    void noMemoryForALengthAlone() {
        byte[] header =
                Frame.of(Frame.DATA, 0, 1, FrameReader.LARGEST_BODY + 1L).encoded();
        FrameReader reader = new FrameReader(new ByteArrayInputStream(header));
        IOException e = assertThrows(IOException.class, reader::next);
        assertTrue(String.valueOf(e.getMessage()).contains("16777217"), e::toString);
    }
}
