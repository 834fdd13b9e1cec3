package org.relay4j.yamux.core;

import java.util.function.Consumer;

/** The destination of exceptions that handlers throw: a log, or the caller of the core if no log is set. */
final class Defects {
    private Consumer<Throwable> log = Defects::rethrow;

    void log(Consumer<Throwable> newLog) {
        log = newLog;
    }

    void report(Throwable unchecked) {
        log.accept(unchecked);
    }

    private static void rethrow(Throwable unchecked) {
        if (unchecked instanceof Error error) throw error;
        throw (RuntimeException) unchecked;
    }
}
