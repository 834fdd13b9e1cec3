package org.relay4j.yamux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.goAway;
import static org.relay4j.testing.WireFrame.ping;
import static org.relay4j.testing.WireFrame.window;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.Transport;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.io.ForwardingWire;
import org.relay4j.yamux.io.PlainWire;
import org.relay4j.yamux.io.Sockets;

/** A session over a wire that keeps bytes which the selector does not know of, as TLS does. */
class SessionWireTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    private static final byte[] PIECE = Pattern.bytes(3, 100_000);

    private KeepingWire wire;
    private ScriptedPeer peer;
    private Session session;

    @BeforeEach
    void connect() throws IOException {
        List<SocketChannel> ends = Transport.sockets();
        Sockets.configure(ends.get(0));
        wire = new KeepingWire(new PlainWire(ends.get(0)));
        peer = new ScriptedPeer(ends.get(1));
    }

    @AfterEach
    void close() throws IOException {
        if (session != null) session.close();
        peer.close();
        if (session == null) wire.close();
        else Await.until("the session is terminated", () -> session.awaitEnd(Await.DEADLINE));
    }

    private Session start(SessionOptions options) throws IOException {
        session = Session.start(wire, Role.CLIENT, options);
        return session;
    }

    private Stream open() throws IOException {
        Stream stream = session.open();
        assertEquals(SYN, peer.next().flags());
        peer.send(window(stream.id(), ACK, 64 << 20));
        peer.expectNothing(); // the credit has arrived
        return stream;
    }

    /** Writes until the socket is full. The core has no output then, because the wire takes all of the last piece. */
    private int writeUntilTheWireKeepsSome(Stream stream) throws IOException {
        int pieces = 0;
        for (; !wire.keepsOutput; pieces++) stream.getOutputStream().write(PIECE);
        return pieces;
    }

    @Test
    void bytesThatTheHandshakeLeftAreReadWithoutAnEventOfTheSocket() throws IOException {
        wire.in.put(ping(SYN, 7).bytes()).flip();
        wire.inputKept = true;
        start(SessionOptions.defaults());
        peer.expect(ping(ACK, 7));
    }

    @Test
    void inputIsReadToItsEndThoughTheSocketIsQuiet() throws IOException {
        wire.readMost = 5; // less than a header
        start(SessionOptions.defaults());
        Stream stream = open();
        byte[] body = Pattern.bytes(1, 20_000);
        peer.send(data(stream.id(), body));
        assertArrayEquals(body, stream.getInputStream().readNBytes(body.length));
    }

    @Test
    void outputThatTheWireHasTakenIsFlushedWithTheNextRoomInTheSocket() throws IOException {
        wire.keepMost = 1_000; // takes only a part of each write
        start(SessionOptions.defaults());
        Stream stream = open();
        byte[] body = Pattern.bytes(2, 3_000_000); // more than the socket holds
        Thread writer = new Thread(() -> {
            try {
                stream.getOutputStream().write(body);
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        writer.start();
        assertArrayEquals(body, peer.expectData(stream.id(), body.length));
    }

    @Test
    void closingFlushesWhatTheWireHasTaken() throws IOException {
        start(SessionOptions.defaults());
        Stream stream = open();
        int pieces = writeUntilTheWireKeepsSome(stream);
        session.close();
        for (int n = 0; n < pieces; n++) assertArrayEquals(PIECE, peer.expectData(stream.id(), PIECE.length));
        peer.expect(window(stream.id(), RST, 0), goAway(0));
        peer.expectEnd();
    }

    @Test
    void endingOurDirectionIsRepeatedUntilTheSocketHasRoom() throws IOException {
        wire.refusedShutdowns = 3;
        start(SessionOptions.defaults());
        peer.expectNothing();
        session.close();
        peer.expect(goAway(0));
        peer.expectEnd();
        peer.close();
        assertTrue(awaitEnd());
        assertEquals(List.of("too full", "too full", "too full", "output ended", "closed"), wire.events);
    }

    @Test
    void inputIsDiscardedWhileTheSessionCloses() throws IOException {
        start(SessionOptions.defaults());
        peer.expectNothing();
        session.close();
        peer.expect(goAway(0));
        for (int i = 0; i < 100; i++) peer.send(ping(SYN, i)); // a TCP reset would fail this or the next line
        peer.expectEnd();
        peer.shutdownOutput();
        assertTrue(awaitEnd());
        assertEquals(0, wire.readsAfterEnd);
    }

    @Test
    void aPeerThatReadsNothingOfWhatTheWireHasTakenIsLost() throws IOException {
        start(SessionOptions.builder()
                .keepAliveInterval(Duration.ZERO)
                .writeStallTimeout(Duration.ofMillis(200))
                .build());
        Stream stream = open();
        writeUntilTheWireKeepsSome(stream);
        assertTrue(awaitEnd());
        SessionException end = session.ended();
        assertNotNull(end);
        assertTrue(String.valueOf(end.getMessage()).contains("has read no data"), end::toString);
    }

    @Test
    void aWireThatFailsIsALossAndIsClosed() throws IOException {
        wire.failure = new IOException("bad record");
        start(SessionOptions.defaults());
        peer.send(ping(SYN, 1));
        assertTrue(awaitEnd());
        SessionException end = session.ended();
        assertNotNull(end);
        assertEquals(SessionException.Reason.CONNECTION_LOST, end.reason());
        assertTrue(String.valueOf(end.getMessage()).contains("bad record"), end::toString);
        assertEquals(List.of("closed"), wire.events);
    }

    private boolean awaitEnd() {
        try {
            return session.awaitEnd(Await.DEADLINE);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Keeps input until it is asked for, and output until it is flushed. */
    private static final class KeepingWire extends ForwardingWire {
        final List<String> events = new CopyOnWriteArrayList<>();
        final ByteBuffer in = ByteBuffer.allocate(64 * 1024);
        volatile boolean inputKept;
        volatile boolean keepsOutput;
        int readMost = Integer.MAX_VALUE;
        int keepMost = Integer.MAX_VALUE;
        int refusedShutdowns;
        int readsAfterEnd;
        IOException failure;
        private ByteBuffer out = ByteBuffer.allocate(0);
        private boolean outputEnded;

        KeepingWire(PlainWire under) {
            super(under);
        }

        @Override
        public int read(ByteBuffer to) throws IOException {
            if (failure != null) throw failure;
            if (outputEnded) readsAfterEnd++;
            if (!inputKept) {
                if (under.read(in.clear()) < 0) return -1;
                in.flip();
            }
            int length = Math.min(Math.min(readMost, to.remaining()), in.remaining());
            for (int i = 0; i < length; i++) to.put(in.get());
            inputKept = in.hasRemaining();
            return length;
        }

        @Override
        public boolean hasInput() {
            return inputKept;
        }

        @Override
        public int write(ByteBuffer from) throws IOException {
            if (!flush()) return 0;
            int length = Math.min(from.remaining(), keepMost);
            ByteBuffer more = ByteBuffer.allocate(out.remaining() + length);
            more.put(out);
            for (int i = 0; i < length; i++) more.put(from.get());
            out = more.flip();
            return length;
        }

        @Override
        public boolean flush() throws IOException {
            under.write(out);
            keepsOutput = out.hasRemaining();
            return !keepsOutput;
        }

        @Override
        public boolean shutdownOutput() throws IOException {
            if (!flush()) throw new AssertionError("not flushed");
            if (refusedShutdowns-- > 0) {
                events.add("too full");
                return false;
            }
            outputEnded = true;
            events.add("output ended");
            return under.shutdownOutput();
        }

        @Override
        public void close() {
            events.add("closed");
            under.close();
        }
    }
}
