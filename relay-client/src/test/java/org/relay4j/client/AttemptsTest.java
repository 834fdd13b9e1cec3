package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.relay4j.api.RelayCertificateException;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.testing.Logged;

/** What is said about attempts that fail while visitors wait, and which failures are tried again. */
class AttemptsTest {
    private static final RelayClientOptions OPTIONS = RelayClientOptions.builder()
            .backoff(Duration.ofMillis(1), Duration.ofMillis(1))
            .build();

    private final Attempts attempts = new Attempts("no tunnel", OPTIONS, () -> true);

    @Test
    void failuresWhileVisitorsWaitAreReportedOnce() throws IOException {
        assertEquals(1, warnings(new SocketException("Connection reset")));
    }

    @ParameterizedTest
    @CsvSource({"draining, 0", "internal, 1", "limit-reached, 4", "auth-failed, 4"})
    void refusalThatLastsIsNotUrgent(String code, int warnings) throws IOException {
        assertEquals(warnings, warnings(new RelayRefusedException("refused", code, "")));
    }

    @Test
    void certificateThatIsNotAcceptedIsNotUrgent() throws IOException {
        assertEquals(4, warnings(new RelayCertificateException("it has expired", null)));
    }

    /** Returns the number of warnings about four failures. */
    private int warnings(IOException failure) throws IOException {
        AtomicInteger tries = new AtomicInteger();
        try (Logged log = Logged.below("org.relay4j.client")) {
            String connected = attempts.again(
                    () -> {
                        if (tries.incrementAndGet() <= 4) throw failure;
                        return "connected";
                    },
                    any -> true);
            assertEquals("connected", connected);
            assertEquals(4, log.lines().size());
            return log.lines("WARN").size();
        }
    }

    @Test
    void timeThatAnAttemptHasTakenCountsTowardsThePauseAfterIt() {
        Duration pause = Duration.ofMillis(500);
        assertEquals(Duration.ofMillis(400), Attempts.remaining(pause, 100_000_000));
        assertEquals(Duration.ZERO, Attempts.remaining(pause, 1_000_000_000));
    }

    @Test
    void failureThatIsNotToBeRetriedIsTheLast() {
        SocketException failure = new SocketException("final");
        Attempts.Attempt<Void> failing = () -> {
            throw failure;
        };
        assertEquals(failure, assertThrows(IOException.class, () -> attempts.first(failing, any -> false)));
        assertEquals(failure, assertThrows(IOException.class, () -> attempts.again(failing, any -> false)));
    }
}
