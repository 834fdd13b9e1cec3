package org.relay4j.client;

import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** The local service of a forwarder, which may be replaced by another. Safe for use by several threads. */
final class LocalTarget {
    private final AtomicReference<Resolved> current;

    /** Finds the addresses of the local service. */
    interface Resolving {
        /** May block. */
        LocalService resolve() throws UnknownHostException;
    }

    private record Resolved(Resolving resolving, LocalService service) {}

    LocalTarget(Resolving resolving) {
        LocalService unresolved = new LocalService("that is not resolved yet", List.of());
        current = new AtomicReference<>(new Resolved(resolving, unresolved));
    }

    static LocalTarget of(SocketAddress local) {
        return new LocalTarget(() -> LocalService.resolve(local));
    }

    /** Resolves the host again. May block. If that fails, the service keeps the addresses that it had before. */
    void prepare() throws UnknownHostException {
        Resolved before = current.get();
        LocalService service = before.resolving.resolve();
        current.compareAndSet(before, new Resolved(before.resolving, service)); // fails if it was replaced meanwhile
    }

    /** Replaces the service by another. May block. If its host is unknown, the service stays the same. */
    void replace(SocketAddress local) throws UnknownHostException {
        Resolving next = () -> LocalService.resolve(local);
        current.set(new Resolved(next, next.resolve()));
    }

    /** Returns the service, which has no address before it is prepared. */
    LocalService service() {
        return current.get().service;
    }
}
