package org.relay4j.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.Change;
import org.relay4j.server.registry.Commit;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;
import org.relay4j.server.registry.Snapshot;
import org.relay4j.server.registry.Transaction;

/** A store that a test can cut off from its node: requests fail at once, and with {@link #cutAll} changes are not reported. */
final class CutStore implements RegistryStore {
    private final RegistryStore store;
    private volatile boolean cut;
    private volatile @Nullable RegistryException refusal; // of everything that needs room
    private volatile boolean closed;
    private final ReentrantLock lock = new ReentrantLock(); // keeps reports in order
    private boolean silent; // guarded by lock
    private final List<Runnable> unreported = new ArrayList<>(); // guarded by lock
    private final AtomicReference<Runnable> meanwhile = new AtomicReference<>(() -> {});
    private volatile CompletionStage<Void> late = CompletableFuture.completedFuture(null);

    CutStore(RegistryStore store) {
        this.store = store;
    }

    void cut() {
        cut = true;
    }

    /** The store refuses everything that needs room, as etcd does beyond its quota. */
    void fill(String why) {
        refusal = new RegistryException(why, null);
    }

    private <T> CompletionStage<T> put(Supplier<CompletionStage<T>> request) {
        RegistryException why = refusal;
        return why == null ? ask(request) : CompletableFuture.failedFuture(why);
    }

    /** Requests fail, and changes are not reported until the store is mended. */
    void cutAll() {
        lock.lock();
        try {
            silent = true;
        } finally {
            lock.unlock();
        }
        cut = true;
    }

    boolean isClosed() {
        return closed;
    }

    /** Reports the changes that were made meanwhile. */
    void mend() {
        lock.lock();
        try {
            cut = false;
            silent = false;
            unreported.forEach(Runnable::run);
            unreported.clear();
        } finally {
            lock.unlock();
        }
    }

    /** Has something happen just before the next change is stored. */
    void meanwhile(Runnable event) {
        meanwhile.set(event);
    }

    /** Claims are made from now on, and their answers wait for a stage. */
    void delayClaims(CompletionStage<Void> until) {
        late = until;
    }

    private static boolean isClaim(Transaction transaction) {
        return transaction.operations().stream()
                .anyMatch(each -> each instanceof Transaction.Put && each.key().contains("/c/"));
    }

    private <T> CompletionStage<T> ask(Supplier<CompletionStage<T>> request) {
        if (!cut) return request.get();
        return CompletableFuture.failedFuture(new RegistryUnavailableException("cut off", null, true));
    }

    @Override
    public CompletionStage<Void> check(String prefix) {
        return ask(() -> store.check(prefix));
    }

    @Override
    public CompletionStage<Long> grant(Duration timeToLive) {
        return put(() -> store.grant(timeToLive));
    }

    @Override
    public CompletionStage<Boolean> renew(long lease) {
        return ask(() -> store.renew(lease));
    }

    @Override
    public CompletionStage<Void> revoke(long lease) {
        return ask(() -> store.revoke(lease));
    }

    @Override
    public CompletionStage<Commit> commit(Transaction transaction) {
        meanwhile.getAndSet(() -> {}).run();
        CompletionStage<Commit> made = put(() -> store.commit(transaction));
        return isClaim(transaction) ? made.thenCombine(late, (commit, unused) -> commit) : made;
    }

    @Override
    public CompletionStage<Snapshot> read(Collection<String> keys) {
        return ask(() -> store.read(keys));
    }

    @Override
    public CompletionStage<Snapshot> readAll(String prefix) {
        return ask(() -> store.readAll(prefix));
    }

    @Override
    public Watch watch(Collection<String> prefixes, long after, Watcher watcher) {
        return store.watch(prefixes, after, new Watcher() {
            @Override
            public void changed(long revision, Collection<Change> changes) {
                report(() -> watcher.changed(revision, changes));
            }

            @Override
            public void ended(RegistryException why) {
                report(() -> watcher.ended(why));
            }
        });
    }

    private void report(Runnable report) {
        lock.lock();
        try {
            if (silent) unreported.add(report);
            else report.run();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        closed = true;
        store.close();
    }
}
