package org.relay4j.yamux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Transport;

/** One accept for several sessions. */
class AcceptQueueTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    private final AcceptQueue queue = new AcceptQueue();

    private SessionPair pair(Transport transport, int backlog) throws IOException {
        SessionOptions accepting =
                SessionOptions.builder().acceptQueue(queue).backlog(backlog).build();
        return SessionPair.over(transport, SessionOptions.defaults(), accepting);
    }

    @ParameterizedTest
    @EnumSource
    void oneAcceptServesTwoSessions(Transport transport) throws Exception {
        try (SessionPair first = pair(transport, 8);
                SessionPair second = pair(transport, 8)) {
            first.client().open().getOutputStream().write(1);
            second.client().open().getOutputStream().write(2);
            Set<Integer> got = new HashSet<>();
            Set<Session> sessions = new HashSet<>();
            for (int n = 0; n < 2; n++) {
                Stream stream = queue.accept(Await.DEADLINE);
                got.add(stream.getInputStream().read());
                sessions.add(stream.session());
            }
            assertEquals(Set.of(1, 2), got);
            assertEquals(Set.of(first.server(), second.server()), sessions);
        }
    }

    @Test
    void endOfOneSessionIsNotNoticed() throws Exception {
        try (SessionPair lost = pair(Transport.SOCKET, 8);
                SessionPair left = pair(Transport.SOCKET, 8)) {
            lost.client().open();
            Await.until("the stream waits", () -> lost.server().streamCount() == 1);
            lost.client().close();
            Await.until("the session has ended", () -> !lost.server().isOpen());
            Call<Stream> accept = Call.of(() -> queue.accept(Await.DEADLINE)).awaitBlocked();
            Stream opened = left.client().open();
            assertSame(left.server(), accept.result().session());
            assertTrue(opened.isOpen());
        }
    }

    @Test
    void backlogIsThatOfEachSession() throws Exception {
        try (SessionPair greedy = pair(Transport.SOCKET, 2);
                SessionPair modest = pair(Transport.SOCKET, 2)) {
            for (int n = 0; n < 2; n++) greedy.client().open();
            Stream third = greedy.client().open();
            assertThrows(
                    StreamResetException.class, () -> third.getInputStream().read());
            modest.client().open();
            Await.until("all wait", () -> modest.server().streamCount() == 1);
            for (int n = 0; n < 3; n++) queue.accept(Await.DEADLINE);
            greedy.client().open(); // accepting has made room again
            assertSame(greedy.server(), queue.accept(Await.DEADLINE).session());
        }
    }

    @Test
    void closedSessionTakesItsStreamsOut() throws Exception {
        try (SessionPair closing = pair(Transport.SOCKET, 8);
                SessionPair other = pair(Transport.SOCKET, 8)) {
            Stream waiting = closing.client().open();
            Await.until("it waits", () -> closing.server().streamCount() == 1);
            other.client().open();
            Await.until("it waits", () -> other.server().streamCount() == 1);
            closing.server().closeWhenDone();
            assertThrows(IOException.class, () -> waiting.getInputStream().read());
            assertSame(other.server(), queue.accept(Await.DEADLINE).session());
            assertThrows(SocketTimeoutException.class, () -> queue.accept(Duration.ofMillis(1)));
        }
    }

    @Test
    void closingWakesEverybodyAndResetsWhatWaits() throws Exception {
        try (SessionPair pair = pair(Transport.SOCKET, 8)) {
            Call<Stream> first = Call.of(() -> queue.accept(Duration.ZERO)).awaitBlocked();
            Call<Stream> second = Call.of(() -> queue.accept(Await.DEADLINE)).awaitBlocked();
            queue.close();
            first.failure(StreamException.class);
            second.failure(StreamException.class);
            Stream late = pair.client().open();
            assertThrows(StreamResetException.class, () -> late.getInputStream().read());
            assertTrue(pair.server().isOpen());
        }
    }

    @Test
    void closingResetsWhatWaits() throws Exception {
        try (SessionPair pair = pair(Transport.SOCKET, 8)) {
            Stream waiting = pair.client().open();
            Await.until("it waits", () -> pair.server().streamCount() == 1);
            queue.close();
            assertThrows(
                    StreamResetException.class, () -> waiting.getInputStream().read());
            assertEquals(0, pair.server().streamCount());
        }
    }

    @Test
    void interruptEndsTheWait() {
        Call<Stream> accept = Call.of(() -> queue.accept(Duration.ZERO)).awaitBlocked();
        accept.interrupt();
        accept.failure(InterruptedIOException.class);
        assertTrue(accept.endedInterrupted());
    }

    @Test
    void sessionThatSharesItsQueueDoesNotAcceptAlone() throws Exception {
        try (SessionPair pair = pair(Transport.SOCKET, 8)) {
            assertThrows(IllegalStateException.class, () -> pair.server().accept());
            assertThrows(IllegalStateException.class, () -> pair.server().accept(Duration.ofMillis(1)));
        }
    }

    @Test
    void streamsResetBeforeTheyWereAcceptedGiveTheirPlacesBack() throws Exception {
        try (SessionPair pair = pair(Transport.SOCKET, 2)) {
            for (int n = 0; n < 50; n++) {
                Stream stream = pair.client().open();
                Await.until("it waits", () -> pair.server().streamCount() == 1);
                stream.reset();
                Await.until("it is gone", () -> pair.server().streamCount() == 0);
            }
            pair.client().open().getOutputStream().write(7);
            assertEquals(7, queue.accept(Await.DEADLINE).getInputStream().read());
            assertThrows(SocketTimeoutException.class, () -> queue.accept(Duration.ofMillis(1)));
        }
    }
}
