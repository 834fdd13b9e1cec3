package org.relay4j.yamux.io;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.window;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.Transport;
import org.relay4j.yamux.SessionOptions;

/** Visitors whose TLS ends here, joined with streams of a session whose other end is a script. */
class SpliceTlsTest {
    private static final String V13 = "TLSv1.3";
    private static final String V12 = "TLSv1.2";
    private static final int WINDOW = 256 * 1024; // bytes
    private static final int SMALL = 4096; // bytes; socket buffers

    /** More than such a socket takes, and as much as a wire encrypts at once. Unit: bytes. */
    private static final int HELD = 40_000;

    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    private SplicedSession session;
    private ScriptedPeer peer;
    private EnginePeer visitor;
    private TlsWire wire;

    @AfterEach
    void disconnect() throws Exception {
        visitor.close();
        peer.close();
        session.close();
    }

    /** Shakes hands with a visitor. */
    private void connect(String protocol, int buffers, SessionOptions options) throws Exception {
        List<SocketChannel> tunnel = Transport.sockets();
        session = SplicedSession.forVisitors(tunnel.get(0), options);
        peer = new ScriptedPeer(tunnel.get(1));
        List<SocketChannel> ends = buffers == 0 ? Transport.sockets() : sockets(buffers);
        Sockets.configure(ends.get(0));
        wire = new TlsWire(ends.get(0), EnginePeer.engine(false, protocol));
        visitor = new EnginePeer(ends.get(1), true, protocol);
        visitor.handshake(wire, Integer.MAX_VALUE);
    }

    /** Connects sockets that take little; a window that was announced does not shrink any more. */
    private static List<SocketChannel> sockets(int buffers) throws IOException {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketChannel visitors = SocketChannel.open();
            visitors.setOption(StandardSocketOptions.SO_RCVBUF, buffers);
            visitors.connect(listener.getLocalAddress());
            SocketChannel ours = listener.accept();
            ours.setOption(StandardSocketOptions.SO_SNDBUF, buffers);
            return List.of(ours, visitors);
        }
    }

    private void visit(String protocol, int buffers, SessionOptions options) throws Exception {
        connect(protocol, buffers, options);
        session.open(wire, null, null);
        peer.expect(window(1, SYN, 0));
        peer.send(window(1, ACK, 0));
    }

    private void visit(String protocol) throws Exception {
        visit(protocol, 0, SessionOptions.defaults());
    }

    private void send(String text) throws IOException {
        visitor.send(visitor.records(text.getBytes(US_ASCII)));
    }

    private void sendCloseNotify() throws IOException {
        visitor.engine.closeOutbound();
        visitor.send(visitor.records(new byte[0]));
    }

    private void expect(String text) throws IOException {
        assertEquals(text, new String(visitor.receive(text.length()), US_ASCII));
    }

    private void expectCloseNotify() {
        EOFException end = assertThrows(EOFException.class, () -> visitor.receive(1));
        assertEquals("close_notify", end.getMessage());
    }

    /** Expects a TCP reset, after any data and without close_notify. */
    private void expectReset() {
        IOException end = assertThrows(IOException.class, () -> visitor.receive(Integer.MAX_VALUE));
        assertFalse(end instanceof EOFException, end::toString);
    }

    /** Expects that the wire has taken all that the stream has received, and the kernel has not. */
    private void expectHeld() throws Exception {
        peer.skipAll(1);
        session.onLoop(() -> {
            assertTrue(BufferPool.shared().inUse() > 0);
            assertFalse(wire.flush());
        });
    }

    private String text(int length) throws Exception {
        return new String(peer.expectData(1, length), US_ASCII);
    }

    // ---- data

    @ParameterizedTest
    @ValueSource(strings = {V13, V12})
    void bytesPassInBothDirections(String protocol) throws Exception {
        visit(protocol);
        send("request");
        assertEquals("request", text(7));
        peer.send(data(1, "reply"));
        expect("reply");
        byte[] much = Pattern.bytes(1, 3_000_000);
        peer.send(window(1, 0, much.length));
        Call<Void> up = Call.run(() -> visitor.send(visitor.records(much)));
        assertArrayEquals(much, peer.expectData(1, much.length));
        up.result();
        int some = 60_000; // fits the window, though credit for less than half of it may not have been returned yet
        for (int at = 0; at < much.length; at += some) {
            byte[] part = Arrays.copyOfRange(much, at, at + some);
            peer.send(data(1, part));
            assertArrayEquals(part, visitor.receive(part.length));
            peer.skipAll(1);
        }
    }

    @Test
    void bytesThatTheHandshakeHasLeftFollowThoseThatWereRead() throws Exception {
        connect(V13, 0, SessionOptions.defaults());
        byte[] sent = Pattern.bytes(2, 60_000);
        visitor.send(visitor.records(sent));
        ByteBuffer read = ByteBuffer.allocate(1);
        while (wire.read(read) == 0) EnginePeer.awaitInput(wire);
        assertTrue(wire.hasInput()); // and the selector has nothing to report
        session.open(wire, "preamble".getBytes(US_ASCII), read.flip());
        peer.expect(window(1, SYN, 0));
        peer.expect(data(1, "preamble" + (char) sent[0]));
        assertArrayEquals(Arrays.copyOfRange(sent, 1, sent.length), peer.expectData(1, sent.length - 1));
    }

    @Test
    void decryptedBytesWaitForTheWindowThoughTheSocketIsQuiet() throws Exception {
        visit(V13);
        byte[] sent = Pattern.bytes(3, WINDOW + 50_000);
        Call<Void> sending = Call.run(() -> visitor.send(visitor.records(sent)));
        assertArrayEquals(Arrays.copyOf(sent, WINDOW), peer.expectData(1, WINDOW));
        sending.result();
        peer.expectNothing();
        for (int at = WINDOW; at < sent.length; at += 12_500) {
            peer.send(window(1, 0, 12_500)); // less than a record
            assertArrayEquals(Arrays.copyOfRange(sent, at, at + 12_500), peer.expectData(1, 12_500));
            peer.expectNothing();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {V13, V12})
    void encryptedBytesWaitForTheSocketThoughTheStreamHasEnded(String protocol) throws Exception {
        visit(protocol, SMALL, SessionOptions.defaults());
        byte[] reply = Pattern.bytes(4, HELD);
        peer.send(data(1, reply), window(1, FIN, 0));
        expectHeld();
        assertArrayEquals(reply, visitor.receiveAll());
        if (protocol.equals(V13)) {
            send("still here");
            assertEquals("still here", text(10));
        }
        sendCloseNotify();
        peer.expect(window(1, FIN, 0));
        session.awaitEnds("clean");
    }

    @Test
    void completeReplyIsDeliveredThoughAResetFollows() throws Exception {
        visit(V13, SMALL, SessionOptions.defaults());
        byte[] reply = Pattern.bytes(5, HELD);
        peer.send(data(1, reply), window(1, FIN, 0));
        expectHeld();
        peer.send(window(1, RST, 0));
        peer.expectNothing();
        assertArrayEquals(reply, visitor.receiveAll());
        session.awaitEnds("the peer reset the stream");
    }

    @Test
    void keyUpdateIsAnsweredBehindWhatTheSocketHasNotTaken() throws Exception {
        visit(V13, SMALL, SessionOptions.defaults());
        byte[] reply = Pattern.bytes(6, HELD);
        peer.send(data(1, reply));
        expectHeld();
        visitor.engine.beginHandshake();
        send("with new keys");
        assertEquals("with new keys", text(13));
        assertArrayEquals(reply, visitor.receive(reply.length));
        peer.send(data(1, "and so here"));
        expect("and so here");
    }

    // ---- ends

    @Test
    void closeNotifyOfTheVisitorLeavesTheOtherDirectionOpen() throws Exception {
        visit(V13);
        send("request");
        sendCloseNotify();
        assertEquals("request", text(7));
        peer.expect(window(1, FIN, 0));
        peer.send(data(1, "late reply"));
        expect("late reply");
        peer.send(window(1, FIN, 0));
        expectCloseNotify();
        session.awaitEnds("clean");
        assertEquals(0, session.streams());
    }

    /** The protocol demands that both directions end; a socket that was closed behaves in the same way. */
    @Test
    void closeNotifyOfAVisitorWithTls12IsAnEndAndBytesForItAreAReset() throws Exception {
        visit(V12);
        send("request");
        sendCloseNotify();
        assertEquals("request", text(7));
        peer.expect(window(1, FIN, 0));
        peer.send(data(1, "late reply"));
        peer.expect(window(1, RST, 0));
        Await.until("the splice has ended", () -> session.ends.size() == 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {V13, V12})
    void endWithoutCloseNotifyIsAReset(String protocol) throws Exception {
        visit(protocol);
        send("part");
        visitor.shutdownOutput();
        assertEquals("part", text(4));
        peer.expect(window(1, RST, 0));
        session.awaitEnds("the connection ended without the TLS close_notify");
        expectReset();
    }

    @ParameterizedTest
    @ValueSource(strings = {V13, V12})
    void resetOfTheStreamIsAResetOfTheVisitorWithoutCloseNotify(String protocol) throws Exception {
        visit(protocol);
        peer.send(data(1, "part"), window(1, RST, 0));
        expectReset();
        session.awaitEnds("the peer reset the stream");
    }

    @Test
    void incompleteReplyIsAResetWhateverTheWireHasTaken() throws Exception {
        visit(V13, SMALL, SessionOptions.defaults());
        peer.send(data(1, new byte[HELD]));
        expectHeld();
        peer.send(window(1, RST, 0));
        peer.expectNothing();
        expectReset();
    }

    @Test
    void alteredRecordIsAReset() throws Exception {
        visit(V13);
        byte[] records = visitor.records("request".getBytes(US_ASCII));
        records[records.length - 1] ^= 1;
        visitor.send(records);
        peer.expect(window(1, RST, 0));
    }

    @Test
    void endOfTheSessionIsAResetWithoutCloseNotify() throws Exception {
        visit(V13);
        peer.close();
        expectReset();
    }

    @Test
    void visitorThatDoesNotReadTheEndIsResetInTime() throws Exception {
        visit(
                V13,
                SMALL,
                SessionOptions.builder().deliveryTimeout(Duration.ofMillis(200)).build());
        sendCloseNotify();
        peer.expect(window(1, FIN, 0));
        peer.send(data(1, new byte[HELD]), window(1, FIN, 0));
        session.awaitEnds("the last bytes were not read within 200 ms");
        assertEquals(0, BufferPool.shared().inUse());
        expectReset();
    }
}
