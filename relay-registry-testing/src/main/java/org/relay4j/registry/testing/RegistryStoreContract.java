package org.relay4j.registry.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.registry.testing.Requested.failure;
import static org.relay4j.registry.testing.Requested.get;
import static org.relay4j.registry.testing.Requested.put;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.relay4j.server.registry.Change;
import org.relay4j.server.registry.Commit;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryLeaseException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;
import org.relay4j.server.registry.Snapshot;
import org.relay4j.server.registry.Transaction;

/**
 * The rules of {@link RegistryStore}, for every store to be tested against. All keys of the tests begin with {@code /relay-test/}, and
 * remain in the registry. A run takes about 15 seconds, in which the tests wait for leases to end; those that wait longest have the
 * tag {@code slow}.
 *
 * <pre>{@code
 * class MyStoreTest extends RegistryStoreContract {
 *     @Override
 *     protected RegistryStore open() {
 *         return new MyStore(address);
 *     }
 *
 *     @Override
 *     protected void compact(long revision) throws Exception {
 *         administrator.forgetHistoryUpTo(revision);
 *     }
 * }
 * }</pre>
 */
public abstract class RegistryStoreContract extends RegistryContract {
    /** Called by the class of the tests. */
    protected RegistryStoreContract() {}

    /**
     * Has the registry forget the history up to a revision, as its administrator may do at any time, so that a watch from an earlier
     * one cannot continue.
     */
    protected abstract void compact(long revision) throws Exception;

    @Test
    void aRegistryThatCanBeUsedPassesItsCheck() throws Exception {
        RegistryStore store = store();
        get(store.check(root));
        assertEquals(List.of(), get(store.readAll(root)).entries());
    }

    @Test
    void anEntryIsReadAsItWasPut() throws Exception {
        RegistryStore store = store();
        long lease = get(store.grant(TTL));
        long one = put(store, root + "one", "first", 0);
        long two = put(store, root + "two", "second", lease);
        Snapshot seen = get(store().read(List.of(root + "two", root + "none", root + "one", root + "two")));
        assertEquals(
                List.of(new Entry(root + "one", "first", one, 0), new Entry(root + "two", "second", two, lease)),
                seen.entries());
        assertTrue(seen.revision() >= two);
    }

    @Test
    void asManyKeysAsConditionsAreReadAtOnce() throws Exception {
        RegistryStore store = store();
        Transaction all = Transaction.NONE;
        List<String> keys = new ArrayList<>();
        for (int i = Transaction.MOST; i > 0; i--) {
            keys.add(root + (1_000 + i));
            all = all.put(root + (1_000 + i), "", 0);
        }
        get(store.commit(all));
        List<String> seen = keys(get(store.read(keys)).entries());
        assertEquals(keys.stream().sorted().toList(), seen);
        keys.add(root);
        assertThrows(IllegalArgumentException.class, () -> store.read(keys));
        assertThrows(IllegalArgumentException.class, () -> store.read(List.of()));
    }

    @Test
    void aLeaseThatIsTooShortAndAWatchWithoutAPrefixAreRefused() throws Exception {
        RegistryStore store = store();
        assertThrows(IllegalArgumentException.class, () -> store.grant(TTL.minusNanos(1)));
        assertThrows(IllegalArgumentException.class, () -> store.watch(List.of(), 0, new RecordedWatch()));
    }

    @Test
    void aDeletedEntryIsGone() throws Exception {
        RegistryStore store = store();
        put(store, root + "one", "first", 0);
        Commit deleted = get(store.commit(Transaction.NONE.delete(root + "one").delete(root + "never")));
        assertTrue(deleted.done());
        assertFalse(exists(store, root + "one"));
        assertTrue(get(store.commit(Transaction.NONE.ifAbsent(root + "one").put(root + "one", "again", 0)))
                .done());
    }

    @Test
    void eachChangeHasAGreaterRevision() throws Exception {
        RegistryStore one = store();
        RegistryStore other = store();
        long last = 0;
        for (int i = 0; i < 20; i++) {
            long revision = put(i % 2 == 0 ? one : other, root + i % 3, "value " + i, 0);
            assertTrue(revision > last, revision + " after " + last);
            Snapshot seen = get(other.read(List.of(root + i % 3)));
            assertEquals(revision, seen.entries().get(0).revision());
            last = revision;
        }
    }

    @Test
    void aTransactionWithAnUnmetConditionChangesNothing() throws Exception {
        RegistryStore store = store();
        long first = put(store, root + "one", "first", 0);
        long second = put(store, root + "one", "second", 0);
        Transaction change = Transaction.NONE.put(root + "other", "new", 0).delete(root + "one");
        List<Transaction> unmet = List.of(
                change.ifAt(root + "one", first),
                change.ifAbsent(root + "one"),
                change.ifAbsent(root + "other").ifAt(root + "one", second + 1),
                change.ifAt(root + "one", second).ifAt(root + "other", first));
        for (Transaction each : unmet) {
            Commit refused = get(store.commit(each));
            assertFalse(refused.done(), each::toString);
            assertEquals(
                    List.of(new Entry(root + "one", "second", second, 0)),
                    refused.seen().entries());
            assertTrue(refused.seen().revision() >= second);
            assertFalse(exists(store, root + "other"));
        }
        assertTrue(get(store.commit(change.ifAt(root + "one", second).ifAbsent(root + "other")))
                .done());
        assertTrue(exists(store, root + "other"));
    }

    @Test
    void racingTransactionsAreMadeOneAfterTheOther() throws Exception {
        int rounds = 25;
        List<RegistryStore> stores = List.of(store(), store(), store(), store());
        Set<Integer> seen = new TreeSet<>();
        for (List<Integer> mine : together(stores, store -> counted(store, rounds))) {
            for (Integer number : mine) assertTrue(seen.add(number), () -> number + " was counted twice");
        }
        assertEquals(rounds * stores.size(), seen.size());
        Snapshot last = get(stores.get(0).readAll(root));
        assertEquals(
                List.of("100", "100"), last.entries().stream().map(Entry::value).toList());
    }

    /** Raises two counters, which are always equal, as often as {@code rounds} says; returns the numbers it has counted. */
    private List<Integer> counted(RegistryStore store, int rounds) throws Exception {
        List<Integer> numbers = new ArrayList<>();
        while (numbers.size() < rounds) {
            Snapshot now = get(store.readAll(root));
            Entry one = now.find(root + "a");
            Entry two = now.find(root + "b");
            assertEquals(one == null, two == null);
            if (one != null && two != null) assertEquals(one.value(), two.value());
            int next = one == null ? 1 : Integer.parseInt(one.value()) + 1;
            Transaction count = Transaction.NONE
                    .ifAt(root + "a", one == null ? 0 : one.revision())
                    .ifAt(root + "b", two == null ? 0 : two.revision())
                    .put(root + "a", "" + next, 0)
                    .put(root + "b", "" + next, 0);
            if (get(store.commit(count)).done()) numbers.add(next);
        }
        return numbers;
    }

    @Test
    void aTransactionMayHaveTheMaximumOfConditionsAndOperations() throws Exception {
        RegistryStore store = store();
        Transaction full = Transaction.NONE;
        for (int i = 0; i < Transaction.MOST; i++)
            full = full.ifAbsent(root + i).put(root + i, "value " + i, 0);
        assertTrue(get(store.commit(full)).done());
        Snapshot all = get(store.readAll(root));
        assertEquals(Transaction.MOST, all.entries().size());
        assertEquals(
                1, all.entries().stream().mapToLong(Entry::revision).distinct().count());
        Commit refused = get(store.commit(full));
        assertFalse(refused.done());
        assertEquals(all.entries(), refused.seen().entries());
        Transaction most = full;
        assertThrows(IllegalArgumentException.class, () -> most.ifAbsent(root + "another"));
        assertThrows(IllegalArgumentException.class, () -> most.delete(root + "another"));
    }

    @Test
    void aTransactionWithConditionsOnlyIsMade() throws Exception {
        RegistryStore store = store();
        long revision = put(store, root + "one", "", 0);
        Commit met =
                get(store.commit(Transaction.NONE.ifAt(root + "one", revision).ifAbsent(root + "two")));
        assertTrue(met.done());
        assertTrue(met.seen().revision() >= revision);
        assertFalse(get(store.commit(Transaction.NONE.ifAbsent(root + "one"))).done());
        assertThrows(IllegalArgumentException.class, () -> store.commit(Transaction.NONE));
    }

    @Test
    void keysAndValuesKeepTheirCharacters() throws Exception {
        RegistryStore store = store();
        List<String> texts = List.of(
                "", " ", "%", "'\"\\", "/../", "_", "a\nb\r\tc", "z{}[],:", "\u0001\u007f", "äß€", "\uffee", "😀");
        Transaction all = Transaction.NONE;
        for (String text : texts) all = all.put(root + "k" + text, text, 0);
        assertTrue(get(store.commit(all)).done());
        Snapshot seen = get(store.readAll(root + "k"));
        assertEquals(texts.size(), seen.entries().size());
        for (String text : texts) {
            Entry entry = seen.find(root + "k" + text);
            assertEquals(text, entry == null ? null : entry.value());
        }
        assertEquals(List.of(root + "k%"), keys(get(store.readAll(root + "k%")).entries()));
        assertEquals(List.of(root + "k_"), keys(get(store.readAll(root + "k_")).entries()));
        assertEquals(
                List.of(root + "k😀"), keys(get(store.readAll(root + "k😀")).entries()));
        List<String> last = keys(seen.entries()).subList(texts.size() - 3, texts.size());
        assertEquals(List.of(root + "käß€", root + "k\uffee", root + "k😀"), last);
    }

    @Test
    void theLongestKeyAndValueAreKept() throws Exception {
        RegistryStore store = store();
        String key = root + "k".repeat(RegistryStore.LONGEST_KEY - root.length());
        String value = "€".repeat(RegistryStore.LONGEST_VALUE);
        put(store, key, value, 0);
        assertEquals(value, get(store.read(List.of(key))).entries().get(0).value());
        assertThrows(IllegalArgumentException.class, () -> Transaction.NONE.put(key + "k", "", 0));
        assertThrows(IllegalArgumentException.class, () -> Transaction.NONE.put(key, value + "€", 0));
    }

    @Test
    void thousandsOfEntriesAreReadAtOneRevisionAndInOrder() throws Exception {
        RegistryStore store = store();
        List<String> expected = new ArrayList<>();
        for (int from = 0; from < 2_500; from += 100) {
            Transaction some = Transaction.NONE;
            for (int i = from; i < from + 100; i++) {
                expected.add(root + "e/" + (10_000 + i));
                some = some.put(root + "e/" + (10_000 + i), "x".repeat(200), 0);
            }
            get(store.commit(some));
        }
        put(store, root + "e", "before", 0);
        long revision = put(store, root + "e0", "after", 0);
        Snapshot all = get(store.readAll(root + "e/"));
        assertEquals(expected, keys(all.entries()));
        assertTrue(all.revision() >= revision);
    }

    @Test
    void moreRequestsThanTheMaximumWaitForTheirTurn() throws Exception {
        RegistryStore store = store();
        List<CompletionStage<Commit>> requests = new ArrayList<>();
        for (int i = 0; i < 8 * RegistryStore.MOST_REQUESTS; i++) {
            requests.add(store.commit(Transaction.NONE.ifAbsent(root + i).put(root + i, "" + i, 0)));
        }
        for (CompletionStage<Commit> request : requests) assertTrue(get(request).done());
        assertEquals(requests.size(), get(store.readAll(root)).entries().size());
    }

    @Test
    @Tag("slow")
    void aLeaseEndsAfterItsTimeAndNotBefore() throws Exception {
        RegistryStore store = store();
        RegistryStore other = store();
        long lease = get(store.grant(TTL));
        assertTrue(lease > 0);
        assertNotEquals(lease, get(other.grant(TTL)));
        put(store, root + "one", "", lease);
        long begin = System.nanoTime();
        long sent = begin;
        while (System.nanoTime() - begin < TTL.toNanos() * 5 / 4) { // longer than without renewal
            sent = System.nanoTime();
            assertTrue(get(store.renew(lease)));
            assertTrue(exists(other, root + "one"));
        }
        long lastSent = sent;
        await("the lease has ended", () -> {
            boolean there = exists(other, root + "one");
            long age = System.nanoTime() - lastSent;
            assertTrue(there || age >= TTL.toNanos(), () -> "its key was gone after " + Duration.ofNanos(age));
            return !there;
        });
        assertFalse(get(store.renew(lease)));
        get(store.revoke(lease));
        Transaction late = Transaction.NONE.put(root + "free", "", 0).put(root + "late", "", lease);
        failure(RegistryLeaseException.class, store.commit(late));
        assertEquals(List.of(), get(store.readAll(root)).entries());
    }

    @Test
    @Tag("slow")
    void theKeysOfALeaseEndInOneRevision() throws Exception {
        RegistryStore store = store();
        long ends = get(store.grant(TTL));
        long revoked = get(store.grant(Duration.ofMinutes(1)));
        RecordedWatch watch = new RecordedWatch();
        long revision = put(store, root + "c", "", 0);
        store.watch(List.of(root), revision, watch);
        get(store.commit(Transaction.NONE.put(root + "b", "", revoked).put(root + "a", "", revoked)));
        get(store.commit(Transaction.NONE
                .put(root + "f", "", ends)
                .put(root + "e", "", ends)
                .put(root + "d", "", ends)));
        get(store.revoke(revoked));
        await("the watch has seen both ends", () -> watch.keys().size() == 10);
        assertEquals(
                List.of("a", "b", "d", "e", "f", "-a", "-b", "-d", "-e", "-f").toString(),
                watch.keys().toString().replace(root, ""));
        assertEquals(4, watch.events().size());
        assertEquals(List.of(root + "c"), keys(get(store.readAll(root)).entries()));
        assertFalse(get(store.renew(revoked)));
        get(store.revoke(revoked));
    }

    @Test
    void anEntryEndsWithItsLastLeaseOnly() throws Exception {
        RegistryStore store = store();
        long first = get(store.grant(Duration.ofMinutes(1)));
        long second = get(store.grant(Duration.ofMinutes(1)));
        for (String key : List.of("none", "other", "same")) put(store, root + key, "", first);
        put(store, root + "none", "", 0);
        put(store, root + "other", "", second);
        get(store.revoke(first));
        assertEquals(
                List.of(root + "none", root + "other"),
                keys(get(store.readAll(root)).entries()));
        get(store.revoke(second));
        assertEquals(List.of(root + "none"), keys(get(store.readAll(root)).entries()));
    }

    @Test
    void aLeaseIsNotShorterThanTwoSeconds() throws Exception {
        RegistryStore store = store();
        assertThrows(IllegalArgumentException.class, () -> store.grant(Duration.ofMillis(1_999)));
    }

    @Test
    void aWatchReportsEveryChangeAfterItsRevision() throws Exception {
        RegistryStore store = store();
        RegistryStore other = store();
        put(store, root + "kept", "", 0);
        put(store, root + "deleted", "", 0);
        Snapshot before = get(store.readAll(root));
        get(store.commit(Transaction.NONE.delete(root + "deleted").put(root + "new", "1", 0)));
        RecordedWatch watch = new RecordedWatch();
        store.watch(List.of(root), before.revision(), watch);
        together(List.of(store, other, store()), each -> {
            for (int i = 0; i < 20; i++) {
                String key = root + "k" + i % 7;
                get(each.commit(i % 3 == 0 ? Transaction.NONE.delete(key) : Transaction.NONE.put(key, "" + i, 0)));
            }
            return List.of();
        });
        Snapshot after = get(other.readAll(root));
        await(
                "the watch shows what a reader sees",
                () -> watch.replay(before.entries()).equals(after.entries()));
        RecordedWatch again = new RecordedWatch();
        other.watch(List.of(root), before.revision(), again);
        await("another watch shows the same", () -> again.events().equals(watch.events()));
        watch.assertGoesOn();
    }

    @Test
    void aWatchReportsOneRevisionOfSeveralPrefixesInOneCall() throws Exception {
        RegistryStore store = store();
        RecordedWatch watch = new RecordedWatch();
        long revision = put(store, root + "n/before", "", 0);
        store.watch(List.of(root + "r/", root + "n/"), revision, watch);
        Transaction both = Transaction.NONE;
        for (String key : List.of("r/2", "o/1", "n/1", "r/1", "q", "n", "r0", "n/2", "s/1")) {
            both = both.put(root + key, key, 0);
        }
        long made = get(store.commit(both)).seen().revision();
        put(store, root + "p/1", "", 0);
        long last = put(store, root + "r/", "", 0);
        await("the last change is reported", () -> watch.keys().contains(root + "r/"));
        List<RecordedWatch.Event> events = watch.events();
        assertEquals(
                List.of(made, last),
                events.stream().map(RecordedWatch.Event::revision).toList());
        assertEquals(
                List.of(root + "n/1", root + "n/2", root + "r/1", root + "r/2"),
                events.get(0).changes().stream().map(Change::key).toList());
        for (Change change : events.get(0).changes()) {
            Entry entry = change.entry();
            assertEquals(new Entry(change.key(), change.key().substring(root.length()), made, 0), entry);
        }
    }

    @Test
    void aWatchMayHavePrefixesOfEachOther() throws Exception {
        RegistryStore store = store();
        RecordedWatch watch = new RecordedWatch();
        long revision = put(store, root + "b/before", "", 0);
        store.watch(List.of(root + "b", root + "b/c"), revision, watch);
        Transaction all = Transaction.NONE;
        for (String key : List.of("a", "b", "b/a", "b/c/1", "b/d", "bz", "c")) all = all.put(root + key, "", 0);
        get(store.commit(all));
        await("it is reported", () -> !watch.events().isEmpty());
        assertEquals(List.of(root + "b", root + "b/a", root + "b/c/1", root + "b/d", root + "bz"), watch.keys());
    }

    @Test
    void aWatchReportsADeletedEntryWithoutAValue() throws Exception {
        RegistryStore store = store();
        long revision = put(store, root + "one", "", 0);
        RecordedWatch watch = new RecordedWatch();
        store.watch(List.of(root), revision, watch);
        long deleted = get(store.commit(Transaction.NONE.delete(root + "one").delete(root + "never")))
                .seen()
                .revision();
        await("it is reported", () -> !watch.events().isEmpty());
        assertEquals(deleted, watch.events().get(0).revision());
        List<Change> changes = watch.events().get(0).changes();
        assertEquals(1, changes.size());
        assertNull(changes.get(0).entry());
    }

    @Test
    void aClosedWatchReportsNothing() throws Exception {
        RegistryStore store = store();
        long revision = put(store, root + "one", "", 0);
        RecordedWatch open = new RecordedWatch();
        RecordedWatch closed = new RecordedWatch();
        RegistryStore.Watch watch = store.watch(List.of(root), revision, closed);
        store.watch(List.of(root), revision, open);
        put(store, root + "one", "seen", 0);
        await("both have seen it", () -> open.events().size() + closed.events().size() == 2);
        watch.close();
        watch.close();
        put(store, root + "one", "unseen", 0);
        await("the other one has seen it", () -> open.events().size() == 2);
        assertEquals(1, closed.events().size());
        assertFalse(closed.hasEnded());
    }

    @Test
    void aWatchThatHasMissedForgottenHistoryEnds() throws Exception {
        RegistryStore store = store();
        long old = put(store, root + "one", "1", 0);
        put(store, root + "one", "2", 0);
        put(store, root + "one", "3", 0);
        RecordedWatch present = new RecordedWatch();
        store.watch(List.of(root), get(store.readAll(root)).revision(), present);
        put(store, root + "one", "4", 0);
        long newest = put(store, root + "one", "5", 0);
        await("the watch is at the present", () -> present.events().size() == 2);
        compact(newest);
        RecordedWatch late = new RecordedWatch();
        store.watch(List.of(root), old, late);
        await("the late watch has ended", late::hasEnded);
        assertEquals(List.of(), late.events());
        put(store, root + "one", "6", 0);
        await("the other one goes on", () -> present.events().size() == 3);
        present.assertGoesOn();
        assertEquals(List.of(), late.events());
    }

    @Test
    void aClosedStoreLeavesItsLeasesAndReportsNothing() throws Exception {
        RegistryStore store = store();
        RegistryStore other = store();
        long lease = get(store.grant(Duration.ofMinutes(1)));
        long revision = put(store, root + "one", "", lease);
        RecordedWatch watch = new RecordedWatch();
        RecordedWatch control = new RecordedWatch();
        RegistryStore.Watch open = store.watch(List.of(root), revision, watch);
        other.watch(List.of(root), revision, control);
        store.close();
        store.close();
        open.close();
        put(other, root + "two", "", 0);
        await("an open store has seen it", () -> control.events().size() == 1);
        assertEquals(List.of(), watch.events());
        assertFalse(watch.hasEnded());
        assertTrue(
                failure(RegistryUnavailableException.class, store.readAll(root)).isOutcomeKnown());
        Transaction change = Transaction.NONE.put(root + "three", "", 0);
        assertTrue(failure(RegistryUnavailableException.class, store.commit(change))
                .isOutcomeKnown());
        store.watch(List.of(root), revision, watch).close();
        assertEquals(
                List.of(root + "one", root + "two"),
                keys(get(other.readAll(root)).entries()));
        assertTrue(get(other.renew(lease)));
        get(other.revoke(lease));
    }

    private interface Work<T> {
        List<T> on(RegistryStore store) throws Exception;
    }

    /** Does work with each store, all at once. */
    private static <T> List<List<T>> together(List<RegistryStore> stores, Work<T> work) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(stores.size());
        try {
            List<Callable<List<T>>> calls = new ArrayList<>();
            for (RegistryStore store : stores) calls.add(() -> work.on(store));
            List<List<T>> results = new ArrayList<>();
            for (Future<List<T>> each : threads.invokeAll(calls)) results.add(each.get());
            return results;
        } finally {
            threads.shutdownNow();
        }
    }
}
