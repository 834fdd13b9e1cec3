package org.relay4j.server.cluster;

import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.Snapshot;

/** What the parts of a node need to reach the registry. */
record Access(RegistryStore store, Requests requests, ClusterTime time, Keys keys, ClusterSettings settings) {
    Access(RegistryStore store, ClusterTime time, ClusterSettings settings) {
        this(store, new Requests(time), time, new Keys(settings.cluster()), settings);
    }

    NodeId self() {
        return new NodeId(settings.self().name(), settings.self().incarnation());
    }

    /** Returns the key of this node. */
    String selfKey() {
        return keys.node(settings.self().name());
    }

    long now() {
        return time.nanoTime();
    }

    /**
     * Returns when to begin something that each node does once in an interval: after half of it to the whole of it, because nodes that
     * were started together should not do it together.
     *
     * @param salt another one for each thing, so that one node does not do all of them together
     */
    long firstTime(long interval, int salt) {
        return now() + interval / 2 + Math.floorMod((long) self().hashCode() * salt, interval / 2);
    }

    /**
     * Reads all entries with one prefix, and then all with another one.
     *
     * @param ahead whether this goes ahead of the requests that wait
     */
    void readAll(
            String first,
            String second,
            boolean ahead,
            BiConsumer<Snapshot, Snapshot> done,
            Consumer<RegistryException> failed) {
        readAll(first, ahead, one -> readAll(second, ahead, two -> done.accept(one, two), failed), failed);
    }

    private void readAll(String prefix, boolean ahead, Consumer<Snapshot> done, Consumer<RegistryException> failed) {
        Supplier<CompletionStage<Snapshot>> request = () -> store.readAll(prefix);
        if (ahead) requests.sendFirst(request, done, failed);
        else requests.send(request, done, failed);
    }
}
