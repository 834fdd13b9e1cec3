package org.relay4j.yamux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.goAway;
import static org.relay4j.testing.WireFrame.ping;
import static org.relay4j.testing.WireFrame.window;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Transport;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.SessionException.Reason;

/** Pings, keep-alive, and peers that are silent or do not read. */
@Tag("slow")
class LivenessTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    @ParameterizedTest
    @EnumSource
    void silentPeerIsAskedAgainAndAgain(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport, keepAlive(100, 10_000))) {
            for (int i = 1; i <= 3; i++) {
                scripted.peer().expect(ping(SYN, i));
                scripted.peer().send(ping(ACK, i));
            }
            assertTrue(scripted.session().isOpen());
        }
    }

    @ParameterizedTest
    @EnumSource
    void bothEndsKeepTheSessionAlive(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport, keepAlive(50, 10_000))) {
            Duration first = pair.client().ping();
            SessionPair.StreamPair stream = pair.open();
            Call<Integer> read = Call.of(() -> stream.there().getInputStream().read());
            for (int i = 0; i < 20; i++) assertTrue(pair.server().ping().toNanos() > 0);
            stream.here().getOutputStream().write(7);
            assertEquals(7, read.result());
            assertTrue(first.toNanos() > 0);
        }
    }

    @ParameterizedTest
    @EnumSource
    void peerThatAnswersNoPingIsGone(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport, keepAlive(100, 200))) {
            Call<Stream> accept = Call.of(scripted.session()::accept);
            SessionException failure = accept.failure(SessionException.class);
            assertEquals(Reason.TIMEOUT, failure.reason());
            assertTrue(failure.getMessage().contains("did not answer a ping"), failure.getMessage());
            scripted.peer().expect(ping(SYN, 1));
            scripted.peer().expectGone();
        }
    }

    @ParameterizedTest
    @EnumSource
    void unansweredPingTimesOutAndTheNextOneWorks(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport, keepAlive(0, 200))) {
            SocketTimeoutException late = assertThrows(
                    SocketTimeoutException.class, () -> scripted.session().ping());
            assertTrue(late.getMessage().contains("ping"), late.getMessage());
            WireFrame lost = scripted.peer().next();
            Call<Void> answering = Call.run(() -> {
                while (true) {
                    WireFrame next = scripted.peer().next();
                    assertNotEquals(lost, next);
                    scripted.peer().send(ping(ACK, next.length()));
                }
            });
            Await.until("a ping is answered in time", () -> isAnswered(scripted.session()));
            assertFalse(answering.isDone());
        }
    }

    /** On a busy machine the answer may come too late. */
    private static boolean isAnswered(Session session) throws IOException {
        try {
            return session.ping().toNanos() > 0;
        } catch (SocketTimeoutException e) {
            return false;
        }
    }

    @ParameterizedTest
    @EnumSource
    void strayPongsAreIgnored(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            scripted.peer().send(ping(ACK, 99), ping(0, 5));
            Call<Duration> ping = Call.of(scripted.session()::ping).awaitBlocked();
            int value = scripted.peer().next().length();
            scripted.peer().send(ping(ACK, value + 1), ping(ACK, value), ping(ACK, value));
            assertTrue(ping.result().toNanos() > 0);
            scripted.peer().expectNothing();
        }
    }

    @ParameterizedTest
    @EnumSource
    void pingsAtTheSameTimeShareOne(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            List<Call<Duration>> calls = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                calls.add(Call.of(scripted.session()::ping).awaitBlocked());
            }
            scripted.peer().expect(ping(SYN, 1));
            scripted.peer().expectNothing();
            scripted.peer().send(ping(ACK, 1));
            calls.forEach(Call::result);
        }
    }

    @ParameterizedTest
    @EnumSource
    void thousandsOfPingsFromBothEnds(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            List<Call<Void>> calls = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                Session session = i % 2 == 0 ? pair.client() : pair.server();
                calls.add(Call.run(() -> {
                    for (int n = 0; n < 500; n++) session.ping();
                }));
            }
            calls.forEach(Call::result);
        }
    }

    @ParameterizedTest
    @EnumSource
    void pingsOvertakeData(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Stream stream = scripted.open();
            scripted.peer().send(window(1, 0, 64 << 20));
            Call<Void> write = Call.run(() -> stream.getOutputStream().write(new byte[32 << 20]))
                    .awaitBlocked();
            scripted.peer().send(ping(SYN, 4711));
            long before = 0;
            WireFrame answer = ping(ACK, 4711);
            WireFrame frame = scripted.peer().next();
            while (!frame.equals(
                    answer)) { // a ping of the session, which measures the path, may also be among the data
                if (frame.isData()) before += frame.length();
                frame = scripted.peer().next();
            }
            assertTrue(before < 24 << 20, () -> "the answer came after most of the data");
            scripted.peer().expectData(1, (int) ((32 << 20) - before));
            write.result();
        }
    }

    @ParameterizedTest
    @EnumSource
    void pingFloodOfAPeerThatDoesNotReadEndsTheSession(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Stream stream = scripted.open();
            scripted.peer().send(window(1, 0, 64 << 20));
            Call<Void> write = Call.run(() -> stream.getOutputStream().write(new byte[32 << 20]))
                    .awaitBlocked();
            WireFrame[] flood = new WireFrame[1000];
            for (int i = 0; i < flood.length; i++) flood[i] = ping(SYN, i);
            Call<Void> peer = Call.run(() -> {
                while (scripted.session().isOpen()) scripted.peer().send(flood);
            });
            SessionException failure = write.failure(SessionException.class);
            assertEquals(Reason.PROTOCOL_ERROR, failure.reason());
            scripted.peer().close();
            Await.until("the flood has ended", peer::isDone);
        }
    }

    @ParameterizedTest
    @EnumSource
    void peerThatDoesNotReadIsGivenUp(Transport transport) throws Exception {
        SessionOptions options = SessionOptions.builder()
                .writeStallTimeout(Duration.ofMillis(300))
                .build();
        try (Scripted scripted = Scripted.client(transport, options)) {
            Stream stream = scripted.open();
            scripted.peer().send(window(1, 0, 64 << 20));
            Call<Integer> read = Call.of(() -> stream.getInputStream().read());
            Call<Void> write = Call.run(() -> stream.getOutputStream().write(new byte[32 << 20]));
            SessionException failure = write.failure(SessionException.class);
            assertEquals(Reason.TIMEOUT, failure.reason());
            assertTrue(failure.getMessage().contains("has read no data"), failure.getMessage());
            assertEquals(Reason.TIMEOUT, read.failure(SessionException.class).reason());
        }
    }

    @ParameterizedTest
    @EnumSource
    void goodbyeIsSentThoughTheSessionEndsByItself(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            scripted.peer().send(WireFrame.of(9, 0, 0, 0, new byte[0]));
            scripted.peer().expect(goAway(1));
            scripted.peer().expectEnd();
        }
    }

    private static SessionOptions keepAlive(int interval, int timeout) {
        return SessionOptions.builder()
                .keepAliveInterval(Duration.ofMillis(interval))
                .keepAliveTimeout(Duration.ofMillis(timeout))
                .build();
    }
}
