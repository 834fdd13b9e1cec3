package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;

class StreamTableTest {
    private final ScriptedPeer peer = ScriptedPeer.client();

    @Test
    void emptyTableHasNothing() {
        StreamTable table = new StreamTable(0);
        assertEquals(0, table.size());
        assertNull(table.get(1));
        assertNull(table.get(0));
        table.remove(stream(1));
        assertEquals(0, table.size());
    }

    @Test
    void behavesAsAMapForDenseIds() {
        compareWithMap(id -> id * 2 + 1, 0, 200);
    }

    @Test
    void behavesAsAMapForRandomIds() {
        Random random = new Random(7);
        compareWithMap(id -> random.nextInt(), 12345, 200);
    }

    @Test
    void behavesAsAMapForIdsThatDifferOnlyInTheirHighBits() {
        compareWithMap(id -> id << 24 | 1, -1, 200);
    }

    @Test
    void behavesAsAMapAroundTheSignBit() {
        compareWithMap(id -> Integer.MIN_VALUE + id - 100, 99, 200);
    }

    @Test
    void behavesAsAMapForIdsThatAllHaveTheSamePlace() {
        int seed = 4711;
        int[] hostile = idsWithTheSamePlace(seed, 60, 0xFFF);
        compareWithMap(n -> hostile[n], seed, hostile.length);
    }

    @Test
    void removalKeepsFollowersAcrossTheEndOfTheArray() {
        int seed = 3;
        // Ids whose place is the last of 16, so that probing wraps round; 7 fill it without making it grow.
        int[] last = idsWithPlace(seed, 15, 15, 7);
        for (int removed = 0; removed < last.length; removed++) {
            StreamTable table = new StreamTable(seed);
            MuxStream[] streams = new MuxStream[last.length];
            for (int n = 0; n < last.length; n++) {
                streams[n] = stream(last[n]);
                table.put(streams[n]);
            }
            table.remove(streams[removed]);
            for (int n = 0; n < last.length; n++) {
                if (n == removed) assertNull(table.get(last[n]));
                else assertSame(streams[n], table.get(last[n]));
            }
        }
    }

    @Test
    void anotherStreamWithTheSameIdIsNotRemoved() {
        StreamTable table = new StreamTable(0);
        MuxStream present = stream(5);
        table.put(present);
        table.remove(stream(5));
        assertSame(present, table.get(5));
        assertEquals(1, table.size());
    }

    @Test
    void seedChangesThePlaces() {
        int[] hostile = idsWithTheSamePlace(1, 100, 0xFFF);
        Set<Integer> places = new HashSet<>();
        for (int id : hostile) places.add(place(id, 2, 0xFFF));
        assertTrue(places.size() > 80, () -> "with another seed they have only " + places.size() + " places");
    }

    @Test
    void manyStreamsComeAndGoWithoutALeftover() {
        StreamTable table = new StreamTable(77);
        List<MuxStream> streams = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            for (int id = 1; id < 40_000; id += 2) {
                MuxStream stream = stream(id);
                streams.add(stream);
                table.put(stream);
            }
            assertEquals(20_000, table.size());
            streams.forEach(table::remove);
            streams.clear();
            assertEquals(0, table.size());
            table.forEach(stream -> {
                throw new AssertionError("left over: " + stream.id());
            });
        }
    }

    private void compareWithMap(IntUnaryOperator idOf, int seed, int ids) {
        Random random = new Random(seed);
        StreamTable table = new StreamTable(seed);
        Map<Integer, MuxStream> map = new HashMap<>();
        int[] candidates = new int[ids];
        for (int n = 0; n < ids; n++) candidates[n] = idOf.applyAsInt(n);
        for (int step = 0; step < 20_000; step++) {
            int id = candidates[random.nextInt(ids)];
            // Grows for a while, then shrinks for a while.
            boolean puts = random.nextInt(100) < (step / 1000 % 2 == 0 ? 80 : 20);
            if (puts && !map.containsKey(id)) {
                MuxStream stream = stream(id);
                table.put(stream);
                map.put(id, stream);
            } else if (!puts && map.containsKey(id)) {
                table.remove(map.remove(id));
            }
            assertEquals(map.size(), table.size());
            int asked = candidates[random.nextInt(ids)];
            assertSame(map.get(asked), table.get(asked), "step " + step);
            if (step % 500 == 0) compareAll(map, table);
        }
    }

    private static void compareAll(Map<Integer, MuxStream> map, StreamTable table) {
        Map<Integer, MuxStream> seen = new HashMap<>();
        table.forEach(stream -> assertNull(seen.put(stream.id(), stream), "seen twice"));
        assertEquals(map, seen);
    }

    private MuxStream stream(int id) {
        return new MuxStream(id, false, Frame.INITIAL_WINDOW, peer.core.parts(), 0);
    }

    /** Ids that a peer with knowledge of the seed would choose. */
    private static int[] idsWithTheSamePlace(int seed, int count, int mask) {
        return idsWithPlace(seed, place(1, seed, mask), mask, count);
    }

    private static int[] idsWithPlace(int seed, int place, int mask, int count) {
        int[] ids = new int[count];
        int found = 0;
        for (int id = 1; found < count; id += 2) {
            if (place(id, seed, mask) == place) ids[found++] = id;
        }
        return ids;
    }

    private static int place(int id, int seed, int mask) {
        int h = id ^ seed;
        h = (h ^ h >>> 16) * 0x85EBCA6B;
        h = (h ^ h >>> 13) * 0xC2B2AE35;
        return (h ^ h >>> 16) & mask;
    }
}
