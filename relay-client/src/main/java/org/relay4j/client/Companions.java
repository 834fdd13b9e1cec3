package org.relay4j.client;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.OrderedLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Adds connections to a tunnel that is up, until it has as many as its options want. One attempt at a time, on a thread that
 * exists only while one is missing. Safe for use by several threads.
 */
final class Companions {
    /** Joins one connection to the tunnel. */
    interface Joining {
        /**
         * Joins one connection to the tunnel. Blocks as {@link ClientTunnel.Opening#open} does.
         *
         * @param instead the number of the connection that it replaces; -1 for none
         */
        void join(int instead) throws IOException;
    }

    /**
     * A connection that the tunnel does not have.
     *
     * @param replaced the number of the lost one; -1 if there was none
     * @param lasted how long the lost one had lasted, ns
     */
    private record Missing(int replaced, long lasted) {}

    private static final Logger log = LoggerFactory.getLogger(Companions.class);

    private final Joining joining;
    private final Attempts attempts;
    private final ReentrantLock lock = OrderedLock.leaf("the missing connections of a tunnel");
    private final ArrayDeque<Missing> missing = new ArrayDeque<>(); // guarded by lock
    private boolean working; // a thread is, or soon will be; guarded by lock

    /** As many as belong to a tunnel with one connection. */
    Companions(RelayClientOptions options, Joining joining) {
        this.joining = joining;
        attempts = new Attempts("no further connection", options, () -> false);
        for (int i = 1; i < options.connections(); i++) missing.add(new Missing(-1, 0));
    }

    /** Begins to add connections. */
    void start() {
        lock.lock();
        try {
            if (working || missing.isEmpty() || attempts.isClosing()) return;
            working = true;
        } finally {
            lock.unlock();
        }
        Callbacks.runSurely(Callbacks.EXECUTOR, this::work);
    }

    /**
     * One of the tunnel's connections was lost.
     *
     * @param number the server's number of it
     * @param nanos how long it had lasted
     */
    void replace(int number, long nanos) {
        lock.lock();
        try {
            missing.add(new Missing(number, nanos));
        } finally {
            lock.unlock();
        }
        start();
    }

    /** Ends the attempts. Does not block. */
    void close() {
        attempts.close();
    }

    private void work() {
        try {
            for (Missing next; (next = next()) != null; ) add(next);
        } catch (IOException e) {
            log.debug("no more connections are added: {}", e.getMessage()); // the tunnel was closed or lost
        } catch (RuntimeException | Error e) {
            log.error("internal error, the tunnel continues with fewer connections", e);
        }
    }

    private void add(Missing next) throws IOException {
        Attempts.Attempt<Boolean> attempt = () -> {
            joining.join(next.replaced());
            return true;
        };
        attempts.wasUp(next.lasted());
        if (next.replaced() < 0) attempts.first(attempt, true);
        else attempts.again(attempt);
    }

    /** Returns null, and the thread is to end, if nothing is missing. */
    private @Nullable Missing next() {
        lock.lock();
        try {
            Missing next = missing.poll();
            if (next == null) working = false;
            return next;
        } finally {
            lock.unlock();
        }
    }
}
