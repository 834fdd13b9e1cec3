package org.relay4j.server.registry;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongSupplier;

/**
 * A store in the memory of this process, for simulations and for tests of several nodes in one process. It keeps nothing when the
 * process ends, and the nodes of a real cluster cannot share it.
 *
 * <p>A request is made, and its stage completes, in one task of the store's executor, so there is no limit of requests under way. A
 * watch ends when it is 10,000 revisions behind.
 *
 * <p>Safe for use by several threads.
 */
public final class MemoryRegistryStore implements RegistryStore {
    private final MemoryRegistry registry;
    private final Executor executor;
    private final Set<MemoryWatch> watches = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /**
     * Creates an empty store. It has no clock of its own: leases whose time is over end at the next request, or when {@link
     * #endLeases} is called.
     *
     * @param nanoTime the time in nanoseconds, as that of {@link System#nanoTime}
     * @param executor makes requests, completes stages and calls watchers
     */
    public MemoryRegistryStore(LongSupplier nanoTime, Executor executor) {
        this(new MemoryRegistry(nanoTime), executor);
    }

    private MemoryRegistryStore(MemoryRegistry registry, Executor executor) {
        this.registry = registry;
        this.executor = executor;
    }

    /** Returns another store with the same entries and leases, as another node has it. Each of them is closed by itself. */
    public MemoryRegistryStore share(Executor executor) {
        return new MemoryRegistryStore(registry, executor);
    }

    /** Ends the leases whose time is over, and deletes their keys. Does not block. */
    public void endLeases() {
        registry.endLeases();
    }

    /** Forgets all changes up to now, as an administrator of etcd can: a watch that has not got to the present ends. */
    public void compact() {
        registry.compact();
    }

    /**
     * Makes a backup. The store keeps its revision in it.
     *
     * @return replaces the entries and leases of all stores that share them by those of the backup, which may be done more than once. The
     *     revision is that of the backup then, leases have their whole time to live, and watches end. Does not block.
     */
    public Runnable backup() {
        return registry.backup();
    }

    @Override
    public CompletionStage<Void> check(String prefix) {
        return request(() -> null);
    }

    @Override
    public CompletionStage<Long> grant(Duration timeToLive) {
        RegistryStore.requireTimeToLive(timeToLive);
        return request(() -> registry.grant(timeToLive.toNanos()));
    }

    @Override
    public CompletionStage<Boolean> renew(long lease) {
        return request(() -> registry.renew(lease));
    }

    @Override
    public CompletionStage<Void> revoke(long lease) {
        return request(() -> {
            registry.revoke(lease);
            return null;
        });
    }

    @Override
    public CompletionStage<Commit> commit(Transaction transaction) {
        transaction.requireWork();
        return request(() -> registry.commit(transaction));
    }

    @Override
    public CompletionStage<Snapshot> read(Collection<String> keys) {
        List<String> wanted = List.copyOf(keys);
        Transaction.requireKeys(wanted);
        return request(() -> registry.read(wanted));
    }

    @Override
    public CompletionStage<Snapshot> readAll(String prefix) {
        return request(() -> registry.readAll(prefix));
    }

    @Override
    public Watch watch(Collection<String> prefixes, long after, Watcher watcher) {
        RegistryStore.requirePrefixes(prefixes);
        MemoryWatch watch = new MemoryWatch(registry, executor, List.copyOf(prefixes), after, watcher);
        watches.removeIf(MemoryWatch::isOver);
        watches.add(watch);
        if (closed) watch.close();
        else watch.open();
        return watch;
    }

    @Override
    public void close() {
        closed = true;
        watches.forEach(MemoryWatch::close);
        watches.clear();
    }

    private <T> CompletionStage<T> request(Callable<T> request) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        try {
            executor.execute(() -> make(request, answer));
        } catch (RejectedExecutionException e) {
            answer.completeExceptionally(
                    new RegistryUnavailableException("the store's executor has rejected a request", e, true));
        }
        return answer;
    }

    private <T> void make(Callable<T> request, CompletableFuture<T> answer) {
        if (closed) {
            answer.completeExceptionally(new RegistryUnavailableException("the store is closed", null, true));
            return;
        }
        T result;
        try {
            result = request.call();
        } catch (Exception e) {
            answer.completeExceptionally(e);
            return;
        }
        answer.complete(result);
    }
}
