package org.relay4j.yamux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Transport;

/** Reading and writing without waiting. */
class StreamChannelTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    private static final int WINDOW = 256 * 1024; // bytes

    /** The tasks of an event loop that the test runs itself. */
    private final BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();

    private final Executor loop = tasks::add;

    /** Runs the next task of the event loop, once there is one. */
    private void runNext() throws InterruptedException {
        Runnable task = tasks.poll(Await.DEADLINE.toNanos(), TimeUnit.NANOSECONDS);
        if (task == null) throw new AssertionError("no task was handed over");
        task.run();
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    @ParameterizedTest
    @EnumSource
    void readsWhatIsThereAndThenTheEnd(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair streams = pair.open();
            StreamChannel channel = streams.there().channel(loop);
            ByteBuffer to = ByteBuffer.allocateDirect(16);
            assertEquals(0, channel.read(to));
            int[] seen = new int[1];
            channel.whenReadable(() -> seen[0]++);
            streams.here().getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
            runNext();
            assertEquals(1, seen[0]);
            assertEquals(5, channel.read(to));
            assertEquals(bytes("hello"), to.flip());
            assertEquals(0, channel.read(to.clear()));
            channel.whenReadable(() -> seen[0]++);
            streams.here().shutdownOutput();
            runNext();
            assertEquals(2, seen[0]);
            assertEquals(-1, channel.read(to));
            assertEquals(-1, channel.read(to));
        }
    }

    @ParameterizedTest
    @EnumSource
    void carriesManyBytesBothWaysOnOneThread(Transport transport) throws Exception {
        byte[] content = new byte[1 << 20];
        new Random(5).nextBytes(content);
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair streams = pair.open();
            new Echo(streams.there().channel(loop)).begin();
            Call<byte[]> reply = Call.of(() -> streams.here().getInputStream().readAllBytes());
            Call<Void> request = Call.run(() -> {
                streams.here().getOutputStream().write(content);
                streams.here().shutdownOutput();
            });
            while (!reply.isDone()) {
                Runnable task = tasks.poll(1, TimeUnit.MILLISECONDS);
                if (task != null) task.run();
            }
            request.result();
            assertArrayEquals(content, reply.result());
        }
    }

    /** Sends back what it reads. */
    private static final class Echo {
        private final StreamChannel channel;
        private final ByteBuffer buffer = ByteBuffer.allocate(50_000);

        Echo(StreamChannel channel) {
            this.channel = channel;
        }

        void begin() {
            channel.whenReadable(this::read);
        }

        private void read() {
            try {
                int length = channel.read(buffer.clear());
                if (length < 0) channel.shutdownOutput();
                else if (length == 0) channel.whenReadable(this::read);
                else {
                    buffer.flip();
                    write();
                }
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        private void write() {
            try {
                channel.write(buffer);
                if (buffer.hasRemaining()) channel.whenWritable(this::write);
                else read();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void writesUntilTheWindowIsUsedUpAndIsToldOfMore(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair streams = pair.open();
            StreamChannel channel = streams.here().channel(loop);
            ByteBuffer content = ByteBuffer.allocate(WINDOW + 1000);
            Await.until("the window is used up", () -> {
                channel.write(content);
                return content.position() == WINDOW;
            });
            assertEquals(0, channel.write(content));
            CountDownLatch writable = new CountDownLatch(1);
            channel.whenWritable(writable::countDown);
            assertTrue(tasks.isEmpty());
            assertEquals(WINDOW, streams.there().getInputStream().readNBytes(WINDOW).length);
            runNext();
            assertEquals(0, writable.getCount());
            assertEquals(1000, channel.write(content));
        }
    }

    @Test
    void gathersSeveralBuffers() throws Exception {
        try (SessionPair pair = SessionPair.over(Transport.SOCKET)) {
            SessionPair.StreamPair streams = pair.open();
            StreamChannel channel = streams.here().channel(loop);
            ByteBuffer[] parts = {bytes("not this"), bytes("one "), bytes(""), bytes("two"), bytes("nor this")};
            assertEquals(7, channel.write(parts, 1, 3));
            assertEquals(11, channel.write(new ByteBuffer[] {bytes(", three"), bytes(" end")}));
            channel.shutdownOutput();
            assertEquals(
                    "one two, three end",
                    new String(streams.there().getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
            assertThrows(IndexOutOfBoundsException.class, () -> channel.write(parts, 3, 3));
            assertThrows(StreamException.class, () -> channel.write(bytes("more")));
        }
    }

    @Test
    void readableAndWritableAtOnceAreToldAtOnce() throws Exception {
        try (SessionPair pair = SessionPair.over(Transport.SOCKET)) {
            SessionPair.StreamPair streams = pair.open();
            streams.there().getOutputStream().write(1);
            StreamChannel channel = streams.here().channel(loop);
            Await.until("a byte is there", () -> streams.here().getInputStream().available() == 1);
            CompletableFuture<String> told = new CompletableFuture<>();
            channel.whenReadable(() -> told.complete("readable"));
            runNext();
            assertEquals("readable", told.join());
            CompletableFuture<String> next = new CompletableFuture<>();
            channel.whenWritable(() -> next.complete("writable"));
            runNext();
            assertEquals("writable", next.join());
        }
    }

    @Test
    void onlyOneActionWaits() throws Exception {
        try (SessionPair pair = SessionPair.over(Transport.SOCKET)) {
            StreamChannel channel = pair.open().here().channel(loop);
            channel.whenReadable(() -> {});
            assertThrows(IllegalStateException.class, () -> channel.whenReadable(() -> {}));
            assertThrows(NullPointerException.class, () -> channel.whenWritable(null));
            assertThrows(NullPointerException.class, () -> channel.stream().channel(null));
        }
    }

    @ParameterizedTest
    @EnumSource
    void resetAndTheEndOfTheSessionAreTold(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair reset = pair.open();
            StreamChannel channel = reset.here().channel(loop);
            channel.whenReadable(() -> {});
            reset.there().reset();
            runNext();
            assertThrows(StreamResetException.class, () -> channel.read(ByteBuffer.allocate(1)));
            assertThrows(StreamResetException.class, () -> channel.write(bytes("x")));
            StreamChannel other = pair.open().here().channel(loop);
            other.whenReadable(() -> {});
            pair.client().close();
            runNext();
            assertThrows(SessionException.class, () -> other.read(ByteBuffer.allocate(1)));
        }
    }

    /** A session may outlive the shared loops; a caller that asks later must still get an answer. */
    @ParameterizedTest
    @EnumSource
    void theEndIsToldWhenTheThreadsOfTheSessionAreGone(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            StreamChannel channel = pair.open().here().channel(loop);
            pair.client().close();
            assertTrue(pair.client().awaitEnd(Await.DEADLINE));
            assertTrue(pair.server().awaitEnd(Await.DEADLINE));
            LeakCheck.check();
            channel.whenReadable(() -> {});
            runNext();
            channel.whenWritable(() -> {});
            runNext();
            assertThrows(SessionException.class, () -> channel.read(ByteBuffer.allocate(1)));
        }
    }

    @Test
    void closingWakesWhoWaits() throws Exception {
        try (SessionPair pair = SessionPair.over(Transport.SOCKET)) {
            SessionPair.StreamPair streams = pair.open();
            StreamChannel channel = streams.here().channel(loop);
            channel.whenReadable(() -> {});
            assertTrue(channel.isOpen());
            channel.close();
            assertFalse(channel.isOpen());
            runNext();
            assertThrows(ClosedChannelException.class, () -> channel.read(ByteBuffer.allocate(1)));
            assertThrows(ClosedChannelException.class, () -> channel.write(bytes("x")));
            assertEquals(-1, streams.there().getInputStream().read());
        }
    }

    @Tag("slow")
    @ParameterizedTest
    @EnumSource
    void streamOfAnExecutorThatTakesNoMoreIsReset(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair streams = pair.open();
            StreamChannel channel = streams.there().channel(task -> {
                throw new RejectedExecutionException("shut down");
            });
            channel.whenReadable(() -> {});
            streams.here().getOutputStream().write(1);
            assertThrows(
                    StreamResetException.class,
                    () -> streams.here().getInputStream().read());
            assertTrue(pair.server().isOpen());
        }
    }

    /** An executor that took its time, or called back into the session, must not find the lock taken. */
    @Test
    void executorIsCalledWithoutTheLock() throws Exception {
        try (SessionPair pair = SessionPair.over(Transport.SOCKET)) {
            SessionPair.StreamPair streams = pair.open();
            CompletableFuture<Integer> count = new CompletableFuture<>();
            Executor asks = task ->
                    count.complete(Call.of(() -> pair.server().streamCount()).result());
            streams.there().channel(asks).whenReadable(() -> {});
            streams.here().getOutputStream().write(1);
            assertEquals(1, count.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS));
        }
    }

    @Test
    void statisticsCountPayloadAndStreams() throws Exception {
        try (SessionPair pair = SessionPair.over(Transport.SOCKET)) {
            SessionPair.StreamPair streams = pair.open();
            byte[] content = new byte[100_000];
            Arrays.fill(content, (byte) 1);
            streams.here().getOutputStream().write(content);
            streams.there().getInputStream().readNBytes(content.length);
            streams.there().getOutputStream().write(7);
            streams.here().getInputStream().read();
            SessionStatistics ours = pair.client().statistics();
            assertEquals(1, ours.streams());
            assertEquals(1, ours.openStreams());
            assertEquals(content.length, ours.bytesOut());
            assertEquals(1, ours.bytesIn());
            assertEquals(content.length, streams.there().bytesIn());
            assertEquals(1, streams.there().bytesOut());
            assertEquals(content.length, pair.server().statistics().bytesIn());
            pair.client().ping();
            assertTrue(pair.client().statistics().roundTrip().toNanos() > 0);
            assertTrue(pair.server().statistics().wastefulFrames() > 0, "the ping was not needed");
            assertEquals(null, pair.server().statistics().roundTrip());
            streams.here().reset();
            assertEquals(0, pair.client().statistics().openStreams());
            assertEquals(1, pair.client().statistics().streams());
        }
    }
}
