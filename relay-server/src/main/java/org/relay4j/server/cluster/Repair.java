package org.relay4j.server.cluster;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.Carried.Holding;
import org.relay4j.server.registry.Entry;

/*
 * What the registry says decides, not how it came about: a lease that has ended, an answer that was lost, a node that has died, a
 * backup that was restored. A claim that is not there is made again. One of the same tunnel with the same epoch is the node's own or is
 * shared; if it depends on the lease of a node that is gone, it is put on this node's own lease. A newer epoch means that another node
 * has taken the tunnel. An older one comes from a backup, and is replaced. A claim of another tunnel was first, unless it is older than
 * that of this node: revisions grow, and the lease of this node's claim has not ended, so it comes from a backup, too. An entry that
 * cannot be read is nobody's, and is replaced.
 */
/** Compares a tunnel with what the registry has of it, and finds what has to be changed. A plain object. */
final class Repair {
    private static final int MOST_ROUTES = 60; // keys of a batch from which on no further route is deleted

    private final Access access;
    private final Presence presence;
    private final View view;

    /**
     * What is lost.
     *
     * @param tunnel null unless the whole tunnel is lost
     */
    record Verdict(@Nullable LossReason tunnel, Map<Holding, LossReason> holdings) {}

    private record Claimed(Entry entry, ClaimText claim) {}

    Repair(Access access, Presence presence, View view) {
        this.access = access;
        this.presence = presence;
        this.view = view;
    }

    // ---- what is lost

    Verdict judge(Carried tunnel) {
        Map<Holding, LossReason> lost = new LinkedHashMap<>();
        if (tunnel.isLeaving()) return new Verdict(null, lost);
        TunnelRecord record = record(tunnel);
        if (record != null && record.stored().epoch() > tunnel.epoch) return new Verdict(LossReason.TAKEN, lost);
        TunnelRecord current = current(tunnel, record);
        for (Holding each : tunnel.holdings()) {
            if (each.ended) continue;
            LossReason why =
                    judge(tunnel, each, current != null && !current.endpoints().contains(each.endpoint));
            if (why != null) lost.put(each, why);
        }
        if (current != null) {
            tunnel.text = current.text();
            share(tunnel, current.stored().node());
        }
        return new Verdict(null, lost);
    }

    /** A node that has stored the tunnel may serve it, even if it could not announce that yet. */
    private void share(Carried tunnel, String node) {
        Entry entry = tunnel.entry(access.keys().tunnel(tunnel.id));
        boolean isOwn = node.equals(access.self().name());
        if (entry == null || isOwn || tunnel.isDeserted(node, entry)) return;
        for (Holding each : tunnel.holdings()) tunnel.sharedWith(node, each.endpoint);
    }

    private @Nullable LossReason judge(Carried tunnel, Holding holding, boolean released) {
        Entry entry = tunnel.entry(access.keys().claim(holding.endpoint));
        if (entry == null) return released ? LossReason.RELEASED : null;
        ClaimText claim = ClaimText.of(entry);
        if (claim == null) return released ? LossReason.RELEASED : null;
        if (!claim.tunnel().equals(tunnel.id)) return isFromBackup(claim, holding) ? null : LossReason.CONFLICT;
        return claim.epoch() > holding.epoch ? LossReason.TAKEN : null;
    }

    /**
     * Returns whether a claim of another tunnel is older than the one that this node has made. As long as that one cannot have ended,
     * only a backup brings back the other.
     */
    private boolean isFromBackup(ClaimText claim, Holding holding) {
        return claim.epoch() < holding.epoch && holding.fence.allows(access.now());
    }

    private @Nullable TunnelRecord record(Carried tunnel) {
        Entry entry = tunnel.entry(access.keys().tunnel(tunnel.id));
        return entry == null ? null : RecordText.parse(tunnel.id, entry);
    }

    /** Returns the record if it is of the tunnel as this node carries it. */
    private static @Nullable TunnelRecord current(Carried tunnel, @Nullable TunnelRecord record) {
        return record != null && record.stored().epoch() == tunnel.epoch ? record : null;
    }

    /** Returns the claim of an endpoint, if it is the tunnel's. */
    private @Nullable Claimed claimed(Carried tunnel, Holding holding) {
        Entry entry = tunnel.entry(access.keys().claim(holding.endpoint));
        ClaimText claim = entry == null ? null : ClaimText.of(entry);
        return entry == null || claim == null || !claim.tunnel().equals(tunnel.id) ? null : new Claimed(entry, claim);
    }

    // ---- what has to be changed

    /** Adds the changes that a tunnel needs. */
    void plan(Carried tunnel, Batch batch) {
        List<Holding> holdings = tunnel.holdings();
        boolean shared = goesOn(tunnel);
        for (Holding each : holdings) {
            if (tunnel.isLeaving()) {
                leave(tunnel, each, shared && !isOnlyHere(tunnel, each), batch);
            } else if (each.ended) {
                giveBack(tunnel, each, batch);
            } else {
                claim(tunnel, each, batch);
                route(tunnel, each, batch);
            }
        }
        if (!tunnel.isLeaving()) {
            record(tunnel, holdings, batch);
        } else if (shared) {
            shrinkRecord(tunnel, holdings, batch);
        } else {
            deleteRecord(tunnel, batch);
        }
    }

    /**
     * Returns whether other nodes go on with a tunnel that ends at this one, may do so without the registry, or did when this one left it to
     * them. They may have left it to this one at the same time.
     */
    boolean goesOn(Carried tunnel) {
        if (!tunnel.isLeaving()) return false;
        if (tunnel.isLeft() || !tunnel.sharers().isEmpty()) return true;
        return tunnel.holdings().stream().anyMatch(each -> view.table().isServedElsewhere(each.endpoint, tunnel.id));
    }

    private void claim(Carried tunnel, Holding holding, Batch batch) {
        String key = access.keys().claim(holding.endpoint);
        Claimed present = claimed(tunnel, holding);
        batch.expect(key, tunnel.revision(key));
        if (present != null
                && present.claim.epoch() == holding.epoch
                && isOnLiveLease(present.entry, present.claim.node(), tunnel)) return;
        ClaimText own = new ClaimText(tunnel.id, tunnel.owner, access.self(), holding.epoch, holding.fixed);
        batch.put(key, own.toString(), presence.claims());
        if (present == null && tunnel.entry(key) != null) deleteForeignRoutes(tunnel, holding, batch);
    }

    /** Tells nodes whose claim is replaced: each sees that its route has gone. */
    private void deleteForeignRoutes(Carried tunnel, Holding holding, Batch batch) {
        for (Route each : view.table().stored(holding.endpoint)) {
            if (each.tunnel().equals(tunnel.id) || batch.isFull(MOST_ROUTES)) continue;
            batch.delete(access.keys().route(holding.endpoint, each.node()));
        }
    }

    /** Returns whether an entry is on the lease of this node, or on that of another one that carries the tunnel. */
    private boolean isOnLiveLease(Entry entry, NodeId node, Carried tunnel) {
        if (node.equals(access.self())) return entry.lease() == presence.claims();
        return view.isRegistered(node) && !tunnel.isDeserted(node.name(), entry) && !isIdle(node.name(), entry, tunnel);
    }

    /** Returns whether this node serves the tunnel, while another one has had an entry for some time and does not. */
    private boolean isIdle(String node, Entry entry, Carried tunnel) {
        long now = access.now();
        long rest = access.settings().times().claim().dividedBy(20).toNanos();
        return tunnel.isServed()
                && now - tunnel.seenSince(entry, now) > rest
                && tunnel.holdings().stream()
                        .noneMatch(each -> view.table().isServedBy(node, each.endpoint, tunnel.id));
    }

    private void route(Carried tunnel, Holding holding, Batch batch) {
        String key = access.keys().route(holding.endpoint, access.self().name());
        Entry entry = tunnel.entry(key);
        if (holding.loop < 0) {
            deleteRoute(tunnel, holding, batch);
            return;
        }
        String wanted = new RouteText(tunnel.id, holding.epoch, holding.loop).toString();
        if (entry != null && entry.value().equals(wanted) && entry.lease() == presence.routes()) return;
        batch.expect(key, tunnel.revision(key));
        batch.put(key, wanted, presence.routes());
    }

    private void deleteRoute(Carried tunnel, Holding holding, Batch batch) {
        String key = access.keys().route(holding.endpoint, access.self().name());
        Entry entry = tunnel.entry(key);
        RouteText route = entry == null ? null : RouteText.of(entry);
        if (entry == null || route == null || !route.tunnel().equals(tunnel.id)) return;
        delete(entry, batch);
    }

    private void record(Carried tunnel, List<Holding> holdings, Batch batch) {
        String key = access.keys().tunnel(tunnel.id);
        TunnelRecord current = current(tunnel, record(tunnel));
        List<Endpoint> endpoints = new ArrayList<>(current == null ? List.of() : current.endpoints());
        for (Holding each : holdings) {
            if (each.ended) endpoints.remove(each.endpoint);
            else if (!endpoints.contains(each.endpoint)) endpoints.add(each.endpoint);
        }
        batch.expect(key, tunnel.revision(key));
        if (current != null && endpoints.equals(current.endpoints()) && isRecordOnLiveLease(current, tunnel)) return;
        TunnelRecord own = new TunnelRecord(
                tunnel.id, tunnel.owner, tunnel.leased, endpoints, tunnel.text, TunnelRecord.Stored.NONE);
        batch.put(key, RecordText.of(own, access.self(), tunnel.epoch), presence.claims());
    }

    /** Removes endpoints that are given back from the record of a tunnel that other nodes go on with. It stays on its lease. */
    private void shrinkRecord(Carried tunnel, List<Holding> holdings, Batch batch) {
        Entry entry = tunnel.entry(access.keys().tunnel(tunnel.id));
        TunnelRecord record = current(tunnel, record(tunnel));
        if (entry == null || record == null) return;
        List<Endpoint> endpoints = new ArrayList<>(record.endpoints());
        for (Holding each : holdings) {
            if (isOnlyHere(tunnel, each)) endpoints.remove(each.endpoint);
        }
        if (endpoints.equals(record.endpoints())) return;
        batch.expect(entry.key(), entry.revision());
        batch.put(entry.key(), RecordText.of(record.endpoints(endpoints), node(record), tunnel.epoch), entry.lease());
    }

    /** Returns whether an endpoint is to be given back that no other node has taken over with the tunnel. */
    private boolean isOnlyHere(Carried tunnel, Holding holding) {
        if (!holding.ended || view.table().isServedElsewhere(holding.endpoint, tunnel.id)) return false;
        Claimed present = claimed(tunnel, holding);
        return present == null || isOwnOrOrphan(present.claim.node());
    }

    private static NodeId node(TunnelRecord record) {
        return new NodeId(record.stored().node(), record.stored().incarnation());
    }

    private boolean isRecordOnLiveLease(TunnelRecord record, Carried tunnel) {
        Entry entry = tunnel.entry(access.keys().tunnel(tunnel.id));
        return entry != null && isOnLiveLease(entry, node(record), tunnel);
    }

    /** Deletes the claim of an endpoint that the tunnel no longer has. */
    private void giveBack(Carried tunnel, Holding holding, Batch batch) {
        deleteRoute(tunnel, holding, batch);
        Claimed present = claimed(tunnel, holding);
        if (present == null) return;
        ClaimText claim = present.claim;
        boolean isOwn = holding.epoch == 0 ? claim.node().equals(access.self()) : claim.epoch() == holding.epoch;
        if (!isOwn) return;
        delete(present.entry, batch);
        for (Route each : view.table().stored(holding.endpoint)) { // of nodes that share the tunnel: it tells them
            if (each.tunnel().equals(tunnel.id)) batch.delete(access.keys().route(holding.endpoint, each.node()));
        }
    }

    /** Deletes the claim of a tunnel that this node no longer carries, if no other one does: that would put it on its own lease. */
    private void leave(Carried tunnel, Holding holding, boolean shared, Batch batch) {
        deleteRoute(tunnel, holding, batch);
        Claimed present = shared ? null : claimed(tunnel, holding);
        if (present == null) return;
        ClaimText claim = present.claim;
        if (!isOurs(present.entry) || (holding.epoch != 0 && claim.epoch() != holding.epoch)) return;
        delete(present.entry, batch);
    }

    /**
     * Returns whether an entry ends with the lease of this node. One on the lease of another node ends with that one, even if the node
     * seems to be gone: until then it may serve the tunnel.
     */
    private boolean isOurs(Entry entry) {
        return entry.lease() == presence.claims();
    }

    private static void delete(Entry entry, Batch batch) {
        batch.expect(entry.key(), entry.revision());
        batch.delete(entry.key());
    }

    private boolean isOwnOrOrphan(NodeId node) {
        return node.equals(access.self()) || !view.isRegistered(node);
    }

    private void deleteRecord(Carried tunnel, Batch batch) {
        String key = access.keys().tunnel(tunnel.id);
        Entry entry = tunnel.entry(key);
        TunnelRecord record = record(tunnel);
        if (entry == null || record == null) return;
        if (!isOurs(entry) || (tunnel.epoch != 0 && record.stored().epoch() != tunnel.epoch)) return;
        delete(entry, batch);
    }
}
