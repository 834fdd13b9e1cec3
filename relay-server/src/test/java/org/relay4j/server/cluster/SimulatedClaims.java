package org.relay4j.server.cluster;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.registry.Change;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;

/** The claims in the registry, as a watch of the test shows them, and what must hold for each change. */
final class SimulatedClaims {
    private static final Keys KEYS = new Keys("sim");

    private final SimulatedCluster cluster;
    private final Map<Endpoint, ClaimText> claims = new HashMap<>();
    private final Map<String, TunnelRecord> records = new HashMap<>();
    private final Set<String> replaced = new HashSet<>(); // tunnels that have lost a claim after a restore
    private final Map<String, SimulatedClient> byTunnel = new HashMap<>();
    private final Map<String, Long> unserved = new HashMap<>(); // since when, by tunnel
    private final Set<String> expired = new HashSet<>(); // tunnels of which something has ended with a lease
    private long changedAt; // when a claim was made or deleted last
    private boolean ending; // leases are being ended
    private boolean restoring; // a backup is being restored
    private long backupAt; // when the backup was made that was restored last
    private @Nullable String failure;

    SimulatedClaims(SimulatedCluster cluster) {
        this.cluster = cluster;
        watch(0);
    }

    private void watch(long after) {
        List<String> prefixes = SimulatedCluster.TRACE ? List.of(KEYS.root()) : List.of(KEYS.claims(), KEYS.tunnels());
        RegistryStore.Watch unused = cluster.registry.watch(prefixes, after, new RegistryStore.Watcher() {
            @Override
            public void changed(long revision, Collection<Change> changes) {
                for (Change each : changes) {
                    cluster.trace(revision + " " + each.key() + " "
                            + (each.entry() == null ? "deleted" : each.entry().value()));
                    if (each.key().startsWith(KEYS.claims())) claimChanged(each);
                    if (each.key().startsWith(KEYS.tunnels())) recordChanged(each);
                }
            }

            @Override
            public void ended(RegistryException why) {
                if (!restoring) failed("the watch of the test has ended: " + why);
            }
        });
    }

    private void recordChanged(Change change) {
        String tunnel = change.key().substring(KEYS.tunnels().length());
        if (change.entry() != null) {
            TunnelRecord now = RecordText.parse(tunnel, change.entry());
            if (now != null) records.put(tunnel, now);
            return;
        }
        TunnelRecord last = records.remove(tunnel);
        boolean isEmpty = last != null && last.endpoints().isEmpty();
        if (isEmpty && replaced.contains(tunnel)) return; // another tunnel had its last endpoint before the restore
        deleted(tunnel, change.key(), last == null ? 0 : last.stored().epoch());
    }

    private void claimChanged(Change change) {
        Endpoint endpoint = Endpoint.parse(change.key().substring(KEYS.claims().length()));
        ClaimText claim = change.entry() == null ? null : ClaimText.of(change.entry());
        ClaimText last = claim == null ? claims.remove(endpoint) : claims.put(endpoint, claim);
        if (claim == null || last == null) changedAt = cluster.time.now();
        if (claim != null && last != null) replaced(endpoint, last, claim);
        String before = last == null ? null : last.tunnel();
        if (before != null) cluster.changed(before);
        SimulatedClient client = before == null ? null : byTunnel.get(before);
        boolean isFirst = client != null
                && !client.endpoints.isEmpty()
                && client.endpoints.get(0).equals(endpoint);
        if (claim == null && last != null && (isFirst || ending)) deleted(last.tunnel(), change.key(), last.epoch());
    }

    /**
     * A claim becomes that of another tunnel only if both are of the same client, and its epoch never becomes smaller: unless a backup was
     * restored, and a node with a newer claim replaces one that is older or was made since.
     */
    private void replaced(Endpoint endpoint, ClaimText before, ClaimText now) {
        boolean isSameClient = name(before.tunnel()).equals(name(now.tunnel()));
        boolean isExpected = isSameClient && now.epoch() >= before.epoch();
        if (isExpected && before.tunnel().equals(now.tunnel())) return;
        boolean isUnsettled = cluster.isUnsettled();
        if (isUnsettled) replaced.add(before.tunnel());
        if (isExpected) return;
        if (isUnsettled) {
            cluster.unsettled(); // the other one has to notice it
            return;
        }
        failed("the claim of " + endpoint + " was " + before + " of " + name(before.tunnel()) + ", and is " + now
                + " of " + name(now.tunnel()));
    }

    /**
     * A tunnel or its claim is deleted only after its client could have come back, unless a lease in the registry has ended. A backup may
     * not have that a node has taken or joined the tunnel; until that one has noticed it, the node before may delete what is restored.
     */
    private void deleted(String tunnel, String key, long epoch) {
        if (ending) expired.add(tunnel);
        SimulatedClient client = byTunnel.get(tunnel);
        if (expired.contains(tunnel) || client == null || !client.mayReturnTo(tunnel)) return;
        for (SimulatedNode each : cluster.nodes) {
            SimulatedServer server = each.server;
            boolean isHeard = each.isRunning() && each.node != null && each.node.state() == RegistryState.CONNECTED;
            SimulatedServer.Tunnel served =
                    server == null || !isHeard ? null : server.tunnels().get(tunnel);
            if (served == null || !served.isServed() || !mayServe(each, served)) continue;
            boolean isNewer = served.since > backupAt || hasTakenSince(each, served, epoch);
            if (each.isUnsettled() && isNewer) return;
            failed(key + " is deleted while " + each.name + " serves it");
        }
        Long since = unserved.get(tunnel);
        if (since == null || cluster.time.now() - since > SimulatedServer.HOLD * 97 / 100) return;
        failed(key + " is deleted, but " + client.name + " may come back to it");
    }

    private static boolean mayServe(SimulatedNode at, SimulatedServer.Tunnel tunnel) {
        return at.node != null
                && tunnel.endpoints.stream().anyMatch(each -> at.node.mayServe(tunnel.id, each, at.now()));
    }

    private static boolean hasTakenSince(SimulatedNode at, SimulatedServer.Tunnel tunnel, long epoch) {
        return at.node != null && tunnel.endpoints.stream().anyMatch(each -> at.node.epoch(tunnel.id, each) > epoch);
    }

    /** Something must not be. The watch, in which it may be noticed, catches exceptions. */
    private void failed(String what) {
        if (failure == null) failure = what;
    }

    /** Returns what must not be and was seen; null if there is nothing. */
    @Nullable
    String failure() {
        return failure;
    }

    /** A client has a new tunnel. */
    void named(String tunnel, SimulatedClient client) {
        byTunnel.put(tunnel, client);
    }

    /** A tunnel of a server has no connection any more. */
    void unserved(String tunnel) {
        unserved.put(tunnel, cluster.time.now());
    }

    /** Replaces what the registry has by what a backup has. */
    void restore(Runnable backup, long madeAt) {
        backupAt = madeAt;
        endLeases(); // first, so that the watch sees it
        restoring = true;
        backup.run();
        restoring = false;
        claims.clear();
        records.clear();
        cluster.entries("t/").forEach((key, entry) -> {
            String id = key.substring(KEYS.tunnels().length());
            TunnelRecord record = RecordText.parse(id, entry);
            if (record != null) records.put(id, record);
        });
        for (Entry each : cluster.entries("c/").values()) {
            ClaimText claim = ClaimText.of(each);
            if (claim != null)
                claims.put(Endpoint.parse(each.key().substring(KEYS.claims().length())), claim);
        }
        changedAt = cluster.time.now();
        cluster.registry.readAll(KEYS.root()).thenAccept(seen -> watch(seen.revision()));
    }

    /** Ends leases whose time is over. */
    void endLeases() {
        ending = true;
        cluster.registry.endLeases();
        ending = false;
    }

    /** Returns when a claim was made or deleted last. */
    long changedAt() {
        return changedAt;
    }

    /** Returns whether all of these endpoints are claimed. */
    boolean have(List<Endpoint> endpoints) {
        return claims.keySet().containsAll(endpoints);
    }

    /** Returns the tunnel that has claimed an endpoint; null if none has. */
    @Nullable
    String claimant(Endpoint endpoint) {
        ClaimText claim = claims.get(endpoint);
        return claim == null ? null : claim.tunnel();
    }

    /** Returns whether a tunnel has claimed an endpoint again since an epoch. */
    boolean isClaimedSince(String tunnel, Endpoint endpoint, long epoch) {
        ClaimText claim = claims.get(endpoint);
        return claim != null && claim.tunnel().equals(tunnel) && claim.epoch() > epoch;
    }

    /** Returns the client whose tunnel has claimed an endpoint; null if none has. */
    @Nullable
    String owner(Endpoint endpoint) {
        String tunnel = claimant(endpoint);
        return tunnel == null ? null : name(tunnel);
    }

    private String name(String tunnel) {
        SimulatedClient client = byTunnel.get(tunnel);
        return client == null ? "nobody" : client.name;
    }
}
