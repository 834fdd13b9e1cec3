package org.relay4j.cli;

import java.time.Duration;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.LoggerFactory;

/**
 * The end of the process. On SIGTERM and SIGINT it closes everything that runs, last opened first, and sets the exit code to 0.
 * The codes of Java are 143 and 130, which a supervisor would mistake for a crash.
 */
final class Shutdown {
    private static final Duration MARGIN = Duration.ofSeconds(10);

    private final Deque<AutoCloseable> running = new ConcurrentLinkedDeque<>();
    private final Deque<Supplier<Duration>> graces =
            new ConcurrentLinkedDeque<>(); // how long closing may take, besides the margin
    private final AtomicBoolean begun = new AtomicBoolean();
    private final HangUp hangUp = new HangUp(this::begin);
    private volatile boolean leaving; // the command has ended, and its exit code counts
    private volatile boolean closing; // the process was terminated

    /** Handles the signals from now on. */
    void install() {
        hangUp.install();
        Runtime.getRuntime().addShutdownHook(new Thread(this::signalled, "relay-shutdown"));
    }

    /** Registers a resource to close when the process is terminated. */
    <T extends AutoCloseable> T closes(T resource) {
        running.push(resource);
        return resource;
    }

    /** Closes something within a time. */
    interface Closing {
        void close(Duration grace) throws Exception;
    }

    /** Registers an action that closes something, and takes up to {@code grace} for that: the time when it is called. */
    void closes(Supplier<Duration> grace, Closing action) {
        graces.push(grace);
        running.push(() -> action.close(grace.get()));
    }

    /** Returns true once the process was terminated. */
    boolean isClosing() {
        return closing;
    }

    /** Returns what SIGHUP does. */
    HangUp hangUp() {
        return hangUp;
    }

    /** Begins the same shutdown as SIGTERM. Does not block. Later calls have no effect. */
    void begin() {
        closing = true; // visible to the caller's next question
        if (begun.getAndSet(true)) return;
        new Thread(() -> Runtime.getRuntime().exit(ExitCode.OK.number()), "relay-drain").start();
    }

    /** Ends the process; does not return. */
    void exit(ExitCode code) {
        leaving = true;
        System.exit(code.number());
    }

    private void signalled() {
        if (leaving) return;
        Duration patience = MARGIN;
        for (Supplier<Duration> grace : graces) patience = patience.plus(grace.get());
        Thread closer = new Thread(this::closeAll, "relay-close");
        closer.setDaemon(true);
        closer.start();
        try {
            closer.join(patience.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(closer.isAlive() ? ExitCode.FAILURE.number() : ExitCode.OK.number());
    }

    /** Closes everything, last opened first. */
    void closeAll() {
        closing = true;
        for (AutoCloseable resource = running.poll(); resource != null; resource = running.poll()) {
            try {
                resource.close();
            } catch (Exception e) {
                LoggerFactory.getLogger(Shutdown.class).warn("could not close {} cleanly", resource, e);
            }
        }
    }
}
