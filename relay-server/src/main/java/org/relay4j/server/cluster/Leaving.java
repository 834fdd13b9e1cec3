package org.relay4j.server.cluster;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.relay4j.server.registry.Transaction;

/*
 * Base tunnels end with their node, so their claims are released. Claims of tunnels with a lease stay until the lease of the node's
 * claims ends, and their clients resume them at other nodes. The entry of the node is deleted before its routes vanish with their lease:
 * so the others know that it has left.
 */
/** Makes a node leave its cluster. Confined to the executor of the node. */
final class Leaving {
    private static final long LONGEST = Duration.ofSeconds(4).toNanos();

    private final Access access;
    private final Presence presence;
    private final Sync sync;
    private final Runnable stop;
    private final CompletableFuture<Void> result = new CompletableFuture<>();
    private boolean started;
    private boolean parting;
    private long startedAt;

    Leaving(Access access, Presence presence, Sync sync, Runnable stop) {
        this.access = access;
        this.presence = presence;
        this.sync = sync;
        this.stop = stop;
    }

    CompletableFuture<Void> result() {
        return result;
    }

    boolean isStarted() {
        return started;
    }

    void start() {
        if (started) return;
        started = true;
        startedAt = access.now();
        for (Carried each : sync.all()) {
            if (each.leased) continue;
            each.leave();
            sync.mark(each);
        }
        proceed();
    }

    void tick() {
        if (!started || result.isDone()) return;
        proceed();
        if (access.now() - startedAt >= LONGEST) end();
    }

    private void proceed() {
        if (parting || sync.all().stream().anyMatch(Carried::isLeaving)) {
            if (presence.state() == RegistryState.CONNECTED || parting) return;
        }
        parting = true;
        if (!presence.isReady()) {
            end();
            return;
        }
        Transaction goodbye =
                Transaction.NONE.ifAt(access.selfKey(), presence.revision()).delete(access.selfKey());
        long routes = presence.routes();
        access.requests()
                .sendFirst(() -> access.store().commit(goodbye), made -> revoke(routes), why -> revoke(routes));
    }

    private void revoke(long routes) {
        access.requests().sendFirst(() -> access.store().revoke(routes), done -> end(), why -> end());
    }

    private void end() {
        if (result.isDone()) return;
        stop.run();
        result.complete(null);
    }
}
