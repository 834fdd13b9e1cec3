package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Transport;
import org.relay4j.yamux.Session;

class LoopGroupTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    @Test
    void loopsHaveNumbers() throws IOException {
        try (LoopGroup group = new LoopGroup("relay-test-numbered", 2, true)) {
            assertEquals(2, group.size());
            assertSame(group.get(0), group.next());
            assertSame(group.get(1), group.next());
        }
    }

    @Test
    void givesEachLoopItsTurn() throws Exception {
        try (LoopGroup group = new LoopGroup("relay-test", 3, true)) {
            Set<Loop> seen = new HashSet<>(List.of(group.next(), group.next(), group.next()));
            assertEquals(3, seen.size());
            assertTrue(seen.contains(group.next()));
        }
    }

    /** Else two connections of a tunnel would often end up on one loop after one of them was lost. */
    @Test
    void givesAUserTheLoopWithTheFewest() throws Exception {
        try (LoopGroup group = new LoopGroup("relay-test", 2, true)) {
            Loop one = group.join();
            Loop other = group.join();
            assertNotSame(one, other);
            for (Loop left : List.of(other, other, one, other)) {
                group.leave(left);
                assertSame(left, group.join());
            }
            group.leave(one);
            one.stop();
            Await.until("it has ended", () -> !one.isRunning());
            assertSame(other, group.join());
            other.stop();
            Await.until("the other has ended, too", () -> !other.isRunning());
            assertThrows(IOException.class, group::join);
        }
    }

    @Test
    void sharedOneHasSeveralOnAnyMachine() throws Exception {
        LoopGroup group = LoopGroup.acquireShared();
        try {
            assertTrue(group.size() >= 2, () -> group.size() + " loops");
        } finally {
            LoopGroup.releaseShared();
        }
    }

    @Test
    void spareLoopIsForThoseThatAskForIt() throws Exception {
        try (LoopGroup group = new LoopGroup("relay-test", 1, true, true)) {
            Loop only = group.next();
            Loop spare = group.spare();
            assertNotSame(only, spare);
            assertEquals(1, group.size());
            for (int i = 0; i < 4; i++) {
                assertSame(only, group.next());
                assertSame(only, group.of(i));
                assertSame(only, group.join());
            }
            assertTrue(group.awaitAnswers(TimeUnit.SECONDS.toNanos(30)));
            spare.stop();
            Await.until("it has ended", () -> !spare.isRunning());
            assertFalse(group.awaitAnswers(1));
            assertNull(group.spare());
        }
        try (LoopGroup group = new LoopGroup("relay-test", 2, true, true)) {
            assertNull(group.spare());
        }
    }

    @Test
    void closeWaitsForTheThreads() throws Exception {
        LoopGroup group = new LoopGroup("relay-test", 2, false);
        List<Loop> loops = List.of(group.next(), group.next());
        group.close();
        for (Loop loop : loops) assertTrue(loop.join(1));
        group.close();
    }

    @Test
    void answersWhileAllLoopsRun() throws Exception {
        try (LoopGroup group = new LoopGroup("relay-test", 2, true)) {
            Loop stuck = group.next();
            assertTrue(group.awaitAnswers(TimeUnit.SECONDS.toNanos(30)));
            CountDownLatch release = new CountDownLatch(1);
            CountDownLatch blocked = new CountDownLatch(1);
            stuck.execute(() -> {
                blocked.countDown();
                awaitQuietly(release);
            });
            blocked.await();
            for (int n = 0; n < 100; n++) assertFalse(group.awaitAnswers(0));
            release.countDown();
            assertTrue(group.awaitAnswers(TimeUnit.SECONDS.toNanos(30)));
            stuck.stop();
            stuck.join(Await.DEADLINE.toMillis());
            assertFalse(group.awaitAnswers(0));
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void loopsEndWhenNotAllCanBeStarted() throws Exception {
        List<Loop> started = new ArrayList<>();
        IOException failure = assertThrows(
                IOException.class,
                () -> new LoopGroup("relay-test", 3, false, name -> {
                    if (started.size() == 2) throw new IOException("too many open files");
                    started.add(new Loop(name, false));
                    return started.get(started.size() - 1);
                }));
        assertEquals("too many open files", failure.getMessage());
        assertEquals(2, started.size());
        for (Loop loop : started) assertTrue(loop.join(Await.DEADLINE.toMillis()));
    }

    @Test
    void loopThatHasEndedGetsNothingMore() throws Exception {
        try (LoopGroup group = new LoopGroup("relay-test", 2, false)) {
            Loop first = group.next();
            Loop second = group.next();
            first.stop();
            assertTrue(first.join(Await.DEADLINE.toMillis()));
            for (int n = 0; n < 5; n++) assertSame(second, group.next());
            second.stop();
            assertTrue(second.join(Await.DEADLINE.toMillis()));
            IOException failure = assertThrows(IOException.class, group::next);
            assertEquals("the event loops have ended", failure.getMessage());
        }
    }

    @Test
    void interruptedCloseKeepsTheFlag() throws Exception {
        LoopGroup group = new LoopGroup("relay-test", 1, false);
        Loop loop = group.next();
        Call<Void> close = Call.run(() -> {
            Thread.currentThread().interrupt();
            group.close();
        });
        close.result();
        assertTrue(close.endedInterrupted());
        assertTrue(loop.join(Await.DEADLINE.toMillis()));
    }

    @Test
    void closeOnOneOfItsLoopsDoesNotWaitForItself() throws Exception {
        LoopGroup group = new LoopGroup("relay-test", 2, true);
        List<Loop> loops = List.of(group.next(), group.next());
        CountDownLatch closed = new CountDownLatch(1);
        loops.get(0).execute(() -> {
            group.close();
            closed.countDown();
        });
        Await.until("close has returned", closed);
        for (Loop loop : loops) assertTrue(loop.join(Await.DEADLINE.toMillis()));
    }

    @Test
    void sharedOneOutlivesItsLastUserForTheNext() throws Exception {
        LoopGroup first = LoopGroup.acquireShared();
        assertSame(first, LoopGroup.acquireShared());
        Loop loop = first.next();
        LoopGroup.releaseShared();
        LoopGroup.releaseShared();
        for (int n = 0; n < 1_000; n++) { // a client that reconnects
            assertSame(first, LoopGroup.acquireShared());
            LoopGroup.releaseShared();
        }
        CompletableFuture<Integer> timers = new CompletableFuture<>();
        loop.execute(() -> timers.complete(loop.timerCount()));
        assertTrue(timers.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS) <= 1, "its end is scheduled once");
        LoopGroup.endUnused();
        assertTrue(loop.join(Await.DEADLINE.toMillis()));
        LoopGroup second = LoopGroup.acquireShared();
        try {
            assertNotSame(first, second);
            LoopGroup.endUnused(); // it is in use
            assertSame(second, LoopGroup.acquireShared());
            LoopGroup.releaseShared();
        } finally {
            LoopGroup.releaseShared();
        }
    }

    @Test
    void sharedOneEndsWhenNobodyComesAnyMore() throws Exception {
        LoopGroup first = LoopGroup.acquireShared();
        Loop loop = first.next();
        LoopGroup.releaseShared(TimeUnit.MILLISECONDS.toNanos(1));
        assertTrue(loop.join(Await.DEADLINE.toMillis()));
        LoopGroup second = LoopGroup.acquireShared();
        assertNotSame(first, second);
        LoopGroup.releaseShared(0);
        assertTrue(second.next().join(Await.DEADLINE.toMillis()));
    }

    @Test
    void sharedOneWhoseLoopsHaveFailedIsReplaced() throws Exception {
        LoopGroup first = LoopGroup.acquireShared();
        first.close();
        LoopGroup.releaseShared();
        LoopGroup second = LoopGroup.acquireShared();
        try {
            assertNotSame(first, second);
        } finally {
            LoopGroup.releaseShared();
        }
    }

    @Test
    void sessionsHoldTheSharedOneUntilTheyAreTerminated() throws Exception {
        for (int round = 0; round < 20; round++) {
            List<SocketChannel> ends = Transport.sockets();
            Session client = Session.client(ends.get(0));
            Session server = Session.server(ends.get(1));
            client.open().getOutputStream().write(1);
            server.accept().close();
            client.close();
            server.close();
            assertTrue(client.awaitEnd(Await.DEADLINE));
            assertTrue(server.awaitEnd(Await.DEADLINE));
        }
        LeakCheck.check();
    }

    @Test
    void sessionThatIsClosedBeforeItsLoopKnowsItTerminates() throws Exception {
        for (int round = 0; round < 50; round++) {
            List<SocketChannel> ends = Transport.sockets();
            Session session = Session.client(ends.get(0));
            session.close();
            ends.get(1).close();
            assertTrue(session.awaitEnd(Await.DEADLINE));
        }
    }
}
