package org.relay4j.registry.etcd;

import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;

/**
 * One request, at one endpoint after the other until it is answered or its time is over. Confined to the store's thread.
 */
final class Call implements Login.User {
    /*
     * A request has one second at an endpoint, and then goes to the next one. A transaction does not, once it has perhaps reached
     * etcd: its outcome is unknown, and stays so. To wait longer for its answer would not help: what a follower has passed on to a
     * leader that has died is lost.
     */
    private static final Duration ONE_ENDPOINT = Duration.ofSeconds(1);
    private static final Duration PAUSE = Duration.ofMillis(100); // after all endpoints were tried
    private static final Duration LATE = Duration.ofMillis(250); // before the end
    private static final int MOST_LOGINS = 2; // with the token that etcd no longer knew

    /** When a request may be sent again. */
    enum Repeat {
        YES,
        ONLY_IF_UNSENT
    }

    private final Calls calls;
    private final String path;
    private final String body;
    private final Repeat repeat;
    private final long deadline; // by System.nanoTime
    private final CompletableFuture<Json> result = new CompletableFuture<>();
    private URI endpoint;
    private @Nullable String token;
    private Gateway.@Nullable Exchange exchange; // under way
    private StoreThread.@Nullable Timer end;
    private StoreThread.@Nullable Timer pause;
    private long known; // revision when it was sent
    private int attempts;
    private int logins;
    private boolean perhapsMade;
    private String last = "etcd did not answer"; // reason why it has not succeeded
    private @Nullable Throwable cause;

    Call(Calls calls, Gateway.Request request, Repeat repeat, long deadline) {
        this.calls = calls;
        path = request.path();
        body = request.body();
        this.repeat = repeat;
        this.deadline = deadline;
        endpoint = calls.endpoints().current();
    }

    CompletableFuture<Json> result() {
        return result;
    }

    /** Begins to wait for its turn. */
    void await() {
        last = "too many requests are under way";
        end = calls.thread().schedule(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())), this::timeOut);
    }

    /** Returns true if there is hardly time for an answer. */
    boolean isLate() {
        return deadline - System.nanoTime() < LATE.toNanos();
    }

    /** Sends it. */
    void start() {
        last = "etcd did not answer";
        attempt();
    }

    private void attempt() {
        if (attempts > 0 && isLate()) { // it would end without an answer, and leave open whether it was made
            timeOut();
            return;
        }
        endpoint = calls.endpoints().current();
        calls.login().token(endpoint, limit(), this);
    }

    private Duration limit() {
        Duration left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
        return left.compareTo(ONE_ENDPOINT) < 0 ? left : ONE_ENDPOINT;
    }

    @Override
    public void granted(@Nullable String granted) {
        if (result.isDone()) return;
        token = granted;
        known = calls.history().revision();
        perhapsMade = true;
        exchange = calls.gateway().post(endpoint, new Gateway.Request(path, body, granted), limit(), this::answered);
    }

    @Override
    public void refused(@Nullable Answer answer, @Nullable Throwable failure) {
        if (result.isDone()) return;
        if (answer != null && answer.verdict() == Answer.Verdict.REFUSED) fail(answer.failure(endpoint));
        else unmade(answer == null ? Gateway.describe(failure) : "it gave no token: " + answer.message(), failure);
    }

    private void answered(@Nullable Answer answer, @Nullable Throwable failure) {
        exchange = null;
        if (answer == null) {
            Body.TooLong tooLong = tooLong(failure);
            if (tooLong != null && repeat == Repeat.YES) { // it would be as long at the next endpoint
                fail(new RegistryUnavailableException(
                        "etcd at " + endpoint + ": " + tooLong.getMessage(), tooLong, false));
            } else if (failure != null && Gateway.isUnsent(failure)) unmade(Gateway.describe(failure), failure);
            else unknown(Gateway.describe(failure), failure);
            return;
        }
        switch (answer.verdict()) {
            case DONE -> read(answer.json());
            case REFUSED -> fail(answer.failure(endpoint));
            case BUSY -> unmade(answer.message(), null);
            case LOGIN -> loginAgain(answer);
            case UNKNOWN -> unknown(answer.message(), null);
        }
    }

    private static Body.@Nullable TooLong tooLong(@Nullable Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof Body.TooLong found) return found;
        }
        return null;
    }

    private void read(Json answer) {
        try {
            done(answer);
        } catch (IllegalArgumentException e) {
            unknown("its answer is not understood: " + e.getMessage(), e);
        }
    }

    private void done(Json answer) {
        boolean linearizable = path.startsWith("/v3/kv/"); // what is said of leases is not
        boolean accepted = linearizable
                ? calls.history().accepts(answer, known)
                : calls.history().acceptsCluster(answer);
        if (accepted) finish(() -> result.complete(answer));
        else {
            fail(new RegistryUnavailableException(
                    "etcd's history has been replaced; all is to be read anew", null, false));
        }
    }

    private void loginAgain(Answer answer) {
        perhapsMade = false;
        if (!calls.login().isNeeded() || ++logins > MOST_LOGINS) {
            fail(answer.failure(endpoint));
            return;
        }
        calls.login().forget(token);
        attempt();
    }

    private void unmade(String why, @Nullable Throwable failure) {
        perhapsMade = false;
        again(why, failure);
    }

    private void unknown(String why, @Nullable Throwable failure) {
        if (repeat == Repeat.YES) {
            again(why, failure);
            return;
        }
        calls.endpoints().leave(endpoint);
        fail(new RegistryUnavailableException(
                "etcd at " + endpoint + ": " + why + "; whether the transaction was made is not known",
                failure,
                false));
    }

    private void again(String why, @Nullable Throwable failure) {
        last = "etcd at " + endpoint + ": " + why;
        cause = failure;
        calls.endpoints().leave(endpoint);
        if (++attempts % calls.endpoints().size() > 0) attempt();
        else pause = calls.thread().schedule(PAUSE, this::attempt);
    }

    private void timeOut() {
        fail(new RegistryUnavailableException(
                last + "; given up after " + RegistryStore.PATIENCE.toSeconds() + " s", cause, !perhapsMade));
    }

    /** Ends it, if it has not ended. */
    void fail(RegistryException why) {
        finish(() -> result.completeExceptionally(why));
    }

    /** Ends it because its store is closed. */
    void close() {
        fail(new RegistryUnavailableException(Calls.CLOSED, null, !perhapsMade));
    }

    private void finish(Runnable complete) {
        if (result.isDone()) return;
        if (exchange != null) exchange.cancel();
        if (end != null) end.cancel();
        if (pause != null) pause.cancel();
        calls.ended(this);
        complete.run();
    }
}
