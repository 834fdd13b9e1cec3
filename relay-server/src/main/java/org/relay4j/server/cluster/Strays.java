package org.relay4j.server.cluster;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.Carried.Holding;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.Snapshot;

/*
 * A backup of the store that is restored brings back what this node has given back since, on leases that the node goes on renewing. So
 * nothing else would end it. The node looks for such tunnels after the history of the store has gone back, and now and then, in case it
 * has not noticed that. What it finds twice, it releases: the client of the tunnel had the time between to come back for it.
 */
/** Releases what depends on the leases of this node, and is of no tunnel that it carries. Confined to the executor of the node. */
final class Strays {
    /** Maximum number of tunnels that are remembered; further ones are found when these have gone. */
    static final int MOST = 10_000;

    private final Access access;
    private final Presence presence;
    private final View view;
    private final Sync sync;
    private final Ghosts ghosts;
    private final long interval; // between two scans
    private Map<String, Set<Endpoint>> found = Map.of(); // by the last scan: endpoints by tunnel
    private boolean scanning;
    private long scanAt;

    Strays(Access access, Presence presence, View view, Sync sync, Ghosts ghosts) {
        this.access = access;
        this.presence = presence;
        this.view = view;
        this.sync = sync;
        this.ghosts = ghosts;
        interval = access.settings().times().claim().toNanos();
        scanAt = access.firstTime(interval, 31);
    }

    /** The history of the store was replaced by an older one. */
    void wentBack() {
        found = Map.of();
        scanAt = access.now();
    }

    void tick() {
        if (scanning || scanAt - access.now() > 0 || presence.state() != RegistryState.CONNECTED) return;
        scanning = true;
        Map<String, Set<Endpoint>> strays = new HashMap<>();
        view.table().own().forEach((endpoint, tunnel) -> add(strays, tunnel, Set.of(endpoint)));
        access.readAll(
                access.keys().claims(),
                access.keys().tunnels(),
                false,
                (claims, records) -> scanned(strays, claims, records),
                why -> next(ghosts.rest()));
    }

    private void next(long time) {
        scanning = false;
        scanAt = access.now() + time;
    }

    private void scanned(Map<String, Set<Endpoint>> strays, Snapshot claims, Snapshot records) {
        for (Entry each : claims.entries()) {
            Endpoint endpoint = isOurs(each) ? access.keys().claimed(each.key()) : null;
            ClaimText claim = endpoint == null ? null : ClaimText.of(each);
            if (endpoint != null && claim != null) add(strays, claim.tunnel(), Set.of(endpoint));
        }
        for (Entry each : records.entries()) {
            if (!isOurs(each)) continue;
            String id = each.key().substring(access.keys().tunnels().length());
            TunnelRecord record = TunnelRecord.isId(id) ? RecordText.parse(id, each) : null;
            if (record != null) add(strays, id, record.endpoints());
        }
        Set<String> again = new HashSet<>(strays.keySet());
        again.retainAll(found.keySet());
        for (String each : again) {
            Set<Endpoint> endpoints = strays.remove(each);
            if (endpoints != null && !sync.beginTurn(each, () -> release(each, endpoints))) strays.put(each, endpoints);
        }
        found = strays;
        next(strays.isEmpty() && again.isEmpty() ? interval : ghosts.rest());
    }

    private boolean isOurs(Entry entry) {
        return entry.lease() != 0 && entry.lease() == presence.claims();
    }

    private void add(Map<String, Set<Endpoint>> strays, String tunnel, Collection<Endpoint> endpoints) {
        if (sync.find(tunnel) != null || ghosts.has(tunnel) || !TunnelRecord.isId(tunnel)) return;
        if (strays.size() >= MOST && !strays.containsKey(tunnel)) return;
        Set<Endpoint> all = strays.computeIfAbsent(tunnel, unused -> new LinkedHashSet<>());
        for (Endpoint each : endpoints) {
            if (all.size() < TunnelRecord.MOST_ENDPOINTS && !each.isAny()) all.add(each);
        }
    }

    /** Has the turn of the tunnel, so that it is not released while it is claimed or taken. */
    private void release(String id, Set<Endpoint> endpoints) {
        if (sync.find(id) == null) {
            Carried tunnel = new Carried(TunnelRecord.of(id, null, true, ""), 0);
            for (Endpoint each : endpoints) tunnel.add(new Holding(each, false, 0, new Fence(access.now())));
            tunnel.leave();
            sync.add(tunnel);
            sync.check(tunnel);
        }
        sync.endTurn(id);
    }
}
