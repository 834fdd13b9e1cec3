package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class SendBufferTest {
    private final CountingBuffers memory = new CountingBuffers();
    private final SendBuffer buffer = new SendBuffer(memory);

    @AfterEach
    void memoryIsReturnedWhenNothingWaits() {
        if (buffer.isEmpty()) memory.assertAllReturned();
        buffer.clear();
        memory.assertAllReturned();
    }

    @Test
    void emptyBufferHoldsNoMemory() {
        assertTrue(buffer.isEmpty());
        assertTrue(buffer.atBoundary());
        assertNull(buffer.unsent(false));
        assertNull(buffer.take());
        assertEquals(0, memory.acquired());
        assertEquals(SendBuffer.LARGE_DATA_ROOM - 12, buffer.room());
    }

    @Test
    void framesLeaveInTheirOrderAndControlInFront() {
        data(1, 5);
        buffer.append(Frame.WINDOW_UPDATE, Frame.FIN, 1, 0);
        buffer.prepend(Frame.WINDOW_UPDATE, Frame.ACK, 2, 0);
        buffer.prepend(Frame.PING, Frame.ACK, 0, 9);
        assertEquals(
                Wire.lines(Wire.bytes(Wire.pong(9), Wire.ack(2), Wire.data(0, 1, body(1, 5)), Wire.fin(1))),
                Wire.lines(sendAll(1000)));
        assertEquals(1, memory.acquired());
    }

    @Test
    void controlWaitsForTheEndOfAFrameThatIsSentInPart() {
        data(1, 100);
        data(3, 100);
        for (int sent = 1; sent < 112; sent++) {
            buffer.sent(1);
            assertEquals(sent % 112 == 0, buffer.atBoundary(), sent + " bytes sent");
            assertEquals(0, buffer.frontRoom());
            assertEquals(112 - sent, buffer.unsent(true).remaining());
            assertEquals(224 - sent, buffer.unsent(false).remaining());
        }
        buffer.sent(1);
        assertTrue(buffer.atBoundary());
        buffer.prepend(Frame.PING, Frame.ACK, 0, 1);
        assertEquals(
                Wire.lines(Wire.bytes(Wire.pong(1), Wire.data(0, 3, body(3, 100)))),
                Wire.lines(sendAll(Integer.MAX_VALUE)));
    }

    @Test
    void boundaryIsKnownWhereverAWriteEnds() {
        int[] ends = {12, 12 + 17, 12 + 17 + 12, 12 + 17 + 12 + 12};
        for (int sent = 1; sent < ends[3]; sent++) {
            int cut = sent;
            fourFrames();
            buffer.sent(sent);
            boolean boundary = Arrays.stream(ends).anyMatch(end -> end == cut);
            assertEquals(boundary, buffer.atBoundary(), sent + " bytes sent");
            int next = Arrays.stream(ends).filter(end -> end >= cut).findFirst().orElseThrow();
            assertEquals(next - sent, buffer.unsent(true).remaining(), sent + " bytes sent");
            buffer.clear();
        }
    }

    @Test
    void bytesAreTheSameWhereverWritesEnd() {
        fourFrames();
        byte[] all = sendAll(Integer.MAX_VALUE);
        for (int part = 1; part < all.length; part++) {
            fourFrames();
            assertArrayEquals(all, sendAll(part), "sent " + part + " bytes at a time");
        }
    }

    @Test
    void headroomHoldsASmallNumberOfControlFrames() {
        int room = SendBuffer.HEADROOM / 12;
        for (int n = room; n > 0; n--) {
            assertEquals(n, buffer.frontRoom());
            buffer.prepend(Frame.PING, Frame.ACK, 0, n);
        }
        assertEquals(0, buffer.frontRoom());
        assertEquals(room * 12, buffer.size());
        buffer.sent(24);
        assertEquals(2, buffer.frontRoom());
        ByteBuffer unsent = buffer.unsent(false);
        assertEquals(3, unsent.getInt(unsent.position() + 8));
    }

    @Test
    void dataLeavesTheTailFreeAndTheLastTwelveBytesAreForGoAway() {
        while (buffer.room() > 0) data(1, Math.min(buffer.room(), 60_000));
        int frames = 0;
        while (buffer.append(Frame.WINDOW_UPDATE, Frame.FIN, 1, 0)) frames++;
        assertTrue(frames >= 300, frames + " frames fit after the data");
        assertFalse(buffer.append(Frame.WINDOW_UPDATE, Frame.RST, 1, 0));
        assertTrue(buffer.append(Frame.GO_AWAY, 0, 0, 0));
        assertFalse(buffer.append(Frame.GO_AWAY, 0, 0, 0));
        byte[] all = sendAll(10_000);
        assertArrayEquals(Wire.bytes(Wire.goAway(0)), Arrays.copyOfRange(all, all.length - 12, all.length));
    }

    @Test
    void reservedPlaceIsAsLongAsAskedAndLiesBehindAHeader() {
        ByteBuffer place = buffer.reserve(77);
        assertEquals(77, place.remaining());
        place.put(body(1, 50));
        buffer.commit(1, 50);
        place = buffer.reserve(buffer.room());
        assertEquals(SendBuffer.DATA_ROOM - 12 - 62, place.remaining());
        place.put((byte) 1);
        buffer.commit(3, 1);
        assertEquals(
                Wire.lines(Wire.bytes(Wire.data(0, 1, body(1, 50)), Wire.data(0, 3, new byte[] {1}))),
                Wire.lines(sendAll(1000)));
    }

    @Test
    void onlyALongFrameTakesALargeBuffer() {
        int usual = SendBuffer.DATA_ROOM - 12;
        assertEquals(usual, buffer.reserve(usual).remaining());
        assertEquals(SendBuffer.CAPACITY, memory.bytesInUse());
        assertEquals(usual, buffer.room());
        buffer.cancel();
        assertEquals(usual + 1, buffer.reserve(usual + 1).remaining());
        assertEquals(SendBuffer.LARGE_CAPACITY, memory.bytesInUse());
        buffer.cancel();
        ByteBuffer longest = buffer.reserve(MuxStream.LONGEST_FRAME);
        longest.put(body(1, MuxStream.LONGEST_FRAME));
        buffer.commit(1, MuxStream.LONGEST_FRAME);
        assertTrue(buffer.room() >= SendQuantum.SHARED, "for frames of other streams");
        assertEquals(Frame.HEADER_LENGTH + MuxStream.LONGEST_FRAME, sendAll(100_000).length);
    }

    @Test
    void longFrameGetsWhatThereIsWhenMemoryIsShort() {
        memory.refuse();
        assertEquals(
                64 * 1024 - SendBuffer.HEADROOM - SendBuffer.TAIL - 12,
                buffer.reserve(MuxStream.LONGEST_FRAME).remaining());
        buffer.cancel();
    }

    @Test
    void cancelReturnsTheMemoryOnlyWhenNothingElseWaits() {
        buffer.reserve(10);
        buffer.cancel();
        memory.assertAllReturned();
        data(1, 10);
        buffer.reserve(10);
        buffer.cancel();
        assertEquals(1, memory.inUse());
        assertEquals(Wire.lines(Wire.bytes(Wire.data(0, 1, body(1, 10)))), Wire.lines(sendAll(1000)));
    }

    @Test
    void takenChunkBelongsToTheTaker() {
        data(1, 10);
        buffer.prepend(Frame.PING, Frame.ACK, 0, 1);
        Chunk taken = buffer.take();
        assertNotNull(taken);
        assertTrue(buffer.isEmpty());
        assertEquals(1, memory.inUse());
        data(3, 10);
        byte[] bytes = new byte[taken.bytes.remaining()];
        taken.bytes.get(bytes);
        assertEquals(Wire.lines(Wire.bytes(Wire.pong(1), Wire.data(0, 1, body(1, 10)))), Wire.lines(bytes));
        memory.release(taken);
        assertEquals(22, buffer.size());
    }

    @Test
    void compactionMakesRoomAndKeepsEveryByte() {
        data(1, 250_000);
        data(3, 200_000);
        data(5, 30_000);
        int before = buffer.room();
        byte[] first = send(400_000); // ends within the second frame
        assertTrue(buffer.room() > before, "room " + buffer.room() + ", before " + before);
        assertFalse(buffer.atBoundary());
        assertEquals(12 + 250_000 + 12 + 200_000 - 400_000, buffer.unsent(true).remaining());
        data(7, 250_000);
        byte[] rest = sendAll(Integer.MAX_VALUE);
        assertEquals(
                Wire.lines(Wire.bytes(
                        Wire.data(0, 1, body(1, 250_000)),
                        Wire.data(0, 3, body(3, 200_000)),
                        Wire.data(0, 5, body(5, 30_000)),
                        Wire.data(0, 7, body(7, 250_000)))),
                Wire.lines(joined(first, rest)));
    }

    @Test
    void shortOfMemoryItTakesLessAtOnce() {
        memory.refuse();
        ByteBuffer place = buffer.reserve(buffer.room());
        int room = 64 * 1024 - SendBuffer.HEADROOM - SendBuffer.TAIL - 12;
        assertEquals(room, place.remaining());
        assertEquals(room, buffer.room());
        buffer.cancel();
        while (buffer.room() > 0) data(1, Math.min(buffer.room(), 10_000));
        while (buffer.append(Frame.WINDOW_UPDATE, Frame.FIN, 1, 0)) assertEquals(64 * 1024, memory.bytesInUse());
        assertTrue(buffer.append(Frame.GO_AWAY, 0, 0, 0));
        assertTrue(buffer.size() > 64 * 1024 - SendBuffer.HEADROOM - 12, buffer.size() + " bytes wait");
        send(50_000);
        assertTrue(buffer.room() > 30_000, "what was sent leaves room");
        assertEquals(64 * 1024, memory.bytesInUse());
    }

    @Test
    void randomUseShortOfMemoryNeverLosesOrReordersAByte() {
        memory.refuse();
        useAtRandom();
    }

    @Tag("slow")
    @Test
    void randomUseNeverLosesOrReordersAByte() {
        useAtRandom();
    }

    private void useAtRandom() {
        for (int seed = 0; seed < 60; seed++) {
            Random random = new Random(seed);
            ByteArrayOutputStream appended = new ByteArrayOutputStream();
            ByteArrayOutputStream sent = new ByteArrayOutputStream();
            for (int step = 0; step < 200; step++) {
                int length = 1 + random.nextInt(random.nextInt(10) == 0 ? 200_000 : 2_000);
                if (random.nextBoolean() && buffer.room() >= length) {
                    int fitted = data(step, length);
                    appended.writeBytes(Wire.bytes(Wire.data(0, step, body(step, fitted))));
                } else if (random.nextInt(4) == 0 && buffer.append(Frame.WINDOW_UPDATE, Frame.FIN, step, 0)) {
                    appended.writeBytes(Wire.bytes(Wire.fin(step)));
                } else if (!buffer.isEmpty()) {
                    sent.writeBytes(send(1 + random.nextInt(Math.min(buffer.size(), 100_000))));
                }
            }
            sent.writeBytes(sendAll(Integer.MAX_VALUE));
            assertArrayEquals(appended.toByteArray(), sent.toByteArray(), "seed " + seed);
            memory.assertAllReturned();
        }
    }

    private void fourFrames() {
        buffer.append(Frame.WINDOW_UPDATE, Frame.SYN, 1, 0);
        data(1, 5);
        data(1, 0);
        buffer.append(Frame.WINDOW_UPDATE, Frame.FIN, 1, 0);
    }

    /** How many of the bytes found room. */
    private int data(int id, int length) {
        ByteBuffer place = buffer.reserve(length);
        int fitted = place.remaining();
        place.put(body(id, fitted));
        buffer.commit(id, fitted);
        return fitted;
    }

    private static byte[] body(int id, int length) {
        byte[] body = new byte[length];
        for (int n = 0; n < length; n++) body[n] = (byte) (id * 31 + n * 7 + (n >> 8));
        return body;
    }

    private byte[] sendAll(int part) {
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        while (!buffer.isEmpty()) sent.writeBytes(send(Math.min(part, buffer.size())));
        return sent.toByteArray();
    }

    private byte[] send(int length) {
        byte[] part = new byte[length];
        buffer.unsent(false).get(part);
        buffer.sent(length);
        return part;
    }

    private static byte[] joined(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
