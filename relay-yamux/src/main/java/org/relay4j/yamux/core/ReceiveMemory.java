package org.relay4j.yamux.core;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The memory for the unread bytes of a session, and the buffers that use it. A buffer is listed here while it holds
 * bytes, whether its stream is open or has ended.
 */
final class ReceiveMemory {
    /*
     * The buffers are kept in lists by the memory that they hold, two lists for each power of two. A buffer moves to
     * the end of its list when bytes are consumed from it, so the head of each list has been without progress for the
     * longest. When memory is needed, the costliest buffer is dropped. The cost is the memory of a buffer multiplied by
     * its time without progress. Only the heads are compared, so the search takes the same time for any number of
     * streams.
     */

    private static final int LISTS = 64;

    /** Cap on the time without progress, so that a few old bytes do not outweigh many recent ones. Unit: ms. */
    private static final long MOST_STILL = 60_000;

    private final BufferSource source;
    private final long budget; // bytes
    private @Nullable ReceiveBuffer[] first = {}; // LISTS elements once bytes are buffered
    private @Nullable ReceiveBuffer[] last = {};
    private long held; // capacity of all chunks in bytes

    ReceiveMemory(BufferSource source, long budget) {
        this.source = source;
        this.budget = budget;
    }

    /** Returns a chunk for received bytes; null if the session may not buffer more. */
    @Nullable
    Chunk acquire(int size) {
        if (held >= budget) return null;
        Chunk chunk = source.acquire(size, held);
        if (chunk != null) held += chunk.bytes.capacity();
        return chunk;
    }

    void release(Chunk chunk) {
        held -= chunk.bytes.capacity();
        source.release(chunk);
    }

    /** Returns the capacity of all chunks. Unit: bytes. */
    long held() {
        return held;
    }

    // ---- the buffers

    /** Moves a buffer to the right list after its size has changed or bytes were consumed from it. */
    void update(ReceiveBuffer buffer, boolean progress) {
        int list = listFor(buffer.held());
        if (list == buffer.list && (!progress || list < 0 || last[list] == buffer)) return;
        unlink(buffer);
        if (list >= 0) append(buffer, list);
    }

    /** Returns the buffer to drop when memory is needed; null if all are empty. */
    @Nullable
    ReceiveBuffer costliest(long now) {
        ReceiveBuffer found = null;
        long most = 0;
        for (ReceiveBuffer head : first) {
            if (head == null) continue;
            long still = Math.max(0, Math.min(MOST_STILL, head.withoutProgress(now) / 1_000_000));
            long cost = head.held() * (1 + still);
            if (cost < most) continue;
            most = cost;
            found = head;
        }
        return found;
    }

    /** Drops the unread bytes of streams that have ended and have made no progress for {@code timeout} nanoseconds. */
    void reclaim(long timeout, long now) {
        if (timeout == 0 || held == 0) return;
        for (ReceiveBuffer buffer : ended()) {
            long still = buffer.withoutProgress(now);
            if (still < timeout || buffer.held() == 0) continue;
            buffer.owner.drop(
                    new Cause(Cause.Kind.IDLE_TIMEOUT, "received data was not read for " + still / 1_000_000 + " ms"));
        }
    }

    /** Returns a copy of the list of buffers whose stream has ended. */
    List<ReceiveBuffer> ended() {
        List<ReceiveBuffer> ended = new ArrayList<>(0);
        forEach(buffer -> {
            if (buffer.owner.hasEnded()) ended.add(buffer);
        });
        return ended;
    }

    private void forEach(Consumer<ReceiveBuffer> action) {
        if (held == 0) return;
        for (ReceiveBuffer head : first) {
            for (ReceiveBuffer buffer = head; buffer != null; buffer = buffer.after) action.accept(buffer);
        }
    }

    private static int listFor(int bytes) {
        if (bytes == 0) return -1;
        int log = 31 - Integer.numberOfLeadingZeros(bytes);
        return 2 * log + ((bytes >> (log - 1)) & 1);
    }

    private void append(ReceiveBuffer buffer, int list) {
        if (first.length == 0) {
            first = new ReceiveBuffer[LISTS];
            last = new ReceiveBuffer[LISTS];
        }
        ReceiveBuffer tail = last[list];
        buffer.list = list;
        buffer.before = tail;
        if (tail == null) first[list] = buffer;
        else tail.after = buffer;
        last[list] = buffer;
    }

    private void unlink(ReceiveBuffer buffer) {
        int list = buffer.list;
        if (list < 0) return;
        if (buffer.before == null) first[list] = buffer.after;
        else buffer.before.after = buffer.after;
        if (buffer.after == null) last[list] = buffer.before;
        else buffer.after.before = buffer.before;
        buffer.before = null;
        buffer.after = null;
        buffer.list = -1;
    }
}
