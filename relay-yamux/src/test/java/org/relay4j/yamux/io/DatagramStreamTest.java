package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.window;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.Transport;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.core.Cause;

/** Streams of datagrams that this side opens; the other end is a script. */
class DatagramStreamTest {
    private static final int WINDOW = 256 * 1024; // bytes
    private static final byte[] PREAMBLE = "header".getBytes(StandardCharsets.US_ASCII);

    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    private final DatagramMemory memory = new DatagramMemory();
    private SplicedSession session;
    private ScriptedPeer peer;

    @BeforeEach
    void connect() throws Exception {
        List<SocketChannel> tunnel = Transport.sockets();
        session = SplicedSession.forVisitors(tunnel.get(0), SessionOptions.defaults());
        peer = new ScriptedPeer(tunnel.get(1));
    }

    @AfterEach
    void disconnect() throws Exception {
        peer.close();
        session.close();
        assertEquals(0, memory.held());
    }

    /** What has arrived on a stream, and how it ended. */
    private static class Received implements DatagramStream.Owner {
        final BlockingQueue<byte[]> datagrams = new LinkedBlockingQueue<>();
        final CompletableFuture<String> end = new CompletableFuture<>();
        final AtomicInteger dropped = new AtomicInteger();

        @Override
        public void received(ByteBuffer datagram) {
            byte[] bytes = new byte[datagram.remaining()];
            datagram.get(bytes);
            datagrams.add(bytes);
        }

        @Override
        public void dropped(int count) {
            dropped.addAndGet(count);
        }

        @Override
        public void ended(@Nullable Cause cause) {
            end.complete(cause == null ? "closed" : cause.message());
        }

        String next() throws Exception {
            byte[] datagram = datagrams.poll(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
            return datagram == null ? "nothing" : new String(datagram, StandardCharsets.US_ASCII);
        }

        String end() throws Exception {
            return end.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
        }
    }

    @Test
    void datagramsFollowTheHeader() throws Exception {
        DatagramStream stream = open(new Received(), 1);
        send(
                stream,
                "one".getBytes(StandardCharsets.US_ASCII),
                new byte[0],
                "three".getBytes(StandardCharsets.US_ASCII));
        assertEquals("\0\3one\0\0\0\5three", text(peer.expectData(1, 14)));
    }

    @Test
    void datagramsArriveWholeWhateverTheFrames() throws Exception {
        Received received = new Received();
        open(received, 1);
        byte[] largest = Pattern.bytes(1, DatagramStream.LARGEST);
        byte[] all = framed(
                "one".getBytes(StandardCharsets.US_ASCII),
                new byte[0],
                largest,
                "last".getBytes(StandardCharsets.US_ASCII));
        List<WireFrame> frames = new ArrayList<>();
        for (int at = 0, size = 1; at < all.length; at += size, size = at < 20 ? 1 : 3_001) {
            frames.add(data(1, Arrays.copyOfRange(all, at, Math.min(all.length, at + size))));
        }
        peer.send(window(1, ACK, 0));
        peer.send(frames.toArray(WireFrame[]::new));
        assertEquals("one", received.next());
        assertEquals("", received.next());
        assertTrue(Arrays.equals(largest, received.datagrams.poll(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS)));
        assertEquals("last", received.next());
    }

    @Test
    void impossibleLengthResetsOnlyItsStream() throws Exception {
        Received bad = new Received();
        Received good = new Received();
        open(bad, 1);
        open(good, 3);
        peer.send(data(1, ACK, new byte[] {0, 1, 'x', (byte) 0xFF, (byte) 0xE4}), data(3, ACK, new byte[] {0, 1, 'y'}));
        peer.expect(window(1, RST, 0));
        assertEquals("x", bad.next());
        assertEquals("it carries a datagram of 65508 bytes, at most 65507 are possible", bad.end());
        assertEquals("y", good.next());
    }

    @Test
    void tinyDatagramsLeaveTurnsToOthers() throws Exception {
        int sent = 3 * DatagramTurn.MOST + 1;
        CompletableFuture<Integer> inTheFirstPass = new CompletableFuture<>();
        Received received = new Received() {
            @Override
            public void received(ByteBuffer datagram) {
                if (datagrams.isEmpty()) {
                    session.driver.loop().schedule(0, () -> inTheFirstPass.complete(datagrams.size()));
                }
                super.received(datagram);
            }
        };
        open(received, 1);
        Received other = new Received();
        open(other, 3);
        peer.send(data(1, ACK, new byte[sent * DatagramReader.PREFIX]), data(3, ACK, new byte[] {0, 1, 'o'}));
        assertEquals("o", other.next());
        for (int i = 0; i < sent; i++) assertEquals("", received.next());
        assertTrue(inTheFirstPass.get() <= DatagramTurn.MOST, inTheFirstPass::toString);
        peer.send(data(1, new byte[] {0, 3, 'e', 'n', 'd'}));
        assertEquals("end", received.next());
    }

    /** The loop itself sends the frames, so that one read finds them all. */
    @Test
    void streamThatSendsWithoutEndLeavesTurnsToOthers() throws Exception {
        int most = 100 * DatagramTurn.MOST; // "without end" still ends if the other one gets no turn
        AtomicInteger sent = new AtomicInteger(); // datagrams of the first one
        CompletableFuture<Integer> before = new CompletableFuture<>(); // of those, when the other one arrived
        Received endless = new Received() {
            @Override
            public void received(ByteBuffer datagram) {
                int count = sent.incrementAndGet();
                if (count % DatagramTurn.MOST == 0 && count < most && !before.isDone()) {
                    sendNow(data(1, new byte[DatagramTurn.MOST * DatagramReader.PREFIX]));
                }
            }
        };
        Received other = new Received() {
            @Override
            public void received(ByteBuffer datagram) {
                before.complete(sent.get());
            }
        };
        open(endless, 1);
        open(other, 3);
        session.onLoop(() -> sendNow(
                data(1, ACK, new byte[3 * DatagramTurn.MOST * DatagramReader.PREFIX]),
                data(3, ACK, new byte[] {0, 1, 'o'})));
        int count = before.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
        assertTrue(count <= 2 * DatagramTurn.MOST, () -> "after " + count);
    }

    @Test
    void datagramsBeforeFinArrive() throws Exception {
        Received busy = new Received();
        Received other = new Received();
        open(busy, 1);
        open(other, 3);
        session.onLoop(() -> sendNow(
                data(1, ACK, new byte[2 * DatagramTurn.MOST * DatagramReader.PREFIX]),
                data(3, ACK, new byte[] {0, 1, 'a', 0, 1, 'b', 0, 2, 'c'}),
                window(3, FIN, 0)));
        assertEquals("closed", other.end());
        assertEquals(2, other.datagrams.size(), "the third one is incomplete");
        assertEquals("a", other.next());
        assertEquals("b", other.next());
        peer.expect(window(3, FIN, 0));
    }

    @Test
    void impossibleLengthInTwoFrames() throws Exception {
        Received received = new Received();
        open(received, 1);
        peer.send(data(1, ACK, new byte[] {(byte) 0xFF}), data(1, new byte[] {(byte) 0xFF}));
        peer.expect(window(1, RST, 0));
        assertEquals("it carries a datagram of 65535 bytes, at most 65507 are possible", received.end());
    }

    @Test
    void fullWindowDropsTheOldestAndBlocksNoOtherStream() throws Exception {
        Received received = new Received();
        DatagramStream stream = open(received, 1);
        DatagramStream other = open(new Received(), 3);
        byte[][] datagrams = new byte[400][];
        for (int i = 0; i < datagrams.length; i++) datagrams[i] = Pattern.bytes(i, 1_000);
        send(stream, datagrams); // more than the window and a queue hold
        byte[] sent = peer.expectData(1, WINDOW - PREAMBLE.length);
        send(other, new byte[] {'o'});
        assertEquals("\0\1o", text(peer.expectData(3, 3)));
        peer.send(window(1, 0, WINDOW));
        int begun = sent.length / 1_002;
        int kept = (DatagramQueue.CAPACITY - (1_002 - sent.length % 1_002)) / 1_002;
        byte[] rest = peer.expectData(1, (begun + 1) * 1_002 - sent.length + kept * 1_002);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(sent);
        all.writeBytes(rest);
        byte[][] expected = new byte[begun + 1 + kept][];
        for (int i = 0; i <= begun; i++) expected[i] = datagrams[i];
        for (int i = 0; i < kept; i++) expected[begun + 1 + i] = datagrams[datagrams.length - kept + i];
        assertTrue(Arrays.equals(framed(expected), all.toByteArray()), "the first ones, and the last ones");
        assertEquals(datagrams.length - expected.length, received.dropped.get());
        peer.expectNothing();
        assertEquals(0, memory.held());
    }

    @Test
    void largestDatagramsPassASmallWindow() throws Exception {
        Received received = new Received();
        DatagramStream stream = open(received, 1);
        byte[] large = Pattern.bytes(5, DatagramStream.LARGEST);
        send(stream, large, large, large, large, large);
        peer.expectData(1, WINDOW - PREAMBLE.length);
        for (int i = 0; i < 3; i++) {
            peer.send(window(1, 0, 1));
            peer.expectData(1, 1);
        }
        assertEquals(0, received.dropped.get());
        int left = 5 * (large.length + 2) - (WINDOW - PREAMBLE.length) - 3;
        peer.send(window(1, 0, WINDOW));
        peer.expectData(1, left);
    }

    @Test
    void finEndsBothDirections() throws Exception {
        Received received = new Received();
        DatagramStream stream = open(received, 1);
        peer.send(window(1, ACK, 0), window(1, FIN, 0));
        assertEquals("closed", received.end());
        peer.expect(window(1, FIN, 0));
        send(stream, new byte[] {'x'});
        peer.expectNothing();
    }

    @Test
    void resetReleasesWhatWaits() throws Exception {
        Received received = new Received();
        DatagramStream stream = open(received, 1);
        send(stream, new byte[65_000], new byte[65_000], new byte[65_000], new byte[65_000], new byte[65_000]);
        assertTrue(memory.held() > 0);
        peer.expectData(1, WINDOW - PREAMBLE.length);
        peer.send(window(1, RST, 1));
        assertEquals("the peer reset the stream", received.end());
        assertEquals(0, memory.held());
    }

    @Test
    void endResets() throws Exception {
        Received received = new Received();
        DatagramStream stream = open(received, 1);
        locked(() -> stream.end(DatagramStream.REFUSED));
        peer.expect(window(1, RST, 1));
        peer.send(data(1, new byte[] {0, 1, 'x'}));
        peer.expectNothing();
        assertTrue(received.datagrams.isEmpty());
        assertTrue(!received.end.isDone());
    }

    // ---- support

    private DatagramStream open(Received received, int id) throws Exception {
        CompletableFuture<@Nullable DatagramStream> opened = new CompletableFuture<>();
        locked(() -> opened.complete(DatagramStream.open(session.driver, memory, received, PREAMBLE)));
        peer.expect(window(id, SYN, 0));
        assertEquals("header", text(peer.expectData(id, PREAMBLE.length)));
        return opened.get();
    }

    private void sendNow(WireFrame... frames) {
        try {
            peer.send(frames);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void send(DatagramStream stream, byte[]... datagrams) throws Exception {
        locked(() -> {
            for (byte[] datagram : datagrams) stream.send(ByteBuffer.wrap(datagram));
        });
    }

    private void locked(SplicedSession.Action action) throws Exception {
        session.onLoop(() -> {
            session.driver.lock.lock();
            try {
                action.run();
                session.driver.flush();
            } finally {
                session.driver.lock.unlock();
            }
        });
    }

    private static byte[] framed(byte[]... datagrams) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] datagram : datagrams) {
            all.write(datagram.length >> 8);
            all.write(datagram.length);
            all.writeBytes(datagram);
        }
        return all.toByteArray();
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.US_ASCII);
    }
}
