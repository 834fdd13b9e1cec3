package org.relay4j.registry.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.registry.testing.Requested.failure;
import static org.relay4j.registry.testing.Requested.get;
import static org.relay4j.registry.testing.Requested.put;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;
import org.relay4j.server.registry.Snapshot;
import org.relay4j.server.registry.Transaction;

/** The rules of {@link RegistryStore} while its server is silent, for every store with a server to be tested against. */
public abstract class RegistryOutageContract extends RegistryContract {
    /** Called by the class of the tests. */
    protected RegistryOutageContract() {}

    /** Has the server answer nothing, and close nothing, until {@link #resume}: as with SIGSTOP. */
    protected abstract void silence() throws Exception;

    /** Has the server answer again. Called after each test, too. */
    protected abstract void resume() throws Exception;

    @AfterEach
    final void resumeAfterTest() throws Exception {
        resume();
    }

    @Test
    void everyRequestFailsInTimeWhileTheServerIsSilent() throws Exception {
        RegistryStore store = store();
        long lease = get(store.grant(Duration.ofMinutes(1)));
        long revision = put(store, root + "one", "", lease);
        RecordedWatch watch = new RecordedWatch();
        store.watch(List.of(root), revision, watch);
        long second = put(store, root + "two", "", 0);
        await("the watch has begun", () -> watch.events().size() == 1);
        silence();
        CompletionStage<?> commit =
                store.commit(Transaction.NONE.ifAt(root + "two", second).delete(root + "two"));
        List<CompletionStage<?>> others = List.of(
                store.check(root),
                store.read(List.of(root + "one")),
                store.readAll(root),
                store.renew(lease),
                store.grant(TTL),
                store.revoke(lease));
        boolean known = failure(RegistryUnavailableException.class, commit).isOutcomeKnown();
        for (CompletionStage<?> other : others) failure(RegistryUnavailableException.class, other);
        resume();
        await("the server answers again", () -> answers(store));
        assertTrue(!known || exists(store, root + "two"), "the outcome was known, but the transaction was made");
        put(store, root + "three", "", 0);
        Snapshot now = get(store.readAll(root));
        await(
                "the watch shows what a reader sees",
                () -> keys(watch.replay(List.of())).stream()
                        .filter(key -> !key.equals(root + "one")) // put before the watch
                        .toList()
                        .equals(keys(now.entries()).stream()
                                .filter(key -> !key.equals(root + "one"))
                                .toList()));
        watch.assertGoesOn();
    }

    @Test
    void aTransactionIsMadeOnceAtMostAndNotAtAllIfItHadNoTurn() throws Exception {
        RegistryStore store = store();
        RegistryStore other = store();
        long revision = put(store, root + "begin", "", 0);
        RecordedWatch watch = new RecordedWatch();
        other.watch(List.of(root), revision, watch);
        silence();
        List<CompletionStage<?>> all = new ArrayList<>();
        for (int i = 0; i < 16 * RegistryStore.MOST_REQUESTS; i++) {
            all.add(store.commit(Transaction.NONE.put(root + "t/" + i, "", 0)));
        }
        List<String> unknown = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            boolean known =
                    failure(RegistryUnavailableException.class, all.get(i)).isOutcomeKnown();
            if (!known) unknown.add(root + "t/" + i);
        }
        assertTrue(unknown.size() < all.size(), "all were sent to a server that answers nothing");
        resume();
        await("the server answers again", () -> answers(store));
        put(store, root + "z", "end", 0);
        await("the end is reported", () -> watch.keys().contains(root + "z"));
        List<String> made =
                watch.keys().stream().filter(key -> key.startsWith(root + "t/")).toList();
        assertTrue(unknown.containsAll(made), () -> made + " were made, but unknown were " + unknown);
        for (String key : made) assertEquals(1, Collections.frequency(made, key), key);
        assertEquals(
                made.stream().sorted().toList(),
                keys(get(store.readAll(root + "t/")).entries()));
    }

    private static boolean answers(RegistryStore store) throws Exception {
        try {
            get(store.readAll("/relay-test/none"));
            return true;
        } catch (RegistryUnavailableException e) {
            return false;
        }
    }
}
