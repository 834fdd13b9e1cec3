package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.relay4j.api.Endpoint;
import org.relay4j.testing.Await;
import org.relay4j.testing.Logged;

/** When the tunnels for the next process are written, with a disk that waits for the test. */
class StateWriterTest {
    private static final int MOST_WAITING = 600;

    private final Disk disk = new Disk();
    private final StateWriter writer = new StateWriter(disk, List.of(tunnel(1)), MOST_WAITING);

    @AfterEach
    void stop() {
        disk.permits.release(1_000_000);
        writer.close();
    }

    private static KeptTunnel tunnel(int n) {
        return StateTextTest.tunnel(n, null, false, 1);
    }

    private static KeptTunnel changed(int n) {
        return StateTextTest.tunnel(n, null, false, 2);
    }

    /** A disk on which each write takes until it is permitted, or fails. */
    private static final class Disk implements StateWriter.Target {
        final Semaphore permits = new Semaphore(0);
        final BlockingQueue<List<KeptTunnel>> begun = new LinkedBlockingQueue<>();
        final CountDownLatch closed = new CountDownLatch(1);
        volatile @Nullable IOException failure;

        @Override
        public void write(Collection<KeptTunnel> tunnels) throws IOException {
            begun.add(List.copyOf(tunnels));
            permits.acquireUninterruptibly();
            if (failure != null) throw new IOException(failure);
        }

        @Override
        public void close() {
            closed.countDown();
        }

        List<KeptTunnel> next() throws InterruptedException {
            List<KeptTunnel> next = begun.poll(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
            if (next == null) throw new AssertionError("nothing is written");
            return next;
        }
    }

    private CompletableFuture<@Nullable IOException> put(KeptTunnel tunnel) {
        CompletableFuture<@Nullable IOException> answer = new CompletableFuture<>();
        writer.put(tunnel, answer::complete);
        return answer;
    }

    private static @Nullable IOException answer(CompletableFuture<@Nullable IOException> of) throws Exception {
        return of.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
    }

    @Test
    void answersOnceTheTunnelIsOnDisk() throws Exception {
        CompletableFuture<@Nullable IOException> answer = put(tunnel(2));
        assertEquals(List.of(tunnel(1), tunnel(2)), disk.next());
        assertTrue(!answer.isDone());
        disk.permits.release();
        assertNull(answer(answer));
    }

    @Test
    void changesDuringAWriteAreWrittenTogether() throws Exception {
        List<CompletableFuture<@Nullable IOException>> answers = new ArrayList<>();
        answers.add(put(tunnel(2)));
        disk.next();
        for (int n = 3; n <= 502; n++) answers.add(put(tunnel(n)));
        disk.permits.release(2);
        for (CompletableFuture<@Nullable IOException> answer : answers) assertNull(answer(answer));
        assertEquals(502, disk.next().size());
        assertTrue(disk.begun.isEmpty());
    }

    @Test
    void whatIsOnDiskIsAnsweredAtOnce() {
        assertTrue(put(tunnel(1)).isDone());
        assertTrue(disk.begun.isEmpty());
    }

    @Tag("slow")
    @Test
    void changesForWhichNobodyWaitsAreWrittenSoon() throws Exception {
        disk.permits.release(10);
        writer.update(changed(1));
        assertEquals(List.of(changed(1)), disk.next());
        writer.remove(tunnel(1).id());
        assertEquals(List.of(), disk.next());
    }

    @Test
    void removedTunnelIsNotUpdated() throws Exception {
        disk.permits.release(10);
        writer.remove(tunnel(1).id());
        writer.update(changed(1));
        assertNull(answer(put(tunnel(2))));
        assertEquals(List.of(tunnel(2)), disk.next());
    }

    @Test
    void failureIsAnsweredAndLoggedAndTheWriteIsRepeated() throws Exception {
        try (Logged logged = Logged.below(StateWriter.class.getName())) {
            disk.failure = new IOException("No space left on device");
            disk.permits.release();
            IOException failure = answer(put(tunnel(2)));
            assertTrue(String.valueOf(failure).contains("No space left on device"));
            logged.await("WARN relay server: cannot write the state file");
            disk.next();
            disk.failure = null;
            disk.permits.release(10);
            assertEquals(List.of(tunnel(1), tunnel(2)), disk.next()); // repeated, though nobody waits any more
            logged.await("INFO relay server: the state file");
        }
    }

    @Test
    void tunnelReplacesTheOneWithItsPort() throws Exception {
        KeptTunnel other = new KeptTunnel(
                "f".repeat(32),
                1,
                null,
                tunnel(1).client(),
                false,
                1_000,
                tunnel(1).leases(),
                List.of());
        disk.permits.release(10);
        assertNull(answer(put(other)));
        assertEquals(List.of(other), disk.next());
        writer.remove(tunnel(1).id()); // too late, as when its end is noticed after the other has the port
        writer.update(changed(1));
        assertNull(answer(put(tunnel(2))));
        assertEquals(List.of(other, tunnel(2)), disk.next());
    }

    @Test
    void tunnelTakesASingleEndpointFromAnother() throws Exception {
        disk.permits.release(10);
        KeptTunnel two = tunnel(2).with(Endpoint.port(22)).with(Endpoint.host("app.example.com"));
        assertNull(answer(put(two)));
        assertEquals(List.of(tunnel(1), two), disk.next());
        KeptTunnel taker = tunnel(3).with(Endpoint.host("app.example.com")).with(Endpoint.port(2));
        assertNull(answer(put(taker)));
        KeptTunnel left = two.without(Endpoint.host("app.example.com")).without(Endpoint.port(2));
        assertEquals(List.of(Endpoint.port(22)), left.endpoints());
        assertEquals(List.of(tunnel(1), left, taker), disk.next());
        writer.remove(two.id());
        assertNull(answer(put(tunnel(4).with(Endpoint.port(22)))));
        assertEquals(3, disk.next().size());
    }

    @Test
    void callersThatWaitAreBounded() throws Exception {
        CompletableFuture<@Nullable IOException> first = put(tunnel(2));
        disk.next();
        for (int n = 0; n < MOST_WAITING; n++) assertTrue(!put(tunnel(3 + n)).isDone());
        assertTrue(String.valueOf(answer(put(tunnel(50_000)))).contains("too many changes"));
        disk.permits.release(10);
        assertNull(answer(first));
        assertEquals(MOST_WAITING + 2, disk.next().size());
    }

    @Test
    void closeWritesWhatIsLeft() throws Exception {
        disk.permits.release(10);
        writer.remove(tunnel(1).id());
        writer.close();
        assertEquals(List.of(), disk.next());
        assertTrue(String.valueOf(answer(put(tunnel(2)))).contains("closed"));
        assertTrue(disk.begun.isEmpty());
    }

    @Test
    void closeEndsEvenIfTheDiskFails() throws Exception {
        disk.failure = new IOException("No space left on device");
        disk.permits.release(10);
        writer.remove(tunnel(1).id());
        writer.close();
        assertSame(1, disk.begun.size());
        assertEquals(0, disk.closed.getCount());
    }

    @Tag("slow")
    @Test
    void targetIsClosedAfterTheLastWriteOnly() throws Exception {
        writer.remove(tunnel(1).id());
        writer.close(); // which waits for two seconds: the disk hangs
        assertEquals(List.of(), disk.next());
        assertEquals(1, disk.closed.getCount());
        disk.permits.release();
        assertTrue(disk.closed.await(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS));
    }
}
