package org.relay4j.registry.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.registry.testing.Requested.failure;
import static org.relay4j.registry.testing.Requested.get;
import static org.relay4j.registry.testing.Requested.put;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryLeaseException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;
import org.relay4j.server.registry.Transaction;
import org.relay4j.testing.Await;

/** Answers that are lost, administrators at work, full disks and restored backups, with real etcd. */
@Tag("peers")
class EtcdFaultsIT extends EtcdStores {
    @Test
    void aTransactionWhoseAnswerIsLostIsMadeOnceAndReportedAsUnknown() throws Exception {
        try (EtcdMembers etcd = EtcdMembers.start(1);
                AnswerProxy proxy = new AnswerProxy(etcd.port(0))) {
            RegistryStore direct = open(etcd.endpoint(0));
            RegistryStore store = open(proxy.endpoint());
            Recorded watch = new Recorded();
            direct.watch(List.of(root), put(store, root + "a", "", 0), watch);
            proxy.swallow();
            var commit = store.commit(Transaction.NONE.put(root + "b", "", 0));
            proxy.awaitSwallowed();
            assertFalse(failure(RegistryUnavailableException.class, commit).isOutcomeKnown());
            put(direct, root + "c", "", 0);
            Await.until("the watch has seen the end", () -> watch.saw(root + "c"));
            assertEquals(
                    List.of(root + "b", root + "c"),
                    watch.changes.stream().map(change -> change.key()).toList());
        }
    }

    @Test
    void whatMayBeRepeatedIsAskedAtTheNextEndpoint() throws Exception {
        try (EtcdMembers etcd = EtcdMembers.start(1);
                AnswerProxy proxy = new AnswerProxy(etcd.port(0))) {
            put(open(etcd.endpoint(0)), root + "a", "", 0);
            proxy.swallow();
            RegistryStore store = open(proxy.endpoint() + "," + etcd.endpoint(0));
            long lease = get(store.grant(Duration.ofMinutes(1)));
            assertEquals(1, get(store.readAll(root)).entries().size());
            assertTrue(get(store.renew(lease)));
            // Nobody listens there: what was certainly not sent is sent elsewhere, also a transaction.
            for (int i = 0; i < 4; i++) {
                put(open("http://127.0.0.1:1," + etcd.endpoint(0)), root + "b" + i, "", 0);
            }
        }
    }

    @Test
    void aSilentWatchIsReplacedAndEndsIfItHasMissedForgottenHistory() throws Exception {
        try (EtcdMembers etcd = EtcdMembers.start(1);
                AnswerProxy proxy = new AnswerProxy(etcd.port(0))) {
            RegistryStore direct = open(etcd.endpoint(0));
            long revision = put(direct, root + "a", "", 0);
            Recorded behind = new Recorded();
            Recorded replaced = new Recorded();
            open(proxy.endpoint()).watch(List.of(root), revision, behind);
            open(proxy.endpoint() + "," + etcd.endpoint(0)).watch(List.of(root), revision, replaced);
            put(direct, root + "b", "", 0);
            Await.until("both see it", () -> behind.saw(root + "b") && replaced.saw(root + "b"));
            proxy.swallow();
            put(direct, root + "c", "", 0);
            put(direct, root + "d", "", 0);
            Await.until("the one with another endpoint is replaced", () -> replaced.saw(root + "d"));
            assertFalse(behind.saw(root + "c"));
            etcd.compact(put(direct, root + "e", "", 0));
            proxy.passAgain();
            Await.until("the other one has ended", () -> behind.end != null);
            assertTrue(behind.end.getMessage().contains("compacted"), behind.end::getMessage);
            Await.until("the replaced one goes on", () -> replaced.saw(root + "e"));
            assertNull(replaced.end);
        }
    }

    @Test
    void aLeaseThatIsRevokedByHandHasEnded() throws Exception {
        try (EtcdMembers etcd = EtcdMembers.start(1)) {
            RegistryStore store = open(etcd.endpoint(0));
            long lease = get(store.grant(Duration.ofMinutes(1)));
            Recorded watch = new Recorded();
            store.watch(List.of(root), put(store, root + "a", "", lease), watch);
            etcd.control("lease", "revoke", Long.toHexString(lease));
            Await.until("its key is deleted", () -> !watch.changes.isEmpty());
            assertNull(watch.changes.get(0).entry());
            assertFalse(get(store.renew(lease)));
            failure(RegistryLeaseException.class, store.commit(Transaction.NONE.put(root + "b", "", lease)));
        }
    }

    @Test
    void aFullDiskIsReportedWithTheRemedy() throws Exception {
        try (EtcdMembers etcd = EtcdMembers.start(1, "--quota-backend-bytes=2000000")) {
            RegistryStore store = open(etcd.endpoint(0));
            String large = "x".repeat(RegistryStore.LONGEST_VALUE);
            RegistryException full = null;
            for (int i = 0; full == null && i < 100; i++) {
                try {
                    put(store, root + i, large, 0);
                } catch (RegistryException e) {
                    full = e;
                }
            }
            assertTrue(full != null && full.getMessage().contains("etcdctl alarm disarm"), "" + full);
            assertRefused(store.check(root), "quota", "--quota-backend-bytes");
            List<Entry> kept = get(store.readAll(root)).entries();
            assertTrue(get(store.commit(Transaction.NONE.delete(kept.get(0).key())))
                    .done());
            assertEquals(kept.size() - 1, get(store.readAll(root)).entries().size());
        }
    }

    @Test
    void aRestoredBackupEndsAllWatches(@TempDir Path backup) throws Exception {
        try (EtcdMembers etcd = EtcdMembers.start(1)) {
            RegistryStore store = open(etcd.endpoint(0));
            put(store, root + "old", "", 0);
            etcd.kill(0);
            copy(etcd.data(0), backup);
            etcd.run(0);
            Await.until("etcd answers again", () -> answers(store));
            long revision = 0;
            for (int i = 0; i < 5; i++) revision = put(store, root + "lost" + i, "", 0);
            Recorded watch = new Recorded();
            store.watch(List.of(root), revision - 1, watch);
            Await.until("the watch has begun", () -> !watch.changes.isEmpty());
            etcd.kill(0);
            copy(backup, etcd.data(0));
            etcd.run(0);
            Await.until("the watch has ended", () -> watch.end != null);
            assertTrue(watch.end.getMessage().contains("backup"), watch.end::getMessage);
            Await.until("the store goes on", () -> answers(store));
            assertEquals(1, get(store.readAll(root)).entries().size());
            put(store, root + "new", "", 0);
        }
    }

    private boolean answers(RegistryStore store) throws Exception {
        try {
            get(store.readAll(root));
            return true;
        } catch (RegistryUnavailableException e) {
            return false;
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(to)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                if (!file.equals(to)) Files.delete(file);
            }
        }
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                if (!file.equals(from)) Files.copy(file, to.resolve(from.relativize(file)));
            }
        }
    }
}
