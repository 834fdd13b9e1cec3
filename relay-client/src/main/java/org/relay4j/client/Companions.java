package org.relay4j.client;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.yamux.io.OrderedLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Adds connections to a tunnel that is up, until it has as many as its options want or the server refuses another. One attempt
 * at a time. Safe for use by several threads.
 */
final class Companions {
    /** Joins one connection to the tunnel. */
    interface Joining {
        /**
         * Joins one connection to the tunnel, and returns it. Blocks as {@link Connector.Opening#open} does.
         *
         * @param instead the number of the connection that it replaces; -1 for none
         * @param way the address of the server to connect to
         */
        TunnelConnection join(int instead, Entrance.Way way) throws IOException;

        /** A connection gets no successor before it ends. Returns false if it has ended. */
        boolean stays(TunnelConnection leaving);
    }

    /**
     * A connection that the tunnel does not have.
     *
     * @param replaced the number of the lost one; -1 if there was none
     * @param lasted how long the lost or leaving one had lasted, ns
     * @param leaving the one that ends with its last visitor when its successor is there; null for none
     */
    private record Missing(
            int replaced, long lasted, @Nullable TunnelConnection leaving) {
        Missing(int replaced, long lasted) {
            this(replaced, lasted, null);
        }

        /** Returns false if a pause must come first, because connections end, or are announced to end, again and again. */
        boolean isUrgent() {
            return leaving == null ? replaced < 0 : lasted >= SHORTEST_SERVICE;
        }
    }

    /** The time that a connection must last, until its server shuts down, for a successor at once. Unit: nanoseconds. */
    private static final long SHORTEST_SERVICE = TimeUnit.SECONDS.toNanos(1);

    /** Refusals that last until the tunnel has changed. */
    private static final Set<String> LASTING = Set.of("limit-reached", "lease-unknown");

    private static final Logger log = LoggerFactory.getLogger(Companions.class);

    private final Joining joining;
    private final Attempts attempts;
    private final ReentrantLock lock = OrderedLock.leaf("the missing connections of a tunnel");
    private final ArrayDeque<Missing> missing = new ArrayDeque<>(); // guarded by lock
    private boolean working; // connections are being added; guarded by lock
    private boolean changed; // one was lost since the last attempt began; guarded by lock

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
        work();
    }

    /**
     * One of the tunnel's connections was lost.
     *
     * @param number the server's number of it
     * @param nanos how long it had lasted
     */
    void replace(int number, long nanos) {
        add(new Missing(number, nanos));
    }

    /**
     * The server of one of the tunnel's connections shuts down: another one is made, then that one may end.
     *
     * @param nanos how long it has lasted
     */
    void move(TunnelConnection leaving, long nanos) {
        add(new Missing(-1, nanos, leaving));
    }

    private void add(Missing wanted) {
        lock.lock();
        try {
            missing.add(wanted);
            changed = true;
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
        Missing next = next();
        if (next == null) return;
        TunnelConnection leaving = next.leaving();
        Attempts.Attempt<TunnelConnection> attempt =
                () -> joining.join(next.replaced(), leaving == null ? Entrance.Way.SAME : Entrance.Way.OTHER);
        if (leaving == null) attempts.wasUp(next.lasted());
        else attempts.wasDrained(next.lasted());
        if (next.isUrgent()) attempts.soon(attempt, Companions::isTemporary, outcome -> ended(next, outcome));
        else attempts.later(attempt, Companions::isTemporary, outcome -> ended(next, outcome));
    }

    private void ended(Missing next, Attempts.Outcome<TunnelConnection> outcome) {
        try {
            if (hasJoined(next, outcome) || isTriedAgain(next)) work();
        } catch (IOException e) {
            end();
            log.debug("no more connections are added: {}", e.getMessage()); // the tunnel was closed or lost
        } catch (RuntimeException | Error e) {
            end();
            log.error("internal error, the tunnel continues with fewer connections", e);
        }
    }

    /** Returns false if the server refuses another connection until the tunnel has changed. */
    private boolean hasJoined(Missing next, Attempts.Outcome<TunnelConnection> outcome) throws IOException {
        TunnelConnection leaving = next.leaving();
        try {
            var unused = outcome.get();
            if (leaving != null) leaving.retire();
            return true;
        } catch (RelayRefusedException e) {
            if (attempts.isClosing()) throw e; // the tunnel was lost or closed meanwhile
            if (leaving != null && joining.stays(leaving)) {
                log.debug("no connection joins before the server shuts down: {}", e.getMessage());
                return true; // it is replaced when it has ended
            }
            log.warn(
                    "no further connection: {}; the tunnel continues with fewer. Check the limits of the server and the"
                            + " max-connections of this client in its clients file",
                    e.getMessage());
            return false;
        }
    }

    /** Returns whether the server may let a connection join later. */
    static boolean isTemporary(IOException failure) {
        return !(failure instanceof RelayRefusedException refusal && LASTING.contains(refusal.code()));
    }

    /** Keeps a connection that was refused for later. Returns false if the tunnel has not changed. */
    private boolean isTriedAgain(Missing refused) {
        lock.lock();
        try {
            missing.addFirst(refused);
            working = changed;
            return working;
        } finally {
            lock.unlock();
        }
    }

    private void end() {
        lock.lock();
        try {
            working = false;
        } finally {
            lock.unlock();
        }
    }

    /** Returns null, and the work has ended, if nothing is missing. */
    private @Nullable Missing next() {
        lock.lock();
        try {
            Missing next = missing.poll();
            changed = false;
            if (next == null) working = false;
            return next;
        } finally {
            lock.unlock();
        }
    }
}
