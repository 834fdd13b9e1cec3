package org.relay4j.registry.etcd;

import java.net.URI;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** The endpoints of etcd, and which of them is asked at present. Confined to the store's thread. */
final class Endpoints {
    private final List<URI> all;
    private int current; // index; at first any, so that nodes spread over the members

    Endpoints(List<URI> all) {
        this.all = List.copyOf(all);
        current = ThreadLocalRandom.current().nextInt(all.size());
    }

    URI current() {
        return all.get(current);
    }

    /** Has the next endpoint asked from now on, if it is still this one that is. */
    void leave(URI endpoint) {
        if (all.get(current).equals(endpoint)) current = (current + 1) % all.size();
    }

    URI after(URI endpoint) {
        return all.get((all.indexOf(endpoint) + 1) % all.size());
    }

    List<URI> all() {
        return all;
    }

    int size() {
        return all.size();
    }
}
