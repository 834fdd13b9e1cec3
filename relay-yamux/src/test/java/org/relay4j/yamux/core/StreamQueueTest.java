package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StreamQueueTest {
    private final StreamQueue queue = new StreamQueue();
    private final ScriptedPeer peer = ScriptedPeer.client();

    @Test
    void firstInFirstOut() {
        for (int id = 1; id <= 5; id++) queue.add(link(id));
        assertEquals(5, queue.size());
        for (int id = 1; id <= 5; id++) assertEquals(id, queue.poll().id());
        assertNull(queue.poll());
        assertEquals(0, queue.size());
    }

    @Test
    void peekLeavesTheFirst() {
        assertNull(queue.peek());
        StreamQueue.Link link = link(1);
        queue.add(link);
        assertSame(link.stream, queue.peek());
        assertEquals(1, queue.size());
    }

    @Test
    void streamThatIsQueuedKeepsItsPlaceWhenItIsAddedAgain() {
        StreamQueue.Link first = link(1);
        queue.add(first);
        queue.add(link(2));
        queue.add(first);
        assertEquals(2, queue.size());
        assertSame(first.stream, queue.poll());
    }

    @Test
    void streamThatWasPolledCanBeAddedAgain() {
        StreamQueue.Link link = link(1);
        queue.add(link);
        queue.poll();
        queue.add(link(2));
        queue.add(link);
        assertEquals(2, queue.poll().id());
        assertEquals(1, queue.poll().id());
    }

    @Test
    void removingWhatIsNotThereDoesNothing() {
        queue.remove(null);
        StreamQueue.Link link = link(1);
        queue.remove(link);
        queue.add(link);
        queue.remove(link);
        queue.remove(link);
        assertEquals(0, queue.size());
    }

    @Test
    void behavesAsAListUnderRandomUse() {
        Random random = new Random(1);
        List<StreamQueue.Link> links = new ArrayList<>();
        for (int id = 1; id <= 20; id++) links.add(link(id));
        List<StreamQueue.Link> model = new ArrayList<>();
        for (int step = 0; step < 20_000; step++) {
            StreamQueue.Link link = links.get(random.nextInt(links.size()));
            switch (random.nextInt(3)) {
                case 0 -> {
                    queue.add(link);
                    if (!model.contains(link)) model.add(link);
                }
                case 1 -> {
                    queue.remove(link);
                    model.remove(link);
                }
                default -> assertSame(model.isEmpty() ? null : model.remove(0).stream, queue.poll());
            }
            assertEquals(model.size(), queue.size());
            assertSame(model.isEmpty() ? null : model.get(0).stream, queue.peek());
        }
    }

    private StreamQueue.Link link(int id) {
        return new StreamQueue.Link(new MuxStream(peer.core, id, false, 0, Refused.INSTANCE));
    }
}
