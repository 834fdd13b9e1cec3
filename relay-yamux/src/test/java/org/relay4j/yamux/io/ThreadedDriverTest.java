package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.MemoryPipe;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.WireFrame;
import org.relay4j.testing.WrappedChannel;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionException;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.Stream;

/** Sessions over channels with bad manners. */
class ThreadedDriverTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    @Test
    void slowPeerIsSeenToMakeProgress() throws Exception {
        AtomicInteger largest = new AtomicInteger();
        MemoryPipe[] ends = MemoryPipe.pair(1 << 20);
        ByteChannel watched = new WrappedChannel(ends[0]) {
            @Override
            public int write(ByteBuffer from) throws IOException {
                largest.accumulateAndGet(from.remaining(), Math::max);
                return super.write(from);
            }
        };
        try (Session client = Session.client(watched);
                Session server = Session.server(ends[1])) {
            Stream stream = client.open();
            Call<Void> sender = Call.run(() -> Pattern.write(1, 8 << 20, stream.getOutputStream()));
            Pattern.check(1, 8 << 20, server.accept().getInputStream());
            sender.result();
            assertTrue(largest.get() > 64 * 1024, () -> "largest write " + largest + ", frames leave one by one");
            assertTrue(largest.get() <= 128 * 1024, () -> "largest write " + largest);
        }
    }

    @Test
    @Tag("slow")
    void channelMayTakeAndGiveSingleBytes() throws Exception {
        MemoryPipe[] ends = MemoryPipe.pair(1);
        try (Session client = Session.client(ends[0]);
                Session server = Session.server(ends[1])) {
            Stream stream = client.open();
            Call<Void> sender = Call.run(() -> {
                Pattern.write(1, 20_000, stream.getOutputStream());
                stream.close();
            });
            Stream accepted = server.accept();
            Pattern.check(1, 20_000, accepted.getInputStream());
            assertEquals(-1, accepted.getInputStream().read());
            accepted.close();
            sender.result();
        }
    }

    @Tag("slow")
    @Test
    void closeThatHangsHoldsUpNobodyElse() throws Exception {
        CountDownLatch closing = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        MemoryPipe[] ends = MemoryPipe.pair(16);
        ByteChannel hanging = new WrappedChannel(ends[0]) {
            @Override
            public void close() throws IOException {
                closing.countDown();
                Await.until("the test has seen enough", release);
                super.close();
            }
        };
        SessionOptions lively = SessionOptions.builder()
                .keepAliveInterval(Duration.ofMillis(100))
                .build();
        MemoryPipe[] others = MemoryPipe.pair(1 << 16);
        try (Session stuck = Session.client(hanging);
                Session other = Session.client(others[0], lively);
                ScriptedPeer peer = new ScriptedPeer(others[1])) {
            Call<Void> write = Call.run(() -> stuck.open().getOutputStream().write(new byte[1000]));
            write.result();
            Call.run(stuck::close).result(); // does not wait for the writer, which the full pipe holds
            assertFalse(stuck.isOpen());
            Await.until("the driver has lost its patience", closing);
            for (int i = 1; i <= 3; i++) {
                peer.expect(WireFrame.ping(WireFrame.SYN, i));
                peer.send(WireFrame.ping(WireFrame.ACK, i));
            }
            release.countDown();
            assertTrue(stuck.awaitEnd(Await.DEADLINE));
            assertTrue(other.isOpen());
        }
    }

    @Test
    void channelThatThrowsEndsItsSession() throws Exception {
        MemoryPipe[] ends = MemoryPipe.pair(1 << 16);
        ByteChannel broken = new WrappedChannel(ends[0]) {
            @Override
            public int read(ByteBuffer to) throws IOException {
                super.read(to);
                throw new IllegalStateException("broken channel");
            }
        };
        try (Session session = Session.client(broken);
                ScriptedPeer peer = new ScriptedPeer(ends[1])) {
            Call<Stream> accept = Call.of(session::accept);
            peer.send(WireFrame.ping(WireFrame.ACK, 0));
            SessionException failure = accept.failure(SessionException.class);
            assertEquals(SessionException.Reason.INTERNAL_ERROR, failure.reason());
            assertInstanceOf(IllegalStateException.class, failure.getCause());
            peer.expect(WireFrame.goAway(2));
            peer.expectEnd();
        }
    }

    @Test
    void failingWriteEndsTheSessionWithItsCause() throws Exception {
        MemoryPipe[] ends = MemoryPipe.pair(1 << 16);
        IOException cause = new IOException("out of paper");
        ByteChannel failing = new WrappedChannel(ends[0]) {
            @Override
            public int write(ByteBuffer from) throws IOException {
                throw cause;
            }
        };
        try (Session session = Session.client(failing);
                ScriptedPeer peer = new ScriptedPeer(ends[1])) {
            Call<Stream> accept = Call.of(session::accept);
            session.open();
            SessionException failure = accept.failure(SessionException.class);
            assertEquals(SessionException.Reason.CONNECTION_LOST, failure.reason());
            assertEquals("the connection was lost: out of paper", failure.getMessage());
            assertEquals(cause, failure.getCause());
            peer.expectEnd();
        }
    }

    @Test
    void channelIsNotClosedBeforeThePeerHadItsSay() throws Exception {
        AtomicBoolean sawEnd = new AtomicBoolean();
        CompletableFuture<Boolean> closedAfterwards = new CompletableFuture<>();
        MemoryPipe[] ends = MemoryPipe.pair(1 << 16);
        ByteChannel watched = new WrappedChannel(ends[0]) {
            @Override
            public int read(ByteBuffer to) throws IOException {
                int length = super.read(to);
                if (length < 0) sawEnd.set(true);
                return length;
            }

            @Override
            public int write(ByteBuffer from) throws IOException {
                int length = super.write(from);
                ends[1].write(ByteBuffer.allocate(12));
                ends[1].close(); // as a peer does after it was notified of the end
                return length;
            }

            @Override
            public void close() throws IOException {
                closedAfterwards.complete(sawEnd.get());
                super.close();
            }
        };
        Session session = Session.client(watched);
        session.close();
        assertTrue(session.awaitEnd(Await.DEADLINE));
        assertTrue(closedAfterwards.join());
    }
}
