package org.relay4j.server.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Await;

/** What becomes of TLS computations when more handshakes begin than can be computed. */
class PeerTasksTest {
    private final PeerTasks tasks = new PeerTasks();
    private final CountDownLatch busy = new CountDownLatch(1);
    private final List<String> done = new CopyOnWriteArrayList<>();

    @BeforeEach
    void occupyAllThreads() {
        for (int n = 0; n < PeerTasks.THREADS; n++)
            assertTrue(tasks.run(() -> true, () -> Await.until("the test goes on", busy)));
    }

    @AfterEach
    void stop() {
        busy.countDown();
        tasks.close();
    }

    @Test
    void whatNobodyWaitsForAnyMoreIsNotComputed() {
        AtomicBoolean waits = new AtomicBoolean(true);
        assertTrue(tasks.run(waits::get, () -> done.add("timed out")));
        assertTrue(tasks.run(() -> true, () -> done.add("wanted")));
        waits.set(false);
        busy.countDown();
        Await.until("the other one is done", () -> !done.isEmpty());
        assertTrue(tasks.run(() -> true, () -> done.add("last")));
        Await.until("the queue is empty", () -> done.contains("last"));
        assertEquals(List.of("wanted", "last"), done);
    }

    @Test
    void thoseThatWaitAreLimited() {
        for (int n = 0; n < PeerTasks.WAITING; n++) assertTrue(tasks.run(() -> true, () -> done.add("task")));
        assertFalse(tasks.run(() -> true, () -> done.add("one too many")));
        busy.countDown();
        Await.until("all are done", () -> done.size() == PeerTasks.WAITING);
        assertFalse(done.contains("one too many"));
    }
}
