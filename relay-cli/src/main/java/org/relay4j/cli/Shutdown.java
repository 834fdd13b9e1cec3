package org.relay4j.cli;

import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;

/**
 * The end of the process. On SIGTERM and SIGINT it closes what runs, last opened first, and makes the exit code 0: without
 * that Java's would be 143 and 130, and a supervisor would take an ordered stop for a crash.
 */
final class Shutdown {
    private static final long DEADLINE = TimeUnit.SECONDS.toMillis(10); // ms

    private final Deque<AutoCloseable> running = new ConcurrentLinkedDeque<>();
    private volatile boolean leaving; // the command has ended by itself, and its exit code counts

    void install() {
        Runtime.getRuntime().addShutdownHook(new Thread(this::signalled, "relay-shutdown"));
    }

    /** To be closed when the process is told to end. */
    <T extends AutoCloseable> T closes(T resource) {
        running.push(resource);
        return resource;
    }

    /** Ends the process; does not return. */
    void exit(ExitCode code) {
        leaving = true;
        System.exit(code.number());
    }

    private void signalled() {
        if (leaving) return;
        Thread closer = new Thread(this::closeAll, "relay-close");
        closer.setDaemon(true);
        closer.start();
        try {
            closer.join(DEADLINE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(closer.isAlive() ? ExitCode.FAILURE.number() : ExitCode.OK.number());
    }

    /** Closes everything; also what the commands do in tests. */
    void closeAll() {
        for (AutoCloseable resource = running.poll(); resource != null; resource = running.poll()) {
            try {
                resource.close();
            } catch (Exception e) {
                LoggerFactory.getLogger(Shutdown.class).warn("could not close {} cleanly", resource, e);
            }
        }
    }
}
