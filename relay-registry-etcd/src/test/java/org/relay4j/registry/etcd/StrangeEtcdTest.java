package org.relay4j.registry.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.registry.testing.Requested.failure;
import static org.relay4j.registry.testing.Requested.get;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;
import org.relay4j.server.registry.Transaction;
import org.relay4j.testing.Await;

/** Answers that no etcd gives, or none in good health. */
class StrangeEtcdTest extends EtcdStores {
    private static final String HEADER = "\"header\":{\"cluster_id\":\"1\",\"revision\":\"7\"}";

    private interface Reply {
        void to(HttpExchange exchange) throws IOException;
    }

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Map<String, Reply> replies = new ConcurrentHashMap<>();
    private final CountDownLatch end = new CountDownLatch(1);
    private final AtomicInteger asked = new AtomicInteger();
    private final List<String> bodies = new CopyOnWriteArrayList<>(); // of requests
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            asked.incrementAndGet();
            bodies.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            Reply reply = replies.get(exchange.getRequestURI().getPath());
            if (reply == null) answer(exchange, 404, "404 page not found");
            else reply.to(exchange);
        });
        server.start();
    }

    @AfterEach
    void stop() {
        end.countDown();
        server.stop(0);
        threads.shutdownNow();
    }

    private RegistryStore storeWithUser(String endpoints) {
        return open(endpoints, Map.of("RELAY_CLUSTER_USER", "relay", "RELAY_CLUSTER_PASSWORD", "secret"));
    }

    private RegistryStore store() {
        return open("http://127.0.0.1:" + server.getAddress().getPort());
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private static Reply always(int status, String body) {
        return exchange -> answer(exchange, status, body);
    }

    /** Begins an answer, and does not go on. */
    private void stall(HttpExchange exchange) throws IOException {
        exchange.sendResponseHeaders(200, 1_000);
        exchange.getResponseBody().write("{".getBytes(StandardCharsets.UTF_8));
        exchange.getResponseBody().flush();
        awaitEnd();
    }

    private void awaitEnd() {
        try {
            end.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    @Tag("slow")
    void anAnswerThatStopsAfterItsHeadersFailsInTime() {
        replies.put("/v3/kv/txn", this::stall);
        replies.put("/v3/kv/range", this::stall);
        RegistryStore store = store();
        long begin = System.nanoTime();
        CompletionStage<?> read = store.readAll(root);
        CompletionStage<?> commit = store.commit(Transaction.NONE.put(root, "", 0));
        assertFalse(failure(RegistryUnavailableException.class, commit).isOutcomeKnown());
        failure(RegistryUnavailableException.class, read);
        Duration time = Duration.ofNanos(System.nanoTime() - begin);
        assertTrue(time.compareTo(RegistryStore.PATIENCE.plusSeconds(2)) < 0, time::toString);
    }

    @Test
    void anAnswerThatIsNotUnderstoodLeavesTheOutcomeOpen() {
        for (String body : List.of(
                "", "[]", "{}", "{\"succeeded\":1," + HEADER + "}", "{" + HEADER.replace("\"7\"", "\"x\"") + "}")) {
            replies.put("/v3/kv/txn", always(200, body));
            CompletionStage<?> commit = store().commit(Transaction.NONE.put(root, "", 0));
            assertFalse(failure(RegistryUnavailableException.class, commit).isOutcomeKnown(), body);
        }
    }

    @Test
    void aTransactionIsNotRepeatedAfterAnErrorThatLeavesItOpen() {
        replies.put("/v3/kv/txn", always(503, "{\"message\":\"etcdserver: request timed out\",\"code\":14}"));
        CompletionStage<?> commit = store().commit(Transaction.NONE.put(root, "", 0));
        assertFalse(failure(RegistryUnavailableException.class, commit).isOutcomeKnown());
        assertEquals(1, asked.get());
    }

    @Test
    @Tag("slow")
    void aTransactionThatWasNotMadeIsRepeatedUntilItsTimeIsOver() {
        replies.put("/v3/kv/txn", always(429, "{\"message\":\"etcdserver: too many requests\",\"code\":8}"));
        CompletionStage<?> commit = store().commit(Transaction.NONE.put(root, "", 0));
        assertTrue(failure(RegistryUnavailableException.class, commit).isOutcomeKnown());
        assertTrue(asked.get() > 5 && asked.get() < 40, asked::toString); // with a pause between them
    }

    @Test
    @Tag("slow")
    void anAnswerThatIsTooLongIsCutOff() {
        replies.put("/v3/kv/range", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            byte[] part = " ".repeat(1 << 20).getBytes(StandardCharsets.UTF_8);
            while (true) exchange.getResponseBody().write(part); // until the store closes the connection
        });
        String message = failure(RegistryUnavailableException.class, store().readAll(root))
                .getMessage();
        assertTrue(message.contains("more than") || message.contains("no answer within"), message);
    }

    private String last() {
        return bodies.get(bodies.size() - 1);
    }

    @Test
    void aPageThatIsTooLongIsReadInSmallerOnes() throws Exception {
        replies.put("/v3/kv/range", exchange -> {
            if (last().contains("\"limit\":\"250\"")) {
                answer(exchange, 200, "{" + HEADER + ",\"kvs\":[{\"key\":\"YQ==\",\"mod_revision\":\"6\"}]}");
                return;
            }
            exchange.sendResponseHeaders(200, 0);
            byte[] part = " ".repeat(1 << 20).getBytes(StandardCharsets.UTF_8);
            while (true) exchange.getResponseBody().write(part); // until the store closes the connection
        });
        assertEquals(
                List.of("a"),
                get(store().readAll("a")).entries().stream().map(Entry::key).toList());
        assertEquals(3, asked.get()); // with 1,000, 500 and 250 entries
    }

    @Test
    void theNextPageBeginsAfterTheLastKeyThoughThatIsNoUtf8() throws Exception {
        String last = Base64.getEncoder().encodeToString(new byte[] {'a', (byte) 0xff});
        String next = Base64.getEncoder().encodeToString(new byte[] {'a', (byte) 0xff, 0});
        replies.put("/v3/kv/range", exchange -> {
            boolean isNext = last().contains("\"key\":\"" + next + "\"");
            String kvs = isNext ? "" : ",\"more\":true,\"kvs\":[{\"key\":\"" + last + "\",\"mod_revision\":\"6\"}]";
            answer(exchange, isNext || asked.get() == 1 ? 200 : 400, "{" + HEADER + kvs + "}");
        });
        assertEquals(1, get(store().readAll("a")).entries().size());
        assertEquals(2, asked.get());
        assertTrue(last().contains("\"revision\":\"7\""), last());
    }

    @Test
    @Tag("slow")
    void redirectionsAreNotFollowed() {
        replies.put("/v3/kv/range", exchange -> {
            exchange.getResponseHeaders().set("Location", "/other");
            answer(exchange, 302, "");
        });
        replies.put("/other", always(200, "{" + HEADER + "}"));
        failure(RegistryUnavailableException.class, store().readAll(root));
    }

    @Test
    void atMostThirtyTwoRequestsAreUnderWay() throws Exception {
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        CountDownLatch full = new CountDownLatch(RegistryStore.MOST_REQUESTS);
        replies.put("/v3/kv/range", exchange -> {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            full.countDown();
            try {
                full.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            } finally {
                now.decrementAndGet();
            }
            answer(exchange, 200, "{" + HEADER + "}");
        });
        RegistryStore store = store();
        List<CompletionStage<?>> all = new ArrayList<>();
        for (int i = 0; i < 100; i++) all.add(store.readAll(root));
        for (CompletionStage<?> each : all) get(each);
        assertEquals(RegistryStore.MOST_REQUESTS, most.get());
    }

    @Test
    void moreRequestsThanCanWaitAreRefusedAtOnce() throws Exception {
        replies.put("/v3/kv/txn", this::stall);
        URI endpoint = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
        StoreThread thread = new StoreThread();
        Calls calls = new Calls(new EtcdSettings(List.of(endpoint), null, null, null), thread, why -> {});
        long deadline = System.nanoTime() + Duration.ofHours(1).toNanos();
        CompletableFuture<List<CompletableFuture<?>>> sent = new CompletableFuture<>();
        thread.execute(
                () -> { // in one task, so that no request times out meanwhile
                    List<CompletableFuture<?>> all = new ArrayList<>();
                    for (int i = 0; i <= RegistryStore.MOST_REQUESTS + 16_384; i++) {
                        all.add(calls.send("/v3/kv/txn", "{}", Call.Repeat.ONLY_IF_UNSENT, deadline));
                    }
                    sent.complete(all.stream().filter(CompletableFuture::isDone).toList());
                    calls.close();
                });
        List<CompletableFuture<?>> ended = get(sent);
        assertEquals(1, ended.size()); // the last one
        RegistryUnavailableException refused = failure(RegistryUnavailableException.class, ended.get(0));
        assertTrue(refused.isOutcomeKnown());
        assertTrue(refused.getMessage().contains("16384"), refused::getMessage);
    }

    @Test
    void anOldVersionAndAForeignServerAreNamed() {
        replies.put("/version", always(200, "{\"etcdserver\":\"3.3.27\",\"etcdcluster\":\"3.3.0\"}"));
        assertRefused(store().check(root), "3.3.27", "3.4 or newer");
        replies.put("/version", always(200, "<html>"));
        assertRefused(store().check(root), "does not tell a version");
        replies.put("/version", always(200, "{\"etcdserver\":\"3.10.1\"}"));
        assertRefused(store().check(root), "--enable-grpc-gateway"); // that is newer than 3.4
    }

    @Test
    void aCheckEndsThoughAHeaderOrATokenHasAnotherType() {
        replies.put("/version", always(200, "{\"etcdserver\":\"3.5.0\"}"));
        replies.put("/v3/kv/range", always(200, "{\"header\":1}"));
        assertRefused(store().check(root), "404"); // it goes on, to the lease
        replies.put("/v3/auth/authenticate", always(200, "{\"token\":1}"));
        String endpoint = "http://127.0.0.1:" + server.getAddress().getPort();
        assertRefused(storeWithUser(endpoint).check(root), "HTTP status 200");
    }

    @Test
    @Tag("slow")
    void aLoginThatIsNotAnsweredCostsAWatchOneEndpoint() {
        List<String> logins = new CopyOnWriteArrayList<>(); // the endpoints
        replies.put("/v3/auth/authenticate", exchange -> {
            logins.add(exchange.getRequestHeaders().getFirst("Host"));
            if (logins.size() == 1) awaitEnd();
            else answer(exchange, 200, "{\"token\":\"t\"}");
        });
        int port = server.getAddress().getPort();
        Recorded watch = new Recorded();
        storeWithUser("http://127.0.0.1:" + port + ",http://localhost:" + port).watch(List.of("a"), 7, watch);
        Await.until("the watch logs in again", () -> logins.size() == 2);
        assertNotEquals(logins.get(0), logins.get(1));
    }

    @Test
    void aWatchComesBackAfterLinesThatMakeNoSense() {
        AtomicInteger connections = new AtomicInteger();
        List<String> bad =
                List.of("nonsense", "{\"result\":{\"events\":[1]}}", "{\"error\":{\"message\":\"no leader\"}}", "{}");
        replies.put("/v3/watch", exchange -> {
            int connection = connections.getAndIncrement();
            exchange.sendResponseHeaders(200, 0);
            String event =
                    "{\"result\":{" + HEADER + ",\"events\":[{\"kv\":{\"key\":\"YQ==\",\"mod_revision\":\"8\"}}]}}";
            String line = connection < bad.size() ? bad.get(connection) : event;
            exchange.getResponseBody().write((line + "\n").getBytes(StandardCharsets.UTF_8));
            exchange.getResponseBody().flush();
            awaitEnd();
        });
        Recorded watch = new Recorded();
        store().watch(List.of("a"), 7, watch);
        Await.until("the event is reported", () -> watch.saw("a"));
        assertEquals(bad.size() + 1, connections.get());
        assertEquals(1, watch.changes.size());
    }
}
