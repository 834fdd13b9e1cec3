package org.relay4j.registry.postgresql;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.Transaction;
import org.relay4j.testing.Await;

/** Requests of tests: their results within the time that the store promises. */
final class Requested {
    private static final long TOLERANCE = 1_000; // ms; for the scheduling of threads on a busy machine

    private Requested() {}

    static <T> T get(CompletionStage<T> stage) throws Exception {
        try {
            return stage.toCompletableFuture()
                    .get(RegistryStore.PATIENCE.toMillis() + TOLERANCE, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("a request was not completed within " + RegistryStore.PATIENCE, e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RegistryException cause) throw cause;
            throw e;
        }
    }

    static <X extends Exception> X failure(Class<X> type, CompletionStage<?> stage) {
        Object result;
        try {
            result = get(stage);
        } catch (Exception e) {
            return assertInstanceOf(type, e);
        }
        return fail("expected " + type.getSimpleName() + ", but the result was " + result);
    }

    /** Puts one entry; returns its revision. */
    static long put(RegistryStore store, String key, String value, long lease) throws Exception {
        var commit = get(store.commit(Transaction.NONE.put(key, value, lease)));
        assertTrue(commit.done());
        return commit.seen().revision();
    }

    static List<String> keys(RegistryStore store, String prefix) throws Exception {
        return get(store.readAll(prefix)).entries().stream().map(Entry::key).toList();
    }

    /** Waits until the store answers again. */
    static void awaitAnswer(RegistryStore store) {
        Await.until("the store answers", () -> {
            try {
                return get(store.readAll("none")) != null;
            } catch (RegistryException e) {
                return false;
            }
        });
    }
}
