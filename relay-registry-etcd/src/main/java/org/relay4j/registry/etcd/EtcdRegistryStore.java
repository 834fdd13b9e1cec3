package org.relay4j.registry.etcd;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongFunction;
import org.relay4j.server.registry.Commit;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryLeaseException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;
import org.relay4j.server.registry.Snapshot;
import org.relay4j.server.registry.Transaction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A store in etcd, through its JSON gateway. Its state is confined to one thread; its methods are safe for use by several. */
final class EtcdRegistryStore implements RegistryStore {
    private static final Logger log = LoggerFactory.getLogger(EtcdRegistryStore.class);

    private final StoreThread thread = new StoreThread();
    private final Calls calls;
    private final Set<EtcdWatch> watches = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    EtcdRegistryStore(EtcdSettings settings) {
        calls = new Calls(settings, thread, this::replaced);
    }

    /** Makes a request on the store's thread. */
    private <T> CompletableFuture<T> request(LongFunction<CompletableFuture<T>> request) {
        CompletableFuture<T> result = new CompletableFuture<>();
        if (closed) {
            result.completeExceptionally(new RegistryUnavailableException(Calls.CLOSED, null, true));
            return result;
        }
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        thread.execute(() -> {
            var unused = request.apply(deadline).whenComplete((value, failure) -> {
                if (failure == null) result.complete(value);
                else result.completeExceptionally(reported(failure));
            });
        });
        return result;
    }

    private static Throwable reported(Throwable failure) {
        Throwable cause = cause(failure);
        if (!(cause instanceof IllegalArgumentException)) return cause;
        return new RegistryUnavailableException(
                "an answer of etcd is not understood: " + cause.getMessage(), cause, false);
    }

    private static Throwable cause(Throwable failure) {
        Throwable cause = failure.getCause();
        return failure instanceof CompletionException && cause != null ? cause : failure;
    }

    @Override
    public CompletionStage<Void> check(String prefix) {
        return request(deadline -> {
                    CompletableFuture<Void> readable = new CompletableFuture<>();
                    new EtcdCheck(calls, prefix, readable).start();
                    return readable;
                })
                .thenCompose(readable -> checkWriting(prefix + "check/" + UUID.randomUUID()));
    }

    private CompletionStage<Void> checkWriting(String key) {
        return grant(SHORTEST_LEASE)
                .thenCompose(lease -> commit(Transaction.NONE.ifAbsent(key).put(key, "", lease))
                        .thenCompose(written -> revoke(lease)));
    }

    @Override
    public CompletionStage<Long> grant(Duration timeToLive) {
        RegistryStore.requireTimeToLive(timeToLive);
        long seconds = timeToLive.plusSeconds(1).minusNanos(1).toSeconds(); // rounded up
        // A grant that is made twice leaves a lease without keys, which ends by itself.
        return request(deadline -> calls.send("/v3/lease/grant", Requests.grant(seconds), Call.Repeat.YES, deadline)
                .thenApply(answer -> answer.number("ID")));
    }

    @Override
    public CompletionStage<Boolean> renew(long lease) {
        return request(deadline -> calls.send("/v3/lease/keepalive", Requests.lease(lease), Call.Repeat.YES, deadline)
                .thenApply(answer -> answer.object("result").number("TTL") > 0));
    }

    @Override
    public CompletionStage<Void> revoke(long lease) {
        return request(deadline -> calls.send("/v3/lease/revoke", Requests.lease(lease), Call.Repeat.YES, deadline)
                .handle((answer, failure) -> {
                    if (failure == null || isLeaseNotFound(failure)) return null;
                    throw new CompletionException(failure);
                }));
    }

    private static boolean isLeaseNotFound(Throwable failure) {
        return failure instanceof EtcdRefusal refusal && refusal.isLeaseNotFound();
    }

    @Override
    public CompletionStage<Commit> commit(Transaction transaction) {
        transaction.requireWork();
        String body = Requests.transaction(transaction);
        return request(deadline -> calls.send("/v3/kv/txn", body, Call.Repeat.ONLY_IF_UNSENT, deadline)
                .handle((answer, failure) -> {
                    if (failure == null) return committed(answer);
                    if (!isLeaseNotFound(failure)) throw new CompletionException(failure);
                    throw new CompletionException(new RegistryLeaseException("a lease of the transaction has ended"));
                }));
    }

    private static Commit committed(Json answer) {
        boolean done = answer.flag("succeeded");
        List<Entry> found = done ? List.of() : Answers.found(answer);
        return new Commit(done, new Snapshot(Answers.revision(answer), found));
    }

    @Override
    public CompletionStage<Snapshot> read(Collection<String> keys) {
        Transaction.requireKeys(keys);
        String body = Requests.read(keys);
        return request(deadline -> calls.send("/v3/kv/txn", body, Call.Repeat.YES, deadline)
                .thenApply(answer -> new Snapshot(Answers.revision(answer), Answers.found(answer))));
    }

    @Override
    public CompletionStage<Snapshot> readAll(String prefix) {
        return request(deadline -> new Pages(calls, prefix, deadline).read());
    }

    @Override
    public Watch watch(Collection<String> prefixes, long after, Watcher watcher) {
        RegistryStore.requirePrefixes(prefixes);
        EtcdWatch watch = new EtcdWatch(calls, prefixes, after, watcher, watches::remove);
        watches.add(watch);
        if (closed) watch.close();
        else thread.execute(watch::open);
        return watch;
    }

    private void replaced(RegistryException why) {
        log.warn("The registry is to be read anew: {}", why.getMessage());
        List.copyOf(watches).forEach(watch -> watch.end(why));
    }

    @Override
    public void close() {
        closed = true;
        watches.forEach(EtcdWatch::close);
        thread.execute(calls::close);
    }
}
