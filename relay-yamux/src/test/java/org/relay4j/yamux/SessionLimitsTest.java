package org.relay4j.yamux;

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

import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Transport;

/** How many streams there can be, and what happens to those for which there is no place. */
@Tag("slow")
class SessionLimitsTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    @ParameterizedTest
    @EnumSource
    void openWaitsForAnAnswerToTheStreamsBefore(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport, unacknowledged(3))) {
            for (int id = 1; id <= 5; id += 2) {
                scripted.session().open();
                scripted.peer().expect(window(id, SYN, 0));
            }
            Call<Stream> fourth = Call.of(scripted.session()::open).awaitBlocked();
            scripted.peer().send(window(3, ACK, 0), window(3, ACK, 0)); // the second one frees nothing
            assertEquals(7, fourth.result().id());
            scripted.peer().expect(window(7, SYN, 0));
            Call<Stream> fifth = Call.of(scripted.session()::open).awaitBlocked();
            scripted.peer().send(window(1, RST, 0)); // an answer too
            assertEquals(9, fifth.result().id());
            scripted.peer().expect(window(9, SYN, 0));
        }
    }

    @ParameterizedTest
    @EnumSource
    void openFailsWhenTheSessionEndsMeanwhile(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport, unacknowledged(1))) {
            scripted.session().open();
            Call<Stream> second = Call.of(scripted.session()::open).awaitBlocked();
            scripted.session().close();
            SessionException failure = second.failure(SessionException.class);
            assertEquals(SessionException.Reason.CLOSED_LOCALLY, failure.reason());
        }
    }

    @ParameterizedTest
    @EnumSource
    void openDoesNotWaitForever(Transport transport) throws Exception {
        SessionOptions options = SessionOptions.builder()
                .maxUnacknowledged(1)
                .openTimeout(Duration.ofMillis(200))
                .build();
        try (Scripted scripted = Scripted.client(transport, options)) {
            Stream first = scripted.session().open();
            // It is let in when the first stream is given up, after the same time, unless its own time is over before.
            Call<Boolean> second = Call.of(() -> {
                try {
                    return scripted.session().open().isOpen();
                } catch (SocketTimeoutException e) {
                    return false;
                }
            });
            second.result();
            assertThrows(
                    StreamResetException.class, () -> first.getInputStream().read());
            scripted.peer().expect(window(1, SYN, 0), window(1, RST, 0));
            assertTrue(scripted.session().isOpen());
        }
    }

    @ParameterizedTest
    @EnumSource
    void unansweredStreamFailsAndTheSessionGoesOn(Transport transport) throws Exception {
        SessionOptions options =
                SessionOptions.builder().openTimeout(Duration.ofMillis(100)).build();
        try (Scripted scripted = Scripted.client(transport, options)) {
            Stream stream = scripted.session().open();
            StreamResetException failure = assertThrows(
                    StreamResetException.class, () -> stream.getInputStream().read());
            assertTrue(failure.getMessage().contains("did not acknowledge"), failure.getMessage());
            scripted.peer().expect(window(1, SYN, 0), window(1, RST, 0));
            scripted.peer().expectNothing();
            assertEquals(0, scripted.session().streamCount());
            Stream next = scripted.accept(2);
            scripted.peer().send(data(2, "x"));
            assertEquals('x', next.getInputStream().read());
        }
    }

    @ParameterizedTest
    @EnumSource
    void streamsClosedBeforeTheyWereAcceptedGiveTheirPlacesBack(Transport transport) throws Exception {
        int streams = 8;
        try (SessionPair pair = SessionPair.over(transport, unacknowledged(streams))) {
            for (int i = 0; i < streams; i++) pair.client().open().close();
            for (int i = 0; i < streams; i++)
                pair.server().accept(Await.DEADLINE).close();
            for (int i = 0; i < streams; i++) {
                SessionPair.StreamPair stream = pair.open();
                stream.here().getOutputStream().write(i);
                assertEquals(i, stream.there().getInputStream().read());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void manyMoreStreamsThanTheBacklogPassWhileSomebodyAccepts(Transport transport) throws Exception {
        int streams = 5 * 16;
        SessionOptions options =
                SessionOptions.builder().maxUnacknowledged(16).backlog(16).build();
        try (SessionPair pair = SessionPair.over(transport, options)) {
            Call<Void> opener = Call.run(() -> {
                for (int i = 0; i < streams; i++)
                    pair.client().open().getOutputStream().write(i);
            });
            for (int i = 0; i < streams; i++) {
                assertEquals(
                        i, pair.server().accept(Await.DEADLINE).getInputStream().read());
            }
            opener.result();
        }
    }

    @ParameterizedTest
    @EnumSource
    void fullBacklogRefusesAndTheOpenerLearnsIt(Transport transport) throws Exception {
        SessionOptions server = SessionOptions.builder().backlog(1).build();
        try (SessionPair pair = SessionPair.over(transport, SessionOptions.defaults(), server)) {
            Stream first = pair.client().open();
            Stream second = pair.client().open();
            assertThrows(
                    StreamResetException.class, () -> second.getInputStream().read());
            Stream accepted = pair.server().accept(Await.DEADLINE);
            accepted.getOutputStream().write('1');
            assertEquals('1', first.getInputStream().read());
            SessionPair.StreamPair third = pair.open();
            third.there().getOutputStream().write('3');
            assertEquals('3', third.here().getInputStream().read());
        }
    }

    @ParameterizedTest
    @EnumSource
    void streamsOverTheLimitAreResetAndPlacesComeBack(Transport transport) throws Exception {
        SessionOptions server = SessionOptions.builder().maxStreams(3).build();
        try (SessionPair pair = SessionPair.over(transport, SessionOptions.defaults(), server)) {
            List<SessionPair.StreamPair> open = new ArrayList<>();
            for (int i = 0; i < 3; i++) open.add(pair.open());
            Stream excess = pair.client().open();
            assertThrows(
                    StreamResetException.class, () -> excess.getInputStream().read());
            open.get(0).here().close();
            open.get(0).there().close();
            SessionPair.StreamPair next = pair.open();
            next.there().getOutputStream().write('n');
            assertEquals('n', next.here().getInputStream().read());
        }
    }

    @ParameterizedTest
    @EnumSource
    void nothingIsOpenedAfterTheGoAwayOfThePeer(Transport transport) throws Exception {
        CountDownLatch told = new CountDownLatch(1);
        SessionOptions options = SessionOptions.builder()
                .maxUnacknowledged(1)
                .listener(new SessionListener() {
                    @Override
                    public void goAway(Session session) {
                        told.countDown();
                    }
                })
                .build();
        try (Scripted scripted = Scripted.client(transport, options)) {
            Stream stream = scripted.session().open();
            scripted.peer().expect(window(1, SYN, 0));
            Call<Stream> waits = Call.of(scripted.session()::open).awaitBlocked();
            scripted.peer().send(goAway(0));
            assertEquals(
                    SessionException.Reason.NO_MORE_STREAMS,
                    waits.failure(SessionException.class).reason());
            Await.until("the listener was notified", told);
            scripted.peer().send(window(1, ACK, 0), data(1, "on"), window(1, FIN, 0));
            assertEquals(2, stream.getInputStream().readAllBytes().length);
            stream.getOutputStream().write('x');
            scripted.peer().expect(data(1, "x"));
            assertTrue(scripted.session().isOpen());
        }
    }

    @ParameterizedTest
    @EnumSource
    void nothingIsOpenedAfterOurOwnGoAway(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair stream = pair.open();
            pair.client().goAway();
            SessionException ours =
                    assertThrows(SessionException.class, () -> pair.client().open());
            assertEquals(SessionException.Reason.NO_MORE_STREAMS, ours.reason());
            Stream late = pair.server().open();
            assertThrows(StreamResetException.class, () -> late.getInputStream().read());
            stream.here().getOutputStream().write('x');
            assertEquals('x', stream.there().getInputStream().read());
            stream.here().close();
            stream.there().close();
            Await.until("the other end was notified", () -> {
                try {
                    pair.server().open().close();
                    return false;
                } catch (SessionException e) {
                    return e.reason() == SessionException.Reason.NO_MORE_STREAMS;
                }
            });
        }
    }

    private static SessionOptions unacknowledged(int streams) {
        return SessionOptions.builder().maxUnacknowledged(streams).build();
    }
}
