package org.relay4j.server.cluster;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.Carried.Holding;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryLeaseException;
import org.relay4j.server.registry.RegistryUnavailableException;
import org.relay4j.server.registry.Snapshot;
import org.relay4j.server.registry.Transaction;
import org.relay4j.yamux.io.LimitedLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/*
 * Routes that come and go, tunnels that end, and everything that has to be put again go one way: a tunnel is marked, and when it is its
 * turn, the registry is changed to what it should have. One batch is under way at a time, so under load each transaction carries the
 * changes of many tunnels. Each tunnel is compared with the registry now and then, even if nothing suggests that it differs.
 */
/** The tunnels of a node, and what the registry has of them. Confined to the executor of the node, except for {@link #find}. */
final class Sync {
    /*
     * More than 300 lines because marks, turns and batches decide together when a tunnel is written. What is written is decided by
     * Repair, and sent by Writer.
     */

    private static final int MOST_TUNNELS = 40; // of one batch

    private static final Logger log = LoggerFactory.getLogger(ClusterNode.class);

    private final Access access;
    private final Presence presence;
    private final Writer writer;
    private final Repair repair;
    private final Events events;
    private final Turns turns = new Turns();
    private final Map<String, Carried> tunnels = new ConcurrentHashMap<>();
    private final Map<Endpoint, Set<Carried>> carriers = new HashMap<>();
    private final Set<Carried> marked = new LinkedHashSet<>();
    private final LimitedLog unwritten = new LimitedLog(log, Level.WARN);
    private boolean underWay;
    private boolean settling;
    private int most = MOST_TUNNELS; // tunnels of the next batch

    /** Called on the executor of the node. */
    interface Events {
        /** A tunnel no longer has an endpoint; null if it is lost as a whole. */
        void lost(Carried tunnel, @Nullable Holding holding, LossReason why);

        /** A tunnel was left to the other nodes that carry it. Until they have put it on their leases, it depends on this one's. */
        void leftToOthers(Carried tunnel);
    }

    /** What a tunnel needed when its changes were planned. */
    private record Planned(Carried tunnel, Fence fence, boolean leaving, boolean shared, List<Holding> ended) {}

    Sync(Access access, Presence presence, Writer writer, Repair repair, Events events) {
        this.access = access;
        this.presence = presence;
        this.writer = writer;
        this.repair = repair;
        this.events = events;
    }

    // ---- tunnels

    /** Returns a tunnel of this node, also one that it is about to let go. Called by any thread. */
    @Nullable
    Carried find(String id) {
        return tunnels.get(id);
    }

    Collection<Carried> all() {
        return tunnels.values();
    }

    /** Runs a task when nothing is being done with the tunnel. Returns false if too many wait. {@link #endTurn} is to follow. */
    boolean beginTurn(String id, Runnable task) {
        return turns.begin(id, task);
    }

    void endTurn(String id) {
        turns.end(id);
        pump();
    }

    /** Adds a tunnel, or an endpoint of one that is there. */
    void add(Carried tunnel) {
        tunnels.put(tunnel.id, tunnel);
        for (Holding each : tunnel.holdings()) {
            carriers.computeIfAbsent(each.endpoint, unused -> new LinkedHashSet<>())
                    .add(tunnel);
        }
    }

    private void removeEndpoint(Carried tunnel, Endpoint endpoint) {
        carriers.computeIfPresent(endpoint, (unused, all) -> {
            all.remove(tunnel);
            return all.isEmpty() ? null : all;
        });
    }

    /** The registry is to be changed to what the tunnel should have. */
    void mark(Carried tunnel) {
        if (tunnels.get(tunnel.id) != tunnel) return;
        marked.add(tunnel);
        pump();
    }

    /** What the registry has of the tunnel may have changed. */
    void check(Carried tunnel) {
        tunnel.forget();
        mark(tunnel);
    }

    /** A transaction has failed, and may still be made: what the registry has counts once that is impossible. */
    void unsettled(Carried tunnel) {
        tunnel.unsettled(presence.revision());
        mark(tunnel);
    }

    /** What the registry has of all tunnels may have changed. */
    void checkAll() {
        tunnels.values().forEach(Carried::forget);
        marked.addAll(tunnels.values());
        pump();
    }

    /**
     * A node has gone on whose lease claims of other nodes may depend. Until they are checked, they count as about to end: also those that
     * were on the lease of this node when they were read last.
     */
    void orphaned() {
        ClusterTimes times = access.settings().times();
        long limit = access.now()
                + times.claim()
                        .minus(times.claimRenewal())
                        .minus(times.margin())
                        .toNanos();
        for (Carried tunnel : tunnels.values()) {
            for (Holding each : tunnel.holdings()) each.fence = each.fence.limited(limit);
        }
        checkAll();
    }

    /** A route of this node or of another one has changed; see {@link View.Events#route}. */
    void routeChanged(Endpoint endpoint, String node, @Nullable Route now, long revision, boolean left) {
        boolean own = node.equals(access.self().name());
        String key = access.keys().route(endpoint, node);
        for (Carried each : carriers.getOrDefault(endpoint, Set.of())) {
            Holding holding = each.find(endpoint);
            if (holding == null) continue;
            if (own) {
                boolean old = revision <= each.revision(key);
                boolean wanted = now != null && now.tunnel().equals(each.id);
                if (!old && wanted != (holding.loop >= 0)) check(each);
            } else if (now != null && now.tunnel().equals(each.id) && now.epoch() == holding.epoch) {
                each.served(node, endpoint);
            } else {
                if (now == null) each.deserted(node, revision);
                if (left) each.leftBy(node, endpoint);
                check(each);
            }
        }
    }

    /** The node has lost its name: none of its tunnels is in the registry any more. */
    void abandon() {
        for (Carried each : List.copyOf(tunnels.values())) {
            if (each.isLeaving()) continue;
            each.leave();
            events.lost(each, null, LossReason.REPLACED);
        }
        checkAll();
    }

    int unsettled() {
        return marked.size();
    }

    void tick() {
        long now = access.now();
        long interval = access.settings().times().claim().dividedBy(10).toNanos();
        for (Carried each : tunnels.values()) {
            if (now - each.checkedAt() > interval) {
                each.forget();
                marked.add(each);
            }
        }
        settle();
        pump();
    }

    /** Writes the entry of the node anew if a transaction could still be made otherwise. */
    private void settle() {
        long revision = presence.revision();
        if (settling || marked.stream().allMatch(each -> each.isSettled(revision))) return;
        settling = true;
        presence.settle(
                revision,
                () -> {
                    settling = false;
                    pump();
                },
                why -> settling = false); // the next tick tries it again
    }

    // ---- batches

    void pump() {
        if (underWay || marked.isEmpty() || presence.state() != RegistryState.CONNECTED) return;
        List<Carried> chosen = new ArrayList<>();
        List<Carried> unknown = new ArrayList<>();
        int keys = 0;
        for (Carried each : first(most)) {
            List<String> its = each.keys(access);
            keys += its.size();
            if (keys > Transaction.MOST && !chosen.isEmpty()) break;
            if (!turns.tryBegin(each.id)) continue;
            marked.remove(each);
            chosen.add(each);
            if (!each.isKnown()) unknown.add(each);
        }
        if (chosen.isEmpty()) return;
        underWay = true;
        if (unknown.isEmpty()) {
            write(chosen);
        } else {
            read(chosen, unknown);
        }
    }

    /** Returns marked tunnels with which nothing else is being done. When that ends, pump is called. */
    private List<Carried> first(int count) {
        List<Carried> first = new ArrayList<>();
        for (Carried each : marked) {
            if (first.size() == count) break;
            if (each.isSettled(presence.revision()) && turns.isFree(each.id)) first.add(each);
        }
        return first;
    }

    private void read(List<Carried> chosen, List<Carried> unknown) {
        List<String> keys = new ArrayList<>();
        Map<Carried, Integer> doubts = new LinkedHashMap<>();
        for (Carried each : unknown) {
            keys.addAll(each.keys(access));
            doubts.put(each, each.doubts());
        }
        Consumer<Snapshot> done = seen -> {
            doubts.forEach((tunnel, before) -> tunnel.read(tunnel.keys(access), seen, before, access.now()));
            write(chosen);
        };
        access.requests().send(() -> access.store().read(keys), done, why -> {
            marked.addAll(chosen);
            end(chosen, false);
        });
    }

    private void write(List<Carried> chosen) {
        Batch batch = new Batch();
        List<Planned> planned = new ArrayList<>();
        for (Carried each : chosen) {
            if (batch.isEnough()) {
                marked.add(each);
                continue;
            }
            Repair.Verdict verdict = repair.judge(each);
            lose(each, verdict);
            Batch its = new Batch();
            repair.plan(each, its);
            if (batch.canAdd(its)) {
                batch.add(its);
                List<Holding> ended =
                        each.holdings().stream().filter(one -> one.ended).toList();
                planned.add(new Planned(each, presence.fence(), each.isLeaving(), repair.goesOn(each), ended));
            } else {
                marked.add(each);
            }
        }
        if (batch.isEmpty()) {
            planned.forEach(this::settled);
            end(chosen, true);
        } else {
            writer.write(batch.transaction(), new BatchOutcome(chosen, planned, batch));
        }
    }

    private void lose(Carried tunnel, Repair.Verdict verdict) {
        LossReason why = verdict.tunnel();
        if (why != null) {
            tunnel.leave();
            events.lost(tunnel, null, why);
        }
        verdict.holdings().forEach((holding, reason) -> {
            holding.ended = true;
            events.lost(tunnel, holding, reason);
        });
    }

    private void settled(Planned planned) {
        Carried tunnel = planned.tunnel;
        if (planned.leaving) {
            tunnels.remove(tunnel.id, tunnel);
            marked.remove(tunnel);
            tunnel.holdings().forEach(each -> removeEndpoint(tunnel, each.endpoint));
            if (planned.shared) events.leftToOthers(tunnel);
            return;
        }
        for (Holding each : planned.ended) {
            tunnel.remove(each);
            removeEndpoint(tunnel, each.endpoint);
        }
        for (Holding each : tunnel.holdings()) each.fence = planned.fence;
    }

    private void end(List<Carried> chosen, boolean again) {
        underWay = false;
        for (Carried each : chosen) turns.end(each.id);
        if (again) pump(); // otherwise the next tick does
    }

    private final class BatchOutcome implements Writer.Outcome {
        private final List<Carried> chosen;
        private final List<Planned> planned;
        private final Batch batch;

        BatchOutcome(List<Carried> chosen, List<Planned> planned, Batch batch) {
            this.chosen = chosen;
            this.planned = planned;
            this.batch = batch;
        }

        @Override
        public void done(long revision) {
            most = Math.min(MOST_TUNNELS, most * 2);
            for (Planned each : planned) {
                Set<String> keys = new HashSet<>(each.tunnel.keys(access));
                each.tunnel.made(
                        batch.operations().stream()
                                .filter(one -> keys.contains(one.key()))
                                .toList(),
                        revision);
                settled(each);
            }
            end(chosen, true);
        }

        @Override
        public void refused(Snapshot seen) {
            most = Math.max(1, most / 2); // so that one tunnel does not hold up the others
            again();
            end(chosen, true);
        }

        @Override
        public void failed(RegistryException why) {
            boolean isKnown = why instanceof RegistryUnavailableException || why instanceof RegistryLeaseException;
            if (!isKnown) { // otherwise the state of the node says it
                unwritten.log(
                        "relay server: claims and routes cannot be stored, trying again: {}",
                        String.valueOf(why.getMessage()));
            }
            if (!Parts.isOutcomeKnown(why)) planned.forEach(each -> each.tunnel.unsettled(presence.revision()));
            again();
            end(chosen, false);
        }

        private void again() {
            for (Planned each : planned) {
                each.tunnel.forget();
                marked.add(each.tunnel);
            }
        }
    }
}
