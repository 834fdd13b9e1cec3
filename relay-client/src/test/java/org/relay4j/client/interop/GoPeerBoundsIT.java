package org.relay4j.client.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionException;
import org.relay4j.yamux.SessionException.Reason;
import org.relay4j.yamux.SessionListener;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.Stream;
import org.relay4j.yamux.StreamResetException;
import org.relay4j.yamux.testing.Await;
import org.relay4j.yamux.testing.LeakCheck;

/** Windows, backlogs and GoAway between our session and one on hashicorp/yamux. */
@ParameterizedClass
@EnumSource
@ExtendWith(LeakCheck.EachTest.class)
@Tag("peers")
class GoPeerBoundsIT {
    private static final int BACKLOG_OF_GO = 256; // streams

    private final GoPeer.Kind kind;
    private GoPeer peer;

    GoPeerBoundsIT(GoPeer.Kind kind) {
        this.kind = kind;
    }

    @AfterEach
    void close() {
        if (peer != null) peer.close();
    }

    private Session start(SessionOptions options, String... flags) throws Exception {
        peer = GoPeer.serving(kind, options, List.of(flags));
        return peer.session();
    }

    private static Stream open(Session session, String request) throws Exception {
        Stream stream = session.open();
        stream.setReadTimeout(Duration.ofMillis(Visitor.DEADLINE));
        stream.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
        return stream;
    }

    /** A stream on which the other end sends without end, and reads nothing more. */
    private static Stream openEndless(Session session) throws Exception {
        Stream stream = open(session, "G");
        byte[] lengthAndSeed =
                ByteBuffer.allocate(16).putLong(Scenarios.ENDLESS).putLong(1).array();
        stream.getOutputStream().write(lengthAndSeed);
        return stream;
    }

    private static String rest(Stream stream) throws Exception {
        stream.shutdownOutput();
        return new String(stream.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    // ---- windows

    @Test
    void theWholeWindowThatGoAnnouncesIsUsedAndNoByteMore() throws Exception {
        for (Windows windows : Windows.values()) {
            Session session = start(SessionOptions.defaults(), windows.flags().toArray(String[]::new));
            Stream stream = openEndless(session);
            stream.setWriteTimeout(Duration.ofMillis(Visitor.DEADLINE));
            stream.getOutputStream().write(new byte[windows.bytes - 17]); // 17 bytes were the request
            stream.setWriteTimeout(Duration.ofMillis(200));
            assertThrows(
                    SocketTimeoutException.class, () -> stream.getOutputStream().write(1));
            close();
        }
    }

    @Test
    void goUsesTheWholeWindowThatWeAnnounceAndNoByteMore() throws Exception {
        for (Windows windows : Windows.values()) {
            Session session =
                    start(SessionOptions.builder().receiveWindow(windows.bytes).build());
            InputStream in = openEndless(session).getInputStream();
            Await.until("the window is full", () -> in.available() >= windows.bytes);
            session.ping(); // Go would have sent more by now
            assertEquals(windows.bytes, in.available());
            close();
        }
    }

    // ---- backlogs

    @Test
    void opensWaitForTheBacklogOfGo() throws Exception {
        Session session = start(SessionOptions.defaults(), "-accept-limit", "0");
        Stream first = session.open();
        for (int n = 1; n < BACKLOG_OF_GO; n++) session.open();
        Future<Stream> next = Visitor.beside(session::open);
        session.ping();
        assertFalse(next.isDone());
        assertEquals(BACKLOG_OF_GO, session.streamCount());
        first.reset(); // that one is not waited for any more
        Visitor.join(next);
        assertTrue(session.isOpen());
    }

    @Test
    void opensBeyondTheBacklogOfGoAreResetAndNothingElseHappens() throws Exception {
        Session session =
                start(SessionOptions.builder().maxUnacknowledged(1_000).build(), "-accept-limit", "0");
        List<Stream> streams = new ArrayList<>();
        for (int n = 0; n < 1_000; n++) streams.add(session.open());
        for (Stream stream : streams.subList(BACKLOG_OF_GO, streams.size())) {
            assertThrows(
                    StreamResetException.class, () -> stream.getInputStream().read());
        }
        session.ping();
        assertEquals(BACKLOG_OF_GO, session.streamCount());
    }

    // ---- GoAway

    @Test
    void goAwayFromGo() throws Exception {
        CountDownLatch told = new CountDownLatch(1);
        SessionListener listener = new SessionListener() {
            @Override
            public void goAway(Session session) {
                told.countDown();
            }
        };
        Session session = start(SessionOptions.builder().listener(listener).build());
        Stream before = open(session, "Ex");
        Stream stream = open(session, "Ay");
        assertEquals('y', stream.getInputStream().read());
        assertTrue(told.await(Visitor.DEADLINE, TimeUnit.MILLISECONDS));
        SessionException refused = assertThrows(SessionException.class, session::open);
        assertEquals(Reason.NO_MORE_STREAMS, refused.reason());
        assertEquals("x", rest(before));
        assertEquals("", rest(stream));
        assertTrue(session.isOpen());
    }

    @Test
    void goOpensAStreamToUs() throws Exception {
        Session session = start(SessionOptions.defaults());
        BehaviourServer.on(session);
        assertEquals("ok", rest(open(session, "O")));
    }

    @Test
    void goAwayOfOursRefusesWhatGoOpens() throws Exception {
        Session session = start(SessionOptions.defaults());
        Stream asks = session.open();
        Stream before = open(session, "Ex");
        session.goAway();
        asks.getOutputStream().write('O');
        assertEquals("connection reset", rest(asks));
        assertEquals("x", rest(before));
        assertTrue(session.isOpen());
    }

    @Test
    void closeWhenDoneTellsGoAndLetsStreamsEnd() throws Exception {
        Session session = start(SessionOptions.defaults());
        Stream asks = session.open();
        Stream before = open(session, "Ex");
        session.closeWhenDone();
        asks.getOutputStream().write('O');
        assertEquals("remote end is not accepting connections", rest(asks));
        assertTrue(session.isOpen());
        assertEquals("x", rest(before));
        assertTrue(session.awaitTermination(Duration.ofMillis(Visitor.DEADLINE)));
        assertEquals(Reason.CLOSED_LOCALLY, session.ended().reason());
        peer.process().await("session ended: EOF");
    }
}
