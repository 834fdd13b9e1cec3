package org.relay4j.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Something that is done many times at once: each time on a thread of its own, and none begins before all are there. */
public final class AtOnce {
    /** What is done; it is told which one of them it is, from 0. */
    @FunctionalInterface
    public interface Task {
        void run(int number) throws Exception;
    }

    private static final int DEADLINE = 60; // seconds

    private AtOnce() {}

    /** Returns when all have succeeded; the first failure becomes the caller's. */
    public static void run(int count, Task task) throws Exception {
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            CountDownLatch ready = new CountDownLatch(count);
            List<Future<?>> running = new ArrayList<>();
            for (int n = 0; n < count; n++) {
                int number = n;
                running.add(threads.submit(() -> {
                    ready.countDown();
                    ready.await();
                    task.run(number);
                    return null;
                }));
            }
            for (Future<?> one : running) one.get(DEADLINE, TimeUnit.SECONDS);
        } finally {
            threads.shutdownNow();
        }
    }
}
