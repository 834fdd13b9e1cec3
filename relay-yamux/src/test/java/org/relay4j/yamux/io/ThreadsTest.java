package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Await;

class ThreadsTest {
    @Test
    void areVirtualWhereThisJavaHasThem() throws Exception {
        assertEquals(Runtime.version().feature() >= 21, Threads.areVirtual());
        CompletableFuture<Thread> current = new CompletableFuture<>();
        Thread thread = Threads.factory("some-name").newThread(() -> current.complete(Thread.currentThread()));
        thread.start();
        assertEquals(thread, current.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS));
        assertEquals("some-name-1", thread.getName());
        assertTrue(thread.isDaemon());
        assertEquals(Threads.areVirtual(), thread.toString().startsWith("VirtualThread["));
    }

    @Test
    void executorRunsAnyNumberOfBlockingTasks() throws Exception {
        ExecutorService executor = Threads.executor("some-executor");
        CompletableFuture<Void> last = new CompletableFuture<>();
        for (int i = 0; i < 50; i++) executor.execute(last::join);
        executor.execute(() -> last.complete(null));
        executor.shutdown();
        assertTrue(executor.awaitTermination(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS));
    }
}
