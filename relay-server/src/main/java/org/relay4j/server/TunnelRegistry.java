package org.relay4j.server;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import org.relay4j.api.Endpoint;
import org.relay4j.yamux.io.OrderedLock;

/** Finds tunnels by endpoint and by the id in a lease. Safe for use by several threads; never blocks. */
interface TunnelRegistry {
    /** Adds an endpoint of a tunnel. It takes over the endpoint if another tunnel had it. */
    void enter(Endpoint endpoint, ServerTunnel tunnel);

    /** Removes an endpoint of a tunnel, unless another one has it now. */
    void leave(Endpoint endpoint, ServerTunnel tunnel);

    /** Adds the id of a tunnel, if it has a lease. */
    void enter(ServerTunnel tunnel);

    /** Removes the id of a tunnel. */
    void leave(ServerTunnel tunnel);

    /** Returns the tunnel with an endpoint. */
    CompletionStage<Optional<ServerTunnel>> ofEndpoint(Endpoint endpoint);

    /** Returns the tunnel with an id. */
    CompletionStage<Optional<ServerTunnel>> ofId(String id);

    /** Returns the registry of a single server, in memory. */
    static TunnelRegistry local() {
        return new Local();
    }

    /** The registry of one server. */
    final class Local implements TunnelRegistry {
        private final ReentrantLock lock = OrderedLock.leaf("the registry of tunnels");
        private final Map<Endpoint, ServerTunnel> endpoints = new HashMap<>(); // guarded by lock
        private final Map<String, ServerTunnel> ids = new HashMap<>(); // those with a lease; guarded by lock

        private Local() {}

        @Override
        public void enter(Endpoint endpoint, ServerTunnel tunnel) {
            lock.lock();
            try {
                endpoints.put(endpoint, tunnel);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void leave(Endpoint endpoint, ServerTunnel tunnel) {
            lock.lock();
            try {
                endpoints.remove(endpoint, tunnel);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void enter(ServerTunnel tunnel) {
            lock.lock();
            try {
                if (!tunnel.id().isEmpty()) ids.put(tunnel.id(), tunnel);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void leave(ServerTunnel tunnel) {
            lock.lock();
            try {
                ids.remove(tunnel.id());
            } finally {
                lock.unlock();
            }
        }

        @Override
        public CompletionStage<Optional<ServerTunnel>> ofEndpoint(Endpoint endpoint) {
            return find(endpoints, endpoint);
        }

        @Override
        public CompletionStage<Optional<ServerTunnel>> ofId(String id) {
            return find(ids, id);
        }

        private <K> CompletionStage<Optional<ServerTunnel>> find(Map<K, ServerTunnel> map, K key) {
            lock.lock();
            try {
                return CompletableFuture.completedFuture(Optional.ofNullable(map.get(key)));
            } finally {
                lock.unlock();
            }
        }
    }
}
