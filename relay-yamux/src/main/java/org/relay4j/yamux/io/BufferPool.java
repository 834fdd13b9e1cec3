package org.relay4j.yamux.io;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.BufferSource;
import org.relay4j.yamux.core.Chunk;
import org.relay4j.yamux.core.SendBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Direct memory that is used again, in three sizes, within a budget for the process. Safe for use by several threads.
 */
public final class BufferPool implements BufferSource {
    /*
     * How the budget is shared (A. K. Choudhury and E. L. Hahne, "Dynamic queue length thresholds in a shared-memory packet
     * switch", 1998): a session may hold received bytes up to half of what is free at that moment. One alone gets a third of the
     * budget, n that ask in turn get 1/(n+2) each and leave twice that free. So no session can use the budget up, a newcomer
     * always finds a third of what the others have left, and a session that holds less than half of what is free is not refused.
     */
    private static final int FREE_PER_HELD = 2;

    private static final Logger log = LoggerFactory.getLogger(BufferPool.class);

    /*
     * Half of the direct memory that the JVM allows may be in use here, and half of that promised to peers beyond the usual
     * windows; the other half of the JVM's is left to the program around us.
     */
    static final String BUDGET = "relay4j.bufferBudget";

    private static final long NEEDED = -1; // whatever is free

    private static final long LEAST_BUDGET = 4L << 20; // bytes

    /** Free memory up to this is kept for good. Unit: bytes. */
    static final long KEPT = 8L << 20;

    /** And beyond it what was in use at once in a period of this length. Unit: nanoseconds. */
    static final long PERIOD = 60_000_000_000L;

    static final long EXHAUSTED = 1_000_000_000; // ns
    private static final long MOST_PROMISED = 256L << 20; // bytes
    private static final long ALLOWED = // bytes
            budget(System.getProperty(BUDGET), () -> Math.max(LEAST_BUDGET, DirectMemory.limit() / 2));
    private static final BufferPool SHARED =
            new BufferPool(ALLOWED, Math.min(MOST_PROMISED, ALLOWED / 2), System::nanoTime, ByteBuffer::allocateDirect);

    private final long limit; // bytes

    private final ReentrantLock lock = OrderedLock.leaf("a buffer pool");
    private final Shelf small = new Shelf(4 * 1024);
    private final Shelf large = new Shelf(64 * 1024);
    private final Shelf output = new Shelf(SendBuffer.CAPACITY);
    private final AtomicLong promises; // bytes that may still be promised
    private final LongSupplier clock; // ns
    private final IntFunction<ByteBuffer> memory; // from the JVM
    private long inUse; // bytes; guarded by lock
    private long held; // bytes in use or free; guarded by lock
    private long mostInUse; // bytes; in this period; guarded by lock
    private long since; // ns; begin of this period; guarded by lock
    private volatile long retryAt; // ns; when to ask the JVM again after it had no memory left, 0 when it had

    /** A pool with a budget of {@code limit} bytes that promises no more than so many. */
    BufferPool(long limit, long promises, LongSupplier clock, IntFunction<ByteBuffer> memory) {
        this.limit = limit;
        this.memory = memory;
        this.promises = new AtomicLong(promises);
        this.clock = clock;
        since = clock.getAsLong();
    }

    /** The pool of the process. */
    public static BufferPool shared() {
        return SHARED;
    }

    /** The number of bytes that the system property says: digits, with k, m or g behind them or not. */
    static long budget(@Nullable String property, LongSupplier otherwise) {
        if (property == null) return otherwise.getAsLong();
        Matcher number = Pattern.compile("([0-9]{1,12})([kmg]?)").matcher(property.toLowerCase(Locale.ROOT));
        if (number.matches()) {
            int shift = 10 * " kmg".indexOf(number.group(2).isEmpty() ? " " : number.group(2));
            long count = Long.parseLong(number.group(1));
            if (count <= Long.MAX_VALUE >> shift && count << shift >= LEAST_BUDGET) return count << shift;
        }
        log.warn("-D{}={} is ignored, it must be a number of bytes of at least 4m, like 256m", BUDGET, property);
        return otherwise.getAsLong();
    }

    @Override
    public @Nullable Chunk acquire(int size, long mine) {
        return take(size <= small.size ? small : large, mine < GUARANTEED ? NEEDED : mine);
    }

    /**
     * 64 KiB for reading from a connection.
     *
     * @throws OutOfMemoryError when the JVM has no direct memory left
     */
    Chunk acquireForReading() {
        Chunk chunk = take(large, NEEDED);
        if (chunk == null) throw new OutOfMemoryError("no direct memory left, " + inUse() + " bytes are in use here");
        return chunk;
    }

    @Override
    public @Nullable Chunk acquireOutput() {
        Chunk chunk = take(output, 0);
        return chunk != null ? chunk : take(large, NEEDED);
    }

    @Override
    public void release(Chunk chunk) {
        int size = chunk.bytes.capacity();
        Shelf shelf = size == small.size ? small : size == large.size ? large : output;
        lock.lock();
        try {
            inUse -= size;
            shelf.free.push(chunk);
            dropWhatWasNotNeeded();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean promise(int bytes) {
        for (long left = promises.get(); left >= bytes; left = promises.get()) {
            if (promises.compareAndSet(left, left - bytes)) return true;
        }
        return false;
    }

    @Override
    public void takeBack(int bytes) {
        promises.addAndGet(bytes);
    }

    /** Bytes that were acquired and not yet released. */
    public long inUse() {
        lock.lock();
        try {
            return inUse;
        } finally {
            lock.unlock();
        }
    }

    /** Bytes in use, and those that are kept for reuse. */
    long held() {
        lock.lock();
        try {
            return held;
        } finally {
            lock.unlock();
        }
    }

    /** Null when {@code mine}, the bytes that the session holds, are too many for what is free, and not {@link #NEEDED}. */
    private @Nullable Chunk take(Shelf shelf, long mine) {
        Chunk chunk;
        lock.lock();
        try {
            if (mine != NEEDED && mine + shelf.size > (limit - inUse) / FREE_PER_HELD) return null;
            inUse += shelf.size;
            mostInUse = Math.max(mostInUse, inUse);
            chunk = shelf.free.poll();
            if (chunk == null) {
                held += shelf.size;
                dropUntil(Math.max(0, limit - inUse)); // of the other sizes
            }
        } finally {
            lock.unlock();
        }
        return chunk != null ? chunk : allocate(shelf, mine == NEEDED);
    }

    /** Null when the JVM has no direct memory left, because others need more of it than was assumed. */
    private @Nullable Chunk allocate(Shelf shelf, boolean needed) {
        if (needed || retryAt == 0 || clock.getAsLong() - retryAt >= 0) {
            try {
                return new Chunk(memory.apply(shelf.size));
            } catch (OutOfMemoryError e) {
                // It has taken the JVM half a second to find that out.
                retryAt = (clock.getAsLong() + EXHAUSTED) | 1;
                log.warn("no direct memory is left (-XX:MaxDirectMemorySize), {} bytes are in use here", inUse());
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
     * The JVM frees direct memory at the next garbage collection, which an idle program with much of it may never see. So what
     * is free is used again rather than left to that, and only let go when it was not needed for a while.
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
        large.drop(this, most);
        output.drop(this, most);
        small.drop(this, most);
    }

    /** Free chunks of one size; the one used last is used first, since it is still in the processor's cache. */
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
