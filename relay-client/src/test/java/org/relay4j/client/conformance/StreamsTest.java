package org.relay4j.client.conformance;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Visitor;

/** Bytes in and out of an accepted socket. */
class StreamsTest extends ConnectedConformance {
    private static final int MUCH = 3 << 20; // bytes; more than windows and buffers on the way take

    // ---- reading

    @Test
    void bytesAreUnsignedAndTheEndIsNone() throws IOException {
        byte[] all = new byte[256];
        for (int i = 0; i < all.length; i++) all[i] = (byte) i;
        visitor.getOutputStream().write(all);
        visitor.shutdownOutput();
        for (int i = 0; i < all.length; i++) assertEquals(i, in.read());
        for (int i = 0; i < 3; i++) {
            assertEquals(-1, in.read());
            assertEquals(-1, in.read(new byte[4]));
            assertEquals(0, in.available());
            assertEquals(0, in.skip(4));
            assertEquals(0, in.readNBytes(4).length);
        }
    }

    @Test
    void readTakesWhatThereIs() throws IOException {
        Visitor.send(visitor, "abc");
        await(3);
        byte[] into = new byte[8];
        assertEquals(2, in.read(into, 1, 2));
        assertArrayEquals(new byte[] {0, 'a', 'b', 0, 0, 0, 0, 0}, into);
        assertEquals(1, in.read(into));
        assertEquals('c', into[0]);
    }

    @Test
    void readOfNothingDoesNotWait() throws IOException {
        assertEquals(0, in.read(new byte[0]));
        assertEquals(0, in.read(new byte[4], 4, 0));
        assertEquals(0, in.readNBytes(0).length);
        Visitor.send(visitor, "x");
        await(1);
        assertEquals(0, in.read(new byte[0]));
        assertEquals(1, in.available());
        assertEquals('x', in.read());
        visitor.shutdownOutput();
        assertEquals(-1, in.read());
        assertEquals(0, in.read(new byte[0]));
    }

    @Test
    void availableIsWhatCanBeReadWithoutWaiting() throws IOException {
        assertEquals(0, in.available());
        Visitor.send(visitor, "abcde");
        await(5);
        in.read();
        assertEquals(4, in.available());
        assertEquals(4, in.read(new byte[9]));
        assertEquals(0, in.available());
    }

    @Test
    void skipPassesBytesOver() throws IOException {
        Visitor.send(visitor, "0123456789");
        await(10);
        assertEquals(0, in.skip(0));
        assertEquals(0, in.skip(-3));
        assertEquals(4, in.skip(4));
        assertEquals('4', in.read());
        in.skipNBytes(2);
        assertEquals('7', in.read());
        visitor.shutdownOutput();
        assertEquals(2, in.skip(100));
        assertEquals(-1, in.read());
        assertThrows(java.io.EOFException.class, () -> in.skipNBytes(1));
    }

    @Test
    void readNBytesWaitsForAll() throws IOException {
        Visitor.send(visitor, "abc");
        Call<byte[]> reading = call(() -> in.readNBytes(6)).awaitBlocked();
        Visitor.send(visitor, "defgh");
        assertEquals("abcdef", new String(reading.result(), US_ASCII));
        visitor.shutdownOutput();
        assertEquals("gh", new String(in.readNBytes(10), US_ASCII));
    }

    @Test
    void readNBytesIntoAnArray() throws IOException {
        Visitor.send(visitor, "abcd");
        visitor.shutdownOutput();
        byte[] into = new byte[8];
        assertEquals(3, in.readNBytes(into, 2, 3));
        assertArrayEquals(new byte[] {0, 0, 'a', 'b', 'c', 0, 0, 0}, into);
        assertEquals(1, in.readNBytes(into, 0, 8));
    }

    @Test
    void readAllBytesAndTransferToGoToTheEnd() throws IOException {
        Call<Void> sending = run(() -> {
            Pattern.write(1, MUCH, visitor.getOutputStream());
            visitor.shutdownOutput();
        });
        ByteArrayOutputStream got = new ByteArrayOutputStream();
        assertEquals(MUCH, in.transferTo(got));
        sending.result();
        assertEquals(-1, Arrays.mismatch(Pattern.bytes(1, MUCH), got.toByteArray()));
        assertEquals(0, in.readAllBytes().length);
    }

    @Test
    void transferToIsAnEcho() throws IOException {
        Call<Long> echo = call(() -> {
            long length = in.transferTo(out);
            accepted.shutdownOutput();
            return length;
        });
        Call<Void> sending = run(() -> {
            Pattern.write(2, MUCH, visitor.getOutputStream());
            visitor.shutdownOutput();
        });
        Pattern.check(2, MUCH, visitor.getInputStream());
        Visitor.expectEnd(visitor);
        sending.result();
        assertEquals(MUCH, echo.result());
    }

    @Test
    void hasNoMarks() {
        assertFalse(in.markSupported());
        in.mark(10);
        assertThrows(IOException.class, in::reset);
    }

    @Test
    void badReadsAreRefused() throws IOException {
        byte[] four = new byte[4];
        assertThrows(NullPointerException.class, () -> in.read(null));
        assertThrows(NullPointerException.class, () -> in.read(null, 0, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> in.read(four, -1, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> in.read(four, 0, -1));
        assertThrows(IndexOutOfBoundsException.class, () -> in.read(four, 3, 2));
        assertThrows(IndexOutOfBoundsException.class, () -> in.read(four, 5, 0));
        assertThrows(IndexOutOfBoundsException.class, () -> in.read(four, 1, Integer.MAX_VALUE));
        assertThrows(NullPointerException.class, () -> in.transferTo(null));
        assertThrows(IllegalArgumentException.class, () -> in.readNBytes(-1));
        Visitor.send(visitor, "ok");
        Visitor.expect(accepted, "ok");
    }

    // ---- writing

    @Test
    void writesOfEachSortArrive() throws IOException {
        out.write(0x141); // the low eight bits count
        out.write("bc".getBytes(US_ASCII));
        out.write("xxdexx".getBytes(US_ASCII), 2, 2);
        out.flush();
        Visitor.expect(visitor, "Abcde");
    }

    @Test
    void writeOfNothingSendsNothing() throws IOException {
        out.write(new byte[0]);
        out.write(new byte[3], 3, 0);
        out.write('x');
        assertEquals('x', visitor.getInputStream().read());
        accepted.shutdownOutput();
        Visitor.expectEnd(visitor);
    }

    @Test
    void badWritesAreRefused() throws IOException {
        byte[] four = new byte[4];
        assertThrows(NullPointerException.class, () -> out.write(null));
        assertThrows(NullPointerException.class, () -> out.write(null, 0, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> out.write(four, -1, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> out.write(four, 0, -1));
        assertThrows(IndexOutOfBoundsException.class, () -> out.write(four, 3, 2));
        assertThrows(IndexOutOfBoundsException.class, () -> out.write(four, 1, Integer.MAX_VALUE));
        out.write('x');
        assertEquals('x', visitor.getInputStream().read());
    }

    @Test
    void oneLargeWriteArrivesWhole() throws IOException {
        Call<Void> writing = run(() -> {
            out.write(Pattern.bytes(3, MUCH));
            accepted.shutdownOutput();
        });
        Pattern.check(3, MUCH, visitor.getInputStream());
        Visitor.expectEnd(visitor);
        writing.result();
    }

    // ---- both

    @Test
    void bothDirectionsAtOnce() throws IOException {
        Call<Void> here = run(() -> Pattern.write(4, MUCH, out));
        Call<Void> there = run(() -> Pattern.write(5, MUCH, visitor.getOutputStream()));
        Call<Void> reader = run(() -> Pattern.check(5, MUCH, in));
        Pattern.check(4, MUCH, visitor.getInputStream());
        here.result();
        there.result();
        reader.result();
        accepted.close();
        Visitor.expectEnd(visitor);
    }

    @Test
    void closingAStreamClosesTheSocket() throws IOException {
        in.close();
        assertTrue(accepted.isClosed());
        Visitor.expectEnd(visitor);
        Pair other = connect();
        other.accepted().getOutputStream().close();
        assertTrue(other.accepted().isClosed());
        Visitor.expectEnd(other.visitor());
    }

    private void await(int available) {
        Await.until(available + " bytes have arrived", () -> in.available() == available);
    }
}
