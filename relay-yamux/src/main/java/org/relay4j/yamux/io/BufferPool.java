package org.relay4j.yamux.io;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.BufferSource;
import org.relay4j.yamux.core.Chunk;
import org.relay4j.yamux.core.OutputBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Direct memory that is used again, in three sizes. What is kept for reuse is bounded for each size; what is in use is
 * bounded by those who use it. Safe for use by several threads.
 */
public final class BufferPool implements BufferSource {
    private static final Logger log = LoggerFactory.getLogger(BufferPool.class);

    /*
     * Half of the direct memory that the JVM allows may be in use here, and half of that promised to peers beyond the usual
     * windows; the other half of the JVM's is left to the program around us.
     */
    static final String BUDGET = "relay4j.bufferBudget";

    private static final long LEAST_BUDGET = 4L << 20; // bytes
    private static final long MOST_PROMISED = 256L << 20; // bytes
    private static final long ALLOWED = budget(System.getProperty(BUDGET), () -> DirectMemory.limit() / 2); // bytes
    private static final BufferPool SHARED = new BufferPool(ALLOWED, Math.min(MOST_PROMISED, ALLOWED / 2));

    /** What one session may keep of what it has received. Unit: bytes. */
    public static final int SHARE = (int) Math.max(1 << 20, Math.min(1 << 30, SHARED.limit / 4));

    private final long limit; // bytes

    private final ReentrantLock lock = new ReentrantLock();
    private final Shelf small = new Shelf(4 * 1024, 256);
    private final Shelf large = new Shelf(64 * 1024, 64);
    private final Shelf output = new Shelf(OutputBuffer.CAPACITY, 8);
    private final AtomicLong promises; // bytes that may still be promised
    private long inUse; // bytes; guarded by lock

    /** A pool that gives no memory for received bytes while {@code limit} bytes are in use, and promises no more than so many. */
    BufferPool(long limit, long promises) {
        this.limit = limit;
        this.promises = new AtomicLong(promises);
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
    public @Nullable Chunk acquire(int size) {
        return withinLimit(size <= small.size ? small : large);
    }

    /** 64 KiB for reading from a connection. */
    Chunk acquireForReading() {
        return take(large);
    }

    @Override
    public Chunk acquireOutput() {
        Chunk chunk = withinLimit(output);
        return chunk != null ? chunk : take(large);
    }

    @Override
    public void release(Chunk chunk) {
        int size = chunk.bytes.capacity();
        Shelf shelf = size == small.size ? small : size == large.size ? large : output;
        lock.lock();
        try {
            inUse -= size;
            if (shelf.free.size() < shelf.most) shelf.free.push(chunk);
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

    private @Nullable Chunk withinLimit(Shelf shelf) {
        if (inUse() + shelf.size > limit) return null;
        try {
            return take(shelf);
        } catch (OutOfMemoryError e) {
            log.debug("no direct memory left, {} bytes are in use", inUse(), e);
            return null; // less of it is allowed than was assumed
        }
    }

    private Chunk take(Shelf shelf) {
        Chunk chunk;
        lock.lock();
        try {
            inUse += shelf.size;
            chunk = shelf.free.poll();
        } finally {
            lock.unlock();
        }
        if (chunk != null) return chunk;
        boolean allocated = false;
        try {
            chunk = new Chunk(ByteBuffer.allocateDirect(shelf.size));
            allocated = true;
            return chunk;
        } finally {
            if (!allocated) forget(shelf.size);
        }
    }

    private void forget(int size) {
        lock.lock();
        try {
            inUse -= size;
        } finally {
            lock.unlock();
        }
    }

    /** Free chunks of one size; the one used last is used first, since it is still in the processor's cache. */
    private static final class Shelf {
        final int size; // bytes
        final int most; // chunks kept for reuse
        final ArrayDeque<Chunk> free = new ArrayDeque<>();

        Shelf(int size, int most) {
            this.size = size;
            this.most = most;
        }
    }
}
