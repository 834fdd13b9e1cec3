package org.relay4j.server.registry;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.Transaction.Condition;
import org.relay4j.server.registry.Transaction.Delete;
import org.relay4j.server.registry.Transaction.Operation;
import org.relay4j.server.registry.Transaction.Put;
import org.relay4j.yamux.io.OrderedLock;

/**
 * The entries, leases and history of {@link MemoryRegistryStore}s. Each request holds the lock from its first look to its last change,
 * which makes it atomic; watches are woken after that, without the lock. Safe for use by several threads.
 */
final class MemoryRegistry {
    private static final int MOST_REVISIONS = 10_000; // in the history

    /** The changes of one transaction, or of the end of one lease. */
    record Revision(long number, List<Change> changes) {}

    private static final class Lease {
        final long timeToLive; // nanoseconds
        final Set<String> keys = new HashSet<>();
        long end; // by nanoTime

        Lease(long timeToLive) {
            this.timeToLive = timeToLive;
        }
    }

    private final LongSupplier nanoTime;
    private final OrderedLock lock = OrderedLock.leaf("a registry in memory");
    // All guarded by lock:
    private final NavigableMap<String, Entry> entries = new TreeMap<>(RegistryStore.KEY_ORDER);
    private final Map<Long, Lease> leases = new HashMap<>();
    private final NavigableMap<Long, Revision> history = new TreeMap<>(); // by revision
    private final Set<MemoryWatch> watches = new LinkedHashSet<>();
    private long revision; // the last one
    private long forgotten; // the last revision that is not in the history
    private long lastLease;

    MemoryRegistry(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** Makes a request atomically, after leases whose time is over have ended, and then wakes the watches. */
    private <T, X extends Exception> T make(Request<T, X> request) throws X {
        List<MemoryWatch> woken = List.of();
        lock.lock();
        long before = revision;
        try {
            endOverdueLeases();
            return request.make();
        } finally {
            if (revision > before) woken = List.copyOf(watches);
            lock.unlock();
            woken.forEach(MemoryWatch::wake);
        }
    }

    private interface Request<T, X extends Exception> {
        T make() throws X;
    }

    void endLeases() {
        make(() -> revision);
    }

    void compact() {
        make(() -> {
            history.clear();
            forgotten = revision;
            return revision;
        });
    }

    /** Returns what restores the entries and leases of now, at the revision of now. Leases have their whole time from then on. */
    Runnable backup() {
        return make(() -> {
            Map<String, Entry> entriesNow = Map.copyOf(entries);
            Map<Long, Lease> leasesNow = new HashMap<>();
            leases.forEach((id, lease) -> {
                Lease copy = new Lease(lease.timeToLive);
                copy.keys.addAll(lease.keys);
                leasesNow.put(id, copy);
            });
            long revisionNow = revision;
            return () -> restore(entriesNow, leasesNow, revisionNow);
        });
    }

    private void restore(Map<String, Entry> entriesThen, Map<Long, Lease> leasesThen, long revisionThen) {
        List<MemoryWatch> ended;
        lock.lock();
        try {
            entries.clear();
            entries.putAll(entriesThen);
            leases.clear();
            leasesThen.forEach((id, lease) -> {
                Lease again = new Lease(lease.timeToLive);
                again.keys.addAll(lease.keys);
                again.end = nanoTime.getAsLong() + lease.timeToLive;
                leases.put(id, again);
            });
            history.clear();
            revision = revisionThen;
            forgotten = revisionThen;
            ended = List.copyOf(watches);
        } finally {
            lock.unlock();
        }
        ended.forEach(MemoryWatch::replaced);
    }

    long grant(long timeToLive) {
        return make(() -> {
            Lease lease = new Lease(timeToLive);
            lease.end = nanoTime.getAsLong() + timeToLive;
            leases.put(++lastLease, lease);
            return lastLease;
        });
    }

    boolean renew(long id) {
        return make(() -> {
            Lease lease = leases.get(id);
            if (lease == null) return false;
            lease.end = nanoTime.getAsLong() + lease.timeToLive;
            return true;
        });
    }

    void revoke(long id) {
        make(() -> {
            end(id);
            return revision;
        });
    }

    Snapshot read(List<String> keys) {
        return make(() -> snapshot(keys));
    }

    Snapshot readAll(String prefix) {
        return make(() -> {
            List<Entry> found = new ArrayList<>();
            for (Entry entry : entries.tailMap(prefix).values()) {
                if (!entry.key().startsWith(prefix)) break;
                found.add(entry);
            }
            return new Snapshot(revision, found);
        });
    }

    Commit commit(Transaction transaction) throws RegistryLeaseException {
        return make(() -> {
            List<String> keys =
                    transaction.conditions().stream().map(Condition::key).toList();
            if (!transaction.conditions().stream().allMatch(this::holds)) return new Commit(false, snapshot(keys));
            for (Operation operation : transaction.operations()) {
                if (operation instanceof Put put && put.lease() != 0 && !leases.containsKey(put.lease())) {
                    throw new RegistryLeaseException("the lease of " + put.key() + " has ended");
                }
            }
            change(transaction.operations());
            return new Commit(true, new Snapshot(revision, List.of()));
        });
    }

    private boolean holds(Condition condition) {
        Entry entry = entries.get(condition.key());
        return condition.revision() == (entry == null ? 0 : entry.revision());
    }

    private Snapshot snapshot(List<String> keys) {
        Set<String> ordered = new TreeSet<>(RegistryStore.KEY_ORDER);
        ordered.addAll(keys);
        List<Entry> found = new ArrayList<>();
        for (String key : ordered) {
            Entry entry = entries.get(key);
            if (entry != null) found.add(entry);
        }
        return new Snapshot(revision, found);
    }

    private void endOverdueLeases() {
        long now = nanoTime.getAsLong();
        List<Long> overdue = new ArrayList<>();
        leases.forEach((id, lease) -> {
            if (now - lease.end >= 0) overdue.add(id);
        });
        overdue.forEach(this::end);
    }

    private void end(long id) {
        Lease lease = leases.remove(id);
        if (lease == null) return;
        List<Operation> deletes = new ArrayList<>();
        for (String key : lease.keys) deletes.add(new Delete(key));
        change(deletes);
    }

    private void change(List<Operation> operations) {
        long next = revision + 1;
        NavigableMap<String, Change> changes = new TreeMap<>(RegistryStore.KEY_ORDER);
        for (Operation operation : operations) {
            Entry old = entries.remove(operation.key());
            if (old != null) forget(old);
            Entry entry = null;
            if (operation instanceof Put put) entry = put(new Entry(put.key(), put.value(), next, put.lease()));
            if (old != null || entry != null) changes.put(operation.key(), new Change(operation.key(), entry));
        }
        if (changes.isEmpty()) return;
        revision = next;
        history.put(next, new Revision(next, List.copyOf(changes.values())));
        if (history.size() > MOST_REVISIONS)
            forgotten = history.pollFirstEntry().getKey();
    }

    private void forget(Entry old) {
        Lease lease = leases.get(old.lease());
        if (lease != null) lease.keys.remove(old.key());
    }

    private Entry put(Entry entry) {
        entries.put(entry.key(), entry);
        Lease lease = leases.get(entry.lease());
        if (lease != null) lease.keys.add(entry.key());
        return entry;
    }

    void add(MemoryWatch watch) {
        make(() -> watches.add(watch));
    }

    void remove(MemoryWatch watch) {
        make(() -> watches.remove(watch));
    }

    /** Returns the changes after a revision; null if some of them have been forgotten. */
    @Nullable
    List<Revision> since(long after) {
        lock.lock();
        try {
            return after < forgotten
                    ? null
                    : List.copyOf(history.tailMap(after, false).values());
        } finally {
            lock.unlock();
        }
    }
}
