package org.relay4j.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.LayoutBase;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import org.jspecify.annotations.Nullable;
import org.slf4j.ILoggerFactory;
import org.slf4j.IMarkerFactory;
import org.slf4j.LoggerFactory;
import org.slf4j.helpers.BasicMarkerFactory;
import org.slf4j.helpers.Reporter;
import org.slf4j.spi.MDCAdapter;
import org.slf4j.spi.SLF4JServiceProvider;

/**
 * Logging to standard error, by logback. This class takes the place of logback's own provider for SLF4J, which would look for
 * a configuration, and for what went wrong with it, for a tenth of the time of a start.
 */
public final class StandardErrorLogging implements SLF4JServiceProvider {
    private static final String PROVIDER = "slf4j.provider"; // a system property of SLF4J

    private static volatile Level level = Level.INFO;
    private static volatile boolean json;
    private static volatile Terminal terminal = Terminal.NONE;

    private final LoggerContext loggers = new LoggerContext();
    private final LogbackMDCAdapter diagnosticContext = new LogbackMDCAdapter();
    private final IMarkerFactory markers = new BasicMarkerFactory();

    /** Called by SLF4J. */
    public StandardErrorLogging() {}

    /** Makes SLF4J use this class, unless the user has chosen another one; call it before anything is logged. */
    static void use() {
        if (System.getProperty(PROVIDER) != null) return;
        System.setProperty(PROVIDER, StandardErrorLogging.class.getName());
        if (System.getProperty(Reporter.SLF4J_INTERNAL_VERBOSITY_KEY) == null)
            System.setProperty(Reporter.SLF4J_INTERNAL_VERBOSITY_KEY, "WARN"); // hides a message that names this class
    }

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
    public void initialize() {
        loggers.setName("default");
        loggers.setMDCAdapter(diagnosticContext);
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
        loggers.start();
    }

    @Override
    public ILoggerFactory getLoggerFactory() {
        return loggers;
    }

    @Override
    public IMarkerFactory getMarkerFactory() {
        return markers;
    }

    @Override
    public MDCAdapter getMDCAdapter() {
        return diagnosticContext;
    }

    @Override
    public String getRequestedApiVersion() {
        return "2.0.99"; // any 2.0
    }
}
