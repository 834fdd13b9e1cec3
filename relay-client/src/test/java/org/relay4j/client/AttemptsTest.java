package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.relay4j.api.RelayCertificateException;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.testing.Await;
import org.relay4j.testing.Logged;

/** What is said about attempts that fail while visitors wait, and which failures are tried again. */
class AttemptsTest {
    private static final RelayClientOptions OPTIONS = RelayClientOptions.builder()
            .backoff(Duration.ofMillis(1), Duration.ofMillis(1))
            .build();
    private static final RelayClientOptions WITH_LONG_PAUSES = RelayClientOptions.builder()
            .backoff(Duration.ofHours(1), Duration.ofHours(1))
            .build();

    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final Queue<Runnable> ends = new ArrayDeque<>();
    private final Attempts attempts = new Attempts("no tunnel", OPTIONS, () -> true);

    @Test
    void failuresWhileVisitorsWaitAreReportedOnce() throws IOException {
        assertEquals(1, warnings(new SocketException("Connection reset")));
    }

    @ParameterizedTest
    @CsvSource({"draining, 0", "internal, 1", "registry-unavailable, 4", "limit-reached, 4", "auth-failed, 4"})
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
            CompletableFuture<Attempts.Outcome<String>> outcome = new CompletableFuture<>();
            attempts.later(
                    () -> {
                        if (tries.incrementAndGet() <= 4) throw failure;
                        return "connected";
                    },
                    any -> true,
                    outcome::complete);
            assertEquals("connected", outcome.join().get());
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
        CompletableFuture<Attempts.Outcome<Void>> soon = new CompletableFuture<>();
        attempts.soon(failing, any -> false, soon::complete);
        assertEquals(failure, assertThrows(IOException.class, () -> soon.join().get()));
        CompletableFuture<Attempts.Outcome<Void>> later = new CompletableFuture<>();
        attempts.later(failing, any -> false, later::complete);
        assertEquals(failure, assertThrows(IOException.class, () -> later.join().get()));
    }

    /** Attempts and ends are run by the test. */
    private Attempts withQueues(RelayClientOptions options) {
        return new Attempts("no tunnel", options, () -> false, tasks::add, ends::add);
    }

    private static String refused() throws SocketException {
        throw new SocketException("Connection refused");
    }

    /** A process may have thousands of tunnels that have lost their server. */
    @Test
    void pausesNeedNoThread() {
        List<Attempts.Outcome<String>> outcomes = new ArrayList<>();
        Attempts patient = withQueues(WITH_LONG_PAUSES);
        patient.later(() -> "connected", any -> true, outcomes::add);
        assertEquals(0, tasks.size(), "a thread waits before the first attempt");
        patient.close();
        ends.remove().run();
        assertThrows(SocketException.class, () -> outcomes.get(0).get());
    }

    @Test
    void pausesBetweenAttemptsNeedNoThreadEither() {
        List<Attempts.Outcome<String>> outcomes = new ArrayList<>();
        Attempts patient = withQueues(WITH_LONG_PAUSES);
        patient.<String>soon(AttemptsTest::refused, any -> true, outcomes::add);
        tasks.remove().run(); // returns, although it has failed
        assertEquals(0, outcomes.size());
        assertEquals(0, tasks.size());
        patient.close();
        patient.close();
        assertEquals(1, ends.size(), "the end was told twice, or not at all");
        ends.remove().run();
        assertEquals(0, tasks.size());
        assertEquals(1, outcomes.size());
        assertThrows(SocketException.class, () -> outcomes.get(0).get());
    }

    /** A server that does not answer can keep all threads busy for minutes, if a process has thousands of tunnels to it. */
    @Test
    void endIsToldAtOnceWhileOtherAttemptsHaveAllThreads() throws Exception {
        CountDownLatch answers = new CountDownLatch(1);
        try {
            for (int i = 0; i < Callbacks.MOST; i++) {
                new Attempts("no tunnel", OPTIONS, () -> false)
                        .soon(
                                () -> {
                                    Await.until("the server has answered", answers);
                                    return "connected";
                                },
                                any -> true,
                                outcome -> {});
            }
            Attempts pausing = new Attempts("no tunnel", WITH_LONG_PAUSES, () -> false);
            CompletableFuture<Attempts.Outcome<String>> paused = new CompletableFuture<>();
            pausing.later(() -> "connected", any -> true, paused::complete);
            pausing.close();
            assertThrows(
                    SocketException.class,
                    () -> paused.get(10, TimeUnit.SECONDS).get());
            Attempts waiting = new Attempts("no tunnel", OPTIONS, () -> false);
            CompletableFuture<Attempts.Outcome<String>> waited = new CompletableFuture<>();
            waiting.soon(() -> "connected", any -> true, waited::complete);
            waiting.close();
            assertThrows(
                    SocketException.class,
                    () -> waited.get(10, TimeUnit.SECONDS).get());
        } finally {
            answers.countDown();
        }
    }

    @Test
    void attemptThatWaitsForAThreadIsNotMadeOnceItWasToldItsEnd() {
        List<Attempts.Outcome<String>> outcomes = new ArrayList<>();
        Attempts waiting = withQueues(OPTIONS);
        waiting.soon(() -> "connected", any -> true, outcomes::add);
        waiting.close();
        ends.remove().run();
        tasks.remove().run();
        assertEquals(1, outcomes.size());
        waiting.soon(() -> "connected", any -> true, outcomes::add);
        ends.remove().run(); // nor is one that comes too late
        tasks.remove().run();
        assertEquals(2, outcomes.size());
        for (Attempts.Outcome<String> each : outcomes) assertThrows(SocketException.class, each::get);
    }

    @Test
    void defectOfTheRulesEndsThemToo() {
        List<Attempts.Outcome<String>> outcomes = new ArrayList<>();
        Attempts broken = withQueues(OPTIONS);
        broken.<String>soon(
                AttemptsTest::refused,
                any -> {
                    throw new IllegalStateException("a defect");
                },
                outcomes::add);
        tasks.remove().run();
        assertThrows(IllegalStateException.class, () -> outcomes.get(0).get());
    }

    @Test
    void defectOfAnAttemptEndsThem() {
        List<Attempts.Outcome<String>> outcomes = new ArrayList<>();
        Attempts broken = withQueues(OPTIONS);
        broken.<String>soon(
                () -> {
                    throw new IllegalStateException("a defect");
                },
                any -> true,
                outcomes::add);
        tasks.remove().run();
        assertThrows(IllegalStateException.class, () -> outcomes.get(0).get());
    }
}
