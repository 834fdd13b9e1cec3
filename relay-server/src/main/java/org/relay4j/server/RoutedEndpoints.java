package org.relay4j.server;

import java.io.IOException;
import java.net.BindException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.yamux.io.LimitedLog;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.OrderedLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The ports and host names of this node whose tunnels are at other nodes of the cluster. Safe for use by several threads; the
 * endpoints themselves are confined to their loops.
 */
final class RoutedEndpoints {
    /*
     * The socket of a port is opened when the first route to it is known, and stays open as long as there is one, and for the hold time
     * afterwards. A tunnel that comes to this node takes it from here, and one that leaves gives it back: it is never closed in
     * between, so no visitor is refused.
     *
     * More than 300 lines because each way of an endpoint into the table and out of it is here, under one lock.
     */
    private static final Logger log = LoggerFactory.getLogger(RelayServer.class);

    /** The pause before a port is tried again that could not be opened. Unit: nanoseconds. */
    private static final long PAUSE = TimeUnit.SECONDS.toNanos(2);

    private final Cluster cluster;
    private final RelayServer server;
    private final ReentrantLock lock = OrderedLock.leaf("the routed endpoints");
    private final Map<Endpoint, QueuedEndpoint> all = new HashMap<>(); // guarded by lock
    private final Set<Endpoint> unbound = new HashSet<>(); // could not be opened; guarded by lock
    private final Set<Endpoint> retrying = new HashSet<>(); // are tried again after a pause; guarded by lock
    private int retries; // that are scheduled; guarded by lock
    private boolean finishing; // endpoints accept their last visitors; guarded by lock
    private boolean closed; // no more are added; guarded by lock
    private final LimitedLog failures = new LimitedLog(log, Level.WARN, 10);

    RoutedEndpoints(Cluster cluster) {
        this.cluster = cluster;
        server = cluster.server();
    }

    /** Returns the number of endpoints that are open. */
    int size() {
        lock.lock();
        try {
            return all.size();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the number of endpoints with a route that could not be opened here. */
    int unbound() {
        lock.lock();
        try {
            return unbound.size();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the number of attempts to open an endpoint that are scheduled: one for each endpoint at most. */
    int retries() {
        lock.lock();
        try {
            return retries;
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether visitors of an endpoint can connect here, whose tunnel is at another node. */
    boolean isOpen(Endpoint endpoint) {
        return find(endpoint) != null;
    }

    private @Nullable QueuedEndpoint find(Endpoint endpoint) {
        lock.lock();
        try {
            return all.get(endpoint);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The routes of an endpoint to other nodes have changed. Visitors of UDP ports are not forwarded.
     *
     * @param then called when the endpoint is open, if it is to be and can be
     */
    void changed(Endpoint endpoint, Runnable then) {
        QueuedEndpoint present = find(endpoint);
        if (endpoint.kind() != Endpoint.Kind.UDP
                && present == null
                && !cluster.routes(endpoint).isEmpty()) {
            Loop loop = server.loops().of(endpoint);
            loop.execute(() -> {
                open(endpoint, loop);
                then.run();
            });
            return;
        }
        if (present != null) present.loop().execute(() -> refresh(present));
        else bound(endpoint);
        then.run();
    }

    private void refresh(QueuedEndpoint endpoint) {
        RoutedVisitors visitors = endpoint.routed();
        if (visitors == null) return; // a tunnel has it now
        visitors.refresh();
        endpoint.resume();
    }

    private void open(Endpoint endpoint, Loop loop) {
        boolean isHere = isEnding() || find(endpoint) != null || cluster.isLocal(endpoint);
        if (isHere || cluster.routes(endpoint).isEmpty()) {
            bound(endpoint);
            return;
        }
        try {
            requireAllowed(endpoint);
            ClientLimits any = ClientLimits.builder().build();
            if (PublicEndpoint.open(server, loop, any, endpoint) instanceof QueuedEndpoint opened) add(opened);
            bound(endpoint);
        } catch (IOException e) {
            later(endpoint, loop, e);
        }
    }

    /**
     * Checks that a client could have a port here, too: an entry of the store alone opens none of those that are not meant for clients.
     *
     * @throws BindException if none could; the message says why
     */
    private void requireAllowed(Endpoint endpoint) throws BindException {
        if (endpoint.kind() != Endpoint.Kind.TCP) return;
        int number = endpoint.number();
        if (cluster.ownPorts().contains(number)) throw new BindException("this node has that port for itself");
        boolean allowed = server.publicPorts().mayAssign(number)
                || server.gate().nameless().allows(endpoint)
                || server.options().policy().mayGrant(endpoint);
        if (!allowed) {
            throw new BindException("it is none of the public ports, and no client of this node may have it");
        }
    }

    private void bound(Endpoint endpoint) {
        lock.lock();
        try {
            unbound.remove(endpoint);
        } finally {
            lock.unlock();
        }
    }

    /** Schedules the next attempt, unless there is one: each change of the routes is an attempt, too. */
    private void later(Endpoint endpoint, Loop loop, IOException failure) {
        boolean isNew;
        lock.lock();
        try {
            isNew = unbound.add(endpoint);
            if (!retrying.add(endpoint)) return;
            retries++;
        } finally {
            lock.unlock();
        }
        if (isNew) {
            failures.log(
                    "relay server: {} of the cluster cannot be opened here, trying again every 2 s: {}",
                    endpoint,
                    String.valueOf(failure.getMessage()));
        }
        loop.schedule(PAUSE, () -> retry(endpoint, loop));
    }

    private void retry(Endpoint endpoint, Loop loop) {
        lock.lock();
        try {
            retrying.remove(endpoint);
            retries--;
        } finally {
            lock.unlock();
        }
        open(endpoint, loop);
    }

    /** A tunnel gives an endpoint back that other nodes have, or will have soon: it stays open. On the endpoint's loop. */
    void keep(QueuedEndpoint endpoint) {
        endpoint.moveTo(endpoint.loop());
        try {
            add(endpoint);
        } catch (IOException e) {
            log.debug("cannot keep {}: {}", endpoint.endpoint(), e.toString());
            expire(endpoint);
        }
    }

    private void add(QueuedEndpoint endpoint) throws IOException {
        RoutedVisitors visitors = new RoutedVisitors(cluster, endpoint.endpoint(), endpoint.loop());
        boolean added;
        boolean last;
        lock.lock();
        try {
            added = !closed && all.putIfAbsent(endpoint.endpoint(), endpoint) == null;
            last = finishing;
        } finally {
            lock.unlock();
        }
        endpoint.route(visitors);
        if (!added) {
            endpoint.shut();
            return;
        }
        if (last) {
            endpoint.finishRouted();
            return;
        }
        endpoint.start();
        // Later: a tunnel may give it back with the lock of a session held.
        endpoint.loop().execute(() -> refresh(endpoint));
    }

    /**
     * Takes an endpoint for a tunnel of this node, with its waiting visitors.
     *
     * @param then called on {@code next}, with null if the endpoint is not here
     */
    void take(Endpoint endpoint, Loop next, Consumer<@Nullable PublicEndpoint> then) {
        QueuedEndpoint taken;
        lock.lock();
        try {
            taken = all.remove(endpoint);
        } finally {
            lock.unlock();
        }
        if (taken == null) next.runOrExecute(() -> then.accept(null));
        else
            taken.loop().runOrExecute(() -> {
                boolean open = !taken.isClosed();
                if (open) taken.moveTo(next);
                next.runOrExecute(() -> then.accept(open ? taken : null));
            });
    }

    /** Visitors may be accepted again, because one has been answered. On the endpoint's loop. */
    void resumed(Endpoint endpoint, RoutedVisitors visitors) {
        QueuedEndpoint present = find(endpoint);
        if (present != null && present.routed() == visitors) present.resume();
    }

    /** The tunnel of an endpoint has ended, so nobody needs to wait for it. */
    void free(Endpoint endpoint) {
        QueuedEndpoint present = find(endpoint);
        if (present == null) return;
        present.loop().execute(() -> {
            RoutedVisitors visitors = present.routed();
            if (visitors != null && cluster.routes(endpoint).isEmpty()) expired(endpoint, visitors);
        });
    }

    /** There was no route for the hold time, or no tunnel has the endpoint. On the endpoint's loop. */
    void expired(Endpoint endpoint, RoutedVisitors visitors) {
        QueuedEndpoint present = find(endpoint);
        if (present == null || present.routed() != visitors) return;
        log.info("relay server: {} is closed, no node of the cluster has its tunnel any more", endpoint);
        expire(present);
    }

    private void expire(QueuedEndpoint endpoint) {
        lock.lock();
        try {
            all.remove(endpoint.endpoint(), endpoint);
        } finally {
            lock.unlock();
        }
        endpoint.shut();
    }

    /** Accepts the last visitors of all endpoints, which are passed on, and closes the sockets. Does not block. */
    void finish() {
        for (QueuedEndpoint each : end(false)) each.loop().execute(each::finishRouted);
    }

    /** Closes all. */
    void close() {
        for (QueuedEndpoint each : end(true)) each.loop().execute(each::shut);
    }

    private boolean isEnding() {
        lock.lock();
        try {
            return finishing;
        } finally {
            lock.unlock();
        }
    }

    private List<QueuedEndpoint> end(boolean atOnce) {
        lock.lock();
        try {
            finishing = true;
            closed |= atOnce;
            return List.copyOf(all.values());
        } finally {
            lock.unlock();
        }
    }
}
