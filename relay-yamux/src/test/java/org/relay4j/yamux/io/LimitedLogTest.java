package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.BrokenLogger;
import org.relay4j.testing.Logged;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

class LimitedLogTest {
    private static final String NAME = "org.relay4j.yamux.io.LimitedLogTest";

    private final Logger logger = LoggerFactory.getLogger(NAME);
    private final Logged logged = Logged.below(NAME);
    private long now = -1; // ns

    @AfterEach
    void close() {
        logged.close();
    }

    @Test
    void writesOneLineASecondAndCountsTheOthers() {
        LimitedLog limited = new LimitedLog(logger, Level.WARN, 1, () -> now);
        for (int i = 0; i < 10_000; i++) limited.log("{} refused", "client " + i);
        assertEquals(List.of("WARN client 0 refused"), logged.lines());
        now += TimeUnit.SECONDS.toNanos(1) - 1;
        limited.log("{} refused", "one");
        assertEquals(1, logged.lines().size());
        now += 1;
        limited.log("{} refused", "two");
        assertEquals(
                "WARN two refused (10000 similar lines suppressed)",
                logged.lines().get(1));
        now += TimeUnit.SECONDS.toNanos(5);
        limited.log("{} refused", "three");
        limited.log("{} refused", "four");
        assertEquals(
                List.of("WARN three refused"),
                logged.lines().subList(2, logged.lines().size()));
    }

    @Test
    void burstIsEarnedByAQuietTime() {
        LimitedLog limited = new LimitedLog(logger, Level.INFO, 3, () -> now);
        for (int i = 0; i < 5; i++) limited.log("up");
        assertEquals(3, logged.lines().size());
        now += TimeUnit.SECONDS.toNanos(2);
        for (int i = 0; i < 5; i++) limited.log("up");
        assertEquals(5, logged.lines().size());
        now += TimeUnit.DAYS.toNanos(1);
        for (int i = 0; i < 5; i++) limited.log("up");
        assertEquals(8, logged.lines().size());
    }

    @Test
    void oneReasonDoesNotHideAnother() {
        LimitedLog one = new LimitedLog(logger, Level.WARN, 1, () -> now);
        LimitedLog other = new LimitedLog(logger, Level.WARN, 1, () -> now);
        one.log("one");
        one.log("one");
        other.log("other");
        assertEquals(List.of("WARN one", "WARN other"), logged.lines());
    }

    @Test
    void countStandsBeforeTheException() {
        LimitedLog limited = new LimitedLog(logger, Level.ERROR, 1, () -> now);
        for (int i = 0; i < 2; i++) limited.log("failure of {}", "x", new IllegalStateException("on purpose"));
        now += TimeUnit.SECONDS.toNanos(1);
        limited.log("failure of {}", "x", new IllegalStateException("on purpose"));
        assertEquals(
                "ERROR failure of x (1 similar lines suppressed)",
                logged.lines().get(1));
    }

    @Test
    void loggerThatFailsHarmsNobody() {
        try (BrokenLogger broken = new BrokenLogger("anything", new OutOfMemoryError("logger, on purpose"))) {
            new LimitedLog(logger, Level.WARN, 1, () -> now).log("anything");
            assertEquals(1, broken.thrown());
        }
        assertEquals(List.of(), logged.lines());
    }
}
