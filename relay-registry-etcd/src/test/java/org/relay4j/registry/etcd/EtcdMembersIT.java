package org.relay4j.registry.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.registry.testing.Requested.get;
import static org.relay4j.registry.testing.Requested.put;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;
import org.relay4j.server.registry.Transaction;
import org.relay4j.testing.Await;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Three members of etcd, of which the leader fails under load. */
@Tag("peers")
class EtcdMembersIT extends EtcdStores {
    private static final Logger LOG = LoggerFactory.getLogger(EtcdMembersIT.class);
    private static final Duration TTL = Duration.ofSeconds(3);
    private static EtcdMembers etcd;

    @BeforeAll
    static void start() throws IOException {
        etcd = EtcdMembers.start(3);
    }

    @AfterAll
    static void end() throws IOException {
        etcd.close();
    }

    private interface Fault {
        void on(int member) throws IOException;
    }

    @Test
    void theDeathOfTheLeaderLosesNothing() throws Exception {
        surviving(etcd::kill, etcd::run);
    }

    @Test
    void aPausedLeaderLosesNothing() throws Exception {
        surviving(etcd::suspend, etcd::resume);
    }

    /**
     * Counts by transactions and keeps a lease while the leader fails: each count that was acknowledged is there, each with an unknown
     * outcome is settled by reading, the lease does not end early, and a watch shows everything.
     */
    private void surviving(Fault fault, Fault repair) throws Exception {
        RegistryStore store = open(etcd.endpoints());
        long lease = get(store.grant(TTL));
        put(store, root + "lease", "", lease);
        long revision = put(store, root + "count", "0", 0);
        Recorded watch = new Recorded();
        open(etcd.endpoints()).watch(List.of(root), revision, watch);
        AtomicBoolean stop = new AtomicBoolean();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread keeper = new Thread(() -> keep(store, lease, stop, failure), "test-keeper");
        keeper.start();
        Counter counter = new Counter(store, root + "count");
        while (counter.count < 50) counter.raise();
        int leader = etcd.leader();
        long begin = System.nanoTime();
        fault.on(leader);
        int before = counter.count;
        while (counter.count == before) counter.raise();
        Duration gap = Duration.ofNanos(System.nanoTime() - begin);
        while (counter.count < before + 50) counter.raise();
        repair.on(leader);
        while (counter.count < before + 100) counter.raise();
        stop.set(true);
        keeper.join();
        assertNull(failure.get(), () -> "" + failure.get());
        LOG.info("The first transaction after the fault was made after {} ms", gap.toMillis());
        assertTrue(gap.compareTo(Duration.ofSeconds(10)) < 0, gap::toString);
        String last = "" + counter.count;
        Await.until(
                "the watch has seen the last count",
                () -> !watch.changes.isEmpty()
                        && watch.changes
                                .get(watch.changes.size() - 1)
                                .entry()
                                .value()
                                .equals(last));
        List<String> counts =
                watch.changes.stream().map(change -> change.entry().value()).toList();
        for (int i = 0; i < counts.size(); i++) assertEquals("" + (i + 1), counts.get(i));
        assertEquals(counter.count, counts.size());
        assertNull(watch.end);
    }

    /** Renews a lease, and checks that its key is there until the deadline that a node computes. */
    private void keep(RegistryStore store, long lease, AtomicBoolean stop, AtomicReference<Throwable> failure) {
        long sent = System.nanoTime();
        while (!stop.get() && failure.get() == null) {
            try {
                long before = System.nanoTime();
                if (get(store.renew(lease))) sent = before;
                boolean there = get(store.read(List.of(root + "lease"))).find(root + "lease") != null;
                long age = System.nanoTime() - sent;
                if (!there && age < TTL.toNanos()) {
                    failure.set(new AssertionError("the lease had ended after " + Duration.ofNanos(age)));
                }
                if (!there) return; // as it may, if the fault took longer than the lease
            } catch (RegistryUnavailableException e) {
                LOG.debug("no answer", e);
            } catch (Throwable e) {
                failure.set(e);
            }
        }
    }

    /** Counts in one entry; an unknown outcome is settled by reading. */
    private static final class Counter {
        private final RegistryStore store;
        private final String key;
        private int count;
        private long revision;

        Counter(RegistryStore store, String key) throws Exception {
            this.store = store;
            this.key = key;
            read();
        }

        void raise() throws Exception {
            String next = "" + (count + 1);
            try {
                var commit =
                        get(store.commit(Transaction.NONE.ifAt(key, revision).put(key, next, 0)));
                if (!commit.done()) throw new AssertionError("counted by somebody else: " + commit);
                count++;
                revision = commit.seen().revision();
            } catch (RegistryUnavailableException e) {
                LOG.debug("no answer", e);
                settle(e);
            }
        }

        /** Reads until there is an answer: the count is the one before, or one more if the outcome was unknown. */
        private void settle(RegistryUnavailableException why) throws Exception {
            int before = count;
            while (true) {
                try {
                    read();
                    break;
                } catch (RegistryUnavailableException e) {
                    LOG.debug("no answer", e);
                }
            }
            boolean possible = count == before || (count == before + 1 && !why.isOutcomeKnown());
            if (!possible) throw new AssertionError(count + " after " + before + " and " + why);
        }

        private void read() throws Exception {
            Entry entry = get(store.read(List.of(key))).entries().get(0);
            count = Integer.parseInt(entry.value());
            revision = entry.revision();
        }
    }
}
