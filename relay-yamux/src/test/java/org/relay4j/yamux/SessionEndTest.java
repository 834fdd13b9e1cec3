package org.relay4j.yamux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.goAway;
import static org.relay4j.testing.WireFrame.window;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Transport;
import org.relay4j.yamux.SessionException.Reason;

/** Every way in which a session ends: all waiting and later calls throw the first cause. */
@Tag("slow")
class SessionEndTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    /** What ends the session. */
    enum Blow {
        CLOSE(Reason.CLOSED_LOCALLY) {
            @Override
            void strike(Scripted scripted) {
                scripted.session().close();
            }
        },
        END_OF_CONNECTION(Reason.CONNECTION_LOST) {
            @Override
            void strike(Scripted scripted) throws IOException {
                scripted.peer().close();
            }
        },
        CONNECTION_RESET(Reason.CONNECTION_LOST) {
            @Override
            void strike(Scripted scripted) throws IOException {
                scripted.peer().reset();
            }
        },
        GO_AWAY_WITH_CODE(Reason.GO_AWAY) {
            @Override
            void strike(Scripted scripted) throws IOException {
                scripted.peer().send(goAway(2));
            }
        },
        VIOLATION(Reason.PROTOCOL_ERROR) {
            @Override
            void strike(Scripted scripted) throws IOException {
                scripted.peer().send(window(1, SYN, 0)); // the parity of a client
            }
        };

        final Reason reason;

        Blow(Reason reason) {
            this.reason = reason;
        }

        abstract void strike(Scripted scripted) throws IOException;
    }

    static List<Arguments> blows() {
        List<Arguments> all = new ArrayList<>();
        for (Transport transport : Transport.values()) {
            for (Blow blow : Blow.values()) {
                if (blow != Blow.CONNECTION_RESET || transport.canReset()) all.add(Arguments.of(transport, blow));
            }
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("blows")
    void everyCallThrowsTheFirstCause(Transport transport, Blow blow) throws Exception {
        AtomicReference<SessionException> told = new AtomicReference<>();
        CountDownLatch ended = new CountDownLatch(1);
        SessionOptions options = SessionOptions.builder()
                .maxUnacknowledged(1)
                .listener(new SessionListener() {
                    @Override
                    public void ended(Session session, SessionException cause) {
                        told.set(cause);
                        ended.countDown();
                    }
                })
                .build();
        try (Scripted scripted = Scripted.client(transport, options)) {
            Stream reads = scripted.open();
            Stream writes = scripted.open();
            List<Call<?>> waiting = new ArrayList<>();
            waiting.add(Call.of(() -> reads.getInputStream().read()).awaitBlocked());
            waiting.add(Call.run(() -> writes.getOutputStream().write(new byte[300_000])));
            scripted.peer().expectData(writes.id(), 262_144);
            Stream unanswered = scripted.session().open();
            scripted.peer().expect(window(unanswered.id(), SYN, 0));
            waiting.add(Call.of(scripted.session()::open));
            waiting.add(Call.of(scripted.session()::accept));
            waiting.add(Call.of(scripted.session()::ping));
            waiting.forEach(Call::awaitBlocked);
            scripted.peer().next(); // the ping

            blow.strike(scripted);

            Await.until("the listener was notified", ended);
            SessionException first = scripted.session().ended();
            assertNotNull(first);
            assertSameEnd(blow, first, told.get());
            for (Call<?> call : waiting) assertSameEnd(blow, first, call.failure(SessionException.class));
            assertSameEnd(
                    blow,
                    first,
                    assertThrows(
                            SessionException.class, () -> scripted.session().open()));
            assertSameEnd(
                    blow,
                    first,
                    assertThrows(
                            SessionException.class, () -> scripted.session().accept()));
            assertSameEnd(
                    blow,
                    first,
                    assertThrows(
                            SessionException.class, () -> scripted.session().ping()));
            for (Stream stream : List.of(reads, writes, unanswered)) {
                assertSameEnd(
                        blow,
                        first,
                        assertThrows(
                                SessionException.class,
                                () -> stream.getInputStream().read()));
                assertSameEnd(
                        blow,
                        first,
                        assertThrows(
                                SessionException.class,
                                () -> stream.getOutputStream().write(1)));
            }
            scripted.session().close(); // changes nothing
            assertSameEnd(blow, first, scripted.session().ended());
            assertEquals(0, scripted.session().streamCount());
            assertTrue(scripted.session().awaitEnd(Await.DEADLINE));
        }
    }

    private static void assertSameEnd(Blow blow, SessionException first, SessionException other) {
        assertEquals(blow.reason, other.reason(), other::toString);
        assertEquals(first.getMessage(), other.getMessage());
        assertEquals(first.code(), other.code());
        assertEquals(blow == Blow.CLOSE, other.isClean());
    }

    @ParameterizedTest
    @MethodSource("blows")
    void onlyAFinMakesTheEndOfAStreamClean(Transport transport, Blow blow) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Stream complete = scripted.open();
            Stream torso = scripted.open();
            scripted.peer().send(data(1, "whole"), window(1, FIN, 0), data(3, "part"));
            scripted.peer().expectNothing();

            blow.strike(scripted);
            Await.until("the session has ended", () -> !scripted.session().isOpen());

            assertEquals(5, complete.getInputStream().readAllBytes().length);
            assertThrows(
                    SessionException.class, () -> complete.getOutputStream().write(1));
            assertThrows(SessionException.class, () -> torso.getInputStream().readAllBytes());
        }
    }

    @ParameterizedTest
    @MethodSource("blows")
    void streamsThatNobodyTookReturnTheirMemory(Transport transport, Blow blow) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            scripted.peer().send(window(2, SYN, 0), data(2, "whole"), window(2, FIN, 0));
            scripted.peer().send(window(4, SYN, 0), data(4, "part"));
            scripted.peer().send(window(6, SYN, 0), data(6, "whole"), window(6, FIN, 0), window(6, RST, 0));
            scripted.peer().expectNothing();
            blow.strike(scripted);
            Await.until("the session has ended", () -> !scripted.session().isOpen());
            assertThrows(SessionException.class, () -> scripted.session().accept());
        } // the rest is the leak check's
    }

    @ParameterizedTest
    @EnumSource
    void resetReturnsTheMemoryOfAStreamThatHadEnded(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Stream stream = scripted.open();
            scripted.peer().send(data(1, "whole"), window(1, FIN, 0));
            scripted.peer().expectNothing();
            scripted.session().close();
            stream.reset();
            assertThrows(SessionException.class, () -> stream.getInputStream().read());
        }
    }

    @ParameterizedTest
    @EnumSource
    void windowfulThatArrivedBeforeTheEndIsNotTakenForComplete(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair cut = pair.open();
            SessionPair.StreamPair complete = pair.open();
            cut.here().getOutputStream().write(new byte[262_144]);
            complete.here().getOutputStream().write(new byte[262_144]);
            complete.here().shutdownOutput();
            Await.until(
                    "both windows are full",
                    () -> cut.there().getInputStream().available()
                                    + complete.there().getInputStream().available()
                            == 2 * 262_144);
            pair.client().close();
            Await.until(
                    "the other end has learnt it",
                    () -> !pair.server().isOpen() || pair.server().streamCount() == 0);
            assertEquals(262_144, complete.there().getInputStream().readAllBytes().length);
            assertThrows(IOException.class, () -> cut.there().getInputStream().readAllBytes());
        }
    }

    @ParameterizedTest
    @EnumSource
    void endOfAnIdleConnectionIsClean(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Call<Stream> accepts = Call.of(scripted.session()::accept).awaitBlocked();
            scripted.peer().close();
            SessionException failure = accepts.failure(SessionException.class);
            assertEquals(Reason.CLOSED_BY_PEER, failure.reason());
            assertTrue(failure.isClean());
        }
    }

    @ParameterizedTest
    @EnumSource
    void equalRolesAreAClearErrorAtBothEnds(Transport transport) throws Exception {
        for (boolean clients : new boolean[] {true, false}) {
            Transport.Ends ends = transport.connect();
            Session one = clients ? Session.client(ends.ours()) : Session.server(ends.ours());
            Session other = clients ? Session.client(ends.theirs()) : Session.server(ends.theirs());
            Stream stream = one.open();
            SessionException found = assertThrows(SessionException.class, other::accept);
            assertEquals(Reason.PROTOCOL_ERROR, found.reason());
            assertTrue(found.getMessage().contains(clients ? "both ends are clients" : "both ends are servers"));
            SessionException told = assertThrows(
                    SessionException.class, () -> stream.getInputStream().read());
            assertEquals(Reason.GO_AWAY, told.reason());
            assertEquals(1, told.code());
            Await.until("both are terminated", () -> one.awaitEnd(Await.DEADLINE) && other.awaitEnd(Await.DEADLINE));
        }
    }

    @ParameterizedTest
    @EnumSource
    void channelThatIsClosedUnderneathEndsTheSession(Transport transport) throws Exception {
        SessionOptions options = SessionOptions.builder()
                .keepAliveTimeout(Duration.ofMillis(400))
                .build();
        Transport.Ends ends = transport.connect();
        Session session = Session.client(ends.ours(), options);
        Stream stream = session.open();
        Call<Integer> read = Call.of(() -> stream.getInputStream().read()).awaitBlocked();
        ends.ours().close();
        assertEquals(
                Reason.CONNECTION_LOST, read.failure(SessionException.class).reason());
        assertTrue(session.awaitEnd(Await.DEADLINE));
        ends.theirs().close();
    }

    @ParameterizedTest
    @EnumSource
    void closeReturnsThoughThePeerStoppedInTheMiddleOfAFrame(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            List<Stream> streams = new ArrayList<>();
            for (int i = 0; i < 8; i++) streams.add(scripted.open());
            for (Stream stream : streams) scripted.peer().send(window(stream.id(), 0, 64 << 20));
            List<Call<Void>> writers = new ArrayList<>();
            for (Stream stream : streams) {
                writers.add(Call.run(() -> stream.getOutputStream().write(new byte[32 << 20])));
            }
            scripted.peer().send(new byte[] {0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 'h', 'a', 'l', 'f'}, 16);
            // The peer reads nothing, so that nothing that is written now gets through.
            writers.forEach(Call::awaitBlocked);
            scripted.session().close();
            for (Call<Void> writer : writers) {
                assertEquals(
                        Reason.CLOSED_LOCALLY,
                        writer.failure(SessionException.class).reason());
            }
            assertTrue(scripted.session().awaitEnd(Await.DEADLINE));
        }
    }

    @ParameterizedTest
    @EnumSource
    void listenerMayUseTheSession(Transport transport) throws Exception {
        AtomicReference<Boolean> open = new AtomicReference<>();
        CountDownLatch ended = new CountDownLatch(1);
        SessionOptions options = SessionOptions.builder()
                .listener(new SessionListener() {
                    @Override
                    public void ended(Session session, SessionException cause) {
                        session.close();
                        open.set(session.isOpen());
                        ended.countDown();
                    }
                })
                .build();
        try (Scripted scripted = Scripted.client(transport, options)) {
            scripted.peer().send(goAway(1));
            Await.until("the listener was notified", ended);
            assertFalse(open.get());
        }
    }

    @ParameterizedTest
    @EnumSource
    void duplicateAckAndFinAreHarmless(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Stream early = scripted.session().open();
            scripted.peer().expect(window(1, SYN, 0));
            scripted.peer().send(window(1, ACK, 0), window(1, ACK, 0), window(1, FIN, 0), window(1, FIN, 0));
            assertEquals(-1, early.getInputStream().read());
            scripted.peer().expectNothing();
            assertTrue(scripted.session().isOpen());
        }
    }
}
