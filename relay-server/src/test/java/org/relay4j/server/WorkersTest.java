package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Await;
import org.relay4j.testing.Logged;

class WorkersTest {
    @Test
    void tasksBeyondTheQueueAreRefused() {
        Workers workers = new Workers("relay-test-workers", 2, 3);
        CountDownLatch mayGoOn = new CountDownLatch(1);
        AtomicInteger done = new AtomicInteger();
        Runnable task = () -> {
            Await.until("it may go on", mayGoOn);
            done.incrementAndGet();
        };
        for (int n = 0; n < 5; n++) assertTrue(workers.run("one", task)); // two run, three wait
        assertFalse(workers.run("one", task));
        mayGoOn.countDown();
        Await.until("all are done", () -> done.get() == 5);
        assertTrue(workers.run("one", task));
        workers.end();
        assertFalse(workers.run("one", task));
        Await.until("what was queued is done", () -> done.get() == 6);
        assertEquals(6, done.get());
    }

    @Test
    void forgottenTaskMakesRoomAndIsNotRun() {
        Workers workers = new Workers("relay-test-workers", 1, 1);
        CountDownLatch mayGoOn = new CountDownLatch(1);
        assertTrue(workers.run("one", () -> Await.until("it may go on", mayGoOn)));
        AtomicInteger done = new AtomicInteger();
        Runnable forgotten = () -> done.addAndGet(100);
        assertTrue(workers.run("one", forgotten));
        assertFalse(workers.run("one", done::incrementAndGet));
        workers.forget("one", forgotten);
        assertTrue(workers.run("one", done::incrementAndGet));
        mayGoOn.countDown();
        Await.until("the other one is done", () -> done.get() > 0);
        assertEquals(1, done.get());
        workers.end();
    }

    @Test
    void ownersTakeTurns() {
        Workers workers = new Workers("relay-test-workers", 1, 10);
        CountDownLatch mayGoOn = new CountDownLatch(1);
        List<String> order = new CopyOnWriteArrayList<>();
        assertTrue(workers.run("first", () -> Await.until("it may go on", mayGoOn)));
        for (int n = 1; n <= 4; n++) {
            String name = "flood " + n;
            assertTrue(workers.run("flood", () -> order.add(name)));
        }
        assertTrue(workers.run("newcomer", () -> order.add("newcomer 1")));
        assertTrue(workers.run("newcomer", () -> order.add("newcomer 2")));
        mayGoOn.countDown();
        Await.until("all are done", () -> order.size() == 6);
        assertEquals(List.of("flood 1", "newcomer 1", "flood 2", "newcomer 2", "flood 3", "flood 4"), order);
        workers.end();
    }

    @Test
    void failedTaskDoesNotEndTheWork() {
        Workers workers = new Workers("relay-test-workers", 1, 10);
        AtomicInteger done = new AtomicInteger();
        try (Logged log = Logged.below("org.relay4j.server")) {
            assertTrue(workers.run("one", () -> {
                throw new AssertionError("a defect");
            }));
            assertTrue(workers.run("one", done::incrementAndGet));
            Await.until("the other one is done", () -> done.get() == 1);
            log.await("work for a client has failed");
        }
        workers.end();
    }
}
