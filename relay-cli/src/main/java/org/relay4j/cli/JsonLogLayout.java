package org.relay4j.cli;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import java.time.Instant;
import org.relay4j.cli.json.JsonLine;

/** The same as {@link LogLayout}, as one JSON object a line. The time is UTC. A security event has its fields in addition. */
final class JsonLogLayout extends LayoutBase<ILoggingEvent> {
    private static final String SECURITY = "org.relay4j.security";

    @Override
    public String doLayout(ILoggingEvent event) {
        String logger = event.getLoggerName();
        JsonLine line = start(event.getTimeStamp(), event.getLevel().levelStr)
                .with("logger", logger.substring(logger.lastIndexOf('.') + 1))
                .with("message", event.getFormattedMessage());
        if (logger.equals(SECURITY)) fields(line, event.getFormattedMessage());
        IThrowableProxy thrown = event.getThrowableProxy();
        if (thrown != null) {
            line.with("exception", thrown.getClassName() + ": " + thrown.getMessage());
            if (LogLayout.showsStackTrace(event)) line.with("stackTrace", ThrowableProxyUtil.asString(thrown));
        }
        return line + System.lineSeparator();
    }

    /** Adds the fields of a security event: {@code event=auth-failed address=203.0.113.5 name="..."}. */
    private static void fields(JsonLine line, String message) {
        for (String word : message.split(" ", -1)) {
            int equals = word.indexOf('=');
            if (equals < 0) return; // not of the library
            String value = word.substring(equals + 1);
            boolean quoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
            line.with(word.substring(0, equals), quoted ? value.substring(1, value.length() - 1) : value);
        }
    }

    /** Returns the beginning of each line on standard error. */
    static JsonLine start(long millis, String level) {
        return new JsonLine()
                .with("time", Instant.ofEpochMilli(millis).toString())
                .with("level", level);
    }
}
