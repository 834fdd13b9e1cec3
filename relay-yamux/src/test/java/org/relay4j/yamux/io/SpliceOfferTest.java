package org.relay4j.yamux.io;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.window;

import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.Transport;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.core.Cause;

/** A visitor that is offered to a scripted peer. */
class SpliceOfferTest {
    private static final String HEADER = "header"; // of the stream

    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    private final List<String> answers = new CopyOnWriteArrayList<>();
    private final List<Cause> declined = new CopyOnWriteArrayList<>();
    private SplicedSession session;
    private ScriptedPeer peer;
    private Socket visitor;
    private SocketChannel accepted;

    @BeforeEach
    void connect() throws Exception {
        List<SocketChannel> tunnel = Transport.sockets();
        SessionOptions options =
                SessionOptions.builder().openTimeout(Duration.ofMillis(300)).build();
        session = SplicedSession.forVisitors(tunnel.get(0), options);
        peer = new ScriptedPeer(tunnel.get(1));
        try (ServerSocketChannel listener = ServerSocketChannel.open().bind(null)) {
            visitor = Visitor.connect(listener.socket().getLocalPort());
            accepted = listener.accept();
            Sockets.configure(accepted);
        }
    }

    @AfterEach
    void disconnect() throws Exception {
        visitor.close();
        accepted.close();
        peer.close();
        session.close();
    }

    private void offer(@Nullable String read) throws Exception {
        ByteBuffer bytes = read == null ? null : ByteBuffer.wrap(read.getBytes(US_ASCII));
        session.onLoop(() -> {
            session.driver.lock.lock();
            try {
                byte[] header = HEADER.getBytes(US_ASCII);
                Wire wire = new PlainWire(accepted);
                if (!SpliceOffer.make(session.driver, wire, bytes, header, session, new Answers())) {
                    throw new IOException("no memory");
                }
            } finally {
                session.driver.lock.unlock();
            }
        });
        peer.expect(window(1, SYN, 0), data(1, HEADER));
    }

    private final class Answers implements SpliceOffer.Answer {
        @Override
        public void accepted(Splice splice) {
            answers.add("accepted " + splice.stream().bytesSent());
        }

        @Override
        public void declined(Cause cause) {
            answers.add("declined");
            declined.add(cause);
        }

        @Override
        public void failed(IOException failure) {
            answers.add("failed");
        }
    }

    private void awaitAnswer(String expected) {
        Await.until(() -> expected + " in " + answers, () -> answers.equals(List.of(expected)));
    }

    /** The visitor is the test's again, not registered, and has what was sent. */
    private void assertUnread(String sent) throws IOException {
        assertFalse(accepted.isRegistered());
        ByteBuffer unread = ByteBuffer.allocate(100);
        Await.until("bytes", () -> accepted.read(unread) > 0 || unread.position() == sent.length());
        assertEquals(sent, new String(unread.array(), 0, unread.position(), US_ASCII));
    }

    @Test
    void nothingIsReadBeforeTheAcknowledgement() throws Exception {
        Visitor.send(visitor, "unread");
        offer("read before ");
        peer.expectNothing();
        peer.send(window(1, ACK, 0));
        assertEquals("read before unread", new String(peer.expectData(1, 18), US_ASCII));
        awaitAnswer("accepted 12"); // the header is not counted
        peer.send(data(1, FIN, "reply".getBytes(US_ASCII)));
        Visitor.expect(visitor, "reply");
        Visitor.expectEnd(visitor);
        visitor.shutdownOutput();
        peer.expect(window(1, FIN, 0));
        session.awaitEnds("clean");
    }

    @Test
    void aRefusalReturnsTheVisitorWithItsCode() throws Exception {
        Visitor.send(visitor, "unread");
        offer(null);
        peer.send(window(1, RST, 3));
        awaitAnswer("declined");
        assertEquals(3, declined.get(0).code());
        assertEquals(Cause.Kind.RESET_BY_PEER, declined.get(0).kind());
        assertUnread("unread");
    }

    @Test
    void silenceReturnsTheVisitor() throws Exception {
        Visitor.send(visitor, "unread");
        offer(null);
        peer.expect(window(1, RST, 0));
        awaitAnswer("declined");
        assertEquals(Cause.Kind.OPEN_TIMEOUT, declined.get(0).kind());
        assertUnread("unread");
    }

    @Test
    void theEndOfTheSessionReturnsTheVisitor() throws Exception {
        Visitor.send(visitor, "unread");
        offer(null);
        peer.close();
        awaitAnswer("declined");
        assertTrue(declined.get(0).kind().endsSession());
        assertUnread("unread");
    }

    @Test
    void aVisitorThatHasLeftIsFoundOutWhenItIsAccepted() throws Exception {
        offer(null);
        visitor.close();
        peer.send(window(1, ACK, 0));
        awaitAnswer("accepted 0");
        peer.expect(window(1, FIN, 0));
    }

    @Test
    void aClosedConnectionFails() throws Exception {
        offer(null);
        accepted.close();
        peer.send(window(1, ACK, 0));
        peer.expect(window(1, RST, 0));
        awaitAnswer("failed");
    }
}
