package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.io.IOException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.TimeZone;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LogLayoutTest {
    private static final long TIME = LocalDateTime.of(2026, 1, 2, 3, 4, 5, 6_000_000)
            .atZone(ZoneId.systemDefault())
            .toInstant()
            .toEpochMilli(); // ms

    private final TimeZone usual = TimeZone.getDefault();

    @AfterEach
    void restore() {
        StandardErrorLogging.level(Level.INFO);
        TimeZone.setDefault(usual);
    }

    @ParameterizedTest
    @CsvSource({
        "2026-01-02T03:04:05.006Z, 2026-01-01 23:34:05.006",
        "2026-07-02T03:04:05.060Z, 2026-07-02 00:34:05.060",
        "1969-12-31T23:59:59.999Z, 1969-12-31 20:29:59.999"
    })
    void timeIsLocal(Instant time, String line) {
        TimeZone.setDefault(TimeZone.getTimeZone("America/St_Johns"));
        LoggingEvent event = event(Level.INFO, null);
        event.setTimeStamp(time.toEpochMilli());
        assertEquals(line, new LogLayout().doLayout(event).substring(0, line.length()));
    }

    @Test
    void lineHasTimeLevelClassAndMessage() {
        String line = format(Level.INFO, null);
        assertEquals("2026-01-02 03:04:05.006 INFO  Loop tunnel 7 is up" + System.lineSeparator(), line);
        assertEquals(
                "2026-01-02 03:04:05.006 ERROR Loop tunnel 7 is up" + System.lineSeparator(),
                format(Level.ERROR, null));
    }

    @Test
    void exceptionsAreOneLine() {
        String line = format(Level.WARN, new IOException("reset"));
        assertEquals(1, line.lines().count(), line);
        assertTrue(line.endsWith("is up: java.io.IOException: reset" + System.lineSeparator()), line);
    }

    @Test
    void whatAPeerHasSentStaysOnItsLine() {
        String line = format(Level.WARN, new IOException("bad\r\n2026-01-02 INFO  forged\u001b[2J\u2028"));
        assertTrue(
                line.endsWith("IOException: bad\\u000d\\u000a2026-01-02 INFO  forged\\u001b[2J\\u2028"
                        + System.lineSeparator()),
                line);
    }

    @Test
    void defectsAndDebuggingHaveStackTraces() {
        assertTrue(format(Level.ERROR, new IllegalStateException("defect")).contains("\tat org.relay4j."));
        StandardErrorLogging.level(Level.DEBUG);
        assertTrue(format(Level.WARN, new IOException("reset")).contains("\tat org.relay4j."));
    }

    @Test
    void aTerminalHasColours() {
        String warning = new LogLayout(new Terminal(true, true)).doLayout(event(Level.WARN, null));
        assertEquals(
                Terminal.CLEAR + "2026-01-02 03:04:05.006 \u001b[33mWARN\u001b[0m  Loop tunnel 7 is up"
                        + System.lineSeparator(),
                warning);
        String plain = new LogLayout(new Terminal(true, false)).doLayout(event(Level.ERROR, null));
        assertEquals(Terminal.CLEAR + format(Level.ERROR, null), plain);
    }

    @Test
    void jsonHasTheSameOnOneLine() {
        assertEquals(
                "{\"time\":\"" + Instant.ofEpochMilli(TIME) + "\",\"level\":\"WARN\",\"logger\":\"Loop\","
                        + "\"message\":\"tunnel 7 is up\",\"exception\":\"java.io.IOException: reset\"}"
                        + System.lineSeparator(),
                new JsonLogLayout().doLayout(event(Level.WARN, new IOException("reset"))));
        String defect = new JsonLogLayout().doLayout(event(Level.ERROR, new IOException("reset")));
        assertEquals(1, defect.lines().count(), defect);
        assertTrue(defect.contains("\"stackTrace\":\"java.io.IOException: reset"), defect);
        assertTrue(!new JsonLogLayout().doLayout(event(Level.INFO, null)).contains("exception"));
    }

    @Test
    void jsonHasTheFieldsOfASecurityEvent() {
        LoggerContext loggers = new LoggerContext();
        String message = "event=auth-failed address=203.0.113.5 peer=client name=\"a\\u0020b\"";
        LoggingEvent event = new LoggingEvent(
                "", loggers.getLogger("org.relay4j.security"), Level.INFO, message, null, new Object[0]);
        event.setTimeStamp(TIME);
        assertEquals(
                "{\"time\":\"" + Instant.ofEpochMilli(TIME) + "\",\"level\":\"INFO\",\"logger\":\"security\","
                        + "\"message\":\"event=auth-failed address=203.0.113.5 peer=client name=\\\"a\\\\u0020b\\\"\","
                        + "\"event\":\"auth-failed\",\"address\":\"203.0.113.5\",\"peer\":\"client\",\"name\":\"a\\\\u0020b\"}"
                        + System.lineSeparator(),
                new JsonLogLayout().doLayout(event));
    }

    private static String format(Level level, Throwable thrown) {
        return new LogLayout().doLayout(event(level, thrown));
    }

    private static LoggingEvent event(Level level, Throwable thrown) {
        LoggerContext loggers = new LoggerContext();
        LoggingEvent event = new LoggingEvent(
                "", loggers.getLogger("org.relay4j.yamux.io.Loop"), level, "tunnel {} is up", thrown, new Object[] {7});
        event.setTimeStamp(TIME);
        return event;
    }
}
