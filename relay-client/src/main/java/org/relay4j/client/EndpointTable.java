package org.relay4j.client;

import java.net.BindException;
import java.net.SocketException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.yamux.io.OrderedLock;

/**
 * The endpoints that a tunnel has or wants, with the state of their latest OPEN. Safe for use by several threads; its lock is a leaf
 * under those of sessions.
 */
final class EndpointTable {
    static final int MOST = 256; // endpoints; servers have a limit of their own

    private final RelayClientOptions options;
    private final ReentrantLock lock = OrderedLock.leaf("the endpoints of a tunnel");
    private final Set<ServedEndpoint> wanted = new LinkedHashSet<>(); // guarded by lock
    private final Map<String, ServedEndpoint> byName = new ConcurrentHashMap<>(); // as granted; those just closed, too
    private int numbers; // of requests, given so far; guarded by lock
    private boolean over; // guarded by lock

    EndpointTable(RelayClientOptions options) {
        this.options = options;
    }

    // ---- which there are

    /**
     * Adds an endpoint.
     *
     * @throws SocketException if the tunnel is closed
     * @throws BindException if the tunnel has it, or a service with its key
     * @throws IllegalStateException if there are too many
     */
    void add(ServedEndpoint one) throws SocketException {
        lock.lock();
        try {
            if (over) throw new SocketException("the tunnel is closed");
            if (wanted.size() >= MOST) {
                throw new IllegalStateException(
                        "the tunnel has " + MOST + " endpoints; close one, or open another tunnel");
            }
            for (ServedEndpoint other : wanted) {
                if (!one.wanted.isAny() && one.wanted.equals(other.endpoint())) {
                    throw new BindException("the tunnel has " + one.wanted + " already; close that one first");
                }
                if (one.key.equals(other.key)) {
                    throw new BindException("the tunnel has a service with the name " + one.key + " already");
                }
            }
            wanted.add(one);
            one.number = ++numbers;
        } finally {
            lock.unlock();
        }
    }

    /** Removes an endpoint. Answers to its OPENs no longer matter. Returns false if it was removed before. */
    boolean remove(ServedEndpoint one) {
        lock.lock();
        try {
            if (!wanted.remove(one)) return false;
            one.attempt++;
            one.isAsking = false;
        } finally {
            lock.unlock();
        }
        forgetClosed();
        return true;
    }

    /** Removes names that were closed a while ago; or at once, if there are too many. */
    private void forgetClosed() {
        long now = System.nanoTime();
        boolean many = byName.size() >= 2 * MOST;
        Set<ServedEndpoint> current = Set.copyOf(all());
        byName.values().removeIf(one -> !current.contains(one) && (many || !one.serves(now)));
    }

    /** There are no further endpoints. */
    void end() {
        lock.lock();
        try {
            over = true;
        } finally {
            lock.unlock();
        }
    }

    /** Removes all. */
    void clear() {
        lock.lock();
        try {
            wanted.clear();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the endpoints in the order in which they were added. */
    List<ServedEndpoint> all() {
        lock.lock();
        try {
            return List.copyOf(wanted);
        } finally {
            lock.unlock();
        }
    }

    /** Returns a key for a service without a name. */
    String keyOf(Endpoint endpoint) {
        Set<String> taken = all().stream().map(one -> one.key).collect(Collectors.toSet());
        String key = endpoint.toString();
        for (int i = 2; taken.contains(key); i++) key = endpoint + "#" + i;
        return key;
    }

    boolean has(Endpoint granted) {
        return all().stream().anyMatch(one -> granted.equals(one.endpoint()));
    }

    boolean has(ServedEndpoint one) {
        return all().contains(one);
    }

    /** Returns the endpoint that the server has granted under a name; null if there is none. It may have been closed just now. */
    @Nullable
    ServedEndpoint find(@Nullable String name) {
        return name == null ? null : byName.get(name);
    }

    /** Has an endpoint found by the name that the server has granted, and no longer by the one before. */
    void name(ServedEndpoint one, Endpoint granted, @Nullable Endpoint before) {
        byName.put(granted.toString(), one);
        if (before != null && !before.equals(granted)) byName.remove(before.toString(), one);
    }

    // ---- the latest OPEN

    /** An OPEN is sent now. Returns its number; 0 if the endpoint was removed. */
    int ask(ServedEndpoint one) {
        lock.lock();
        try {
            if (!wanted.contains(one)) return 0;
            one.isAsking = true;
            return ++one.attempt;
        } finally {
            lock.unlock();
        }
    }

    /** An OPEN was answered, or will not be. Returns whether that matters: it is the latest, and its endpoint is still wanted. */
    boolean answer(ServedEndpoint one, int number) {
        lock.lock();
        try {
            if (number != one.attempt || !wanted.contains(one)) return false;
            one.isAsking = false;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** The answer to an OPEN is late. Returns whether it was still expected: visitors no longer wait for it. */
    boolean expire(ServedEndpoint one, int number) {
        lock.lock();
        try {
            if (number != one.attempt || !one.isAsking) return false;
            one.isAsking = false;
            return true;
        } finally {
            lock.unlock();
        }
    }

    boolean isLatest(ServedEndpoint one, int number) {
        lock.lock();
        try {
            return number == one.attempt;
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether the answer to an OPEN is missing. */
    boolean isAsking() {
        lock.lock();
        try {
            return wanted.stream().anyMatch(one -> one.isAsking);
        } finally {
            lock.unlock();
        }
    }

    Backoff backoff() {
        return new Backoff(options.shortestBackoff(), options.longestBackoff());
    }

    /** Returns the pause before the next attempt. */
    Duration pause(ServedEndpoint one) {
        lock.lock();
        try {
            return one.backoff.next();
        } finally {
            lock.unlock();
        }
    }

    /** It is open: the next refusal is the first again. */
    void startOver(ServedEndpoint one) {
        one.refusal = null;
        lock.lock();
        try {
            one.backoff = backoff();
        } finally {
            lock.unlock();
        }
    }
}
