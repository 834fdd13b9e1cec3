package org.relay4j.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The times at which bytes arrive at the end of an emulated link, in virtual time. The speed of the real sockets has no effect. */
class LinkDirectionTest {
    private final List<SocketChannel> in = Transport.sockets(); // the sender, and where the link reads
    private final List<SocketChannel> out = Transport.sockets(); // where the link writes, and the receiver
    private final Selector selector = Selector.open();
    private long now = -5_000_000_000L; // ns

    LinkDirectionTest() throws IOException {}

    @AfterEach
    void disconnect() throws IOException {
        selector.close();
        for (SocketChannel each : in) each.close();
        for (SocketChannel each : out) each.close();
    }

    private LinkDirection direction(LinkSettings settings) throws IOException {
        return new LinkDirection(settings, register(in.get(1)), register(out.get(0)), now, settings.seed());
    }

    private SelectionKey register(SocketChannel channel) throws IOException {
        channel.configureBlocking(false);
        return channel.register(selector, SelectionKey.OP_READ);
    }

    /** Sends one byte and returns its delay. Unit: ns. */
    private long timeOfAByte(LinkDirection direction) throws IOException {
        in.get(0).write(ByteBuffer.wrap(new byte[] {1}));
        awaitInput();
        assertTrue(direction.move(now));
        long arrival = direction.next();
        assertTrue(direction.move(arrival - 1));
        assertEquals(arrival, direction.next(), "nothing has been written before");
        assertTrue(direction.move(arrival));
        assertEquals(1, out.get(1).read(ByteBuffer.allocate(2)));
        long time = arrival - now;
        now = arrival;
        return time;
    }

    /** Waits until the link has input to read. No virtual time passes. */
    private void awaitInput() throws IOException {
        selector.selectedKeys().clear();
        if (selector.select(Await.DEADLINE.toMillis()) == 0) throw new AssertionError("nothing has arrived");
    }

    @ParameterizedTest
    @CsvSource({"100,20", "100,100", "1000,50"})
    void byteTakesTheDelayAndTheTimeToLeave(int rate, int roundTrip) throws IOException {
        LinkSettings settings = LinkSettings.of(rate, roundTrip);
        LinkDirection direction = direction(settings);
        for (int n = 0; n < 9; n++) {
            double more = timeOfAByte(direction) - settings.roundTrip() / 2 - settings.time(1);
            assertTrue(more >= 0 && more <= 1, () -> more + " ns too late");
            now += n * 1_000_000L;
        }
    }

    @Test
    void jitterDelaysByUpToItsSetting() throws IOException {
        long jitter = 50_000_000; // ns
        LinkSettings settings = LinkSettings.of(100, 50).withJitter(jitter, 7);
        LinkDirection direction = direction(settings);
        List<Double> delays = new ArrayList<>(); // in parts of the jitter
        for (int n = 0; n < 200; n++) {
            double more = timeOfAByte(direction) - settings.roundTrip() / 2 - settings.time(1);
            delays.add(more / jitter);
        }
        delays.sort(null);
        assertTrue(delays.get(0) >= 0 && delays.get(199) <= 1 + 1e-6, delays::toString);
        // Evenly distributed.
        assertTrue(delays.get(0) < 0.1 && delays.get(199) > 0.9, delays::toString);
        assertTrue(delays.get(100) > 0.4 && delays.get(100) < 0.6, delays::toString);
    }

    @ParameterizedTest
    @CsvSource({"20,50", "100,50", "100,200", "1000,50", "1000,200"})
    void bytesLeaveAtTheRateOfTheLink(int rate, int roundTrip) throws Exception {
        LinkSettings settings = LinkSettings.of(rate, roundTrip);
        LinkDirection direction = direction(settings);
        long start = now;
        int length = (int) (settings.bytesPerSecond() / 2);
        SocketChannel sender = in.get(0);
        Call<Void> sending = Call.run(() -> {
            ByteBuffer bytes = ByteBuffer.allocate(length);
            while (bytes.hasRemaining()) sender.write(bytes);
        });
        Call<byte[]> arriving =
                Call.of(() -> out.get(1).socket().getInputStream().readNBytes(length));
        SelectionKey from = in.get(1).keyFor(selector);
        SelectionKey to = out.get(0).keyFor(selector);
        long last = start; // ns; when a byte has arrived
        while (!arriving.isDone()) {
            assertTrue(direction.move(now));
            boolean receiverIsSlow = (to.interestOps() & SelectionKey.OP_WRITE) != 0;
            boolean senderIsSlow = (from.interestOps() & SelectionKey.OP_READ) != 0 && !sending.isDone();
            if (receiverIsSlow || senderIsSlow) {
                selector.selectedKeys().clear();
                selector.select(1); // no virtual time passes
            } else if (direction.next() != Long.MAX_VALUE) {
                last = direction.next();
                now = last;
            }
        }
        sending.result();
        assertEquals(length, arriving.result().length);
        double ratio = (settings.time(length) + settings.roundTrip() / 2.0) / (last - start);
        assertTrue(ratio > 0.98 && ratio < 1.02, () -> ratio + " of the time that the settings take");
    }
}
