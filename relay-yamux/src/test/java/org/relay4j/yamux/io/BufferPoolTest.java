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
import org.relay4j.yamux.core.BufferSource;
import org.relay4j.yamux.core.Chunk;
import org.relay4j.yamux.core.SendBuffer;

class BufferPoolTest {
    private static final int LIMIT = 10 << 20; // bytes
    private static final int PIECE = 64 * 1024; // bytes

    private final AtomicLong now = new AtomicLong(-7); // ns
    private final BufferPool pool = new BufferPool(LIMIT, 1 << 20, now::get, ByteBuffer::allocateDirect);

    /** The leak check finds the pool by name, so it would find nothing under another one. */
    @Test
    void leakCheckSeesTheSharedPool() {
        Chunk chunk = BufferPool.shared().acquireOutput(false);
        try {
            assertEquals(BufferPool.shared().inUse(), LeakCheck.inUse());
            assertTrue(LeakCheck.inUse() >= SendBuffer.CAPACITY);
        } finally {
            BufferPool.shared().release(chunk);
        }
    }

    @Test
    void chunksAreDirectAndAsLargeAsIsNeeded() {
        assertEquals(4 * 1024, pool.acquire(1, 0).bytes.capacity());
        assertEquals(4 * 1024, pool.acquire(4 * 1024, 0).bytes.capacity());
        assertEquals(64 * 1024, pool.acquire(4 * 1024 + 1, 0).bytes.capacity());
        assertEquals(64 * 1024, pool.acquire(1 << 20, 0).bytes.capacity());
        Chunk output = pool.acquireOutput(false);
        assertEquals(SendBuffer.CAPACITY, output.bytes.capacity());
        assertTrue(output.bytes.isDirect());
        assertEquals(2 * 4 * 1024 + 2 * 64 * 1024 + SendBuffer.CAPACITY, pool.inUse());
        Chunk large = pool.acquireOutput(true);
        assertEquals(SendBuffer.LARGE_CAPACITY, large.bytes.capacity());
        pool.release(large);
        pool.release(output);
        assertSame(large, pool.acquireOutput(true));
        assertSame(output, pool.acquireOutput(false));
    }

    @Test
    void largeOutputIsTheFirstToBecomeSmaller() {
        BufferPool scarce = new BufferPool(2L * SendBuffer.LARGE_CAPACITY - 1, 0, now::get, ByteBuffer::allocateDirect);
        for (int n = 0; n < 3; n++)
            assertEquals(SendBuffer.CAPACITY, scarce.acquireOutput(true).bytes.capacity());
        assertEquals(64 * 1024, scarce.acquireOutput(true).bytes.capacity());
    }

    @Test
    void oneUsedLastIsUsedFirst() {
        Chunk first = pool.acquire(100, 0);
        Chunk second = pool.acquire(100, 0);
        assertNotSame(first, second);
        pool.release(first);
        pool.release(second);
        assertEquals(0, pool.inUse());
        assertSame(second, pool.acquire(100, 0));
        assertSame(first, pool.acquire(100, 0));
    }

    @Test
    void accountIsRightWithManyThreads() {
        List<Call<Void>> calls = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            calls.add(Call.run(() -> {
                for (int n = 0; n < 2000; n++) {
                    Chunk small = pool.acquire(n % 10_000, 0);
                    Chunk output = pool.acquireOutput(false);
                    pool.release(small);
                    pool.release(output);
                }
            }));
        }
        calls.forEach(Call::result);
        assertEquals(0, pool.inUse());
    }

    @Test
    void sessionMayHoldHalfOfWhatIsFreeAndAlwaysALittle() {
        List<Chunk> one = fill(pool, 0);
        assertEquals(LIMIT / 3 / PIECE, one.size(), "a third for a session that is alone");
        List<Chunk> two = fill(pool, 0);
        int left = LIMIT / PIECE - one.size();
        assertTrue(Math.abs(left / 3 - two.size()) <= 1, "and a third of what is left for the next");
        Chunk guaranteed = pool.acquire(1, BufferSource.GUARANTEED - 1);
        assertNotNull(guaranteed, "a session that holds next to nothing is given a little all the same");
        assertNull(pool.acquire(1, (long) one.size() * PIECE), "one that holds more than its part gets nothing");
    }

    @Test
    void sessionsThatTakeTurnsGetTheSame() {
        int sessions = 6;
        long[] held = new long[sessions];
        for (boolean any = true; any; ) {
            any = false;
            for (int n = 0; n < sessions; n++) {
                Chunk chunk = pool.acquire(PIECE, held[n]);
                if (chunk == null) continue;
                held[n] += PIECE;
                any = true;
            }
        }
        for (long bytes : held) assertTrue(Math.abs(LIMIT / (sessions + 2) - bytes) <= PIECE, () -> bytes + " bytes");
        assertTrue(LIMIT - pool.inUse() >= LIMIT / (sessions + 2), "what is left for others");
    }

    @Test
    void sessionCanAlwaysSend() {
        List<Chunk> outputs = new ArrayList<>();
        for (int n = 0; n < 100; n++) outputs.add(pool.acquireOutput(false));
        assertEquals(SendBuffer.CAPACITY, outputs.get(0).bytes.capacity());
        assertEquals(64 * 1024, outputs.get(99).bytes.capacity(), "if only a little at once");
        assertNotNull(pool.acquire(1, 0));
    }

    @Test
    void withoutDirectMemoryThereIsNoOutput() {
        BufferPool none = new BufferPool(LIMIT, 0, now::get, size -> {
            throw new OutOfMemoryError("as if");
        });
        assertNull(none.acquireOutput(false));
        assertNull(none.acquire(1, 0));
        assertEquals(0, none.inUse());
    }

    /** What a session gets that asks for more and more. */
    private static List<Chunk> fill(BufferPool pool, long held) {
        List<Chunk> chunks = new ArrayList<>();
        for (Chunk chunk; (chunk = pool.acquire(PIECE, held)) != null; held += PIECE) chunks.add(chunk);
        return chunks;
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
        for (int n = 0; n < 10; n++) outputs.add(scarce.acquireOutput(false));
        assertEquals(
                11, asked.get(), "once for 520 KiB, and for each of the 64 KiB, without which no progress is possible");
        now.addAndGet(BufferPool.EXHAUSTED + 2);
        outputs.add(scarce.acquireOutput(false));
        assertEquals(13, asked.get());
        assertEquals(11 * 64 * 1024, scarce.inUse());
        outputs.forEach(scarce::release);
        assertEquals(0, scarce.inUse());
    }

    @Test
    void freeMemoryOfOneSizeGoesBeforeTheBudgetIsExceededForAnother() {
        wave(pool, 160);
        List<Chunk> small = new ArrayList<>();
        while (pool.inUse() < LIMIT) small.add(pool.acquire(1, 0));
        assertEquals(LIMIT / 4096, small.size());
        assertEquals(LIMIT, pool.held());
        small.forEach(pool::release);
        assertEquals(0, pool.inUse());
    }

    /** So many chunks of 64 KiB at once. */
    private static Set<Chunk> wave(BufferPool pool, int count) {
        Set<Chunk> chunks = new HashSet<>();
        for (int n = 0; n < count; n++) chunks.add(pool.acquire(64 * 1024, 0));
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
    void budgetIsAskedForOnceWhenTheLeastOneDoesNotSuffice() {
        AtomicInteger asked = new AtomicInteger();
        BufferPool lazy = new BufferPool(
                () -> {
                    asked.incrementAndGet();
                    return 12 << 20;
                },
                now::get,
                ByteBuffer::allocateDirect);
        assertTrue(lazy.promise(2 << 20), "half of the least budget");
        while (lazy.inUse() < 1 << 20) lazy.acquire(PIECE, 0);
        assertNotNull(lazy.acquire(PIECE, (1 << 20) + (1 << 19) - PIECE), "half of what the least budget has left");
        assertEquals(0, asked.get());
        assertNotNull(lazy.acquire(PIECE, 1 << 21), "half of what the budget has left");
        assertEquals(1, asked.get());
        assertTrue(lazy.promise(4 << 20));
        assertFalse(lazy.promise(1), "half of the budget is promised");
        assertNull(lazy.acquire(PIECE, 8 << 20));
        assertEquals(1, asked.get());
    }

    @Test
    void budgetIsAskedForWhenMoreIsPromised() {
        BufferPool lazy = new BufferPool(() -> 12 << 20, now::get, ByteBuffer::allocateDirect);
        assertTrue(lazy.promise(6 << 20));
        assertFalse(lazy.promise(1));
        lazy.takeBack(6 << 20);
        assertTrue(lazy.promise(6 << 20));
    }
}
