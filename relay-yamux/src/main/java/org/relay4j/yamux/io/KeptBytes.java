package org.relay4j.yamux.io;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A copy of all bytes that were read from a connection, so that they can be sent again on another stream. It ends when the peer has
 * answered. As the peer gives no credit before that, it has no more bytes than an initial window. Not safe for use by several threads.
 */
public final class KeptBytes {
    /** The memory that all copies of a process may have together. Safe for use by several threads. */
    public static final class Budget {
        private final long most; // bytes
        private final AtomicLong taken = new AtomicLong();

        /** @param most bytes */
        public Budget(long most) {
            this.most = most;
        }

        private boolean take(long bytes) {
            if (taken.addAndGet(bytes) <= most) return true;
            taken.addAndGet(-bytes);
            return false;
        }

        /** Returns the memory that is in use. Unit: bytes. */
        public long taken() {
            return taken.get();
        }
    }

    private static final byte[] NONE = {};

    private final Budget budget;
    private byte[] bytes = NONE;
    private int length;
    private boolean complete = true; // until it is dropped, or there is no memory for it

    /** Creates one that keeps what is added until it is dropped. */
    public KeptBytes(Budget budget) {
        this.budget = budget;
    }

    /** Adds {@code count} bytes of a buffer from an index on. */
    void add(ByteBuffer from, int index, int count) {
        if (!complete || !makeRoom(count)) return;
        from.get(index, bytes, length, count);
        length += count;
    }

    private boolean makeRoom(int count) {
        int needed = length + count;
        if (needed <= bytes.length) return true;
        int size = bytes.length == 0 ? count : Math.max(needed, 2 * bytes.length);
        if (!budget.take(size - bytes.length)) {
            drop();
            return false;
        }
        byte[] larger = new byte[size];
        System.arraycopy(bytes, 0, larger, 0, length);
        bytes = larger;
        return true;
    }

    /** Releases the memory. Nothing is kept from now on. */
    void drop() {
        complete = false;
        budget.taken.addAndGet(-bytes.length);
        bytes = NONE;
        length = 0;
    }

    /** Returns all bytes, and keeps no more; null if it was dropped, or there was not enough memory. */
    @Nullable
    ByteBuffer take() {
        ByteBuffer all = complete ? ByteBuffer.wrap(bytes, 0, length) : null;
        drop();
        return all;
    }
}
