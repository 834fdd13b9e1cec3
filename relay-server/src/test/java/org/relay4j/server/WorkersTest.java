package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Await;

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
        for (int n = 0; n < 5; n++) assertTrue(workers.run(task)); // two run, three wait
        assertFalse(workers.run(task));
        mayGoOn.countDown();
        Await.until("all are done", () -> done.get() == 5);
        assertTrue(workers.run(task));
        workers.end();
        assertFalse(workers.run(task));
        Await.until("what was queued is done", () -> done.get() == 6);
        assertEquals(6, done.get());
    }

    @Test
    void forgottenTaskMakesRoomAndIsNotRun() {
        Workers workers = new Workers("relay-test-workers", 1, 1);
        CountDownLatch mayGoOn = new CountDownLatch(1);
        assertTrue(workers.run(() -> Await.until("it may go on", mayGoOn)));
        AtomicInteger done = new AtomicInteger();
        Runnable forgotten = () -> done.addAndGet(100);
        assertTrue(workers.run(forgotten));
        assertFalse(workers.run(done::incrementAndGet));
        workers.forget(forgotten);
        assertTrue(workers.run(done::incrementAndGet));
        mayGoOn.countDown();
        Await.until("the other one is done", () -> done.get() > 0);
        assertEquals(1, done.get());
        workers.end();
    }
}
