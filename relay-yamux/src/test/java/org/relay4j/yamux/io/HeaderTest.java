package org.relay4j.yamux.io;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.window;

import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.Transport;
import org.relay4j.yamux.SessionInternals;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;
import org.relay4j.yamux.core.StreamHandler;

/** Streams whose first four bytes are a header. */
@ExtendWith(LeakCheck.EachTest.class)
class HeaderTest implements SessionEvents {
    private final List<String> events = new CopyOnWriteArrayList<>();
    private long timeout = HeaderReading.TIMEOUT;
    private LoopDriver driver;
    private volatile HeaderReading reading; // of the newest stream

    @Test
    void timeIsFiveSeconds() {
        assertEquals(5, TimeUnit.NANOSECONDS.toSeconds(HeaderReading.TIMEOUT));
    }

    @Test
    void restOfTheBytesIsTheStream() throws Exception {
        try (ScriptedPeer peer = start()) {
            peer.send(window(1, SYN, 0), data(1, "he"), data(1, "adrest"));
            peer.send(data(1, "more"));
            awaitEvents("header", "data rest", "data more");
        } finally {
            stop();
        }
    }

    @Test
    void exactHeaderBeginsTheStreamWithoutData() throws Exception {
        try (ScriptedPeer peer = start()) {
            peer.send(window(1, SYN, 0), data(1, "head"), window(1, RST, 0));
            awaitEvents("header", "reset");
        } finally {
            stop();
        }
    }

    @Test
    void streamWithoutAHeaderIsResetInTime() throws Exception {
        timeout = 1_000_000; // ns
        try (ScriptedPeer peer = start()) {
            peer.send(window(1, SYN, 0), data(1, "hea"));
            peer.expect(window(1, RST, 0));
            awaitEvents("failed: its header was not complete after 1 ms");
            peer.send(data(1, "d"));
            peer.expectNothing();
            awaitEvents("failed: its header was not complete after 1 ms");
        } finally {
            stop();
        }
    }

    @Test
    void timerEndsWithTheHeader() throws Exception {
        try (ScriptedPeer peer = start()) {
            peer.send(window(1, SYN, 0), data(1, "head"), window(3, SYN, 0), window(3, RST, 0), window(5, SYN, 0));
            awaitEvents("header", "failed: the peer reset the stream");
            peer.send(data(5, "head"));
            awaitEvents("header", "failed: the peer reset the stream", "header");
        } finally {
            stop();
        }
    }

    @Test
    void endOfTheSessionEndsTheWait() throws Exception {
        ScriptedPeer peer = start();
        peer.send(window(1, SYN, 0), data(1, "h"));
        peer.close();
        Await.until(
                () -> "failed, so far " + events,
                () -> events.size() == 1 && events.get(0).startsWith("failed: "));
        stop();
    }

    @Test
    void timerIsCancelledOnTheLoopWhenAnotherThreadEndsTheSession() throws Exception {
        try (ScriptedPeer peer = start()) {
            peer.send(window(1, SYN, 0), data(1, "h"));
            Await.until("the stream waits for its header", () -> reading != null);
            CountDownLatch blocked = new CountDownLatch(1);
            CountDownLatch resumed = new CountDownLatch(1);
            AtomicBoolean overBefore = new AtomicBoolean();
            AtomicBoolean overAfter = new AtomicBoolean();
            driver.loop().execute(() -> {
                blocked.countDown();
                Await.until("the session has ended", () -> resumed.getCount() == 0);
                overBefore.set(reading.timer.isOver());
            });
            blocked.await();
            driver.fail(new Cause(Cause.Kind.INTERNAL_ERROR, "ended by the test"));
            driver.loop().execute(() -> overAfter.set(reading.timer.isOver()));
            awaitEvents("failed: ended by the test");
            resumed.countDown();
            Await.until("the loop has cancelled it", overAfter::get);
            assertFalse(overBefore.get(), "another thread has cancelled it");
        } finally {
            stop();
        }
    }

    private ScriptedPeer start() throws Exception {
        List<SocketChannel> tunnel = Transport.sockets();
        Loop loop = new Loop("relay-test-header", true);
        Sockets.configure(tunnel.get(0));
        driver = new LoopDriver(
                loop,
                new PlainWire(tunnel.get(0)),
                Role.SERVER,
                SessionInternals.options(SessionOptions.defaults()),
                this,
                true);
        loop.execute(driver::start);
        return new ScriptedPeer(tunnel.get(1));
    }

    private void stop() throws Exception {
        driver.loop().execute(driver::close);
        driver.awaitTermination(Await.DEADLINE.toNanos());
        driver.loop().stop();
        driver.loop().join(Await.DEADLINE.toMillis());
    }

    private void awaitEvents(String... expected) {
        Await.until(() -> List.of(expected) + ", so far " + events, () -> events.equals(List.of(expected)));
    }

    @Override
    public @Nullable StreamHandler onStream(MuxStream stream) {
        StringBuilder head = new StringBuilder();
        StreamHeader header = new StreamHeader() {
            @Override
            public boolean read(ByteBuffer in) {
                while (in.hasRemaining() && head.length() < 4) head.append((char) in.get());
                return head.length() == 4;
            }

            @Override
            public void failed(String why) {
                events.add("failed: " + why);
            }
        };
        reading = new HeaderReading(
                driver,
                stream,
                header,
                new HeaderReading.Next() {
                    @Override
                    public StreamHandler begin(MuxStream begun) {
                        events.add("header");
                        return new Taking();
                    }

                    @Override
                    public void failed(String why) {
                        header.failed(why);
                    }
                },
                timeout);
        return reading;
    }

    /** Takes what arrives. */
    private final class Taking implements StreamHandler {
        @Override
        public void onData(MuxStream stream, ByteBuffer payload) {
            byte[] bytes = new byte[payload.remaining()];
            payload.get(bytes);
            events.add("data " + new String(bytes, US_ASCII));
        }

        @Override
        public void onBuffered(MuxStream stream) {}

        @Override
        public void onFin(MuxStream stream) {
            events.add("fin");
        }

        @Override
        public void onReset(MuxStream stream, Cause cause) {
            events.add("reset");
        }

        @Override
        public void onWritable(MuxStream stream) {}
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
