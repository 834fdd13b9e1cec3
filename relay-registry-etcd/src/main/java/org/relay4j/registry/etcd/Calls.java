package org.relay4j.registry.etcd;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;

/** The requests that are under way, and those that wait for their turn. Confined to the store's thread. */
final class Calls {
    static final String CLOSED = "the store is closed";
    private static final int MOST_WAITING = 16_384;

    private final StoreThread thread;
    private final Gateway gateway;
    private final Endpoints endpoints;
    private final Login login;
    private final History history;
    private final Set<Call> underWay = new LinkedHashSet<>();
    private final Queue<Call> waiting = new ArrayDeque<>();
    private boolean closed;

    /** @param replaced called when etcd's history is another one from now on */
    Calls(EtcdSettings settings, StoreThread thread, Consumer<RegistryException> replaced) {
        this.thread = thread;
        gateway = new Gateway(settings.tls(), thread);
        endpoints = new Endpoints(settings.endpoints());
        login = new Login(gateway, settings);
        history = new History(replaced);
    }

    StoreThread thread() {
        return thread;
    }

    Gateway gateway() {
        return gateway;
    }

    Endpoints endpoints() {
        return endpoints;
    }

    Login login() {
        return login;
    }

    History history() {
        return history;
    }

    /**
     * Sends a request when it has its turn.
     *
     * @param deadline by {@link System#nanoTime}, after which it fails
     */
    CompletableFuture<Json> send(String path, String body, Call.Repeat repeat, long deadline) {
        Call call = new Call(this, new Gateway.Request(path, body, null), repeat, deadline);
        if (closed) call.close();
        else if (underWay.size() < RegistryStore.MOST_REQUESTS) {
            call.await();
            start(call);
        } else if (waiting.size() < MOST_WAITING) {
            call.await();
            waiting.add(call);
        } else {
            call.fail(new RegistryUnavailableException(
                    "more than " + MOST_WAITING + " requests wait for etcd", null, true));
        }
        return call.result();
    }

    private void start(Call call) {
        underWay.add(call);
        call.start();
    }

    /** Has the next one begin. */
    void ended(Call call) {
        if (!underWay.remove(call)) waiting.remove(call); // the first ones time out first, so this is not slow
        while (!closed && underWay.size() < RegistryStore.MOST_REQUESTS && !waiting.isEmpty()) {
            // Better not sent at all than with an unknown outcome: it times out as one that had no turn.
            if (waiting.element().isLate()) return;
            start(waiting.remove());
        }
    }

    /** Has the history compared with etcd's: what a single member says may be late. */
    void verify(String prefix) {
        long deadline = System.nanoTime() + RegistryStore.PATIENCE.toNanos();
        var unused = send("/v3/kv/range", Requests.range(prefix), Call.Repeat.YES, deadline);
    }

    void close() {
        closed = true;
        List<Call> all = new ArrayList<>(underWay);
        all.addAll(waiting);
        all.forEach(Call::close);
    }
}
