package org.relay4j.yamux.core;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A hash table of the open streams of a session by id. It uses open addressing with linear probing, so that the look-up
 * of each frame allocates nothing. Deletion moves followers back (Knuth, The Art of Computer Programming 3, algorithm
 * 6.4R), so a peer cannot accumulate tombstones.
 */
final class StreamTable {
    private static final int SMALLEST = 16;

    private final int seed;

    private @Nullable MuxStream[] slots = new MuxStream[SMALLEST]; // length is a power of two, at most half full

    private int size;

    StreamTable(int seed) {
        this.seed = seed;
    }

    int size() {
        return size;
    }

    @Nullable
    MuxStream get(int id) {
        @Nullable MuxStream[] table = slots;
        int mask = table.length - 1;
        for (int i = home(id, mask); ; i = i + 1 & mask) {
            MuxStream stream = table[i];
            if (stream == null || stream.id == id) return stream;
        }
    }

    void put(MuxStream stream) {
        if (2 * (size + 1) > slots.length) resize(2 * slots.length);
        insert(stream);
        size++;
    }

    void remove(MuxStream stream) {
        @Nullable MuxStream[] table = slots;
        int mask = table.length - 1;
        int hole = home(stream.id, mask);
        while (table[hole] != stream) {
            if (table[hole] == null) return;
            hole = hole + 1 & mask;
        }
        size--;
        for (int i = hole + 1 & mask; ; i = i + 1 & mask) {
            MuxStream follower = table[i];
            if (follower == null) break;
            int home = home(follower.id, mask);
            // A follower may fill the hole unless its home lies cyclically between the hole and its place.
            if ((i - home & mask) >= (i - hole & mask)) {
                table[hole] = follower;
                hole = i;
            }
        }
        table[hole] = null;
        if (table.length > SMALLEST && 8 * size < table.length) resize(table.length / 2);
    }

    /** Calls {@code action} for each stream. The action must not change the table. */
    void forEach(Consumer<MuxStream> action) {
        for (MuxStream stream : slots) {
            if (stream != null) action.accept(stream);
        }
    }

    private void resize(int length) {
        @Nullable MuxStream[] old = slots;
        slots = new MuxStream[length];
        for (MuxStream stream : old) {
            if (stream != null) insert(stream);
        }
    }

    private void insert(MuxStream stream) {
        int mask = slots.length - 1;
        int i = home(stream.id, mask);
        while (slots[i] != null) i = i + 1 & mask;
        slots[i] = stream;
    }

    private int home(int id, int mask) {
        int h = id ^ seed; // finalizer of MurmurHash3: ids are dense, and the peer chooses them
        h = (h ^ h >>> 16) * 0x85EBCA6B;
        h = (h ^ h >>> 13) * 0xC2B2AE35;
        return (h ^ h >>> 16) & mask;
    }
}
