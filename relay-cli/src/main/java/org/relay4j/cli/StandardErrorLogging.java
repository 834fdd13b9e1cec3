package org.relay4j.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.LayoutBase;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Logging to standard error. Logback finds this class as a service and then does not look for a configuration file, which
 * would take longer than the rest of the start.
 */
public final class StandardErrorLogging extends ContextAwareBase implements Configurator {
    private static volatile Level level = Level.INFO;
    private static volatile boolean json;
    private static volatile Terminal terminal = Terminal.NONE;

    /** Called by logback. */
    public StandardErrorLogging() {}

    /** Sets the log level; call it before anything is logged. */
    static void level(Value value) {
        level(parse(value));
    }

    static Level parse(Value value) {
        Level parsed = Level.toLevel(value.text(), null);
        if (parsed == null) throw value.mustBe("one of error, warn, info, debug, trace");
        return parsed;
    }

    /** Changes the log level of the running program; without a value, to the default. */
    static void change(@Nullable Value value) {
        level(value == null ? Level.INFO : parse(value));
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext loggers) {
            loggers.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).setLevel(level);
        }
    }

    static void level(Level newLevel) {
        level = newLevel;
    }

    /** Sets the format to JSON lines; call it before anything is logged. */
    static void json(boolean on) {
        json = on;
    }

    /** Sets what standard error can show; call it before anything is logged. */
    static void terminal(Terminal shown) {
        terminal = shown;
    }

    /** Returns true if stack traces are shown for expected failures too. */
    static boolean showsDetails() {
        return level.toInt() <= Level.DEBUG_INT;
    }

    @Override
    public ExecutionStatus configure(LoggerContext loggers) {
        LayoutBase<ILoggingEvent> layout = json ? new JsonLogLayout() : new LogLayout(terminal);
        layout.setContext(loggers);
        layout.start();
        LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
        encoder.setContext(loggers);
        encoder.setLayout(layout);
        encoder.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(loggers);
        appender.setName("stderr");
        appender.setTarget("System.err");
        appender.setEncoder(encoder);
        appender.start();
        Logger root = loggers.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(level);
        root.addAppender(appender);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }
}
