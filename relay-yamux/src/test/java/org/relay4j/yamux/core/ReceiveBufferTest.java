package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ReceiveBufferTest {
    private final CountingBuffers memory = new CountingBuffers();
    private final ReceiveBuffer buffer = new ReceiveBuffer(new ReceiveMemory(memory, Long.MAX_VALUE), new Nobody());
    private int written;
    private int read;

    @Test
    void emptyBufferHoldsNoMemory() {
        assertEquals(0, buffer.size());
        assertNull(buffer.peek());
        append(0);
        buffer.clear();
        assertEquals(0, memory.acquired());
    }

    @Test
    void takesAllOfItsInput() {
        ByteBuffer in = ByteBuffer.wrap(new byte[100], 10, 50);
        buffer.append(in, 0);
        assertFalse(in.hasRemaining());
        assertEquals(60, in.limit());
        assertEquals(50, buffer.size());
        buffer.clear();
        memory.assertAllReturned();
    }

    @Test
    void smallPiecesShareAChunk() {
        for (int n = 0; n < 4096; n++) append(1);
        assertEquals(1, memory.acquired());
        append(1);
        assertEquals(2, memory.acquired());
        readAll();
        memory.assertAllReturned();
    }

    @Test
    void largeInputIsCutIntoChunks() {
        append(200_000);
        assertEquals(200_000, buffer.size());
        assertEquals(4, memory.inUse());
        readAll();
        memory.assertAllReturned();
    }

    @Test
    void chunkGoesBackWhenItsLastByteIsTaken() {
        append(64 * 1024);
        append(10);
        take(64 * 1024 - 1);
        assertEquals(2, memory.inUse());
        take(1);
        assertEquals(1, memory.inUse());
        take(10);
        assertEquals(0, memory.inUse());
        assertNull(buffer.peek());
    }

    @Test
    void chunkThatWasReadInPartTakesMore() {
        append(100);
        take(50);
        append(100);
        assertEquals(150, buffer.size());
        assertEquals(1, memory.acquired());
        readAll();
        memory.assertAllReturned();
    }

    @Test
    void clearReturnsEverythingAndTheBufferWorksOn() {
        append(300_000);
        take(1000);
        buffer.clear();
        memory.assertAllReturned();
        assertEquals(0, buffer.size());
        assertNull(buffer.peek());
        read = written;
        append(10);
        readAll();
        memory.assertAllReturned();
    }

    @Test
    void bytesComeOutInTheirOrderUnderRandomUse() {
        Random random = new Random(5);
        for (int step = 0; step < 5_000; step++) {
            if (random.nextBoolean() && buffer.size() < 256 * 1024) append(1 + random.nextInt(20_000));
            else if (buffer.size() > 0) take(1 + random.nextInt(buffer.peek().remaining()));
            assertEquals(written - read, buffer.size());
            // At most one chunk is begun at each end.
            assertTrue(memory.bytesInUse() <= 16L * buffer.size() + 128 * 1024, memory.bytesInUse() + " bytes in use");
        }
        readAll();
        memory.assertAllReturned();
    }

    private void append(int length) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int n = 0; n < length; n++) bytes.write((written++ * 7) >> 3);
        buffer.append(ByteBuffer.wrap(bytes.toByteArray()), 0);
    }

    private void readAll() {
        while (buffer.size() > 0) take(buffer.peek().remaining());
    }

    private void take(int length) {
        byte[] taken = new byte[length];
        byte[] expected = new byte[length];
        for (int n = 0; n < length; n++) expected[n] = (byte) ((read++ * 7) >> 3);
        buffer.peek().get(taken);
        buffer.advance(length, 0);
        assertArrayEquals(expected, taken);
    }

    private static final class Nobody implements ReceiveBuffer.Owner {
        @Override
        public boolean hasEnded() {
            return false;
        }

        @Override
        public void drop(Cause cause) {}

        @Override
        public void sessionEnded(Cause cause) {}
    }
}
