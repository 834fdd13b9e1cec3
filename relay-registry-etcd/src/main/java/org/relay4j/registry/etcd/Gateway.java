package org.relay4j.registry.etcd;

import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Function;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/** HTTP to etcd: one request, one answer, no repetition. Confined to the store's thread; callbacks are made there, too. */
final class Gateway {
    /*
     * The JDK's client has three traps. The time-out of a request ends with the headers of the answer (JDK-8258397): each request
     * has a timer of its own. HTTP/2 on etcd's port is gRPC: HTTP/1.1 is forced. Idle connections are kept for 20 minutes on JDK 17,
     * and a host that has died does not close them: its silence shows only in requests without an answer.
     */
    private static final Duration CONNECT = Duration.ofSeconds(1);
    private static final int THREADS = 8; // for TLS, for reading JSON and for DNS, which may block
    private static final long IDLE_SECONDS = 10;

    private static final long LOOK = Duration.ofSeconds(1).toNanos(); // between two looks at the certificates

    private final @Nullable EtcdTls tls;
    private final StoreThread thread;
    private final ThreadPoolExecutor threads;
    private final AtomicBoolean looking = new AtomicBoolean();
    private volatile HttpClient client; // another one when the certificates have changed
    private long lookedAt = System.nanoTime();

    Gateway(@Nullable EtcdTls tls, StoreThread thread) {
        this.tls = tls;
        this.thread = thread;
        threads = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                StoreThread.named("relay-etcd-http"));
        threads.allowCoreThreadTimeOut(true); // they end after the last request
        client = newClient(tls);
    }

    private HttpClient newClient(@Nullable EtcdTls files) {
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .proxy(HttpClient.Builder.NO_PROXY)
                .connectTimeout(CONNECT)
                .executor(threads);
        if (files != null) builder.sslContext(files.context());
        return builder.build();
    }

    /** Has the files of the certificates looked at, for later requests. What is under way keeps its connection. */
    private void look() {
        EtcdTls files = tls;
        if (files == null || System.nanoTime() - lookedAt < LOOK || !looking.compareAndSet(false, true)) return;
        lookedAt = System.nanoTime();
        threads.execute(() -> {
            try {
                if (files.reload()) client = newClient(files);
            } finally {
                looking.set(false);
            }
        });
    }

    /** A request that is under way. */
    interface Exchange {
        /** Ends it, without a callback. */
        void cancel();
    }

    /** A request; its body is JSON. */
    record Request(String path, String body, @Nullable String token) {
        @Override
        public String toString() {
            return path; // the rest may be secret
        }
    }

    /**
     * Sends a request.
     *
     * @param limit until the whole answer has arrived
     * @param done called with the answer or the failure, unless the exchange is cancelled
     */
    Exchange post(
            URI endpoint, Request request, Duration limit, BiConsumer<@Nullable Answer, @Nullable Throwable> done) {
        return send(post(endpoint, request).build(), Gateway::body, limit, done);
    }

    /** Asks without a body and without a token. */
    Exchange get(URI endpoint, String path, Duration limit, BiConsumer<@Nullable Answer, @Nullable Throwable> done) {
        HttpRequest request = HttpRequest.newBuilder(endpoint.resolve(path)).build();
        return send(request, Gateway::body, limit, done);
    }

    /**
     * Sends a request whose answer has no end.
     *
     * @param line called with each line, not on the store's thread; the next one is not read before its stage is complete
     * @param done called when the stream has ended, with an answer if it has none because the request was refused
     */
    Exchange stream(
            URI endpoint,
            Request request,
            Function<String, CompletableFuture<Void>> line,
            BiConsumer<@Nullable Answer, @Nullable Throwable> done) {
        // Has a member that loses sight of the leader end the stream: it would hear of nothing.
        HttpRequest post = post(endpoint, request)
                .header("Grpc-Metadata-hasleader", "true")
                .build();
        HttpResponse.BodyHandler<String> body = info -> info.statusCode() == 200 ? new Lines(line) : body(info);
        return send(post, body, null, done);
    }

    private static HttpResponse.BodySubscriber<String> body(HttpResponse.ResponseInfo info) {
        return new Body(info.statusCode());
    }

    private static HttpRequest.Builder post(URI endpoint, Request request) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(endpoint.resolve(request.path()))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(request.body()));
        if (request.token() != null) builder.header("Authorization", request.token());
        return builder;
    }

    private Exchange send(
            HttpRequest request,
            HttpResponse.BodyHandler<String> body,
            @Nullable Duration limit,
            BiConsumer<@Nullable Answer, @Nullable Throwable> done) {
        look();
        CompletableFuture<HttpResponse<String>> response = client.sendAsync(request, body);
        Sent sent = new Sent(response, done);
        if (limit != null) sent.timer = thread.schedule(limit, () -> sent.timeOut(limit));
        var unused = response.thenApply(end -> Answer.of(end.statusCode(), end.body()))
                .whenComplete((answer, failure) -> thread.execute(() -> sent.end(answer, failure)));
        return sent;
    }

    private static final class Sent implements Exchange {
        private final CompletableFuture<?> response;
        private final BiConsumer<@Nullable Answer, @Nullable Throwable> done;
        private StoreThread.@Nullable Timer timer;
        private boolean over;

        Sent(CompletableFuture<?> response, BiConsumer<@Nullable Answer, @Nullable Throwable> done) {
            this.response = response;
            this.done = done;
        }

        void end(@Nullable Answer answer, @Nullable Throwable failure) {
            if (over) return;
            over = true;
            if (timer != null) timer.cancel();
            Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
            done.accept(answer, cause);
        }

        void timeOut(Duration limit) {
            response.cancel(true);
            end(null, new HttpTimeoutException("no answer within " + limit.toMillis() + " ms"));
        }

        @Override
        public void cancel() {
            over = true;
            if (timer != null) timer.cancel();
            response.cancel(true);
        }
    }

    /** Returns true if a request that has failed so has certainly not reached etcd. */
    static boolean isUnsent(Throwable failure) {
        return failure instanceof ConnectException
                || failure instanceof HttpConnectTimeoutException
                || failure instanceof SSLHandshakeException
                || failure instanceof UnresolvedAddressException;
    }

    /** Returns a failure in words for the operator; null if there was neither an answer nor a failure. */
    static String describe(@Nullable Throwable failure) {
        if (failure == null) return "no answer";
        String message = failure.getMessage();
        if (failure instanceof HttpConnectTimeoutException) return "no connection within " + CONNECT.toMillis() + " ms";
        if (failure.getCause() instanceof UnresolvedAddressException || failure instanceof UnresolvedAddressException) {
            return "its name cannot be resolved";
        }
        if (failure instanceof ConnectException) return message == null ? "cannot connect" : message;
        if (message == null) return failure.toString();
        if (message.startsWith("chunked transfer encoding")) return "the connection was lost";
        return message;
    }

    /** Returns a failure in words for the operator, with what may be wrong with an endpoint that has never answered. */
    static String describeWithRemedy(@Nullable Throwable failure) {
        String text = describe(failure);
        if (text.contains("Unsupported or unrecognized SSL message") || text.contains("terminated the handshake")) {
            return text + "; if it does not speak TLS, begin the address with http://";
        }
        if (text.contains("parser received no bytes") || text.contains("Invalid status line")) {
            return text
                    + "; if it speaks TLS, begin the address with https://; if etcd has the option --listen-client-http-urls,"
                    + " name that address";
        }
        return text;
    }
}
