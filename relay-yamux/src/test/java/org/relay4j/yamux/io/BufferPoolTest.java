package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.yamux.core.Chunk;
import org.relay4j.yamux.core.OutputBuffer;

class BufferPoolTest {
    private static final int LIMIT = 10 << 20; // bytes

    private final AtomicLong now = new AtomicLong(-7); // ns
    private final BufferPool pool = new BufferPool(LIMIT, 1 << 20, now::get, ByteBuffer::allocateDirect);

    /** The leak check finds the pool by name, so it would find nothing under another one. */
    @Test
    void leakCheckSeesTheSharedPool() {
        Chunk chunk = BufferPool.shared().acquireOutput();
        try {
            assertEquals(BufferPool.shared().inUse(), LeakCheck.inUse());
            assertTrue(LeakCheck.inUse() >= OutputBuffer.CAPACITY);
        } finally {
            BufferPool.shared().release(chunk);
        }
    }

    @Test
    void chunksAreDirectAndAsLargeAsIsNeeded() {
        assertEquals(4 * 1024, pool.acquire(1, false).bytes.capacity());
        assertEquals(4 * 1024, pool.acquire(4 * 1024, false).bytes.capacity());
        assertEquals(64 * 1024, pool.acquire(4 * 1024 + 1, false).bytes.capacity());
        assertEquals(64 * 1024, pool.acquire(1 << 20, false).bytes.capacity());
        Chunk output = pool.acquireOutput();
        assertEquals(OutputBuffer.CAPACITY, output.bytes.capacity());
        assertTrue(output.bytes.isDirect());
        assertEquals(2 * 4 * 1024 + 2 * 64 * 1024 + OutputBuffer.CAPACITY, pool.inUse());
    }

    @Test
    void oneUsedLastIsUsedFirst() {
        Chunk first = pool.acquire(100, false);
        Chunk second = pool.acquire(100, false);
        assertNotSame(first, second);
        pool.release(first);
        pool.release(second);
        assertEquals(0, pool.inUse());
        assertSame(second, pool.acquire(100, false));
        assertSame(first, pool.acquire(100, false));
    }

    @Test
    void accountIsRightWithManyThreads() {
        List<Call<Void>> calls = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            calls.add(Call.run(() -> {
                for (int n = 0; n < 2000; n++) {
                    Chunk small = pool.acquire(n % 10_000, false);
                    Chunk output = pool.acquireOutput();
                    pool.release(small);
                    pool.release(output);
                }
            }));
        }
        calls.forEach(Call::result);
        assertEquals(0, pool.inUse());
    }

    @Test
    void givesNoMemoryForReceivedBytesBeyondTheLimit() {
        List<Chunk> chunks = new ArrayList<>();
        for (Chunk chunk; (chunk = pool.acquire(64 * 1024, false)) != null; ) chunks.add(chunk);
        assertEquals(LIMIT / (64 * 1024), chunks.size());
        assertNull(pool.acquire(1, false));
        Chunk owed = pool.acquire(1, true);
        assertNotNull(owed, "whoever has nothing is given a little all the same");
        pool.release(owed);
        Chunk output = pool.acquireOutput();
        assertEquals(64 * 1024, output.bytes.capacity(), "a session can always send, if only a little at once");
        pool.release(output);
        for (int n = 0; n < 8; n++) pool.release(chunks.remove(0));
        output = pool.acquireOutput();
        assertEquals(64 * 1024, output.bytes.capacity(), "512 KiB are free, 520 are needed");
        pool.release(output);
        pool.release(chunks.remove(0));
        output = pool.acquireOutput();
        assertEquals(OutputBuffer.CAPACITY, output.bytes.capacity());
        pool.release(output);
        chunks.add(pool.acquire(1, false));
        chunks.forEach(pool::release);
        assertEquals(0, pool.inUse());
    }

    @Test
    void whatWasInUseIsUsedAgainAndDroppedWhenItIsNotNeeded() {
        BufferPool larger = new BufferPool(100 << 20, 0, now::get, ByteBuffer::allocateDirect);
        Set<Chunk> first = wave(larger, 600);
        now.addAndGet(BufferPool.PERIOD); // a period that has seen them
        assertEquals(first, wave(larger, 600), "nothing new is allocated for the second wave");
        now.addAndGet(BufferPool.PERIOD);
        assertEquals(first, wave(larger, 600));
        wave(larger, 1);
        now.addAndGet(BufferPool.PERIOD); // the end of the period of the last wave
        wave(larger, 1);
        now.addAndGet(BufferPool.PERIOD); // and of one that has needed next to nothing
        wave(larger, 1);
        Set<Chunk> later = wave(larger, 600);
        later.retainAll(first);
        assertEquals(BufferPool.KEPT / (64 * 1024), later.size());
    }

    @Test
    void jvmThatHasNoMemoryLeftIsNotAskedAgainForAWhile() {
        AtomicInteger asked = new AtomicInteger();
        BufferPool scarce = new BufferPool(LIMIT, 0, now::get, size -> {
            asked.incrementAndGet();
            if (size > 64 * 1024) throw new OutOfMemoryError("as if");
            return ByteBuffer.allocateDirect(size);
        });
        List<Chunk> outputs = new ArrayList<>();
        for (int n = 0; n < 10; n++) outputs.add(scarce.acquireOutput());
        assertEquals(11, asked.get(), "once for 520 KiB, and for each of the 64 KiB, without which nothing goes on");
        now.addAndGet(BufferPool.EXHAUSTED + 2);
        outputs.add(scarce.acquireOutput());
        assertEquals(13, asked.get());
        assertEquals(11 * 64 * 1024, scarce.inUse());
        outputs.forEach(scarce::release);
        assertEquals(0, scarce.inUse());
    }

    @Test
    void freeMemoryOfOneSizeGoesBeforeTheBudgetIsExceededForAnother() {
        wave(pool, 160);
        List<Chunk> small = new ArrayList<>();
        for (Chunk chunk; (chunk = pool.acquire(1, false)) != null; ) small.add(chunk);
        assertEquals(LIMIT / 4096, small.size());
        assertEquals(LIMIT, pool.held());
        small.forEach(pool::release);
        assertEquals(0, pool.inUse());
    }

    /** So many chunks of 64 KiB at once. */
    private static Set<Chunk> wave(BufferPool pool, int count) {
        Set<Chunk> chunks = new HashSet<>();
        for (int n = 0; n < count; n++) chunks.add(pool.acquire(64 * 1024, false));
        chunks.forEach(pool::release);
        return chunks;
    }

    @Test
    void promisesNoMoreThanItsShare() {
        assertTrue(pool.promise(1 << 19));
        assertFalse(pool.promise((1 << 19) + 1));
        assertTrue(pool.promise(1 << 19));
        assertFalse(pool.promise(1));
        pool.takeBack(5);
        assertFalse(pool.promise(6));
        assertTrue(pool.promise(5));
    }

    @Test
    void budgetIsWhatThePropertySays() {
        assertEquals(7, BufferPool.budget(null, () -> 7));
        assertEquals(5_000_000, BufferPool.budget("5000000", () -> 7));
        assertEquals(8192L << 10, BufferPool.budget("8192k", () -> 7));
        assertEquals(256L << 20, BufferPool.budget("256M", () -> 7));
        assertEquals(2L << 30, BufferPool.budget("2g", () -> 7));
        for (String wrong : new String[] {"", "lots", "-1", "1m", "4", "0x100", "1.5g", "999999999999g"}) {
            try (Logged log = Logged.below("org.relay4j.yamux.io")) {
                assertEquals(7, BufferPool.budget(wrong, () -> 7));
                assertTrue(log.lines("WARN").get(0).contains("relay4j.bufferBudget=" + wrong), log.lines()::toString);
            }
        }
    }
}
