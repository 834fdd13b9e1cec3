package org.relay4j.registry.postgresql;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.relay4j.server.registry.Commit;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.Snapshot;
import org.relay4j.server.registry.Transaction;

/**
 * A store in PostgreSQL. The rules of revisions, leases and the clock are in {@code schema-1.sql}; what this package adds is threads,
 * deadlines and connections.
 */
final class PostgresqlStore implements RegistryStore {
    private final Schema schema;
    private final Requests requests;
    private final Watches watches;

    PostgresqlStore(Database database) {
        Problems problems = new Problems(database);
        schema = new Schema(database, problems);
        requests = new Requests(database, problems);
        watches = new Watches(database, problems);
    }

    @Override
    public CompletionStage<Void> check(String prefix) {
        return requests.submit(Request.Kind.CHECK, (connection, deadline) -> {
                    schema.check(connection, prefix, deadline);
                    return true;
                })
                .thenRun(() -> {});
    }

    @Override
    public CompletionStage<Long> grant(Duration timeToLive) {
        RegistryStore.requireTimeToLive(timeToLive);
        long millis = timeToLive.toMillis();
        // A lease whose answer is lost expires.
        return requests.submit(Request.Kind.URGENT, (connection, deadline) -> {
            long lease = Functions.grant(connection, deadline, millis);
            watches.start();
            return lease;
        });
    }

    @Override
    public CompletionStage<Boolean> renew(long lease) {
        return requests.submit(
                Request.Kind.URGENT, (connection, deadline) -> Functions.renew(connection, deadline, lease));
    }

    @Override
    public CompletionStage<Void> revoke(long lease) {
        return requests.submit(Request.Kind.REPEATABLE, (connection, deadline) -> {
                    Functions.revoke(connection, deadline, lease);
                    return true;
                })
                .thenRun(() -> {});
    }

    @Override
    public CompletionStage<Commit> commit(Transaction transaction) {
        transaction.requireWork();
        return requests.submit(
                Request.Kind.ONCE, (connection, deadline) -> Functions.commit(connection, deadline, transaction));
    }

    @Override
    public CompletionStage<Snapshot> read(Collection<String> keys) {
        Transaction.requireKeys(keys);
        List<String> wanted = List.copyOf(keys);
        return requests.submit(
                Request.Kind.REPEATABLE, (connection, deadline) -> Functions.read(connection, wanted, null));
    }

    @Override
    public CompletionStage<Snapshot> readAll(String prefix) {
        return requests.submit(
                Request.Kind.REPEATABLE, (connection, deadline) -> Functions.read(connection, List.of(), prefix));
    }

    @Override
    public Watch watch(Collection<String> prefixes, long after, Watcher watcher) {
        RegistryStore.requirePrefixes(prefixes);
        return watches.add(prefixes, after, watcher);
    }

    @Override
    public void close() {
        watches.close();
        requests.close();
    }
}
