package org.relay4j.testing;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/** A capture of the messages of all loggers below one name. While it is open they are not printed. */
public final class Logged implements AutoCloseable {
    private final Logger logger;
    private final Level before;
    private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            events.add(event);
        }
    };

    private Logged(String name) {
        logger = (Logger) LoggerFactory.getLogger(name);
        before = logger.getLevel();
        appender.setContext(logger.getLoggerContext());
        appender.start();
        logger.addAppender(appender);
        logger.setLevel(Level.DEBUG);
        logger.setAdditive(false);
    }

    /** Starts to capture the logger with this name and all loggers below it. */
    public static Logged below(String name) {
        return new Logged(name);
    }

    /** Starts to capture the logger with this name and all loggers below it, also at level TRACE. */
    public static Logged tracing(String name) {
        Logged traced = new Logged(name);
        traced.logger.setLevel(Level.TRACE);
        return traced;
    }

    /** Returns all messages so far, each prefixed with its level: {@code WARN tunnel 1 (port 4532): down, ...}. */
    public List<String> lines() {
        return events.stream()
                .map(event -> event.getLevel() + " " + event.getFormattedMessage())
                .toList();
    }

    /** Waits for a message that contains {@code text}; returns it prefixed with its level. */
    public String await(String text) {
        Await.until(
                () -> "a message with \"" + text + "\" among " + lines(),
                () -> lines().stream().anyMatch(line -> line.contains(text)));
        return lines().stream().filter(line -> line.contains(text)).findFirst().orElseThrow();
    }

    /** Returns the messages of this level, for example {@code WARN}. */
    public List<String> lines(String level) {
        return lines().stream().filter(line -> line.startsWith(level + " ")).toList();
    }

    @Override
    public void close() {
        logger.detachAppender(appender);
        logger.setLevel(before);
        logger.setAdditive(true);
        appender.stop();
    }
}
