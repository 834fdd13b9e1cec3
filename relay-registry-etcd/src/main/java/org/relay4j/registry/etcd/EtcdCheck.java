package org.relay4j.registry.etcd;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryUnavailableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks every endpoint at once whether it can be used: its version, its gateway, whether the user may read, and that all are members of
 * one cluster. Endpoints that do not answer are only logged, as long as one does. Confined to the store's thread.
 */
final class EtcdCheck {
    private static final Logger log = LoggerFactory.getLogger(EtcdCheck.class);
    private static final Duration LIMIT = Duration.ofSeconds(1); // for each question
    private static final Pattern VERSION = Pattern.compile("([0-9]{1,6})\\.([0-9]{1,6})\\..{1,100}");

    private final Calls calls;
    private final String prefix;
    private final CompletableFuture<Void> result;
    private final List<URI> answering = new ArrayList<>();
    private final List<String> silent = new ArrayList<>();
    private final Map<String, URI> clusters = new LinkedHashMap<>(); // by id
    private int open; // endpoints whose answer is awaited

    EtcdCheck(Calls calls, String prefix, CompletableFuture<Void> result) {
        this.calls = calls;
        this.prefix = prefix;
        this.result = result;
    }

    void start() {
        open = calls.endpoints().size();
        for (URI endpoint : calls.endpoints().all()) {
            var unused = calls.gateway().get(endpoint, "/version", LIMIT, (answer, failure) -> {
                version(endpoint, answer, failure);
                if (--open == 0) askToRead();
            });
        }
    }

    private void version(URI endpoint, @Nullable Answer answer, @Nullable Throwable failure) {
        if (answer == null) {
            silent.add(endpoint + ": " + Gateway.describeWithRemedy(failure));
            return;
        }
        String version = text(answer.json(), "etcdserver");
        Matcher matcher = VERSION.matcher(version);
        if (answer.status() != 200 || !matcher.matches()) {
            fail(new RegistryException(
                    answer.failure(endpoint).getMessage() + "; it does not tell a version as etcd does", null));
            return;
        }
        int major = Integer.parseInt(matcher.group(1));
        int minor = Integer.parseInt(matcher.group(2));
        if (major < 3 || (major == 3 && minor < 4)) {
            fail(new RegistryException(
                    "etcd at " + endpoint + " has version " + version + ": version 3.4 or newer is needed", null));
            return;
        }
        answering.add(endpoint);
    }

    private static String text(Json json, String name) {
        try {
            return json.text(name);
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    private static String cluster(Json answer) {
        try {
            return answer.object("header").text("cluster_id");
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    private void askToRead() {
        if (result.isDone()) return;
        if (answering.isEmpty()) {
            fail(new RegistryUnavailableException("no endpoint of etcd can be reached: " + silent, null, true));
            return;
        }
        silent.forEach(each -> log.warn("An endpoint of etcd cannot be reached: {}", each));
        open = answering.size();
        for (URI endpoint : answering) calls.login().token(endpoint, LIMIT, new Reader(endpoint));
    }

    private final class Reader implements Login.User {
        private final URI endpoint;

        Reader(URI endpoint) {
            this.endpoint = endpoint;
        }

        @Override
        public void granted(@Nullable String token) {
            Gateway.Request request = new Gateway.Request("/v3/kv/range", Requests.localRange(prefix), token);
            var unused = calls.gateway().post(endpoint, request, LIMIT, this::answered);
        }

        @Override
        public void refused(@Nullable Answer answer, @Nullable Throwable failure) {
            if (answer != null) fail(answer.failure(endpoint));
            else answered(null, failure);
        }

        private void answered(@Nullable Answer answer, @Nullable Throwable failure) {
            if (answer == null) {
                fail(new RegistryUnavailableException(
                        "etcd at " + endpoint + " tells its version, but then: " + Gateway.describeWithRemedy(failure),
                        failure,
                        true));
            } else if (answer.verdict() != Answer.Verdict.DONE) fail(answer.failure(endpoint));
            else clusters.putIfAbsent(cluster(answer.json()), endpoint);
            if (--open == 0) finish();
        }
    }

    private void finish() {
        if (clusters.size() > 1) {
            fail(new RegistryException(
                    "the endpoints of etcd are members of different clusters: " + new TreeSet<>(clusters.values())
                            + "; name the endpoints of one cluster",
                    null));
        }
        result.complete(null);
    }

    private void fail(RegistryException why) {
        result.completeExceptionally(why);
    }
}
