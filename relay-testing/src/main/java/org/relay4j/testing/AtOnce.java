package org.relay4j.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * A task that runs many times concurrently, each time on its own thread. No thread starts the task before all are
 * ready.
 */
public final class AtOnce {
    /** The task. Its argument is the index of the run, from 0. */
    @FunctionalInterface
    public interface Task {
        void run(int number) throws Exception;
    }

    private static final int DEADLINE = 60; // seconds

    private AtOnce() {}

    /** Runs the task and returns when all runs have succeeded; rethrows the first failure. */
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
