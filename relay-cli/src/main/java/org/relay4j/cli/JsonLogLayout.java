package org.relay4j.cli;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import java.time.Instant;

/** The same as {@link LogLayout}, as one JSON object a line. The time is UTC. */
final class JsonLogLayout extends LayoutBase<ILoggingEvent> {
    @Override
    public String doLayout(ILoggingEvent event) {
        String logger = event.getLoggerName();
        JsonLine line = start(event.getTimeStamp(), event.getLevel().levelStr)
                .with("logger", logger.substring(logger.lastIndexOf('.') + 1))
                .with("message", event.getFormattedMessage());
        IThrowableProxy thrown = event.getThrowableProxy();
        if (thrown != null) {
            line.with("exception", thrown.getClassName() + ": " + thrown.getMessage());
            if (LogLayout.showsStackTrace(event)) line.with("stackTrace", ThrowableProxyUtil.asString(thrown));
        }
        return line + System.lineSeparator();
    }

    /** Returns the beginning of each line on standard error. */
    static JsonLine start(long millis, String level) {
        return new JsonLine()
                .with("time", Instant.ofEpochMilli(millis).toString())
                .with("level", level);
    }
}
