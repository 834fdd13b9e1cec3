package org.relay4j.yamux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Transport;

/** {@link Session#close(Duration)} and {@link Session#awaitEnd}. */
class SessionCloseTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    @ParameterizedTest
    @EnumSource
    void streamsMayFinish(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair streams = pair.open();
            Call<Void> waiting = Call.run(pair.client()::awaitEnd);
            Call<Boolean> closing = Call.of(() -> pair.client().close(Await.DEADLINE));
            Await.until("no more streams are opened", () -> {
                try {
                    pair.client().open().reset();
                    return false;
                } catch (SessionException e) {
                    return true;
                }
            });
            streams.here().getOutputStream().write(7);
            assertEquals(7, streams.there().getInputStream().read());
            assertFalse(closing.isDone());
            streams.here().close();
            streams.there().close();
            assertTrue(closing.result());
            waiting.result();
            assertTrue(pair.client().awaitEnd(Duration.ZERO));
        }
    }

    @Test
    void streamsThatHaveNotFinishedInTimeAreReset() throws Exception {
        try (SessionPair pair = SessionPair.over(Transport.SOCKET)) {
            SessionPair.StreamPair streams = pair.open();
            assertFalse(pair.client().close(Duration.ofMillis(1)));
            assertThrows(
                    SessionException.class,
                    () -> streams.here().getInputStream().read());
            assertThrows(Exception.class, () -> streams.there().getInputStream().read());
            assertFalse(pair.client().isOpen());
        }
    }

    @Test
    void interruptResetsStreamsAtOnce() throws Exception {
        try (SessionPair pair = SessionPair.over(Transport.SOCKET)) {
            SessionPair.StreamPair streams = pair.open();
            Call<Boolean> closing = Call.of(() -> pair.client().close(ChronoUnit.FOREVER.getDuration()));
            Await.until("the peer was notified", () -> {
                try {
                    pair.server().open().reset();
                    return false;
                } catch (SessionException e) {
                    return true;
                }
            });
            closing.interrupt();
            assertFalse(closing.result());
            assertTrue(closing.endedInterrupted());
            assertThrows(
                    SessionException.class,
                    () -> streams.here().getInputStream().read());
        }
    }

    @Test
    void sessionWithoutStreamsHasFinishedAtOnce() throws Exception {
        try (SessionPair pair = SessionPair.over(Transport.SOCKET)) {
            assertFalse(pair.client().awaitEnd(Duration.ZERO));
            assertThrows(IllegalArgumentException.class, () -> pair.client().close(Duration.ofNanos(-1)));
            assertTrue(pair.client().close(Duration.ZERO));
            assertTrue(pair.client().close(Duration.ZERO), "for the second time");
        }
    }
}
