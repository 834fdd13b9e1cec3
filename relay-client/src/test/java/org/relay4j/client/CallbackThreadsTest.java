package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Await;
import org.relay4j.testing.Logged;
import org.relay4j.yamux.io.Threads;

/** How many threads call listeners and reconnect, with a clock and threads that the test runs, unless a test has real ones. */
class CallbackThreadsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private final Queue<Runnable> started = new ArrayDeque<>(); // threads that have not run yet
    private final Queue<Runnable> alarms = new ArrayDeque<>();
    private final List<Integer> ran = new ArrayList<>();
    private Executor starter = started::add;
    private long now; // ns
    private long alarm; // when the last one is due, ns

    private CallbackThreads threads(int most) {
        return new CallbackThreads(task -> starter.execute(task), most, PATIENCE, () -> now, (nanos, action) -> {
            alarm = now + nanos;
            alarms.add(action);
        });
    }

    /** The next thread that was started runs until it ends. */
    private void run() {
        started.remove().run();
    }

    @Test
    void tenThousandTasksAtOnceHaveABoundedNumberOfThreadsAndKeepTheirOrder() {
        CallbackThreads threads = threads(Callbacks.MOST);
        for (int i = 0; i < 10_000; i++) {
            int number = i;
            threads.execute(() -> ran.add(number));
        }
        assertEquals(256, started.size());
        assertEquals(1, alarms.size());
        run();
        assertEquals(IntStream.range(0, 10_000).boxed().toList(), ran);
        while (!started.isEmpty()) run(); // there is nothing left
        alarms.remove().run();
        assertEquals(10_000, ran.size());
        assertEquals(0, alarms.size());
    }

    @Test
    void taskThatBlocksDoesNotStopTheOthersForEver() {
        CallbackThreads threads = threads(1);
        threads.execute(
                () -> { // for as long as the rest of this test
                    threads.execute(() -> ran.add(1));
                    threads.execute(() -> ran.add(2));
                    assertEquals(0, started.size());
                    assertEquals(PATIENCE.toNanos(), alarm);
                    now = alarm - 1;
                    alarms.remove().run();
                    assertEquals(0, started.size(), "it has not run for long enough");
                    now = alarm;
                    alarms.remove().run();
                    assertEquals(1, started.size());
                    run();
                    assertEquals(List.of(1, 2), ran);
                    threads.execute(() -> ran.add(3)); // one that blocks does not count, so there is room
                    run();
                });
        run();
        assertEquals(List.of(1, 2, 3), ran);
        now = alarm;
        alarms.remove().run(); // nothing waits any more
        assertEquals(0, started.size() + alarms.size());
    }

    /** Otherwise the number of threads would grow with each of them. */
    @Test
    void threadWhoseTaskHasBlockedEndsWithItIfThereAreEnoughOthers() {
        CallbackThreads threads = threads(1);
        threads.execute(() -> {
            now += PATIENCE.toNanos();
            threads.execute(() -> ran.add(1)); // another thread, which counts, but has not run yet
            assertEquals(1, started.size());
        });
        run();
        assertEquals(List.of(), ran);
        run();
        assertEquals(List.of(1), ran);
    }

    @Test
    void asManyThreadsStartAsTasksWaitBehindThoseThatBlock() {
        CallbackThreads threads = threads(3);
        for (int i = 0; i < 3; i++) threads.execute(() -> ran.add(-1)); // threads that are not scheduled
        threads.execute(() -> ran.add(1));
        Queue<Runnable> first = new ArrayDeque<>(started);
        started.clear();
        now = alarm;
        alarms.remove().run();
        assertEquals(3, started.size(), "three of four tasks have no thread that runs");
        while (!started.isEmpty()) run();
        assertEquals(4, ran.size());
        first.forEach(Runnable::run);
        assertEquals(4, ran.size());
    }

    @Test
    void taskForWhichThereIsNoThreadIsNotRunLater() {
        CallbackThreads threads = threads(2);
        starter = task -> {
            throw new OutOfMemoryError("unable to create native thread");
        };
        assertThrows(OutOfMemoryError.class, () -> threads.execute(() -> ran.add(1)));
        starter = started::add;
        threads.execute(() -> ran.add(2)); // the failed thread takes no room
        threads.execute(() -> ran.add(3));
        assertEquals(2, started.size());
        run();
        assertEquals(List.of(2, 3), ran);
    }

    @Test
    void taskThatCannotWaitIsNotRunLater() {
        Queue<Long> alarmed = new ArrayDeque<>();
        CallbackThreads threads = new CallbackThreads(started::add, 1, PATIENCE, () -> now, (nanos, action) -> {
            if (alarmed.isEmpty()) {
                alarmed.add(nanos);
                throw new OutOfMemoryError("unable to create native thread");
            }
            alarms.add(action);
        });
        threads.execute(() -> ran.add(1));
        assertThrows(OutOfMemoryError.class, () -> threads.execute(() -> ran.add(2)));
        threads.execute(() -> ran.add(3));
        assertEquals(1, alarms.size(), "nothing looks after the task that waits");
        run();
        assertEquals(List.of(1, 3), ran);
    }

    @Test
    void withoutMemoryForAnotherThreadTheNextAttemptIsLater() {
        CallbackThreads threads = threads(1);
        threads.execute(() -> {
            threads.execute(() -> ran.add(1));
            starter = task -> {
                throw new OutOfMemoryError("unable to create native thread");
            };
            now = alarm;
            try (Logged log = Logged.below("org.relay4j.client")) {
                alarms.remove().run();
                log.await("cannot start a thread");
            }
            assertEquals(now + PATIENCE.toNanos(), alarm);
            starter = started::add;
            now = alarm;
            alarms.remove().run();
            run();
            assertEquals(List.of(1), ran);
        });
        run();
        assertEquals(List.of(1), ran);
    }

    @Test
    void taskThatFailsOrLeavesAnInterruptHasNoEffectOnTheNextOne() {
        CallbackThreads threads = threads(1);
        threads.execute(() -> Thread.currentThread().interrupt());
        threads.execute(() -> {
            assertTrue(!Thread.currentThread().isInterrupted(), "the flag of the task before");
            ran.add(1);
            throw new IllegalStateException("a defect");
        });
        threads.execute(() -> ran.add(2));
        try (Logged log = Logged.below("org.relay4j.client")) {
            run();
            log.await("a task has failed");
        }
        assertEquals(List.of(1, 2), ran);
    }

    /** With the clock and the threads of the product. */
    @Test
    void listenersThatBlockForEverLeaveRoomForAnother() throws Exception {
        CallbackThreads threads = new CallbackThreads(Threads.executor("test"), 2, Duration.ofMillis(50));
        CountDownLatch end = new CountDownLatch(1);
        CountDownLatch served = new CountDownLatch(8);
        AtomicInteger blocked = new AtomicInteger();
        try {
            for (int i = 0; i < 4; i++) {
                threads.execute(() -> {
                    blocked.incrementAndGet();
                    Await.until("the test has ended", end);
                });
                for (int k = 0; k < 2; k++) threads.execute(served::countDown);
            }
            Await.until("the others are called", served);
            assertEquals(4, blocked.get());
        } finally {
            end.countDown();
        }
    }
}
