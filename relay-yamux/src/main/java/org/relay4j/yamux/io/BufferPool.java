package org.relay4j.yamux.io;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.BufferSource;
import org.relay4j.yamux.core.Chunk;
import org.relay4j.yamux.core.SendBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pool of direct memory in chunks of four sizes, within a budget for the process. Safe for use by several threads.
 */
public final class BufferPool implements BufferSource {
    /*
     * How the budget is shared (A. K. Choudhury and E. L. Hahne, "Dynamic queue length thresholds in a shared-memory packet
     * switch", 1998): a session may hold received bytes up to half of the memory that is free at that moment. A single session
     * gets a third of the budget; n competing sessions get 1/(n+2) each and leave twice that free. So no session can exhaust
     * the budget, a new session can always get a third of the free memory, and a session is never refused while it holds less
     * than half of the free memory.
     */
    private static final int FREE_PER_HELD = 2;

    private static final Logger log = LoggerFactory.getLogger(BufferPool.class);

    private static final long NEEDED = -1; // allocate regardless of the budget

    /** The size of a chunk of received data, except small amounts. Unit: bytes. */
    static final int LARGE = 64 * 1024;

    /** Free memory up to this size is never released. Unit: bytes. */
    static final long KEPT = 8L << 20;

    /** Beyond {@link #KEPT}, the pool keeps the peak of a period of this length. Unit: nanoseconds. */
    static final long PERIOD = 60_000_000_000L;

    static final long EXHAUSTED = 1_000_000_000; // ns

    /* Half of the budget may be promised to peers beyond the initial windows. */
    private static final long MOST_PROMISED = 256L << 20; // bytes
    private static final BufferPool SHARED = new BufferPool(
            DirectMemory.budget(System.getProperty(DirectMemory.BUDGET), DirectMemory::half),
            System::nanoTime,
            ByteBuffer::allocateDirect);

    private final ReentrantLock lock = OrderedLock.leaf("a buffer pool");
    private final Shelf small = new Shelf(4 * 1024);
    private final Shelf large = new Shelf(LARGE);
    private final Shelf output = new Shelf(SendBuffer.CAPACITY);
    private final Shelf largeOutput = new Shelf(SendBuffer.LARGE_CAPACITY);
    private final AtomicLong promises; // bytes that can still be promised
    private final LongSupplier clock; // ns
    private final IntFunction<ByteBuffer> memory; // allocates from the JVM
    private final LongSupplier budget; // bytes
    private volatile boolean asked; // for the budget
    private long limit; // bytes; the least budget until it is asked for; guarded by lock
    private long inUse; // bytes; guarded by lock
    private long held; // bytes in use or free; guarded by lock
    private long mostInUse; // bytes; peak of this period; guarded by lock
    private long since; // ns; start of this period; guarded by lock
    private volatile long retryAt; // ns; next allocation after the JVM ran out of direct memory; 0 if it has not

    /**
     * Creates a pool whose budget is asked for once, when more than {@link DirectMemory#LEAST_BUDGET} is needed.
     *
     * @param budget in bytes, at least {@link DirectMemory#LEAST_BUDGET}
     */
    BufferPool(LongSupplier budget, LongSupplier clock, IntFunction<ByteBuffer> memory) {
        this(budget, DirectMemory.LEAST_BUDGET, promises(DirectMemory.LEAST_BUDGET), clock, memory);
    }

    /** Creates a pool with a budget of {@code limit} bytes that promises at most {@code promises} bytes. */
    BufferPool(long limit, long promises, LongSupplier clock, IntFunction<ByteBuffer> memory) {
        this(() -> limit, limit, promises, clock, memory);
        asked = true;
    }

    private BufferPool(
            LongSupplier budget, long limit, long promises, LongSupplier clock, IntFunction<ByteBuffer> memory) {
        this.budget = budget;
        this.limit = limit;
        this.promises = new AtomicLong(promises);
        this.clock = clock;
        this.memory = memory;
        since = clock.getAsLong();
    }

    private static long promises(long budget) {
        return Math.min(MOST_PROMISED, budget / 2);
    }

    /** Returns the pool of the process. */
    public static BufferPool shared() {
        return SHARED;
    }

    @Override
    public @Nullable Chunk acquire(int size, long mine) {
        return take(size <= small.size ? small : large, mine < GUARANTEED ? NEEDED : mine);
    }

    /**
     * Acquires 64 KiB for reading from a connection.
     *
     * @throws OutOfMemoryError if the JVM has no direct memory left
     */
    Chunk acquireForReading() {
        return acquireNeeded(LARGE);
    }

    /**
     * Acquires a chunk of at least {@code size} bytes, at most {@link #LARGE}, even if the budget is exhausted.
     *
     * @throws OutOfMemoryError if the JVM has no direct memory left
     */
    Chunk acquireNeeded(int size) {
        Chunk chunk = take(size <= small.size ? small : large, NEEDED);
        if (chunk == null) throw new OutOfMemoryError("no direct memory left; Relay uses " + inUse() + " bytes");
        return chunk;
    }

    @Override
    public @Nullable Chunk acquireOutput(boolean isLarge) {
        Chunk chunk = isLarge ? take(largeOutput, 0) : null;
        if (chunk == null) chunk = take(output, 0);
        return chunk != null ? chunk : take(large, NEEDED);
    }

    @Override
    public void release(Chunk chunk) {
        int size = chunk.bytes.capacity();
        Shelf shelf = shelf(size);
        lock.lock();
        try {
            inUse -= size;
            shelf.free.push(chunk);
            dropWhatWasNotNeeded();
        } finally {
            lock.unlock();
        }
    }

    private Shelf shelf(int size) {
        if (size == small.size) return small;
        if (size == large.size) return large;
        return size == output.size ? output : largeOutput;
    }

    @Override
    public boolean promise(int bytes) {
        boolean wasAsked = asked;
        if (promiseNow(bytes)) return true;
        if (wasAsked) return false;
        askForBudget();
        return promiseNow(bytes);
    }

    private boolean promiseNow(int bytes) {
        for (long left = promises.get(); left >= bytes; left = promises.get()) {
            if (promises.compareAndSet(left, left - bytes)) return true;
        }
        return false;
    }

    @Override
    public void takeBack(int bytes) {
        promises.addAndGet(bytes);
    }

    /** Returns the number of bytes that were acquired and not yet released. */
    public long inUse() {
        lock.lock();
        try {
            return inUse;
        } finally {
            lock.unlock();
        }
    }

    /** Returns the number of bytes in use or kept for reuse. */
    long held() {
        lock.lock();
        try {
            return held;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes a chunk from the shelf or the JVM.
     *
     * @param mine bytes that the session holds, or {@link #NEEDED}
     * @return null if the session holds too much for the memory that is free, or the JVM has none left
     */
    private @Nullable Chunk take(Shelf shelf, long mine) {
        Chunk chunk;
        lock.lock();
        try {
            if (mine != NEEDED && exceeds(inUse + FREE_PER_HELD * (mine + shelf.size))) return null;
            inUse += shelf.size;
            mostInUse = Math.max(mostInUse, inUse);
            chunk = shelf.free.poll();
            if (chunk == null) {
                held += shelf.size;
                if (exceeds(held)) dropUntil(Math.max(0, limit - inUse)); // of the other sizes
            }
        } finally {
            lock.unlock();
        }
        return chunk != null ? chunk : allocate(shelf, mine == NEEDED);
    }

    /** Returns whether this is more than the budget. Called with the lock. */
    private boolean exceeds(long bytes) {
        if (bytes > limit) askForBudget();
        return bytes > limit;
    }

    /** Sets the limit to the budget, unless it was set already. */
    private void askForBudget() {
        if (asked) return;
        lock.lock();
        try {
            if (asked) return; // by another thread, meanwhile
            limit = budget.getAsLong();
            promises.addAndGet(promises(limit) - promises(DirectMemory.LEAST_BUDGET));
            asked = true;
        } finally {
            lock.unlock();
        }
    }

    /** Returns null if the JVM has no direct memory left, because other code uses more of it than the budget assumes. */
    private @Nullable Chunk allocate(Shelf shelf, boolean needed) {
        if (needed || retryAt == 0 || clock.getAsLong() - retryAt >= 0) {
            try {
                return new Chunk(memory.apply(shelf.size));
            } catch (OutOfMemoryError e) {
                // Not retried at once: a failed allocation takes the JVM half a second.
                retryAt = (clock.getAsLong() + EXHAUSTED) | 1;
                log.warn("no direct memory left; Relay uses {} bytes; raise -XX:MaxDirectMemorySize", inUse());
            }
        }
        forget(shelf.size);
        return null;
    }

    private void forget(int size) {
        lock.lock();
        try {
            inUse -= size;
            held -= size;
        } finally {
            lock.unlock();
        }
    }

    /*
     * The JVM frees direct memory only at a garbage collection, which an idle program with a lot of direct memory may never
     * run. So free chunks are reused, and released only when they have not been needed for a while.
     */
    private void dropWhatWasNotNeeded() {
        if (held - inUse <= KEPT) return;
        long now = clock.getAsLong();
        if (now - since < PERIOD) return;
        dropUntil(Math.max(KEPT, mostInUse - inUse));
        mostInUse = inUse;
        since = now;
    }

    private void dropUntil(long most) {
        largeOutput.drop(this, most);
        large.drop(this, most);
        output.drop(this, most);
        small.drop(this, most);
    }

    /** The free chunks of one size. The most recently used one is reused first, because it is still in the processor's cache. */
    private static final class Shelf {
        final int size; // bytes
        final ArrayDeque<Chunk> free = new ArrayDeque<>();

        Shelf(int size) {
            this.size = size;
        }

        void drop(BufferPool pool, long most) {
            while (pool.held - pool.inUse > most && free.pollLast() != null) pool.held -= size;
        }
    }
}
