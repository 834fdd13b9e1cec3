package org.relay4j.registry.testing;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.relay4j.server.registry.Commit;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.Transaction;

/** The outcomes of requests to a store, within the time that it promises. */
public final class Requested {
    /** For the scheduling of threads on a busy machine, on top of {@link RegistryStore#PATIENCE}. */
    private static final Duration TOLERANCE = Duration.ofSeconds(1);

    private Requested() {}

    /**
     * Returns the result of a request. Blocks for a second longer than {@link RegistryStore#PATIENCE} at most.
     *
     * @throws Exception the failure of the request
     * @throws AssertionError if it is not completed in that time
     */
    public static <T> T get(CompletionStage<T> stage) throws Exception {
        try {
            return stage.toCompletableFuture()
                    .get(RegistryStore.PATIENCE.plus(TOLERANCE).toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("a request was not completed within " + RegistryStore.PATIENCE, e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) throw cause;
            throw e;
        }
    }

    /**
     * Returns the failure of a request. Blocks as {@link #get} does.
     *
     * @throws AssertionError if it has succeeded, or has failed in another way
     */
    public static <X extends Exception> X failure(Class<X> type, CompletionStage<?> stage) {
        Object result;
        try {
            result = get(stage);
        } catch (Exception e) {
            return assertInstanceOf(type, e);
        }
        return fail("expected " + type.getSimpleName() + ", but the result was " + result);
    }

    /** Puts one entry; returns its revision. Blocks as {@link #get} does. */
    public static long put(RegistryStore store, String key, String value, long lease) throws Exception {
        Commit commit = get(store.commit(Transaction.NONE.put(key, value, lease)));
        assertTrue(commit.done());
        return commit.seen().revision();
    }
}
