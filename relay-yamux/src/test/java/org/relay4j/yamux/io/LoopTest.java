package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Transport;
import org.relay4j.yamux.core.MuxStream;

class LoopTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    private static final String LOGGER = "org.relay4j.yamux.io";

    private final List<SocketChannel> channels = new ArrayList<>();
    private Loop loop;

    @BeforeEach
    void start() throws Exception {
        loop = new Loop("relay-test-loop", false);
    }

    @AfterEach
    void stop() throws Exception {
        loop.stop();
        assertTrue(loop.join(Await.DEADLINE.toMillis()));
        for (SocketChannel channel : channels) channel.close();
    }

    @Test
    void runsTasksInTheirOrderOnItsThread() {
        List<Integer> done = new CopyOnWriteArrayList<>();
        CountDownLatch last = new CountDownLatch(1);
        for (int i = 0; i < 3000; i++) { // more than run in one pass
            int number = i;
            loop.execute(() -> {
                if (loop.isCurrent()) done.add(number);
            });
        }
        loop.execute(last::countDown);
        Await.until("all tasks have run", last);
        assertEquals(3000, done.size());
        for (int i = 0; i < 3000; i++) assertEquals(i, done.get(i));
        assertFalse(loop.isCurrent());
    }

    @Test
    void taskMayAddTasks() {
        CountDownLatch last = new CountDownLatch(1);
        AtomicInteger left = new AtomicInteger(5000);
        Runnable[] task = new Runnable[1];
        task[0] = () -> {
            if (left.decrementAndGet() > 0) loop.execute(task[0]);
            else last.countDown();
        };
        loop.execute(task[0]);
        Await.until("the last task has run", last);
    }

    @Test
    void readBufferGrowsAfterALongRead() {
        ByteBuffer first = loop.readBuffer().clear();
        assertSame(first, loop.readBuffer());
        first.position(first.capacity() / 2);
        assertSame(first, loop.readBuffer());
        first.position(first.capacity() - 16 * 1024);
        ByteBuffer second = loop.readBuffer().clear();
        assertTrue(second.capacity() > MuxStream.LONGEST_FRAME);
        second.position(second.capacity());
        assertSame(second, loop.readBuffer());
    }

    @Test
    void timersRunInTheOrderOfTheirTimesUnlessTheyAreCancelled() {
        List<String> done = new CopyOnWriteArrayList<>();
        CountDownLatch last = new CountDownLatch(1);
        loop.execute(() -> {
            loop.schedule(TimeUnit.MILLISECONDS.toNanos(60), last::countDown);
            loop.schedule(TimeUnit.MILLISECONDS.toNanos(40), () -> done.add("second"));
            Loop.Timer cancelled = loop.schedule(TimeUnit.MILLISECONDS.toNanos(30), () -> done.add("cancelled"));
            loop.schedule(TimeUnit.MILLISECONDS.toNanos(20), () -> done.add("first"));
            loop.schedule(0, cancelled::cancel);
        });
        Await.until("the last timer was due", last);
        assertEquals(List.of("first", "second"), done);
    }

    /** The thread did not run for a while after its selector had returned, as a process that was stopped. */
    @Test
    void timerThatIsLateRunsAfterTheSockets() throws Exception {
        List<String> done = new CopyOnWriteArrayList<>();
        Probe probe = register(key -> done.add("socket"));
        CountDownLatch last = new CountDownLatch(1);
        CountDownLatch sent = new CountDownLatch(1);
        loop.execute(() -> {
            long begun = System.nanoTime();
            loop.schedule(0, () -> {
                done.add("timer");
                last.countDown();
            });
            Await.until("a byte has arrived", sent);
            Await.until("the timer is late", () -> System.nanoTime() - begun > TimeUnit.MILLISECONDS.toNanos(50));
        });
        probe.send();
        sent.countDown();
        Await.until("the timer has run", last);
        assertEquals(List.of("socket", "timer"), done);
    }

    @Test
    void survivesTasksAndTimersThatThrow() throws Exception {
        CountDownLatch last = new CountDownLatch(1);
        try (Logged logged = Logged.below(LOGGER)) {
            loop.execute(() -> {
                loop.schedule(0, () -> {
                    throw new IllegalStateException("timer, on purpose");
                });
                loop.schedule(1, last::countDown);
                throw new AssertionError("task, on purpose");
            });
            Await.until("the loop lives", last);
            assertEquals(2, logged.lines("ERROR").size());
        }
    }

    @Test
    void survivesAnAcceptorThatThrows() throws Exception {
        CountDownLatch last = new CountDownLatch(1);
        try (Logged logged = Logged.below(LOGGER)) {
            loop.execute(() -> {
                loop.accepting().add((pace, busy) -> {
                    throw new IllegalStateException("acceptor, on purpose");
                });
                loop.accepting().add((pace, busy) -> {
                    throw new StackOverflowError("acceptor, on purpose");
                });
                loop.accepting().add((pace, busy) -> last.countDown());
            });
            Await.until("the loop lives", last);
            logged.await("unexpected failure of");
        }
    }

    @Test
    void abandonsAHandlerThatThrowsAndServesTheOthers() throws Exception {
        RuntimeException thrown = new IllegalStateException("handler, on purpose");
        Probe broken = register(key -> {
            throw thrown;
        });
        Probe worse = register(key -> {
            throw new StackOverflowError("handler, on purpose");
        });
        Probe healthy = register(key -> {});
        try (Logged logged = Logged.below(LOGGER)) {
            broken.send();
            worse.send();
            healthy.send();
            Await.until("one was abandoned", () -> broken.abandoned.isDone() && worse.abandoned.isDone());
            Await.until("one was served", () -> healthy.calls.get() > 0);
            assertEquals(2, logged.lines("ERROR").size());
        }
        assertEquals(thrown, broken.abandoned.join());
        assertFalse(healthy.abandoned.isDone());
        broken.channel.close();
        worse.channel.close();
    }

    @Test
    void handlerThatCannotEvenBeAbandonedHarmsNobody() throws Exception {
        Probe broken = register(key -> {
            key.cancel();
            throw new IllegalStateException("handler, on purpose");
        });
        broken.abandoned.complete(new IllegalStateException("throw this, too"));
        Probe healthy = register(key -> {});
        try (Logged logged = Logged.below(LOGGER)) {
            broken.send();
            Await.until("it was called", () -> broken.calls.get() > 0);
            healthy.send();
            Await.until("one was served", () -> healthy.calls.get() > 0);
            logged.await("cannot abandon");
        }
        broken.channel.close(); // else it is abandoned once more at the end
    }

    @Test
    void handlerMayCloseAChannelThatIsReadyInTheSamePass() throws Exception {
        List<Probe> both = new CopyOnWriteArrayList<>();
        for (int i = 0; i < 2; i++) {
            both.add(register(key -> {
                for (Probe probe : both) Sockets.close(probe.channel);
            }));
        }
        CountDownLatch held = new CountDownLatch(1);
        loop.execute(() -> Await.until("both channels have something to read", held));
        for (Probe probe : both) probe.send();
        held.countDown();
        Await.until(
                "one was called",
                () -> both.get(0).calls.get() + both.get(1).calls.get() > 0);
        CountDownLatch later = new CountDownLatch(1);
        loop.execute(() -> loop.execute(later::countDown));
        Await.until("the pass is over", later);
        assertEquals(1, both.get(0).calls.get() + both.get(1).calls.get());
        assertFalse(both.get(0).abandoned.isDone());
        assertFalse(both.get(1).abandoned.isDone());
    }

    @Test
    void handlerThatUsesACancelledKeyIsNotAbandoned() throws Exception {
        Probe probe = register(key -> {
            key.cancel();
            key.interestOps(0);
        });
        probe.send();
        Await.until("it was called", () -> probe.calls.get() == 1);
        CountDownLatch later = new CountDownLatch(1);
        loop.execute(later::countDown);
        Await.until("the loop lives", later);
        assertFalse(probe.abandoned.isDone());
    }

    @Test
    void stopRunsWhatWasAskedForAndAbandonsEverything() throws Exception {
        Probe one = register(key -> {});
        Probe other = register(key -> {});
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch ran = new CountDownLatch(1);
        loop.execute(() -> Await.until("the loop is to stop", held));
        loop.stop();
        loop.execute(ran::countDown);
        held.countDown();
        assertTrue(loop.join(Await.DEADLINE.toMillis()));
        Await.until("the task has run", ran);
        for (Probe probe : List.of(one, other)) {
            assertTrue(probe.abandoned.isDone());
            assertEquals("the event loop was stopped", probe.abandoned.join().getMessage());
        }
        loop.execute(() -> {
            throw new AssertionError("a stopped loop runs nothing");
        });
        loop.wakeUp();
        loop.stop();
    }

    private interface OnReady {
        void ready(SelectionKey key);
    }

    private Probe register(OnReady onReady) throws IOException {
        List<SocketChannel> ends = Transport.sockets();
        channels.addAll(ends);
        Probe probe = new Probe(ends.get(0), ends.get(1), onReady);
        probe.channel.configureBlocking(false);
        CountDownLatch registered = new CountDownLatch(1);
        loop.execute(() -> {
            try {
                loop.register(probe.channel, SelectionKey.OP_READ, probe);
                registered.countDown();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        Await.until("the channel is registered", registered);
        return probe;
    }

    /** Counts what happens to a handler; reads what comes, so that the channel is ready once for each byte sent. */
    private static final class Probe implements Loop.Handler {
        final SocketChannel channel;
        final SocketChannel peer;
        final AtomicInteger calls = new AtomicInteger();
        final CompletableFuture<Throwable> abandoned = new CompletableFuture<>();
        private final OnReady onReady;

        Probe(SocketChannel channel, SocketChannel peer, OnReady onReady) {
            this.channel = channel;
            this.peer = peer;
            this.onReady = onReady;
        }

        void send() throws IOException {
            peer.write(ByteBuffer.allocate(1));
        }

        @Override
        public void ready(SelectionKey key) {
            calls.incrementAndGet();
            try {
                channel.read(ByteBuffer.allocate(1));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
            onReady.ready(key);
        }

        @Override
        public void abandon(Throwable cause) {
            if (!abandoned.complete(cause)) throw new IllegalStateException("abandoned twice, on purpose");
        }
    }
}
