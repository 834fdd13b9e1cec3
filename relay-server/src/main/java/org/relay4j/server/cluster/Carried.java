package org.relay4j.server.cluster;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.Snapshot;
import org.relay4j.server.registry.Transaction;

/**
 * A tunnel that this node carries, or is about to let go: what the registry should have of it, and what it has as far as is known.
 * Changed on the executor of the node; {@link #find}, {@link #isLeaving} and the volatile fields of holdings are for any thread.
 */
final class Carried {
    private static final long SETTLED = -1;

    final String id;
    final @Nullable String owner;
    final boolean leased;
    final long epoch; // of the record; 0: not known, because it may not have been stored
    private final Map<Endpoint, Holding> holdings = new ConcurrentHashMap<>();
    private final Map<String, Entry> entries = new HashMap<>(); // of the registry, by key
    private final Map<String, Long> seenSince = new HashMap<>(); // when an entry was seen first as it is, by key
    private boolean known; // whether entries are all that the registry has
    private final Map<String, Long> deserted = new HashMap<>(); // revision of the end of its last route, by node
    private final Map<String, Set<Endpoint>> sharers = new HashMap<>(2); // what other nodes may serve, by their name
    private int doubts;
    private long unsettledAt = SETTLED; // revision of the node's entry with which a transaction may still be made
    private volatile boolean leaving;
    private boolean left; // to the other nodes: its client may come back to it
    private long checkedAt;
    String text;

    /** An endpoint of the tunnel. */
    static final class Holding {
        final Endpoint endpoint;
        final boolean fixed;
        final long epoch; // 0: not known, because the claim may not have been made
        volatile Fence fence;
        volatile boolean ended; // it is to be given back
        int loop = -1; // with which the node serves it; -1: it does not

        Holding(Endpoint endpoint, boolean fixed, long epoch, Fence fence) {
            this.endpoint = endpoint;
            this.fixed = fixed;
            this.epoch = epoch;
            this.fence = fence;
        }
    }

    Carried(TunnelRecord record, long epoch) {
        id = record.id();
        owner = record.owner();
        leased = record.leased();
        text = record.text();
        this.epoch = epoch;
    }

    void add(Holding holding) {
        holdings.put(holding.endpoint, holding);
    }

    void remove(Holding holding) {
        holdings.remove(holding.endpoint, holding);
        for (String each : List.copyOf(sharers.keySet())) leftBy(each, holding.endpoint);
    }

    @Nullable
    Holding find(Endpoint endpoint) {
        return holdings.get(endpoint);
    }

    List<Holding> holdings() {
        return List.copyOf(holdings.values());
    }

    /** Returns the endpoints that the node carries. */
    List<Endpoint> endpoints() {
        return holdings.values().stream()
                .filter(each -> !each.ended)
                .map(each -> each.endpoint)
                .sorted(Comparator.comparing(Endpoint::toString))
                .toList();
    }

    int size() {
        return holdings.size();
    }

    boolean isLeaving() {
        return leaving;
    }

    /** It ends at this node, and for good unless another node serves it. */
    void leave() {
        leaving = true;
        left = false;
    }

    /** It ends at this node, and goes on at others. It stays claimed for a while, even if they have left it, too. */
    void leaveToOthers() {
        if (leaving) return;
        leaving = true;
        left = true;
    }

    /** Returns whether it was left to others. */
    boolean isLeft() {
        return left;
    }

    /**
     * Another node serves an endpoint, or served it when it was heard of last. It may rely on claims that depend on the lease of this node,
     * which must not give them back before it can know that.
     */
    void sharedWith(String node, Endpoint endpoint) {
        sharers.computeIfAbsent(node, unused -> new HashSet<>(2)).add(endpoint);
    }

    /** Another node has stopped serving an endpoint, and has not only lost the registry. */
    void leftBy(String node, Endpoint endpoint) {
        sharers.computeIfPresent(node, (unused, its) -> its.remove(endpoint) && its.isEmpty() ? null : its);
    }

    /** Returns the other nodes that may serve the tunnel. */
    Set<String> sharers() {
        return sharers.keySet();
    }

    /** Another node no longer serves the tunnel since a revision. */
    void deserted(String node, long revision) {
        deserted.put(node, revision);
    }

    /** Another node serves the tunnel. */
    void served(String node, Endpoint endpoint) {
        deserted.remove(node);
        sharedWith(node, endpoint);
    }

    /** Returns whether a node has stopped serving the tunnel since it wrote an entry, or with it. One that is new may not serve it yet. */
    boolean isDeserted(String node, Entry entry) {
        return deserted.getOrDefault(node, 0L) >= entry.revision();
    }

    /** Returns whether this node serves the tunnel. */
    boolean isServed() {
        return holdings.values().stream().anyMatch(each -> each.loop >= 0);
    }

    // ---- what the registry has

    List<String> keys(Access access) {
        List<String> keys = new ArrayList<>();
        keys.add(access.keys().tunnel(id));
        for (Holding each : holdings.values()) {
            keys.add(access.keys().claim(each.endpoint));
            keys.add(access.keys().route(each.endpoint, access.self().name()));
        }
        return keys;
    }

    boolean isKnown() {
        return known;
    }

    void forget() {
        known = false;
        doubts++;
    }

    /** A transaction may still be made as long as the node's entry is at this revision. */
    void unsettled(long revision) {
        unsettledAt = revision;
        forget();
    }

    /** Returns whether what is read is final, because no earlier transaction can be made any more. */
    boolean isSettled(long revision) {
        if (unsettledAt == revision) return false;
        if (unsettledAt != SETTLED) forget();
        unsettledAt = SETTLED;
        return true;
    }

    /** Returns how often it was not known what the registry has. */
    int doubts() {
        return doubts;
    }

    /** Returns when it was last compared with the registry. */
    long checkedAt() {
        return checkedAt;
    }

    /**
     * Takes over what was read.
     *
     * @param doubtsBefore {@link #doubts} when it was asked for; what was seen may be older than later doubts
     */
    void read(List<String> keys, Snapshot seen, int doubtsBefore, long now) {
        for (String key : keys) {
            Entry entry = seen.find(key);
            seen(key, entry);
            if (entry != null) seenSince.putIfAbsent(key, now);
        }
        known = doubts == doubtsBefore;
        checkedAt = now;
    }

    /** Takes over what a transaction has changed. */
    void made(List<Transaction.Operation> operations, long revision) {
        for (Transaction.Operation each : operations) {
            seenSince.remove(each.key());
            if (each instanceof Transaction.Put put) {
                entries.put(put.key(), new Entry(put.key(), put.value(), revision, put.lease()));
            } else {
                entries.remove(each.key());
            }
        }
    }

    /** Takes over what a transaction has stored that concerns all that the registry has of the tunnel. */
    void stored(List<Transaction.Operation> operations, long revision, long now) {
        made(operations, revision);
        known = true;
        checkedAt = now;
    }

    /** Takes over one entry; null if it is not there. */
    void seen(String key, @Nullable Entry entry) {
        if (entry == null || entry.revision() != revision(key)) seenSince.remove(key);
        entries.remove(key);
        if (entry != null) entries.put(key, entry);
    }

    @Nullable
    Entry entry(String key) {
        return entries.get(key);
    }

    /** Returns when an entry was read first at its revision; {@code now} if it was not read since it was changed. */
    long seenSince(Entry entry, long now) {
        return seenSince.getOrDefault(entry.key(), now);
    }

    long revision(String key) {
        Entry entry = entries.get(key);
        return entry == null ? 0 : entry.revision();
    }
}
