package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Await;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.Transport;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.CoreOptions;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;
import org.relay4j.yamux.core.StreamHandler;

/** Sessions of one loop take turns, also when one of them always has input that its wire has already read. */
class LoopDriverTurnsTest {
    private static final int BODY = 60_000; // bytes
    private static final int ALL = 12 + BODY;

    @Test
    void aWireWithMuchInputDoesNotDelayAnotherSession() throws Exception {
        Loop loop = new Loop("relay-test-turns", true);
        CountDownLatch bothHaveInput = new CountDownLatch(1);
        loop.execute(() -> Await.until("both have input", bothHaveInput));
        List<SocketChannel> one = Transport.sockets();
        List<SocketChannel> other = Transport.sockets();
        DrippingWire dripping = new DrippingWire(socket(one));
        CompletableFuture<Boolean> otherAnsweredFirst = new CompletableFuture<>();
        Wire answering =
                new AnsweringWire(socket(other), () -> otherAnsweredFirst.complete(dripping.handedOut.get() < ALL));
        LoopDriver first = start(loop, dripping);
        LoopDriver second = start(loop, answering);
        try (ScriptedPeer slow = new ScriptedPeer(one.get(1));
                ScriptedPeer quick = new ScriptedPeer(other.get(1))) {
            // Its body is dropped, because the stream is refused.
            slow.send(WireFrame.data(1, WireFrame.SYN, new byte[BODY]));
            quick.send(WireFrame.ping(WireFrame.SYN, 1));
            bothHaveInput.countDown();
            quick.expect(WireFrame.ping(WireFrame.ACK, 1));
            assertTrue(otherAnsweredFirst.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS));
            slow.expect(WireFrame.window(1, WireFrame.RST, 0));
            Await.until("all is read", () -> dripping.handedOut.get() == ALL);
        }
        assertTrue(first.awaitTermination(Await.DEADLINE.toNanos()));
        assertTrue(second.awaitTermination(Await.DEADLINE.toNanos()));
        loop.stop();
        assertTrue(loop.join(Await.DEADLINE.toMillis()));
    }

    @Test
    void sessionHasTheWindowThatItsWireNeeds() throws Exception {
        Loop loop = new Loop("relay-test-window", true);
        List<SocketChannel> ends = Transport.sockets();
        Wire wire = new ForwardingWire(socket(ends)) {
            @Override
            public int nearbyWindow() {
                return 1_234_567;
            }
        };
        LoopDriver driver = new LoopDriver(loop, wire, Role.SERVER, CoreOptions.defaults(), new Refusing(), true);
        assertEquals(1_234_567, driver.mux().nearbyWindow());
        for (SocketChannel end : ends) end.close();
        loop.stop();
        assertTrue(loop.join(Await.DEADLINE.toMillis()));
    }

    private static PlainWire socket(List<SocketChannel> ends) throws IOException {
        Sockets.configure(ends.get(0));
        return new PlainWire(ends.get(0));
    }

    private static LoopDriver start(Loop loop, Wire wire) {
        LoopDriver driver = new LoopDriver(loop, wire, Role.SERVER, CoreOptions.defaults(), new Refusing(), true);
        driver.start();
        return driver;
    }

    /** Reads all at once, and hands out one byte at a time. */
    private static final class DrippingWire extends ForwardingWire {
        private final ByteBuffer in = ByteBuffer.allocate(64 * 1024).limit(0);
        final AtomicInteger handedOut = new AtomicInteger(); // bytes

        DrippingWire(PlainWire under) {
            super(under);
        }

        @Override
        public int read(ByteBuffer to) throws IOException {
            if (!in.hasRemaining()) {
                int length = under.read(in.clear());
                in.flip();
                if (length <= 0) return length;
            }
            to.put(in.get());
            handedOut.incrementAndGet();
            return 1;
        }

        @Override
        public boolean hasInput() {
            return in.hasRemaining();
        }
    }

    /** Notes its first write. */
    private static final class AnsweringWire extends ForwardingWire {
        private final Runnable onWrite;

        AnsweringWire(PlainWire under, Runnable onWrite) {
            super(under);
            this.onWrite = onWrite;
        }

        @Override
        public int write(ByteBuffer from) throws IOException {
            onWrite.run();
            return super.write(from);
        }
    }

    private static final class Refusing implements SessionEvents {
        @Override
        public @Nullable StreamHandler onStream(MuxStream stream) {
            return null;
        }

        @Override
        public void onOpenable() {}

        @Override
        public void onPong(long roundTrip) {}

        @Override
        public void onGoAway() {}

        @Override
        public void onEnd(Cause cause) {}
    }
}
