package org.relay4j.testing;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;

/**
 * A log filter that makes code fail where it writes a certain line. A server logs on its loops, while it handles a
 * client.
 */
public final class BrokenLogger extends TurboFilter implements AutoCloseable {
    private final String text;
    private final Throwable failure;
    private final AtomicInteger thrown = new AtomicInteger();

    /** Installs the filter: a line whose format contains {@code text} throws {@code failure}, which is unchecked. */
    public BrokenLogger(String text, Throwable failure) {
        this.text = text;
        this.failure = failure;
        context().addTurboFilter(this);
    }

    /** Returns how often the failure was thrown. */
    public int thrown() {
        return thrown.get();
    }

    @Override
    public FilterReply decide(
            Marker marker, Logger logger, Level level, String format, Object[] arguments, Throwable cause) {
        if (format == null || !format.contains(text)) return FilterReply.NEUTRAL;
        thrown.incrementAndGet();
        if (failure instanceof RuntimeException unchecked) throw unchecked;
        throw (Error) failure;
    }

    @Override
    public void close() {
        context().getTurboFilterList().remove(this);
    }

    private static LoggerContext context() {
        return (LoggerContext) LoggerFactory.getILoggerFactory();
    }
}
