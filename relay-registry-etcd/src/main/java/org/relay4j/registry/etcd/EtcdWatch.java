package org.relay4j.registry.etcd;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.Change;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A watch of several prefixes, over one connection after the other. Confined to the store's thread, but for {@link #close}. */
final class EtcdWatch implements RegistryStore.Watch {
    /*
     * etcd is asked for one range that covers all prefixes, because only within one watch the changes of a revision come together.
     *
     * A connection whose other end has died stays silent, and so does a healthy one when nothing changes. Therefore a connection
     * that has been silent for a while is replaced, at the next endpoint: it costs a request, and nothing is missed, because the
     * new one begins after the last revision that was reported.
     */
    static final Duration SILENCE = Duration.ofSeconds(3);
    private static final Duration BEGIN = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
    private static final Logger log = LoggerFactory.getLogger(EtcdWatch.class);

    private final Calls calls;
    private final List<String> prefixes;
    private final RegistryStore.Watcher watcher;
    private final Consumer<EtcdWatch> ended;
    private long reported; // revision
    private URI endpoint;
    private @Nullable String token;
    private Gateway.@Nullable Exchange exchange;
    private StoreThread.@Nullable Timer silence; // until the connection is replaced
    private int connection; // counts them: lines of an old one are not handled
    private int failures; // in a row
    private volatile boolean over;

    /** @param ended called once on the store's thread, when the watch is over */
    EtcdWatch(
            Calls calls,
            Collection<String> prefixes,
            long after,
            RegistryStore.Watcher watcher,
            Consumer<EtcdWatch> ended) {
        this.calls = calls;
        this.prefixes = List.copyOf(prefixes);
        reported = after;
        this.watcher = watcher;
        this.ended = ended;
        endpoint = calls.endpoints().all().get(0);
    }

    void open() {
        endpoint = calls.endpoints().current();
        connect();
    }

    private void connect() {
        if (over) return;
        await(BEGIN);
        calls.login().token(endpoint, BEGIN, new Opening(connection));
    }

    /** Has this connection replaced if it stays silent. */
    private void await(Duration limit) {
        if (silence != null) silence.cancel();
        silence = calls.thread().schedule(limit, () -> {
            if (limit.equals(BEGIN)) fail("no answer within " + limit.toMillis() + " ms");
            else reconnect(Duration.ZERO);
        });
    }

    /** Opens one connection, unless another one has taken its place before the login is answered. */
    private final class Opening implements Login.User {
        private final int mine; // its number

        Opening(int mine) {
            this.mine = mine;
        }

        @Override
        public void granted(@Nullable String granted) {
            if (over || mine != connection) return;
            token = granted;
            Gateway.Request request = new Gateway.Request("/v3/watch", Requests.watch(prefixes, reported + 1), granted);
            exchange = calls.gateway().stream(endpoint, request, line -> received(mine, line), (answer, failure) -> {
                if (mine == connection) closed(answer, failure);
            });
        }

        @Override
        public void refused(@Nullable Answer answer, @Nullable Throwable failure) {
            if (over || mine != connection) return;
            fail(
                    answer == null
                            ? Gateway.describe(failure)
                            : answer.failure(endpoint).getMessage());
        }
    }

    private CompletableFuture<Void> received(int from, String line) {
        CompletableFuture<Void> handled = new CompletableFuture<>();
        Answer answer = Answer.of(200, line);
        calls.thread().execute(() -> {
            if (from == connection && !over) read(answer);
            handled.complete(null);
        });
        return handled;
    }

    private void closed(@Nullable Answer answer, @Nullable Throwable failure) {
        if (over) return;
        if (answer == null) fail(Gateway.describe(failure));
        else if (answer.status() == 200) fail("the connection was closed");
        else refusedAs(answer);
    }

    private void refusedAs(Answer answer) {
        if (answer.verdict() == Answer.Verdict.LOGIN) calls.login().forget(token);
        fail(answer.failure(endpoint).getMessage());
    }

    private void read(Answer line) {
        try {
            if (line.json().has("result")) handle(line.json().object("result"));
            else fail(line.message()); // such as: no leader
        } catch (IllegalArgumentException e) {
            fail("its answer is not understood: " + e.getMessage());
        }
    }

    private void handle(Json result) {
        if (!calls.history().acceptsCluster(result)) return; // this watch is over now
        if (result.flag("canceled")) {
            canceled(result);
            return;
        }
        failures = 0;
        await(SILENCE);
        if (result.flag("created") && Answers.revision(result) < calls.history().revision())
            calls.verify(prefixes.get(0));
        report(result.objects("events"));
    }

    private void canceled(Json result) {
        long compacted = result.number("compact_revision");
        if (compacted > 0) {
            end(new RegistryException(
                    "etcd no longer has the changes after revision " + reported + ": it was compacted at " + compacted,
                    null));
            return;
        }
        calls.login().forget(token); // it may have been that
        fail("it has ended the watch: " + result.text("cancel_reason"));
    }

    private void report(List<Json> events) {
        Map<Long, List<Change>> revisions = new TreeMap<>();
        for (Json event : events) {
            Json pair = event.object("kv");
            long revision = pair.number("mod_revision");
            if (revision <= reported) continue;
            List<Change> changes = revisions.computeIfAbsent(revision, key -> new ArrayList<>());
            String key = Answers.decoded(pair.text("key"));
            if (prefixes.stream().noneMatch(key::startsWith)) continue;
            changes.add(new Change(key, "DELETE".equals(event.text("type")) ? null : Answers.entry(pair)));
        }
        revisions.forEach((revision, changes) -> {
            reported = revision;
            changes.sort((one, other) -> RegistryStore.KEY_ORDER.compare(one.key(), other.key()));
            if (!changes.isEmpty()) call(() -> watcher.changed(revision, List.copyOf(changes)));
        });
    }

    private void call(Runnable call) {
        if (over) return;
        try {
            call.run();
        } catch (RuntimeException e) {
            log.warn("A watcher of the registry has failed", e);
        }
    }

    private void fail(@Nullable String why) {
        if (over) return;
        failures++;
        if (failures == calls.endpoints().size())
            log.warn("Cannot watch etcd at {}: {}", endpoint, why); // at all of them
        else log.debug("Cannot watch etcd at {}: {}", endpoint, why);
        long pause = Math.min(LONGEST_PAUSE.toMillis(), 10L << Math.min(failures, 10));
        reconnect(Duration.ofMillis(pause));
    }

    private void reconnect(Duration pause) {
        disconnect();
        endpoint = calls.endpoints().after(endpoint);
        if (pause.isZero()) connect();
        else silence = calls.thread().schedule(pause, this::connect);
    }

    private void disconnect() {
        connection++; // what is still to come from the old one is ignored
        if (silence != null) silence.cancel();
        if (exchange != null) exchange.cancel();
        exchange = null;
    }

    /** Ends it, and has the watcher read all anew. */
    void end(RegistryException why) {
        call(() -> watcher.ended(why));
        over = true;
        stop();
    }

    private void stop() {
        disconnect();
        ended.accept(this);
    }

    @Override
    public void close() {
        if (over) return;
        over = true;
        calls.thread().execute(this::stop);
    }
}
