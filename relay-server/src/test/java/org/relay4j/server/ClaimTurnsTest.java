package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ClaimTurnsTest {
    private final ClaimTurns turns = new ClaimTurns();
    private final List<Integer> begun = new ArrayList<>();

    private List<ClaimTurns.Turn> take(int number) {
        return IntStream.range(0, number)
                .mapToObj(n -> turns.take(() -> begun.add(n)))
                .toList();
    }

    @Test
    void asManyAsMayBeginAtOnceAndTheOthersInTheirOrder() {
        List<ClaimTurns.Turn> all = take(ClaimTurns.AT_ONCE + 3);
        assertEquals(ClaimTurns.AT_ONCE, begun.size());
        assertEquals(3, turns.waiting());
        all.get(5).end();
        all.get(0).end();
        assertEquals(
                List.of(ClaimTurns.AT_ONCE, ClaimTurns.AT_ONCE + 1), begun.subList(ClaimTurns.AT_ONCE, begun.size()));
        assertEquals(1, turns.waiting());
    }

    @Test
    void endCountsOnce() {
        List<ClaimTurns.Turn> all = take(ClaimTurns.AT_ONCE + 2);
        for (int n = 0; n < 3; n++) all.get(0).end();
        assertEquals(ClaimTurns.AT_ONCE + 1, begun.size());
    }

    @Test
    void thoseThatGiveUpWaitingNeverBegin() {
        List<ClaimTurns.Turn> all = take(ClaimTurns.AT_ONCE + 2);
        all.get(ClaimTurns.AT_ONCE).end();
        assertEquals(1, turns.waiting());
        all.get(1).end();
        assertEquals(ClaimTurns.AT_ONCE + 1, begun.get(begun.size() - 1));
        assertEquals(0, turns.waiting());
    }

    @Test
    void freeTurnsStayFree() {
        for (int round = 0; round < 2; round++) {
            List<ClaimTurns.Turn> all = take(ClaimTurns.AT_ONCE + 2);
            assertEquals((round + 1) * (ClaimTurns.AT_ONCE + 2) - 2, begun.size());
            all.forEach(ClaimTurns.Turn::end);
            assertEquals((round + 1) * (ClaimTurns.AT_ONCE + 2), begun.size());
        }
    }
}
