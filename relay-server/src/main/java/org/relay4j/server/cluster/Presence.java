package org.relay4j.server.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.Commit;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryLeaseException;
import org.relay4j.server.registry.RegistryUnavailableException;
import org.relay4j.server.registry.Transaction;

/*
 * The entry of the node is also the fence of its own writes. Each transaction of the node has the condition that the entry is at the
 * revision that the node knows. When the outcome of a transaction is not known, the node first writes its entry anew: from then on the
 * transaction can no longer be made, however late it arrives, and what is read afterwards is final. The same condition refuses the
 * writes of a process whose name another process has taken.
 */
/** The entry of a node in the registry, and its two leases. Confined to the executor of the node. */
final class Presence {
    /*
     * More than 300 lines because each way in which the entry is written, or is found to be another's, changes the same state. Leases
     * are kept by HeldLease.
     */

    private static final long SILENCE = Duration.ofSeconds(2).toNanos(); // without an answer, until SUSPENDED
    private static final long FOREIGN_RETRY = Duration.ofMillis(500).toNanos();
    private static final int MOST_ATTEMPTS = 4;

    private final Access access;
    private final Events events;
    private final HeldLease routeLease;
    private final HeldLease claimLease;
    private final List<Waiting> waiting = new ArrayList<>(); // for the entry to be written anew
    private Fence fence;
    private NodeInfo info;
    private long revision; // of the entry, as far as known; 0: not there
    private long writtenAt; // highest revision at which this process has written the entry; 0: it has not
    private long damagedAt; // revision at which the entry was seen damaged while it was being written; 0: it was not
    private long reportedAt; // revision of the damaged entry that was reported last
    private boolean registered;
    private boolean writing;
    private long retryAt;
    private @Nullable RegistryException failure; // the last one before the node was registered
    private volatile RegistryState state = RegistryState.SUSPENDED;

    /** Called on the executor of the node. */
    interface Events {
        /** The node is registered: for the first time, or after its lease had ended. */
        void registered();

        /** There is a new lease for claims, or the lease was not renewed for a while: claims have to be compared. */
        void claimLease();

        /** Another process has the name of this node. Called each time it is seen. */
        void foreign(NodeInfo other);

        /** The entry of this node cannot be read. It is about to be replaced. */
        void damaged(Entry entry);

        void state(RegistryState now);
    }

    private record Waiting(Runnable done, Consumer<RegistryException> failed) {}

    Presence(Access access, Events events) {
        this.access = access;
        this.events = events;
        ClusterTimes times = access.settings().times();
        info = access.settings().self();
        fence = new Fence(access.now());
        retryAt = access.now();
        routeLease = new HeldLease(access, times.node(), times.nodeRenewal(), new RouteLease());
        claimLease = new HeldLease(access, times.claim(), times.claimRenewal(), new ClaimLease());
    }

    void start() {
        routeLease.start();
        claimLease.start();
    }

    RegistryState state() {
        return state;
    }

    NodeInfo info() {
        return info;
    }

    /** Returns the lease of routes; 0 if there is none at present. */
    long routes() {
        return routeLease.number();
    }

    /** Returns the lease of claims; 0 if there is none at present. */
    long claims() {
        return claimLease.number();
    }

    /** Returns the fence of claims that are compared with the registry, or made, from now on. */
    Fence fence() {
        return fence;
    }

    /** Returns the revision that the entry must have when the node writes. */
    long revision() {
        return revision;
    }

    /** Returns why the node could not register when it tried last; null if it is registered, or nothing has failed. */
    @Nullable
    RegistryException failure() {
        return registered ? null : failure;
    }

    /** Returns whether the node can write. */
    boolean isReady() {
        return registered && routeLease.number() != 0 && claimLease.number() != 0;
    }

    void tick() {
        routeLease.tick();
        claimLease.tick();
        if (!registered && routeLease.number() != 0 && retryAt - access.now() <= 0) write();
        updateState();
    }

    private void updateState() {
        boolean silent = access.now() - routeLease.confirmedAt() > SILENCE;
        RegistryState now = isReady() && !silent ? RegistryState.CONNECTED : RegistryState.SUSPENDED;
        if (now == state) return;
        state = now;
        events.state(now);
    }

    /** Something suggests that the leases have ended, or the entry is not there. */
    void suspect() {
        routeLease.suspect();
        claimLease.suspect();
    }

    /** Tells the other nodes that this one is about to leave. */
    void drain(Runnable done, Consumer<RegistryException> failed) {
        info = info.draining(true);
        rewrite(done, failed);
    }

    /** Called when a transaction was refused: the entry may have been written meanwhile. */
    void seen(@Nullable Entry entry) {
        if (entry == null) {
            revision = 0;
            left();
        } else if (isOwn(entry)) {
            revision = entry.revision();
        } else if (isDamaged(entry)) {
            damaged(entry);
        } else if (isFromBackup(entry)) {
            revision = entry.revision();
            if (registered) write(); // otherwise the next tick does
        } else {
            foreign(entry);
        }
    }

    /** Called when the watch shows the entry of this node; null: it is not there. */
    void watched(@Nullable Entry entry) {
        if (entry == null) {
            suspect();
        } else if (isDamaged(entry) && entry.revision() > revision) {
            damaged(entry);
        }
    }

    private boolean isDamaged(Entry entry) {
        return NodeText.parse(info.name(), entry.value()) == null;
    }

    /**
     * Returns whether an entry is older than that of this process. Revisions grow, so only a backup brings it back, of the process that had
     * this name before.
     */
    private boolean isFromBackup(Entry entry) {
        return entry.revision() < writtenAt && !isOwn(entry);
    }

    /** An entry that cannot be read is nobody's, and is replaced. */
    private void damaged(Entry entry) {
        report(entry);
        damagedAt = entry.revision();
        if (writing) return;
        replaceDamaged();
    }

    private void report(Entry damaged) {
        if (damaged.revision() != reportedAt) events.damaged(damaged);
        reportedAt = damaged.revision();
    }

    private void replaceDamaged() {
        revision = damagedAt;
        damagedAt = 0;
        if (registered) write(); // otherwise the next tick does
    }

    private boolean isOwn(Entry entry) {
        NodeInfo other = NodeText.parse(info.name(), entry.value());
        return other != null && other.incarnation().equals(info.incarnation());
    }

    /** Makes sure that no transaction that was sent with an earlier revision of the entry can be made any more. */
    void settle(long sentWith, Runnable done, Consumer<RegistryException> failed) {
        if (registered && revision != sentWith) {
            done.run();
        } else {
            rewrite(() -> settle(sentWith, done, failed), failed);
        }
    }

    private void rewrite(Runnable done, Consumer<RegistryException> failed) {
        if (!registered) {
            failed.accept(new RegistryUnavailableException("the node is not registered at present", null, false));
            return;
        }
        waiting.add(new Waiting(done, failed));
        write();
    }

    private void write() {
        if (!writing) attempt(1, List.copyOf(waiting));
    }

    private void attempt(int number, List<Waiting> forThese) {
        waiting.removeAll(forThese);
        if (routeLease.number() == 0) {
            writing = false;
            failAll(forThese, new RegistryUnavailableException("the lease of the node has ended", null, false));
            return;
        }
        writing = true;
        Transaction put = Transaction.NONE
                .ifAt(access.selfKey(), revision)
                .put(access.selfKey(), NodeText.of(info), routeLease.number());
        access.requests()
                .sendFirst(
                        () -> access.store().commit(put),
                        commit -> answered(commit, number, forThese),
                        failure -> failed(failure, forThese));
    }

    private void answered(Commit commit, int number, List<Waiting> forThese) {
        Entry entry = commit.seen().find(access.selfKey());
        boolean isNobodys = entry == null || isOwn(entry) || isDamaged(entry) || isFromBackup(entry);
        if (!commit.done() && number < MOST_ATTEMPTS && isNobodys) {
            // Not there, or written by an earlier attempt: with another lease perhaps, or another state.
            if (entry != null && isDamaged(entry)) report(entry);
            revision = entry == null ? 0 : entry.revision();
            attempt(number + 1, forThese);
            return;
        }
        writing = false;
        if (commit.done()) {
            revision = commit.seen().revision();
            writtenAt = Math.max(writtenAt, revision);
            arrived();
            forThese.forEach(each -> each.done().run());
        } else {
            if (entry != null && !isNobodys) foreign(entry);
            fail(forThese, new RegistryUnavailableException("the node's entry cannot be written", null, false));
        }
        if (!registered) {
            failAll(List.of(), new RegistryUnavailableException("the node is not registered at present", null, false));
        } else if (damagedAt > revision) {
            replaceDamaged();
        } else if (!waiting.isEmpty()) {
            write();
        }
    }

    private void failed(RegistryException failure, List<Waiting> forThese) {
        writing = false;
        this.failure = failure;
        if (failure instanceof RegistryLeaseException) suspect();
        retryAt = access.now() + FOREIGN_RETRY;
        failAll(forThese, failure); // the others would have to wait as long again
    }

    private void failAll(List<Waiting> first, RegistryException why) {
        List<Waiting> all = new ArrayList<>(first);
        all.addAll(waiting);
        waiting.clear();
        fail(all, why);
    }

    private static void fail(List<Waiting> these, RegistryException why) {
        these.forEach(each -> each.failed().accept(why));
    }

    private void arrived() {
        if (registered) return;
        registered = true;
        events.registered();
        updateState();
    }

    private void foreign(Entry entry) {
        retryAt = access.now() + FOREIGN_RETRY;
        left();
        NodeInfo other = NodeText.parse(info.name(), entry.value());
        revision = 0;
        if (other != null) events.foreign(other);
    }

    private void left() {
        registered = false;
        updateState();
    }

    /** Stops renewing the leases. */
    void close() {
        routeLease.close();
        claimLease.close();
        registered = false;
    }

    private final class RouteLease implements HeldLease.Listener {
        @Override
        public void granted(long sentAt) {
            if (!registered) write();
        }

        @Override
        public void renewed(long sentAt) {
            updateState();
        }

        @Override
        public void ended() {
            left();
        }

        @Override
        public void failed(RegistryException why) {
            failure = why;
            updateState();
        }
    }

    private final class ClaimLease implements HeldLease.Listener {
        private long end(long sentAt) {
            ClusterTimes times = access.settings().times();
            return sentAt + times.claim().minus(times.margin()).toNanos();
        }

        @Override
        public void granted(long sentAt) {
            fence = new Fence(end(sentAt)); // claims on the lease before keep their own
            events.claimLease();
            updateState();
        }

        @Override
        public void renewed(long sentAt) {
            long end = end(sentAt);
            Duration longest = access.settings().times().claim().dividedBy(10); // without a comparison of claims
            if (fence.allows(end - longest.toNanos())) {
                fence.extend(end);
                return;
            }
            // Meanwhile another node may have given up claims that it shared with this one: they keep their deadline
            // until they are compared.
            fence = new Fence(end);
            events.claimLease();
        }

        @Override
        public void ended() {
            updateState();
        }

        @Override
        public void failed(RegistryException why) {
            failure = why;
            updateState();
        }
    }
}
