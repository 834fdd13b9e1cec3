package org.relay4j.server.cluster;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;

/**
 * The requests of a node to its registry: so many are under way at once, so many wait, and each ends in time, even if the store does
 * not answer. Confined to the executor of the node, on which answers arrive, too.
 */
final class Requests {
    /** Maximum number of requests under way. */
    static final int MOST = RegistryStore.MOST_REQUESTS;

    /** Maximum number of requests that wait for their turn. */
    static final int MOST_WAITING = 10_000;

    private static final long PATIENCE =
            RegistryStore.PATIENCE.plus(Duration.ofSeconds(1)).toNanos();

    private final ClusterTime time;
    private final Set<Request<?>> underWay = new LinkedHashSet<>(); // the oldest first
    private final ArrayDeque<Request<?>> waiting = new ArrayDeque<>();
    private boolean closed;

    Requests(ClusterTime time) {
        this.time = time;
    }

    /** Sends a request when it is its turn. Exactly one of {@code done} and {@code failed} is called. */
    <T> void send(Supplier<CompletionStage<T>> request, Consumer<T> done, Consumer<RegistryException> failed) {
        Request<T> one = new Request<>(request, done, failed, time.nanoTime());
        if (closed) {
            one.fail(Parts.unavailable("the node has left the cluster"));
        } else if (underWay.size() < MOST) {
            start(one);
        } else if (waiting.size() < MOST_WAITING) {
            waiting.addLast(one);
        } else {
            one.fail(Parts.unavailable("too many requests to the registry are waiting"));
        }
    }

    /** Sends a request at once, whatever waits: for leases, on which everything else depends. */
    <T> void sendFirst(Supplier<CompletionStage<T>> request, Consumer<T> done, Consumer<RegistryException> failed) {
        start(new Request<>(request, done, failed, time.nanoTime()));
    }

    private <T> void start(Request<T> one) {
        underWay.add(one);
        one.since = time.nanoTime();
        CompletionStage<T> stage;
        try {
            stage = one.request.get();
        } catch (RuntimeException e) {
            end(one, () -> one.fail(new RegistryUnavailableException("the registry has failed: " + e, e, false)));
            return;
        }
        var unused = stage.whenComplete((value, failure) -> time.execute(() -> {
            if (failure == null) {
                end(one, () -> one.done.accept(value));
            } else {
                end(one, () -> one.fail(unwrap(failure)));
            }
        }));
    }

    private void end(Request<?> one, Runnable then) {
        if (!underWay.remove(one)) return; // it was given up
        next();
        then.run();
    }

    private void next() {
        expire();
        while (underWay.size() < MOST && !waiting.isEmpty()) start(waiting.removeFirst());
    }

    private void expire() {
        long now = time.nanoTime();
        while (!waiting.isEmpty() && now - waiting.getFirst().since > PATIENCE) {
            waiting.removeFirst().fail(Parts.unavailable("the registry is too slow: the request was not sent"));
        }
    }

    /** Gives up requests that the store has not answered in time. */
    void tick() {
        long now = time.nanoTime();
        List<Request<?>> late = new ArrayList<>();
        for (Request<?> each : underWay) {
            if (now - each.since > PATIENCE) late.add(each);
        }
        for (Request<?> each : late) {
            end(each, () -> each.fail(new RegistryUnavailableException("the registry has not answered", null, false)));
        }
        expire();
    }

    /** Fails all requests, also those to come. */
    void close() {
        closed = true;
        List<Request<?>> all = new ArrayList<>(underWay);
        all.addAll(waiting);
        underWay.clear();
        waiting.clear();
        for (Request<?> each : all) {
            each.fail(new RegistryUnavailableException("the node has left the cluster", null, false));
        }
    }

    int underWay() {
        return underWay.size();
    }

    int waiting() {
        return waiting.size();
    }

    private static RegistryException unwrap(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) cause = cause.getCause();
        return cause instanceof RegistryException known
                ? known
                : new RegistryUnavailableException("the registry has failed: " + cause, cause, false);
    }

    private static final class Request<T> {
        private final Supplier<CompletionStage<T>> request;
        private final Consumer<T> done;
        private final Consumer<RegistryException> failed;
        private long since; // nanoseconds

        Request(
                Supplier<CompletionStage<T>> request,
                Consumer<T> done,
                Consumer<RegistryException> failed,
                long since) {
            this.request = request;
            this.done = done;
            this.failed = failed;
            this.since = since;
        }

        void fail(RegistryException why) {
            failed.accept(why);
        }
    }
}
