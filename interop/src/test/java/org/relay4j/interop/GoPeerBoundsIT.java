package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.net.SocketTimeoutException;
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
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionException;
import org.relay4j.yamux.SessionException.Reason;
import org.relay4j.yamux.SessionListener;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.Stream;
import org.relay4j.yamux.StreamResetException;

/** Windows, backlogs and GoAway between our session and one on hashicorp/yamux. */
@ParameterizedClass
@EnumSource
@ExtendWith(LeakCheck.EachTest.class)
@Tag("peers")
class GoPeerBoundsIT {
    private static final int BACKLOG_OF_GO = 256; // streams
    private static final Duration DEADLINE = Duration.ofMillis(Visitor.DEADLINE);

    private final YamuxPeer.Kind kind;
    private YamuxPeer peer;

    GoPeerBoundsIT(YamuxPeer.Kind kind) {
        this.kind = kind;
    }

    @AfterEach
    void close() {
        if (peer != null) peer.close();
    }

    private Session start(SessionOptions options, String... flags) throws Exception {
        peer = YamuxPeer.serving(Peer.HASHICORP, kind, options, List.of(flags));
        return peer.session();
    }

    private Stream open(String request) throws Exception {
        return peer.open(request, DEADLINE);
    }

    // ---- windows

    @Test
    void theWholeWindowThatGoAnnouncesIsUsedAndNoByteMore() throws Exception {
        for (Windows windows : Windows.values()) {
            start(SessionOptions.defaults(), windows.flags().toArray(String[]::new));
            Stream stream = peer.openEndless(DEADLINE);
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
            InputStream in = peer.openEndless(DEADLINE).getInputStream();
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
        Stream before = open("Ex");
        Stream stream = open("Ay");
        assertEquals('y', stream.getInputStream().read());
        assertTrue(told.await(Visitor.DEADLINE, TimeUnit.MILLISECONDS));
        SessionException refused = assertThrows(SessionException.class, session::open);
        assertEquals(Reason.NO_MORE_STREAMS, refused.reason());
        assertEquals("x", YamuxPeer.rest(before));
        assertEquals("", YamuxPeer.rest(stream));
        assertTrue(session.isOpen());
    }

    @Test
    void goOpensAStreamToUs() throws Exception {
        Session session = start(SessionOptions.defaults());
        BehaviourServer.on(session);
        assertEquals("ok", YamuxPeer.rest(open("O")));
    }

    @Test
    void goAwayOfOursRefusesWhatGoOpens() throws Exception {
        Session session = start(SessionOptions.defaults());
        Stream asks = session.open();
        Stream before = open("Ex");
        session.goAway();
        asks.getOutputStream().write('O');
        assertEquals("connection reset", YamuxPeer.rest(asks));
        assertEquals("x", YamuxPeer.rest(before));
        assertTrue(session.isOpen());
    }

    @Test
    void closeWhenDoneTellsGoAndLetsStreamsEnd() throws Exception {
        Session session = start(SessionOptions.defaults());
        Stream asks = session.open();
        Stream before = open("Ex");
        session.closeWhenDone();
        asks.getOutputStream().write('O');
        assertEquals("remote end is not accepting connections", YamuxPeer.rest(asks));
        assertTrue(session.isOpen());
        assertEquals("x", YamuxPeer.rest(before));
        assertTrue(session.awaitEnd(DEADLINE));
        assertEquals(Reason.CLOSED_LOCALLY, session.ended().reason());
        peer.process().await("session ended: EOF");
    }
}
