package org.relay4j.server.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.relay4j.api.Endpoint;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.Snapshot;
import org.relay4j.server.registry.Transaction;

/*
 * That the last route of an endpoint has gone does not tell why: its tunnel may have ended, may be on its way to another node, may wait
 * for its client, or its node may have died. In the first case only, the claim goes, too, at once or a moment later. Claims are not watched,
 * because each of them would be one more event for each node; so they are read after a few seconds, many at once.
 */
/** Endpoints whose last route has gone: finds those that no tunnel has any more. Confined to the executor of the node. */
final class Vacancies {
    /** Maximum number of endpoints that are to be looked up. Further ones are not, and count as claimed. */
    static final int MOST = 100_000;

    /**
     * How long after the last route an endpoint is looked up: most tunnels that move are back by then, and a tunnel that its client has
     * ended at several nodes at once has been given back. Unit: nanoseconds.
     */
    static final long REST = Duration.ofSeconds(3).toNanos();

    private final Access access;
    private final Consumer<Endpoint> free;
    private final Map<Endpoint, Long> due = new LinkedHashMap<>(); // the oldest first
    private boolean reading;

    /** @param free called with each endpoint that has neither a claim nor a route to another node */
    Vacancies(Access access, Consumer<Endpoint> free) {
        this.access = access;
        this.free = free;
    }

    /** The last route of an endpoint to another node has gone. */
    void add(Endpoint endpoint) {
        due.remove(endpoint);
        if (due.size() < MOST) due.put(endpoint, access.now() + REST);
    }

    /** An endpoint has a route to another node. */
    void remove(Endpoint endpoint) {
        due.remove(endpoint);
    }

    /** Nothing is known of the endpoints for which this has waited. */
    void clear() {
        due.clear();
    }

    int size() {
        return due.size();
    }

    void tick() {
        if (!reading) read();
    }

    /** One request is under way at a time. */
    private void read() {
        Map<String, Map.Entry<Endpoint, Long>> asked = new LinkedHashMap<>(); // by the key of the claim
        Iterator<Map.Entry<Endpoint, Long>> next = due.entrySet().iterator();
        while (next.hasNext() && asked.size() < Transaction.MOST) {
            Map.Entry<Endpoint, Long> each = next.next();
            if (each.getValue() - access.now() > 0) break;
            asked.put(access.keys().claim(each.getKey()), Map.entry(each.getKey(), each.getValue()));
        }
        reading = !asked.isEmpty();
        if (!reading) return;
        List<String> keys = new ArrayList<>(asked.keySet());
        access.requests().send(() -> access.store().read(keys), seen -> answered(asked, seen), why -> {
            asked.values().forEach(this::settle); // they count as claimed
            reading = false;
        });
    }

    private void answered(Map<String, Map.Entry<Endpoint, Long>> asked, Snapshot seen) {
        for (Entry claim : seen.entries()) {
            Map.Entry<Endpoint, Long> claimed = asked.remove(claim.key());
            if (claimed != null) settle(claimed);
        }
        for (Map.Entry<Endpoint, Long> each : asked.values()) {
            if (settle(each)) free.accept(each.getKey());
        }
        read();
    }

    /** Ends the wait for an endpoint. Returns false if it has got a route meanwhile, even if that has gone again. */
    private boolean settle(Map.Entry<Endpoint, Long> asked) {
        return due.remove(asked.getKey(), asked.getValue());
    }
}
