package org.relay4j.server.registry;

import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.concurrent.CompletionStage;

/**
 * The store that the nodes of a cluster share: keys and values, transactions, leases and watches, as etcd has them. It decides nothing
 * about tunnels: the rules of claims and routes are in the node. A store of one's own is tested with {@code RegistryStoreContract} of
 * the artifact relay-registry-testing.
 *
 * <p>Keys and values are text without U+0000 and without surrogates that are not a pair. A key has 1 to {@link #LONGEST_KEY}
 * characters, a value up to {@link #LONGEST_VALUE}. The order of keys is that of their code points.
 *
 * <p>Transactions are strictly serializable, and each that changes something has a revision greater than that of all before it. A
 * lease ends when it was not renewed for its time to live, counted from a moment <em>after</em> the renewal was sent; its keys are
 * deleted then, in one revision.
 *
 * <p>Safe for use by several threads; no method blocks. Each stage completes within {@link #PATIENCE}: with its result, or
 * exceptionally with a {@link RegistryUnavailableException}. Stages complete, and watchers are called, on threads of the store, so
 * a callback must not block. The store never repeats a transaction whose outcome it does not know.
 */
public interface RegistryStore extends AutoCloseable {
    /** The time after which a request has failed, whatever the store tries meanwhile. */
    Duration PATIENCE = Duration.ofSeconds(3);

    /** Maximum number of requests under way; others wait for their turn, within {@link #PATIENCE}. */
    int MOST_REQUESTS = 32;

    /** Maximum length of a key, in characters. */
    int LONGEST_KEY = 1024;

    /** Maximum length of a value, in characters. */
    int LONGEST_VALUE = 64 * 1024;

    /** The order of keys: by code point. */
    Comparator<String> KEY_ORDER = KeyOrder::compare;

    /** The shortest time to live of a lease. */
    Duration SHORTEST_LEASE = Duration.ofSeconds(2);

    /**
     * Checks that the store can be used: its version, its interfaces, and that the user may read and write the keys that begin with
     * {@code prefix}. Puts a key there and deletes it. It is several requests, so it may take several times
     * {@link #PATIENCE}.
     *
     * @return completes exceptionally with a {@link RegistryException} whose message names the problem and the remedy
     */
    CompletionStage<Void> check(String prefix);

    /**
     * Grants a lease.
     *
     * @param timeToLive at least {@link #SHORTEST_LEASE}; stores count in seconds and round up
     * @return the lease: a number greater than 0 that no other lease of this store has
     * @throws IllegalArgumentException if the time to live is shorter than that
     */
    CompletionStage<Long> grant(Duration timeToLive);

    /**
     * Renews a lease for its whole time to live.
     *
     * @return false if it has ended
     */
    CompletionStage<Boolean> renew(long lease);

    /** Ends a lease and deletes its keys, in one revision. Has no effect if it has ended. */
    CompletionStage<Void> revoke(long lease);

    /**
     * Makes all changes at once if all conditions hold, and none otherwise. At most {@link Transaction#MOST} conditions and as many
     * changes. A put with a lease that has ended fails the transaction with {@link RegistryLeaseException}.
     *
     * @throws IllegalArgumentException if it has no conditions and no operations
     */
    CompletionStage<Commit> commit(Transaction transaction);

    /**
     * Reads the entries with these keys, at one revision and in the order of their keys.
     *
     * @throws IllegalArgumentException if there are none, or more than {@link Transaction#MOST}
     */
    CompletionStage<Snapshot> read(Collection<String> keys);

    /** Reads all entries whose keys begin with {@code prefix}, in the order of their keys, at one revision. */
    CompletionStage<Snapshot> readAll(String prefix);

    /**
     * Reports the changes of all keys that begin with one of the prefixes, from the first one after a revision, in order and without a
     * gap. The store reconnects by itself; a watch that cannot continue without a gap ends with {@link Watcher#ended}.
     *
     * @param after the revision of a {@link #readAll}
     * @return ends the watch when it is closed
     * @throws IllegalArgumentException if there are no prefixes
     */
    Watch watch(Collection<String> prefixes, long after, Watcher watcher);

    /**
     * For stores: checks the time to live of a {@link #grant}.
     *
     * @throws IllegalArgumentException if it is shorter than {@link #SHORTEST_LEASE}
     */
    static void requireTimeToLive(Duration timeToLive) {
        if (timeToLive.compareTo(SHORTEST_LEASE) < 0) {
            throw new IllegalArgumentException(
                    "the time to live must be at least " + SHORTEST_LEASE + ", but is " + timeToLive);
        }
    }

    /**
     * For stores: checks the prefixes of a {@link #watch}.
     *
     * @throws IllegalArgumentException if there are none
     */
    static void requirePrefixes(Collection<String> prefixes) {
        if (prefixes.isEmpty()) throw new IllegalArgumentException("a watch without a prefix");
    }

    /** Ends all watches and fails all requests under way. Leases stay. Does not block. */
    @Override
    void close();

    /** A watch that is open. */
    interface Watch extends AutoCloseable {
        /** Ends the watch. After this method has returned, at most the call that is under way is completed. Does not block. */
        @Override
        void close();
    }

    /** Called with changes, one call after the other. */
    interface Watcher {
        /** The changes of one revision, in the order of their keys. */
        void changed(long revision, Collection<Change> changes);

        /**
         * The watch has ended: the store no longer has the next change, or its history was replaced, as after a restore from a backup.
         * The watcher is to read all anew.
         */
        void ended(RegistryException why);
    }
}
