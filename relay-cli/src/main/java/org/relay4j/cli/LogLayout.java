package org.relay4j.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.TimeZone;

/**
 * The format of a log line: time, level, class, message. An expected failure is one line that ends with the exception. A
 * stack trace follows at level debug only, and for errors, which are defects of Relay.
 */
final class LogLayout extends LayoutBase<ILoggingEvent> {
    private static final String RED = "\u001b[31m";
    private static final String YELLOW = "\u001b[33m";
    private static final String FAINT = "\u001b[2m";
    private static final String NORMAL = "\u001b[0m";

    private final Terminal terminal;

    LogLayout() {
        this(Terminal.NONE);
    }

    LogLayout(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public String doLayout(ILoggingEvent event) {
        StringBuilder line = new StringBuilder(160);
        if (terminal.progress()) line.append(Terminal.CLEAR);
        time(line, event.getTimeStamp());
        level(line.append(' '), event.getLevel());
        line.append(' ');
        if (event.getLevel().levelStr.length() < 5) line.append(' ');
        String logger = event.getLoggerName();
        line.append(logger, logger.lastIndexOf('.') + 1, logger.length());
        line.append(' ').append(Printable.of(event.getFormattedMessage()));
        IThrowableProxy thrown = event.getThrowableProxy();
        if (thrown != null) {
            if (showsStackTrace(event)) {
                line.append(System.lineSeparator()).append(ThrowableProxyUtil.asString(thrown));
                return line.toString();
            }
            line.append(": ").append(Printable.of(thrown.getClassName() + ": " + thrown.getMessage()));
        }
        return line.append(System.lineSeparator()).toString();
    }

    private void level(StringBuilder line, Level level) {
        String colour = "";
        if (terminal.colours() && level.isGreaterOrEqual(Level.ERROR)) colour = RED;
        else if (terminal.colours() && level.isGreaterOrEqual(Level.WARN)) colour = YELLOW;
        else if (terminal.colours() && !level.isGreaterOrEqual(Level.INFO)) colour = FAINT;
        line.append(colour).append(level).append(colour.isEmpty() ? "" : NORMAL);
    }

    static boolean showsStackTrace(ILoggingEvent event) {
        return event.getLevel().isGreaterOrEqual(Level.ERROR) || StandardErrorLogging.showsDetails();
    }

    /** Local time with milliseconds. By hand: a formatter costs a visible part of the start-up time. */
    private static void time(StringBuilder line, long millis) {
        long local = millis + TimeZone.getDefault().getOffset(millis); // a ZoneId would load the zones a second time
        LocalDateTime time = LocalDateTime.ofEpochSecond(
                Math.floorDiv(local, 1000L), 1_000_000 * Math.floorMod(local, 1000), ZoneOffset.UTC);
        line.append(time.toLocalDate()).append(' ');
        two(line, time.getHour()).append(':');
        two(line, time.getMinute()).append(':');
        two(line, time.getSecond()).append('.');
        int rest = time.getNano() / 1_000_000;
        if (rest < 100) line.append('0');
        two(line, rest);
    }

    private static StringBuilder two(StringBuilder line, int number) {
        if (number < 10) line.append('0');
        return line.append(number);
    }
}
