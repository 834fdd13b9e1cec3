package org.relay4j.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.impl.io.DefaultBHttpClientConnection;
import org.apache.hc.core5.http.io.entity.EntityTemplate;
import org.apache.hc.core5.http.message.BasicClassicHttpRequest;

/** A visitor that uses HTTP on a public port of this machine. */
public final class HttpVisitor {
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final int port;

    public HttpVisitor(int port) {
        this.port = port;
    }

    /** Returns a request builder for a path. */
    public HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                .timeout(DEADLINE);
    }

    /** Sends a request, and returns the status of the reply. */
    public int status(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    /** Sends a POST and returns the reply as text. */
    public String post(String path, byte[] body) throws IOException, InterruptedException {
        HttpRequest post =
                request(path).POST(HttpRequest.BodyPublishers.ofByteArray(body)).build();
        HttpResponse<String> reply = client.send(post, HttpResponse.BodyHandlers.ofString());
        assertEquals(200, reply.statusCode());
        return reply.body();
    }

    /** Sends a GET and returns the digest of the reply. */
    public String digestOf(String path) throws IOException, InterruptedException {
        HttpResponse<InputStream> reply = client.send(request(path).build(), HttpResponse.BodyHandlers.ofInputStream());
        assertEquals(200, reply.statusCode());
        return Sha256.of(reply.body());
    }

    /** Sends 200 requests at once; each reply must have the digest that belongs to its request. */
    public void twoHundredAtOnce(IntFunction<HttpRequest.Builder> requests, IntFunction<String> digests)
            throws Exception {
        List<CompletableFuture<HttpResponse<byte[]>>> replies = new ArrayList<>();
        for (int n = 0; n < 200; n++) {
            replies.add(client.sendAsync(requests.apply(n).build(), HttpResponse.BodyHandlers.ofByteArray()));
        }
        for (int n = 0; n < 200; n++) {
            HttpResponse<byte[]> reply = replies.get(n).get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
            assertEquals(200, reply.statusCode());
            assertEquals(digests.apply(n), Sha256.of(reply.body()));
        }
    }

    /**
     * POSTs to an echo that returns each byte before the next ones are sent. The JDK's client does not read the reply
     * before it has sent the whole request, so this method uses an Apache HttpCore connection from two threads.
     *
     * @param chunked whether the request uses chunked encoding, without a Content-Length
     */
    public void fullDuplex(String path, boolean chunked) throws IOException, HttpException {
        LockStep steps = new LockStep();
        ClassicHttpRequest request = new BasicClassicHttpRequest("POST", path);
        request.setHeader("Host", "relay.example.com:" + port); // as on a real one: this machine has another name
        if (chunked) request.setHeader("Transfer-Encoding", "chunked");
        else request.setHeader("Content-Length", LockStep.LENGTH);
        request.setEntity(new EntityTemplate(
                chunked ? -1 : LockStep.LENGTH, ContentType.APPLICATION_OCTET_STREAM, null, steps::send));
        try (DefaultBHttpClientConnection http = new DefaultBHttpClientConnection(Http1Config.DEFAULT)) {
            http.bind(new Socket("localhost", port));
            http.sendRequestHeader(request);
            Call<Void> sending = Call.run(() -> {
                http.sendRequestEntity(request);
                http.flush();
            });
            ClassicHttpResponse reply = http.receiveResponseHeader();
            assertEquals(200, reply.getCode());
            http.receiveResponseEntity(reply);
            steps.receive(reply.getEntity().getContent());
            sending.result();
        }
    }
}
