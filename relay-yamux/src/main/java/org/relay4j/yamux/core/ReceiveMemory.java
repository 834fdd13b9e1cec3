package org.relay4j.yamux.core;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The memory in which a session keeps received bytes until they are taken, and the buffers that hold it. A buffer is found
 * here as long as it holds something, whether its stream is still open or has ended.
 */
final class ReceiveMemory {
    /*
     * The buffers are kept in lists by the memory that they hold, two for each power of two. A buffer of which bytes were taken
     * moves to the end of its list, so those at the heads have made no progress for the longest. When memory is needed, the
     * buffer that costs the others most gives way: the memory that it holds times the time for which it has made no progress.
     * Only the heads are looked at, so that finding it takes the same time whatever number of streams a peer has opened.
     */

    private static final int LISTS = 64;

    /** More time without progress than this counts no more, so that a few old bytes do not outweigh many. Unit: ms. */
    private static final long MOST_STILL = 60_000;

    private final BufferSource source;
    private final long budget; // bytes
    private @Nullable ReceiveBuffer[] first = {}; // of LISTS once something waits
    private @Nullable ReceiveBuffer[] last = {};
    private long held; // bytes of all chunks

    ReceiveMemory(BufferSource source, long budget) {
        this.source = source;
        this.budget = budget;
    }

    /** A piece for received bytes; null when the session may hold no more. */
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

    /** Bytes of all pieces. */
    long held() {
        return held;
    }

    // ---- the buffers

    /** Puts a buffer where it belongs after what it holds has changed, or after bytes were taken from it. */
    void update(ReceiveBuffer buffer, boolean progress) {
        int list = listFor(buffer.held());
        if (list == buffer.list && (!progress || list < 0 || last[list] == buffer)) return;
        unlink(buffer);
        if (list >= 0) append(buffer, list);
    }

    /** The buffer that gives way when memory is needed; null when none holds any. */
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

    /** Drops what is left of streams that have ended, and of which no byte was taken for so long. Unit: nanoseconds. */
    void reclaim(long timeout, long now) {
        if (timeout == 0 || held == 0) return;
        for (ReceiveBuffer buffer : ended()) {
            long still = buffer.withoutProgress(now);
            if (still < timeout || buffer.held() == 0) continue;
            buffer.owner.giveUp(new Cause(
                    Cause.Kind.IDLE_TIMEOUT,
                    "nothing of what was received was taken for " + still / 1_000_000 + " ms"));
        }
    }

    /** Those whose stream has ended: nothing but the bytes in them is left of it. A copy. */
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
        return 2 * log + (bytes >> log - 1 & 1);
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
