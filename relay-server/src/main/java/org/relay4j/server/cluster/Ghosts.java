package org.relay4j.server.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.Carried.Holding;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.Snapshot;

/*
 * When a takeover has failed and its outcome is not known, the tunnel may depend on the lease of this node, although this node does not
 * carry it. Its client is going to return, to this node or another one, and resumes it from there. If it does not, the tunnel is released
 * after a while. The same holds for a tunnel that this node has left to another one, which may have given it up before it has put it on
 * its own lease, or may not have all of its endpoints. If the client has ended the tunnel, it does so at all of its nodes at the same
 * time, and each sees that others still serve it: then this node looks again a second later, when it knows what the others have done.
 */
/** Tunnels that may depend on the lease of this node although it does not carry them. Confined to the executor of the node. */
final class Ghosts {
    /** Maximum number; further ones end with the lease of the node. */
    static final int MOST = 10_000;

    private static final Duration MARGIN = Duration.ofSeconds(30); // beyond the lease of the client
    private static final long SOON = Duration.ofSeconds(1).toNanos(); // then changes of other nodes are known
    private static final long AGAIN = Duration.ofSeconds(10).toNanos(); // until one is looked at again
    private static final int MOST_AT_ONCE = 10; // in one tick

    private final Access access;
    private final View view;
    private final Sync sync;
    private final Map<String, Ghost> ghosts = new LinkedHashMap<>(); // by tunnel

    /**
     * A tunnel that is looked at when it is due.
     *
     * @param since when this node has left it
     * @param endpoints as this node knew them
     * @param sharers other nodes that may serve it
     */
    private record Ghost(long due, long since, List<Endpoint> endpoints, Set<String> sharers) {
        Ghost at(long later) {
            return new Ghost(later, since, endpoints, sharers);
        }
    }

    Ghosts(Access access, View view, Sync sync) {
        this.access = access;
        this.view = view;
        this.sync = sync;
    }

    /** Adds a tunnel for which its client may come back. */
    void add(String id, List<Endpoint> endpoints, Set<String> sharers) {
        add(id, endpoints, sharers, rest());
    }

    /** Adds a tunnel that has ended, except that other nodes have not given it up yet. */
    void addEnded(String id, List<Endpoint> endpoints, Set<String> sharers) {
        add(id, endpoints, sharers, SOON);
    }

    private void add(String id, List<Endpoint> endpoints, Set<String> sharers, long rest) {
        long now = access.now();
        add(id, new Ghost(now + rest, now, endpoints, sharers));
    }

    /** Returns how long a client has to come back for its tunnel. Unit: nanoseconds. */
    long rest() {
        return access.settings().lease().plus(MARGIN).toNanos();
    }

    /** Returns whether a tunnel is to be looked at later. */
    boolean has(String id) {
        return ghosts.containsKey(id);
    }

    private void add(String id, Ghost ghost) {
        ghosts.remove(id);
        if (ghosts.size() < MOST) ghosts.put(id, ghost);
    }

    void remove(String id) {
        ghosts.remove(id);
    }

    void tick() {
        Map<String, Ghost> now = new LinkedHashMap<>();
        for (Map.Entry<String, Ghost> each : ghosts.entrySet()) {
            // One that is looked at again is due before newer ones.
            if (each.getValue().due - access.now() > 0) continue;
            now.put(each.getKey(), each.getValue());
            if (now.size() == MOST_AT_ONCE) break;
        }
        now.forEach((id, ghost) -> {
            ghosts.remove(id);
            if (sync.find(id) != null) return;
            boolean begun = isForsaken(ghost) && sync.beginTurn(id, () -> read(id, ghost));
            if (!begun) add(id, ghost.at(access.now() + AGAIN));
        });
    }

    /**
     * Returns whether no other node may serve the tunnel without the registry. One that has the registry has put the tunnel on its own
     * lease; one that has not stops using the claim before the time of a lease is over.
     */
    private boolean isForsaken(Ghost ghost) {
        long longest = access.settings().times().claim().toNanos();
        return access.now() - ghost.since > longest || ghost.sharers.stream().allMatch(view::isSettled);
    }

    /** Has the turn of the tunnel, so that it is not released while it is taken. */
    private void read(String id, Ghost ghost) {
        List<String> keys = new ArrayList<>();
        keys.add(access.keys().tunnel(id));
        for (Endpoint each : ghost.endpoints) keys.add(access.keys().claim(each));
        access.requests()
                .send(
                        () -> access.store().read(keys),
                        seen -> {
                            release(id, ghost, seen);
                            sync.endTurn(id);
                        },
                        why -> {
                            add(id, ghost.at(access.now() + AGAIN));
                            sync.endTurn(id);
                        });
    }

    /** Has everything deleted that is on the lease of this node, unless another node serves it. */
    private void release(String id, Ghost ghost, Snapshot seen) {
        Entry entry = seen.find(access.keys().tunnel(id));
        TunnelRecord record = entry == null ? null : RecordText.parse(id, entry);
        TunnelRecord own =
                record != null && isSelf(record.stored().node(), record.stored().incarnation()) ? record : null;
        Set<Endpoint> endpoints = new LinkedHashSet<>(own == null ? List.of() : own.endpoints());
        for (Endpoint each : ghost.endpoints)
            if (isClaimOwn(id, seen.find(access.keys().claim(each)))) endpoints.add(each);
        if (sync.find(id) != null || (own == null && endpoints.isEmpty())) return;
        Carried tunnel = record == null
                ? new Carried(TunnelRecord.of(id, null, true, ""), 0)
                : new Carried(record, record.stored().epoch());
        for (Endpoint each : endpoints) {
            Holding holding = new Holding(each, false, 0, new Fence(access.now()));
            holding.ended = true;
            tunnel.add(holding);
        }
        boolean isServed =
                record != null && !view.table().carriers(record.endpoints(), id).isEmpty();
        if (isServed) tunnel.leaveToOthers();
        else tunnel.leave();
        sync.add(tunnel);
        sync.check(tunnel);
    }

    private boolean isClaimOwn(String id, @Nullable Entry entry) {
        ClaimText claim = entry == null ? null : ClaimText.of(entry);
        return claim != null && claim.tunnel().equals(id) && claim.node().equals(access.self());
    }

    private boolean isSelf(String node, String incarnation) {
        return new NodeId(node, incarnation).equals(access.self());
    }
}
