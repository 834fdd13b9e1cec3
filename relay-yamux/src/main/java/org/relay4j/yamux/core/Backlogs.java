package org.relay4j.yamux.core;

import java.util.Arrays;
import java.util.Comparator;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Finds the stream on which the most bytes wait to be read. One look at all streams serves for many answers: otherwise a peer
 * with many streams could have all of them looked at for each frame that finds no memory.
 */
final class Backlogs {
    /** Answers of one look. */
    static final int KEPT = 256;

    private static final long FRESH = 100_000_000; // ns
    private static final Comparator<Backlog> BY_BYTES = Comparator.comparingInt(Backlog::bytes);

    private final StreamTable table;
    private Backlog[] largest = {}; // the largest last
    private int left; // of them that were not given as an answer
    private long lookedAt; // ns
    private long looks;

    Backlogs(StreamTable table) {
        this.table = table;
    }

    private record Backlog(MuxStream stream, int bytes) {
        boolean stands() {
            return !stream.isGone() && stream.available() > 0 && stream.available() >= bytes / 2;
        }
    }

    /** The one on which the most bytes wait, which may be {@code owner}; null when none wait. */
    @Nullable
    MuxStream largest(MuxStream owner, long now) {
        Backlog found = now - lookedAt < FRESH ? next() : null;
        if (found == null) {
            look(now);
            found = next();
        }
        // Its own backlog may be younger than the look.
        boolean own = owner.available() > 0 && (found == null || owner.available() > found.stream.available());
        if (own) return owner;
        return found == null ? null : found.stream;
    }

    /** How often all streams were looked at. */
    long looks() {
        return looks;
    }

    private @Nullable Backlog next() {
        while (left > 0) {
            Backlog candidate = largest[--left];
            if (candidate.stands()) return candidate;
        }
        return null;
    }

    private void look(long now) {
        looks++;
        lookedAt = now;
        PriorityQueue<Backlog> most = new PriorityQueue<>(KEPT + 1, BY_BYTES);
        table.forEach(stream -> {
            int bytes = stream.available();
            Backlog least = most.peek();
            if (bytes == 0 || (most.size() == KEPT && least != null && bytes <= least.bytes)) return;
            most.add(new Backlog(stream, bytes));
            if (most.size() > KEPT) most.poll();
        });
        largest = most.toArray(new Backlog[0]);
        Arrays.sort(largest, BY_BYTES);
        left = largest.length;
    }
}
