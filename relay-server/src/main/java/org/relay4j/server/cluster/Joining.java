package org.relay4j.server.cluster;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryUnavailableException;

/** Makes a node join its cluster. Confined to the executor of the node. */
final class Joining {
    private static final long LONGEST = Duration.ofSeconds(15).toNanos();

    private final Access access;
    private final Presence presence;
    private final Watching watching;
    private final CompletableFuture<Void> result = new CompletableFuture<>();
    private boolean started;
    private boolean reading;
    private long startedAt;
    private long foreignAt; // when another process with this name was seen first
    private boolean foreign;

    Joining(Access access, Presence presence, Watching watching) {
        this.access = access;
        this.presence = presence;
        this.watching = watching;
    }

    CompletableFuture<Void> result() {
        return result;
    }

    void start() {
        if (started) return;
        started = true;
        startedAt = access.now();
        access.requests()
                .send(
                        () -> access.store().check(access.keys().root()),
                        unused -> presence.start(),
                        result::completeExceptionally);
    }

    /** Called when the node can write, perhaps. */
    void proceed() {
        if (reading || result.isDone() || !presence.isReady()) return;
        reading = true;
        watching.start(() -> result.complete(null));
    }

    /** An entry of this name is of another process. It vanishes with its lease if that process has ended. */
    void foreign(NodeInfo other) {
        if (!foreign) foreignAt = access.now();
        foreign = true;
        long patience =
                access.settings().times().node().multipliedBy(2).plusSeconds(1).toNanos();
        if (access.now() - foreignAt < patience) return;
        String name = access.settings().self().name();
        String where =
                other.peerAddress().getHostString() + ":" + other.peerAddress().getPort();
        result.completeExceptionally(new RegistryException(
                "another live node of cluster " + access.settings().cluster() + " has the name '" + name
                        + "', its peer address is " + where + "; give each node a name of its own",
                null));
    }

    void tick() {
        if (!started || result.isDone() || access.now() - startedAt < LONGEST) return;
        RegistryException failure = watching.failure() == null ? presence.failure() : watching.failure();
        String why = failure == null ? "the registry is too slow" : String.valueOf(failure.getMessage());
        result.completeExceptionally(new RegistryUnavailableException(
                "the node could not join cluster " + access.settings().cluster() + " within "
                        + Duration.ofNanos(LONGEST).toSeconds() + " s: " + why,
                failure,
                false));
    }
}
