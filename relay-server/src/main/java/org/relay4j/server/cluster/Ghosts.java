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
import org.relay4j.server.registry.Transaction;

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

    private final Access access;
    private final View view;
    private final Sync sync;
    private final Map<String, Ghost> ghosts = new LinkedHashMap<>(); // by tunnel
    private @Nullable Map<String, Ghost> chosen; // for the next request, while it is made up
    private boolean reading; // a request for all that were chosen is under way

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
        if (!reading) next();
    }

    /**
     * Reads what the registry has of those that are due, as many as one request can have keys. One such request is under way at a time, so
     * clients that ask for something do not wait behind them.
     */
    private void next() {
        reading = false;
        Map<String, Ghost> due = due();
        while (!due.isEmpty()) {
            Map<String, Ghost> all = choose(due);
            reading = !all.isEmpty();
            if (reading) {
                read(all, true);
                return;
            }
            due = due();
        }
    }

    private Map<String, Ghost> due() {
        Map<String, Ghost> due = new LinkedHashMap<>();
        int keys = 0;
        for (Map.Entry<String, Ghost> each : ghosts.entrySet()) {
            // One that is looked at again is due before newer ones.
            if (each.getValue().due - access.now() > 0) continue;
            keys += 1 + each.getValue().endpoints.size();
            if (keys > Transaction.MOST && !due.isEmpty()) break;
            due.put(each.getKey(), each.getValue());
        }
        return due;
    }

    /** Returns those that can be read now. They have their turns. */
    private Map<String, Ghost> choose(Map<String, Ghost> due) {
        Map<String, Ghost> all = new LinkedHashMap<>();
        chosen = all;
        due.forEach((id, ghost) -> {
            ghosts.remove(id);
            if (sync.find(id) != null) return;
            boolean begun = isForsaken(ghost) && sync.beginTurn(id, () -> hasTurn(id, ghost));
            if (!begun) add(id, ghost.at(access.now() + AGAIN));
        });
        chosen = null;
        return all;
    }

    private void hasTurn(String id, Ghost ghost) {
        if (chosen != null) chosen.put(id, ghost);
        else read(Map.of(id, ghost), false); // something else was being done with the tunnel
    }

    /**
     * Returns whether no other node may serve the tunnel without the registry. One that has the registry has put the tunnel on its own
     * lease; one that has not stops using the claim before the time of a lease is over.
     */
    private boolean isForsaken(Ghost ghost) {
        long longest = access.settings().times().claim().toNanos();
        return access.now() - ghost.since > longest || ghost.sharers.stream().allMatch(view::isSettled);
    }

    /**
     * Has the turns of the tunnels, so that none is released while it is taken.
     *
     * @param more whether to go on with the next ones
     */
    private void read(Map<String, Ghost> all, boolean more) {
        List<String> keys = new ArrayList<>();
        all.forEach((id, ghost) -> {
            keys.add(access.keys().tunnel(id));
            for (Endpoint each : ghost.endpoints) keys.add(access.keys().claim(each));
        });
        access.requests()
                .send(
                        () -> access.store().read(keys),
                        seen -> {
                            all.forEach((id, ghost) -> release(id, ghost, seen));
                            all.keySet().forEach(sync::endTurn);
                            if (more) next();
                        },
                        why -> {
                            all.forEach((id, ghost) -> add(id, ghost.at(access.now() + AGAIN)));
                            all.keySet().forEach(sync::endTurn);
                            if (more) reading = false;
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
