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
 * has taken the tunnel. An older one comes from a backup, and is replaced. A claim of another tunnel was first.
 */
/** Compares a tunnel with what the registry has of it, and finds what has to be changed. A plain object. */
final class Repair {
    private final Access access;
    private final Presence presence;
    private final View view;

    /**
     * What is lost.
     *
     * @param tunnel null unless the whole tunnel is lost
     */
    record Verdict(@Nullable LossReason tunnel, Map<Holding, LossReason> holdings) {}

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
        boolean isCurrent = record != null && record.stored().epoch() == tunnel.epoch;
        for (Holding each : tunnel.holdings()) {
            if (each.ended) continue;
            LossReason why =
                    judge(tunnel, each, isCurrent && !record.endpoints().contains(each.endpoint));
            if (why != null) lost.put(each, why);
        }
        if (isCurrent) tunnel.text = record.text();
        return new Verdict(null, lost);
    }

    private @Nullable LossReason judge(Carried tunnel, Holding holding, boolean released) {
        Entry entry = tunnel.entry(access.keys().claim(holding.endpoint));
        if (entry == null) return released ? LossReason.RELEASED : null;
        ClaimText claim = ClaimText.of(entry);
        if (claim == null || !claim.tunnel().equals(tunnel.id)) return LossReason.CONFLICT;
        return claim.epoch() > holding.epoch ? LossReason.TAKEN : null;
    }

    private @Nullable TunnelRecord record(Carried tunnel) {
        Entry entry = tunnel.entry(access.keys().tunnel(tunnel.id));
        return entry == null ? null : RecordText.parse(tunnel.id, entry);
    }

    // ---- what has to be changed

    /** Adds the changes that a tunnel needs. */
    void plan(Carried tunnel, Batch batch) {
        List<Holding> holdings = tunnel.holdings();
        boolean shared = isShared(tunnel);
        for (Holding each : holdings) {
            if (tunnel.isLeaving()) {
                leave(tunnel, each, shared, batch);
            } else if (each.ended) {
                giveBack(tunnel, each, batch);
            } else {
                claim(tunnel, each, batch);
                route(tunnel, each, batch);
            }
        }
        if (!tunnel.isLeaving()) {
            record(tunnel, holdings, batch);
        } else if (!shared) {
            deleteRecord(tunnel, batch);
        }
    }

    /** Returns whether another node serves an endpoint of the tunnel. */
    boolean isShared(Carried tunnel) {
        return tunnel.holdings().stream().anyMatch(each -> view.isServedElsewhere(each.endpoint, tunnel.id));
    }

    private void claim(Carried tunnel, Holding holding, Batch batch) {
        String key = access.keys().claim(holding.endpoint);
        Entry entry = tunnel.entry(key);
        ClaimText claim = entry == null ? null : ClaimText.of(entry);
        boolean stands = claim != null && claim.epoch() == holding.epoch && isOnLiveLease(entry, claim.node(), tunnel);
        batch.expect(key, tunnel.revision(key));
        if (stands) return;
        ClaimText own = new ClaimText(tunnel.id, tunnel.owner, access.self(), holding.epoch, holding.fixed);
        batch.put(key, own.toString(), presence.claims());
    }

    /** Returns whether an entry is on the lease of this node, or on that of another one that carries the tunnel. */
    private boolean isOnLiveLease(Entry entry, NodeId node, Carried tunnel) {
        if (node.equals(access.self())) return entry.lease() == presence.claims();
        return view.isRegistered(node) && !tunnel.isDeserted(node.name(), entry);
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
        if (route == null || !route.tunnel().equals(tunnel.id)) return;
        batch.expect(key, entry.revision());
        batch.delete(key);
    }

    private void record(Carried tunnel, List<Holding> holdings, Batch batch) {
        String key = access.keys().tunnel(tunnel.id);
        Entry entry = tunnel.entry(key);
        TunnelRecord record = record(tunnel);
        boolean isCurrent = record != null && record.stored().epoch() == tunnel.epoch;
        List<Endpoint> endpoints = new ArrayList<>(isCurrent ? record.endpoints() : List.of());
        for (Holding each : holdings) {
            if (each.ended) endpoints.remove(each.endpoint);
            else if (!endpoints.contains(each.endpoint)) endpoints.add(each.endpoint);
        }
        batch.expect(key, tunnel.revision(key));
        if (isCurrent && endpoints.equals(record.endpoints()) && isRecordOnLiveLease(entry, record, tunnel)) return;
        TunnelRecord own = new TunnelRecord(
                tunnel.id, tunnel.owner, tunnel.leased, endpoints, tunnel.text, TunnelRecord.Stored.NONE);
        batch.put(key, RecordText.of(own, access.self(), tunnel.epoch), presence.claims());
    }

    private boolean isRecordOnLiveLease(@Nullable Entry entry, TunnelRecord record, Carried tunnel) {
        NodeId node = new NodeId(record.stored().node(), record.stored().incarnation());
        return entry != null && isOnLiveLease(entry, node, tunnel);
    }

    /** Deletes the claim of an endpoint that the tunnel no longer has. */
    private void giveBack(Carried tunnel, Holding holding, Batch batch) {
        deleteRoute(tunnel, holding, batch);
        String key = access.keys().claim(holding.endpoint);
        Entry entry = tunnel.entry(key);
        ClaimText claim = entry == null ? null : ClaimText.of(entry);
        if (claim == null || !claim.tunnel().equals(tunnel.id)) return;
        boolean isOwn = holding.epoch == 0 ? claim.node().equals(access.self()) : claim.epoch() == holding.epoch;
        if (!isOwn) return;
        batch.expect(key, entry.revision());
        batch.delete(key);
        for (Route each : view.stored(holding.endpoint)) { // of nodes that share the tunnel: it tells them
            if (each.tunnel().equals(tunnel.id)) batch.delete(access.keys().route(holding.endpoint, each.node()));
        }
    }

    /** Deletes the claim of a tunnel that this node no longer carries, if no other one does: that would put it on its own lease. */
    private void leave(Carried tunnel, Holding holding, boolean shared, Batch batch) {
        deleteRoute(tunnel, holding, batch);
        String key = access.keys().claim(holding.endpoint);
        Entry entry = tunnel.entry(key);
        ClaimText claim = entry == null ? null : ClaimText.of(entry);
        if (shared || claim == null || !claim.tunnel().equals(tunnel.id)) return;
        if (!isOwnOrOrphan(claim.node()) || (holding.epoch != 0 && claim.epoch() != holding.epoch)) return;
        batch.expect(key, entry.revision());
        batch.delete(key);
    }

    private boolean isOwnOrOrphan(NodeId node) {
        return node.equals(access.self()) || !view.isRegistered(node);
    }

    private void deleteRecord(Carried tunnel, Batch batch) {
        String key = access.keys().tunnel(tunnel.id);
        Entry entry = tunnel.entry(key);
        TunnelRecord record = record(tunnel);
        if (entry == null || record == null) return;
        NodeId node = new NodeId(record.stored().node(), record.stored().incarnation());
        if (!isOwnOrOrphan(node) || (tunnel.epoch != 0 && record.stored().epoch() != tunnel.epoch)) return;
        batch.expect(key, entry.revision());
        batch.delete(key);
    }
}
