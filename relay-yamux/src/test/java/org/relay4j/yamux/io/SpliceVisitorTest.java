package org.relay4j.yamux.io;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.goAway;
import static org.relay4j.testing.WireFrame.window;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.Transport;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.SendBuffer;

/** Visitors of a port, joined with streams of a session whose other end is a script. */
class SpliceVisitorTest {
    private static final int WINDOW = 256 * 1024; // bytes

    /** What a session with one busy stream may hold: received bytes in chunks, and the output. */
    private static final long MEMORY_FOR_ONE = WINDOW + 64 * 1024 + SendBuffer.CAPACITY; // bytes

    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

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
    }

    // ---- the beginning

    @Test
    void preambleComesBeforeTheVisitorsBytes() throws Exception {
        session.first = "preamble, ".getBytes(US_ASCII);
        try (Socket visitor = visit(1)) {
            assertEquals("preamble, ", text(1, 10)); // it does not wait for the visitor
            Visitor.send(visitor, "request");
            assertEquals("request", text(1, 7));
        }
    }

    @Test
    void preambleWaitsForRoom() throws Exception {
        byte[] preamble = Pattern.bytes(7, WINDOW + 1_000);
        session.first = preamble;
        try (Socket visitor = visit(1)) {
            Visitor.send(visitor, "request");
            assertArrayEquals(Arrays.copyOf(preamble, WINDOW), peer.expectData(1, WINDOW));
            peer.send(window(1, 0, 400));
            peer.expectData(1, 400);
            peer.send(window(1, 0, WINDOW));
            assertArrayEquals(Arrays.copyOfRange(preamble, WINDOW + 400, WINDOW + 1_000), peer.expectData(1, 600));
            assertEquals("request", text(1, 7));
        }
    }

    @Test
    void bytesThatWereReadFollowThePreambleInOneFrame() throws Exception {
        List<SocketChannel> ends = Transport.sockets();
        Sockets.configure(ends.get(0));
        try (Socket visitor = ends.get(1).socket()) {
            Visitor.send(visitor, "and the rest");
            session.open(
                    new PlainWire(ends.get(0)),
                    "preamble, ".getBytes(US_ASCII),
                    ByteBuffer.wrap("0123, what was read, ".getBytes(US_ASCII)).position(6));
            peer.expect(window(1, SYN, 0));
            peer.expect(data(1, "preamble, what was read, "));
            assertEquals("and the rest", text(1, 12));
        }
    }

    @Test
    void bytesThatWereReadWaitForTheWindow() throws Exception {
        byte[] read = Pattern.bytes(8, WINDOW + 1_000);
        List<SocketChannel> ends = Transport.sockets();
        Sockets.configure(ends.get(0));
        try (Socket visitor = ends.get(1).socket()) {
            Visitor.send(visitor, "and the rest");
            visitor.shutdownOutput();
            session.open(new PlainWire(ends.get(0)), null, ByteBuffer.wrap(read));
            peer.expect(window(1, SYN, 0));
            assertArrayEquals(Arrays.copyOf(read, WINDOW), peer.expectData(1, WINDOW));
            peer.expectNothing();
            peer.send(window(1, 0, WINDOW));
            assertArrayEquals(Arrays.copyOfRange(read, WINDOW, WINDOW + 1_000), peer.expectData(1, 1_000));
            assertEquals("and the rest", text(1, 12));
            peer.expect(window(1, FIN, 0));
        }
    }

    // ---- ends

    @Test
    void endOfTheVisitorsDirectionLeavesTheOtherOpen() throws Exception {
        try (Socket visitor = visit(1)) {
            Visitor.send(visitor, "request");
            visitor.shutdownOutput();
            assertEquals("request", text(1, 7));
            peer.expect(window(1, FIN, 0));
            peer.send(data(1, "late reply"), window(1, FIN, 0));
            Visitor.expect(visitor, "late reply");
            Visitor.expectEnd(visitor);
            session.awaitEnds("clean");
            assertEquals(0, session.streams());
        }
    }

    @Test
    void endOfThePeersDirectionLeavesTheOtherOpen() throws Exception {
        try (Socket visitor = visit(1)) {
            peer.send(data(1, "greeting"), window(1, FIN, 0));
            Visitor.expect(visitor, "greeting");
            Visitor.expectEnd(visitor);
            Visitor.send(visitor, "still here");
            assertEquals("still here", text(1, 10));
            visitor.shutdownOutput();
            peer.expect(window(1, FIN, 0));
            session.awaitEnds("clean");
        }
    }

    @Test
    void visitorThatSendsAndLeavesAtOnceIsHeardToTheEnd() throws Exception {
        byte[] sent = Pattern.bytes(1, 100_000);
        Socket visitor = Visitor.connect(session.port());
        visitor.getOutputStream().write(sent);
        visitor.close();
        peer.expect(window(1, SYN, 0));
        assertArrayEquals(sent, peer.expectData(1, sent.length)); // before any answer of the peer
        peer.expect(window(1, FIN, 0));
        peer.send(window(1, ACK, 0), window(1, FIN, 0));
        session.awaitEnds("clean");
    }

    @Test
    void resetOfTheVisitorIsAResetOfItsStreamAlone() throws Exception {
        try (Socket other = visit(1)) {
            Socket visitor = visit(3);
            Visitor.send(visitor, "part");
            peer.expectData(3, 4);
            Visitor.reset(visitor);
            peer.expect(window(3, RST, 0));
            session.awaitEnds("Connection reset");
            Visitor.send(other, "ok");
            assertEquals("ok", text(1, 2));
        }
    }

    @Test
    void resetOfTheStreamIsAResetOfItsVisitorAlone() throws Exception {
        try (Socket other = visit(1);
                Socket visitor = visit(3)) {
            peer.send(data(3, "part"), window(3, RST, 0));
            Visitor.expectReset(visitor);
            session.awaitEnds("the peer reset the stream");
            peer.send(data(1, "ok"));
            Visitor.expect(other, "ok");
        }
    }

    @Test
    void refusedStreamIsAResetOfItsVisitor() throws Exception {
        try (Socket visitor = Visitor.connect(session.port())) {
            peer.expect(window(1, SYN, 0));
            peer.send(window(1, RST, 0));
            Visitor.expectReset(visitor);
        }
    }

    @Test
    void completeReplyIsDeliveredThoughAResetFollows() throws Exception {
        try (Socket visitor = slowVisitor(1)) {
            long sent = fill(1);
            peer.send(window(1, FIN, 0), window(1, RST, 0));
            peer.expectNothing();
            assertEquals(0, session.streams());
            assertEquals(sent, visitor.getInputStream().readAllBytes().length);
            session.awaitEnds("the peer reset the stream");
        }
    }

    @Test
    void replyThatTheKernelHoldsIsDeliveredThoughAResetFollowsLater() throws Exception {
        try (Socket visitor = slowVisitor(1)) {
            peer.send(data(1, Pattern.bytes(4, 60_000)), window(1, FIN, 0));
            peer.expectNothing();
            peer.send(window(1, RST, 0));
            peer.expectNothing();
            Await.until("the splice has let go", () -> session.ends.size() == 1);
            Pattern.check(4, 60_000, visitor.getInputStream());
            Visitor.expectEnd(visitor);
        }
    }

    @Test
    void incompleteReplyIsAResetWhateverWasReceived() throws Exception {
        try (Socket visitor = slowVisitor(1)) {
            fill(1);
            peer.send(window(1, RST, 0));
            peer.expectNothing();
            Visitor.expectReset(visitor);
        }
    }

    @Test
    void visitorThatGoesOnSendingAfterACompleteReplyIsReset() throws Exception {
        try (Socket visitor = visit(1)) {
            peer.send(data(1, "no"), window(1, FIN, 0), window(1, RST, 0));
            Visitor.expect(visitor, "no");
            Visitor.expectEnd(visitor);
            expectNobodyListens(visitor);
        }
    }

    @Test
    void endOfTheSessionResetsEveryVisitor() throws Exception {
        try (Socket idle = visit(1);
                Socket busy = slowVisitor(3);
                Socket complete = slowVisitor(5);
                Socket finished = visit(7)) {
            fill(3);
            fill(5);
            peer.send(window(5, FIN, 0), window(7, FIN, 0));
            peer.expectNothing();
            Visitor.expectEnd(finished);
            peer.close();
            assertEquals(Cause.Kind.CONNECTION_LOST, session.end.get().kind());
            Visitor.expectReset(idle);
            Visitor.expectReset(busy);
            Visitor.expectReset(complete);
            expectNobodyListens(finished);
            Visitor.awaitRefused(session.port());
        }
    }

    @Test
    void violationResetsEveryVisitor() throws Exception {
        try (Socket visitor = visit(1)) {
            peer.send(window(1, SYN, 0));
            peer.expect(goAway(1));
            Visitor.expectReset(visitor);
        }
    }

    @Test
    void loopThatStopsResetsEveryVisitor() throws Exception {
        try (Socket visitor = visit(1)) {
            session.stopLoop();
            Visitor.expectReset(visitor);
            peer.expectGone();
        }
    }

    // ---- back-pressure

    @Test
    void visitorThatDoesNotReadHoldsNoMoreThanItsWindow() throws Exception {
        try (Socket stuck = slowVisitor(1);
                Socket other = visit(3)) {
            long sent = fill(1);
            long inUse = BufferPool.shared().inUse();
            assertTrue(inUse > 0 && inUse <= MEMORY_FOR_ONE, () -> inUse + " bytes are in use");
            peer.send(data(3, "not held up"));
            Visitor.expect(other, "not held up");
            peer.send(window(1, FIN, 0));
            assertEquals(sent, stuck.getInputStream().readAllBytes().length);
        }
    }

    @Test
    void visitorWithoutWindowIsNotReadAndOthersAre() throws Exception {
        try (Socket stuck = visit(1);
                Socket other = visit(3)) {
            Call<Void> write = Call.run(() -> Pattern.write(2, 16 << 20, stuck.getOutputStream()));
            assertArrayEquals(Pattern.bytes(2, WINDOW), peer.expectData(1, WINDOW));
            peer.expectNothing();
            assertTrue(BufferPool.shared().inUse() <= MEMORY_FOR_ONE);
            Visitor.send(other, "not held up");
            assertEquals("not held up", text(3, 11));
            peer.send(window(1, 0, 16 << 20));
            peer.expectData(1, (16 << 20) - WINDOW);
            write.result();
        }
    }

    @Test
    void peerThatDoesNotReadStopsTheVisitors() throws Exception {
        try (Socket one = visit(1);
                Socket other = visit(3)) {
            peer.send(window(1, 0, 64 << 20), window(3, 0, 64 << 20));
            Call<Void> first = Call.run(() -> Pattern.write(2, 32 << 20, one.getOutputStream()));
            Call<Void> second = Call.run(() -> Pattern.write(3, 32 << 20, other.getOutputStream()));
            Await.until("the output holds something", () -> BufferPool.shared().inUse() == SendBuffer.CAPACITY);
            long ofFirst = 0;
            for (long got = 0; got < 64 << 20; ) {
                WireFrame frame = peer.next();
                assertTrue(BufferPool.shared().inUse() <= MEMORY_FOR_ONE);
                got += frame.length();
                if (frame.id() == 1) ofFirst += frame.length();
            }
            assertEquals(32 << 20, ofFirst);
            first.result();
            second.result();
        }
    }

    @Test
    void manyVisitorsWaitUntilThePeerAnswers() throws Exception {
        int visitors = 400;
        int unanswered = 256; // what a session takes
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < visitors; i++) sockets.add(Visitor.connect(session.port()));
            for (int i = 0; i < unanswered; i++) peer.expect(window(1 + 2 * i, SYN, 0));
            peer.expectNothing();
            for (int i = 0; i < visitors; i++) {
                peer.send(window(1 + 2 * i, ACK, 0));
                if (i + unanswered < visitors) peer.expect(window(1 + 2 * (i + unanswered), SYN, 0));
            }
            peer.expectNothing();
            assertEquals(visitors, session.streams());
        } finally {
            for (Socket socket : sockets) socket.close();
        }
    }

    // ---- parts of scripts

    private Socket visit(int id) throws Exception {
        Socket visitor = Visitor.connect(session.port());
        peer.expect(window(id, SYN, 0));
        peer.send(window(id, ACK, 0));
        return visitor;
    }

    /** A visitor whose kernel takes little, so that bytes for it have to wait. */
    private Socket slowVisitor(int id) throws Exception {
        Socket visitor = new Socket();
        visitor.setReceiveBufferSize(4096);
        visitor.setSoTimeout((int) Await.DEADLINE.toMillis());
        visitor.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), session.port()));
        peer.expect(window(id, SYN, 0));
        peer.send(window(id, ACK, 0));
        return visitor;
    }

    /** Sends until the kernel takes no more on behalf of the visitor, so that no credit comes back; returns how much. */
    private long fill(int id) throws Exception {
        long sent = 0;
        for (long credit = WINDOW; credit > 0; credit += peer.skipAll(id)) {
            int length = (int) Math.min(credit, 64 * 1024);
            peer.send(data(id, new byte[length]));
            credit -= length;
            sent += length;
        }
        return sent;
    }

    private String text(int id, int length) throws Exception {
        return new String(peer.expectData(id, length), US_ASCII);
    }

    private static void expectNobodyListens(Socket visitor) {
        assertThrows(SocketException.class, () -> {
            while (true) visitor.getOutputStream().write(1);
        });
    }
}
