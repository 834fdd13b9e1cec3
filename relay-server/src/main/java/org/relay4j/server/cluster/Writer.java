package org.relay4j.server.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.relay4j.server.registry.Commit;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryLeaseException;
import org.relay4j.server.registry.Snapshot;
import org.relay4j.server.registry.Transaction;

/**
 * Makes the transactions of a node. An outcome that is not known is settled by reading: a transaction is never repeated. Confined to
 * the executor of the node.
 */
final class Writer {
    private static final int MOST_ATTEMPTS = 8;

    private final Access access;
    private final Presence presence;

    /** Exactly one method is called, once. */
    interface Outcome {
        /** All changes were made, at this revision. */
        void done(long revision);

        /** No change was made, or the entries have changed since. The snapshot has the entries of all keys that were asked about. */
        void refused(Snapshot seen);

        /** The registry has not answered. Whether changes were made may not be known. */
        void failed(RegistryException why);
    }

    Writer(Access access, Presence presence) {
        this.access = access;
        this.presence = presence;
    }

    /** Makes a transaction, if the node is registered. Each key that is changed must have a condition. */
    void write(Transaction transaction, Outcome outcome) {
        attempt(transaction, outcome, 1);
    }

    private void attempt(Transaction transaction, Outcome outcome, int number) {
        if (!presence.isReady() || number > MOST_ATTEMPTS) {
            outcome.failed(Parts.unavailable("the node is not registered at present"));
            return;
        }
        long self = presence.revision();
        Transaction fenced = transaction.ifAt(access.selfKey(), self);
        access.requests()
                .send(
                        () -> access.store().commit(fenced),
                        commit -> answered(transaction, commit, outcome, number),
                        failure -> failed(transaction, failure, outcome, self));
    }

    private void answered(Transaction transaction, Commit commit, Outcome outcome, int number) {
        if (commit.done()) {
            outcome.done(commit.seen().revision());
        } else if (holds(transaction, commit.seen())) {
            presence.seen(commit.seen().find(access.selfKey())); // it was the only condition that did not hold
            attempt(transaction, outcome, number + 1);
        } else {
            outcome.refused(commit.seen());
        }
    }

    private static boolean holds(Transaction transaction, Snapshot seen) {
        return transaction.conditions().stream().allMatch(each -> {
            Entry entry = seen.find(each.key());
            return each.revision() == (entry == null ? 0 : entry.revision());
        });
    }

    private void failed(Transaction transaction, RegistryException failure, Outcome outcome, long self) {
        if (failure instanceof RegistryLeaseException) presence.suspect();
        if (Parts.isOutcomeKnown(failure)) {
            outcome.failed(failure);
            return;
        }
        Consumer<RegistryException> unsettled = why -> outcome.failed(failure);
        presence.settle(self, () -> readBack(transaction, outcome, unsettled), unsettled);
    }

    private void readBack(Transaction transaction, Outcome outcome, Consumer<RegistryException> unsettled) {
        List<String> keys = new ArrayList<>();
        transaction.conditions().forEach(each -> keys.add(each.key()));
        access.requests()
                .send(
                        () -> access.store().read(keys),
                        seen -> {
                            long revision = madeAt(transaction, seen);
                            if (revision > 0) {
                                outcome.done(revision);
                            } else {
                                outcome.refused(seen);
                            }
                        },
                        unsettled);
    }

    /** Returns the revision of a transaction that was made, as its changes show; 0 if they do not show it. */
    private static long madeAt(Transaction transaction, Snapshot seen) {
        long revision = 0;
        for (Transaction.Operation each : transaction.operations()) {
            Entry entry = seen.find(each.key());
            if (each instanceof Transaction.Put put) {
                if (entry == null || !isThere(put, entry)) return 0;
                if (revision > 0 && entry.revision() != revision) return 0;
                if (entry.revision() == condition(transaction, put.key())) return 0;
                revision = entry.revision();
            } else if (entry != null) {
                return 0;
            }
        }
        return revision > 0 ? revision : seen.revision(); // only deletions, and nothing is left
    }

    private static boolean isThere(Transaction.Put put, Entry entry) {
        return entry.value().equals(put.value()) && entry.lease() == put.lease();
    }

    private static long condition(Transaction transaction, String key) {
        return transaction.conditions().stream()
                .filter(each -> each.key().equals(key))
                .mapToLong(Transaction.Condition::revision)
                .findFirst()
                .orElse(0);
    }
}
