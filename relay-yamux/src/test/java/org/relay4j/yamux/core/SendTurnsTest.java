package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SendTurnsTest {
    private final SendTurns queue = new SendTurns();

    @Test
    void firstInFirstOut() {
        for (int id = 1; id <= 5; id++) queue.add(turn(id));
        assertEquals(5, queue.size());
        for (int id = 1; id <= 5; id++) assertEquals(id, idOf(queue.poll()));
        assertNull(queue.poll());
        assertEquals(0, queue.size());
    }

    @Test
    void peekLeavesTheFirst() {
        assertNull(queue.peek());
        NamedTurn turn = turn(1);
        queue.add(turn);
        assertSame(turn, queue.peek());
        assertEquals(1, queue.size());
    }

    @Test
    void turnThatIsQueuedKeepsItsPlaceWhenItIsAddedAgain() {
        NamedTurn first = turn(1);
        queue.add(first);
        queue.add(turn(2));
        queue.add(first);
        assertEquals(2, queue.size());
        assertSame(first, queue.poll());
    }

    @Test
    void turnThatWasPolledCanBeAddedAgain() {
        NamedTurn turn = turn(1);
        queue.add(turn);
        queue.poll();
        queue.add(turn(2));
        queue.add(turn);
        assertEquals(2, idOf(queue.poll()));
        assertEquals(1, idOf(queue.poll()));
    }

    @Test
    void removingWhatIsNotThereDoesNothing() {
        NamedTurn turn = turn(1);
        queue.remove(turn);
        queue.add(turn);
        queue.remove(turn);
        queue.remove(turn);
        assertEquals(0, queue.size());
    }

    @Test
    void behavesAsAListUnderRandomUse() {
        Random random = new Random(1);
        List<NamedTurn> turns = new ArrayList<>();
        for (int id = 1; id <= 20; id++) turns.add(turn(id));
        List<NamedTurn> model = new ArrayList<>();
        for (int step = 0; step < 20_000; step++) {
            NamedTurn turn = turns.get(random.nextInt(turns.size()));
            switch (random.nextInt(3)) {
                case 0 -> {
                    queue.add(turn);
                    if (!model.contains(turn)) model.add(turn);
                }
                case 1 -> {
                    queue.remove(turn);
                    model.remove(turn);
                }
                default -> assertSame(model.isEmpty() ? null : model.remove(0), queue.poll());
            }
            assertEquals(model.size(), queue.size());
            assertSame(model.isEmpty() ? null : model.get(0), queue.peek());
        }
    }

    private static int idOf(SendTurns.Turn turn) {
        return ((NamedTurn) turn).id;
    }

    private static NamedTurn turn(int id) {
        return new NamedTurn(id);
    }

    private static final class NamedTurn extends SendTurns.Turn {
        final int id;

        NamedTurn(int id) {
            this.id = id;
        }

        @Override
        void take(long now) {}
    }
}
