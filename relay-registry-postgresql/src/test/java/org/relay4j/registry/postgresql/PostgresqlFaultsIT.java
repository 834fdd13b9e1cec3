package org.relay4j.registry.postgresql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.registry.postgresql.Answers.awaitAnswer;
import static org.relay4j.registry.postgresql.Answers.keys;
import static org.relay4j.registry.testing.Requested.failure;
import static org.relay4j.registry.testing.Requested.get;
import static org.relay4j.registry.testing.Requested.put;

import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.relay4j.server.registry.Change;
import org.relay4j.server.registry.Commit;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;
import org.relay4j.server.registry.Transaction;
import org.relay4j.testing.Await;

/** What happens to stores when their server is killed, paused, restored or replaced, or when its answers are lost. */
@DisabledOnOs(OS.WINDOWS)
@Tag("peers")
class PostgresqlFaultsIT {
    private static PostgresServer server;
    private RegistryStore store;

    @BeforeAll
    static void start() throws Exception {
        server = PostgresServer.start();
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @BeforeEach
    void open() throws Exception {
        store = server.open();
        get(store.check(""));
        for (String key : keys(store, "")) get(store.commit(Transaction.NONE.delete(key)));
    }

    @AfterEach
    void close() {
        store.close();
    }

    /** A watcher that keeps the keys it was told of, and the end. */
    private static final class Seen implements RegistryStore.Watcher {
        final List<String> keys = new CopyOnWriteArrayList<>();
        final AtomicReference<RegistryException> end = new AtomicReference<>();

        @Override
        public void changed(long revision, Collection<Change> changes) {
            for (Change change : changes) keys.add((change.entry() == null ? "-" : "") + change.key());
        }

        @Override
        public void ended(RegistryException why) {
            end.set(why);
        }
    }

    @Test
    void aKilledServerKeepsWhatItHasAcknowledgedAndEndsNoLeaseThatCouldNotBeRenewed() throws Exception {
        long lease = get(store.grant(RegistryStore.SHORTEST_LEASE));
        long revision = put(store, "a", "kept", lease);
        Seen seen = new Seen();
        store.watch(List.of(""), revision, seen);
        put(store, "b", "", 0);
        Await.until("the watch has begun", () -> seen.keys.equals(List.of("b")));
        assertTrue(get(store.renew(lease)));
        server.kill();
        long killed = System.nanoTime();
        CompletionStage<Commit> commit = store.commit(Transaction.NONE.put("c", "", 0));
        CompletionStage<Boolean> renewal = store.renew(lease);
        RegistryUnavailableException known = failure(RegistryUnavailableException.class, commit);
        assertTrue(known.isOutcomeKnown(), known::toString);
        assertTrue(known.getMessage().contains("check that the server runs"), known::getMessage);
        failure(RegistryUnavailableException.class, renewal);
        assertTrue(System.nanoTime() - killed > RegistryStore.SHORTEST_LEASE.toNanos(), "the lease could have ended");
        server.restart();
        awaitAnswer(store);
        assertTrue(get(store.renew(lease)));
        assertEquals(List.of("a", "b"), keys(store, ""));
        put(store, "d", "", 0);
        Await.until("the watch goes on without a gap", () -> seen.keys.equals(List.of("b", "d")));
        get(store.revoke(lease));
        Await.until("and sees the end of the lease", () -> seen.keys.contains("-a"));
    }

    @Test
    void aTransactionThatAPausedServerReadsAfterItsDeadlineIsNotMade() throws Exception {
        RegistryStore other = server.open();
        long lease = get(store.grant(RegistryStore.SHORTEST_LEASE));
        put(store, "a", "", lease);
        awaitAnswer(other);
        server.suspend();
        try {
            CompletionStage<Commit> commit = store.commit(Transaction.NONE.put("late", "", 0));
            CompletionStage<Boolean> renewal = other.renew(lease);
            RegistryUnavailableException unknown = failure(RegistryUnavailableException.class, commit);
            assertFalse(unknown.isOutcomeKnown(), unknown::toString);
            failure(RegistryUnavailableException.class, renewal);
        } finally {
            server.resume();
        }
        awaitAnswer(other);
        // All that the paused server has read was refused: a read waits for the transactions under way.
        Await.until(
                "the server has no transaction left",
                () -> "0"
                        .equals(server.ask("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%relay_commit%'"
                                + " AND state = 'active' AND pid <> pg_backend_pid()")));
        assertEquals(List.of("a"), keys(other, ""));
        assertTrue(get(store.renew(lease)));
        get(store.revoke(lease));
        other.close();
    }

    @Test
    void theOutcomeOfATransactionWhoseAnswerIsLostIsFoundByReading() throws Exception {
        try (DeafLink link = new DeafLink(server.port());
                RegistryStore far = PostgresServer.open(PostgresServer.url("relay", link.port()))) {
            RegistryUnavailableException failed;
            do { // again if the transaction was not sent, because its connection had to be opened or tried first
                link.deaf(false);
                for (int i = 0; i < Requests.CONNECTIONS; i++) awaitAnswer(far);
                link.deaf(true);
                failed = failure(
                        RegistryUnavailableException.class,
                        far.commit(Transaction.NONE.ifAbsent("a").put("a", "", 0)));
            } while (failed.isOutcomeKnown());
            assertEquals(List.of("a"), keys(store, ""));
            link.deaf(false);
            awaitAnswer(far);
            assertEquals(List.of("a"), keys(far, ""));
            assertFalse(get(far.commit(Transaction.NONE.ifAbsent("a").put("a", "again", 0)))
                    .done());
        }
    }

    @Test
    void aClockThatIsSetEndsNoLease() throws Exception {
        long lease = get(store.grant(RegistryStore.SHORTEST_LEASE));
        put(store, "a", "", lease);
        server.sql("UPDATE relay_store SET seen = seen - interval '1 h'"); // forward, as seen from the lease
        assertTrue(get(store.renew(lease)));
        server.sql("UPDATE relay_store SET seen = seen + interval '1 h'"); // back
        assertTrue(get(store.renew(lease)));
        assertEquals(List.of("a"), keys(store, ""));
        Await.until("the lease ends by the new clock", () -> keys(store, "").isEmpty());
    }

    @Test
    void aWatchEndsWhenTheRevisionHasGoneBack() throws Exception {
        Seen seen = new Seen();
        store.watch(List.of(""), put(store, "a", "", 0), seen);
        put(store, "b", "", 0);
        Await.until("the watch has begun", () -> seen.keys.contains("b"));
        server.sql("UPDATE relay_store SET revision = revision - 2"); // as pg_restore into the same server
        Await.until("the watch has ended", () -> seen.end.get() != null);
        assertTrue(
                seen.end.get().getMessage().contains("restored"),
                () -> seen.end.get().getMessage());
        server.sql(
                "DELETE FROM relay_change; UPDATE relay_store SET history = 'before'"); // what docs/cluster.md asks for
    }

    @Test
    void aStandbyIsRefusedAndGoesOnFarBehindAllRevisionsWhenItHasTakenOver() throws Exception {
        Seen seen = new Seen();
        long before = put(store, "a", "", 0);
        store.watch(List.of(""), before, seen);
        server.kill();
        Files.createFile(server.data("standby.signal"));
        server.restart();
        Await.until("it answers as a standby", () -> {
            try (RegistryStore reader = server.open()) {
                return failure(RegistryException.class, reader.check(""))
                        .getMessage()
                        .contains("targetServerType=primary");
            }
        });
        RegistryUnavailableException refused =
                failure(RegistryUnavailableException.class, store.commit(Transaction.NONE.put("b", "", 0)));
        assertTrue(refused.isOutcomeKnown(), refused::toString);
        server.administer("SELECT pg_promote()");
        awaitAnswer(store);
        long after = put(store, "b", "", 0);
        assertTrue(after > before + 1_000_000_000, before + " and then " + after);
        Await.until("the watch has ended", () -> seen.end.get() != null);
        assertFalse(get(store.commit(Transaction.NONE.ifAt("a", after).put("a", "", 0)))
                .done());
        assertTrue(get(store.commit(Transaction.NONE.ifAt("a", before).put("a", "", 0)))
                .done());
    }

    @Test
    void oldChangesArePruned() throws Exception {
        server.sql("UPDATE relay_store SET kept = 10");
        Seen seen = new Seen();
        long first = put(store, "a", "0", 0);
        List<CompletionStage<Commit>> commits = new ArrayList<>();
        for (int i = 1; i <= 600; i++) commits.add(store.commit(Transaction.NONE.put("a", "" + i, 0)));
        for (CompletionStage<Commit> each : commits) get(each);
        server.sql("UPDATE relay_store SET kept = 10000");
        int left = Integer.parseInt(server.ask("SELECT count(*) FROM relay_change"));
        assertTrue(left >= 10 && left <= 10 + 501, () -> left + " changes are left");
        store.watch(List.of(""), first, seen);
        Await.until("a watch from before ends", () -> seen.end.get() != null);
        assertEquals(List.of(), seen.keys);
    }

    @Test
    void aFullDiskIsNamedAndTheTransactionIsNotMade() throws Exception {
        server.sql("CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                + " RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;"
                + "CREATE TRIGGER full_disk BEFORE INSERT ON relay_change EXECUTE FUNCTION full_disk()");
        try {
            RegistryUnavailableException full =
                    failure(RegistryUnavailableException.class, store.commit(Transaction.NONE.put("a", "", 0)));
            assertTrue(full.isOutcomeKnown());
            assertTrue(full.getMessage().endsWith("make room on the disk of the database"), full::getMessage);
        } finally {
            server.sql("DROP FUNCTION full_disk CASCADE");
        }
        assertEquals(List.of(), keys(store, ""));
    }

    @Test
    void aRenewalIsCarriedOutBeforeTransactionsThatWait() throws Exception {
        long lease = get(store.grant(Duration.ofMinutes(1)));
        List<CompletionStage<Commit>> commits = new ArrayList<>();
        for (int i = 0; i < 200; i++) commits.add(store.commit(Transaction.NONE.put("k" + i, "", 0)));
        assertTrue(get(store.renew(lease)));
        long waiting = commits.stream()
                .filter(each -> !each.toCompletableFuture().isDone())
                .count();
        assertTrue(waiting > 100, () -> "only " + waiting + " transactions still waited");
        for (CompletionStage<Commit> each : commits) assertTrue(get(each).done());
        get(store.revoke(lease));
    }

    @Test
    void aCheckWhoseConnectionEndsFailsAsEveryRequestThatIsNotAnswered() throws Exception {
        String sleeping = " FROM pg_stat_activity WHERE usename = 'relay' AND wait_event = 'PgSleep'";
        server.sql("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); END $$;"
                + "CREATE TRIGGER slow BEFORE INSERT ON relay_change EXECUTE FUNCTION slow()");
        try {
            CompletionStage<Void> check = store.check("");
            Await.until("it puts its key", () -> "1".equals(server.ask("SELECT count(*)" + sleeping)));
            server.sql("SELECT pg_terminate_backend(pid)" + sleeping);
            failure(RegistryUnavailableException.class, check);
        } finally {
            server.sql("DROP FUNCTION slow CASCADE");
        }
        get(store.check(""));
    }

    @Test
    void closingFailsWhatIsUnderWay() throws Exception {
        server.suspend();
        try {
            CompletionStage<Commit> sent = store.commit(Transaction.NONE.put("a", "", 0));
            List<CompletionStage<Commit>> waiting = new ArrayList<>();
            for (int i = 0; i < 10; i++) waiting.add(store.commit(Transaction.NONE.put("b", "", 0)));
            long closed = System.nanoTime();
            store.close();
            failure(RegistryUnavailableException.class, sent);
            assertTrue(
                    failure(RegistryUnavailableException.class, waiting.get(9)).isOutcomeKnown());
            long took = System.nanoTime() - closed;
            assertTrue(
                    took < Duration.ofSeconds(1).toNanos(),
                    () -> Duration.ofNanos(took).toString());
        } finally {
            server.resume();
        }
        Await.until(
                "its threads have ended",
                () -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().startsWith("relay-registry-postgresql")));
    }
}
