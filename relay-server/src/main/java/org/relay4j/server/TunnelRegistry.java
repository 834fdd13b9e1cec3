package org.relay4j.server;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import org.relay4j.yamux.io.OrderedLock;

/** Finds tunnels by public port and by the id in a lease. Safe for use by several threads; never blocks. */
interface TunnelRegistry {
    /** Adds a tunnel with its port, and its id if it has a lease. It takes over the port if another tunnel had it. */
    void enter(ServerTunnel tunnel);

    /** Removes the port and the id of a tunnel, as far as it still has them. */
    void leave(ServerTunnel tunnel);

    /** Returns the tunnel with a public port. */
    CompletionStage<Optional<ServerTunnel>> ofPort(int port);

    /** Returns the tunnel with an id. */
    CompletionStage<Optional<ServerTunnel>> ofId(String id);

    /** Returns the registry of a single server, in memory. */
    static TunnelRegistry local() {
        return new Local();
    }

    /** The registry of one server. */
    final class Local implements TunnelRegistry {
        private final ReentrantLock lock = OrderedLock.leaf("the registry of tunnels");
        private final Map<Integer, ServerTunnel> ports = new HashMap<>(); // guarded by lock
        private final Map<String, ServerTunnel> ids = new HashMap<>(); // those with a lease; guarded by lock

        private Local() {}

        @Override
        public void enter(ServerTunnel tunnel) {
            lock.lock();
            try {
                ports.put(tunnel.port(), tunnel);
                if (!tunnel.id().isEmpty()) ids.put(tunnel.id(), tunnel);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void leave(ServerTunnel tunnel) {
            lock.lock();
            try {
                ports.remove(tunnel.port(), tunnel);
                ids.remove(tunnel.id());
            } finally {
                lock.unlock();
            }
        }

        @Override
        public CompletionStage<Optional<ServerTunnel>> ofPort(int port) {
            return find(ports, port);
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
