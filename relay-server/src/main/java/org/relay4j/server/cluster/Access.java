package org.relay4j.server.cluster;

import org.relay4j.server.registry.RegistryStore;

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
}
