package org.relay4j.yamux.core;

import java.util.function.Consumer;

/** Where that goes which handlers have thrown: to a log, or, as long as there is none, to whoever called the core. */
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
