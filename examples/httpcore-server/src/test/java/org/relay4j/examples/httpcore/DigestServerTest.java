package org.relay4j.examples.httpcore;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.relay4j.server.RelayServer;

class DigestServerTest {
    private static final int LARGE = 100 << 20; // bytes
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private RelayServer relay;
    private DigestServer server;

    @BeforeEach
    void start() throws IOException {
        relay = RelayServer.start(0);
        server = new DigestServer("localhost", relay.port());
    }

    @AfterEach
    void stop() {
        server.close();
        relay.close();
    }

    @Test
    void largeDownload() throws Exception {
        HttpResponse<InputStream> reply =
                client.send(request("/random/" + LARGE).build(), HttpResponse.BodyHandlers.ofInputStream());
        MessageDigest received = DigestServer.sha256();
        long length;
        try (InputStream in = new DigestInputStream(reply.body(), received)) {
            length = in.transferTo(OutputStream.nullOutputStream());
        }
        assertEquals(LARGE, length);
        MessageDigest expected = DigestServer.sha256();
        DigestServer.writeRandom(LARGE, new DigestOutputStream(OutputStream.nullOutputStream(), expected));
        assertEquals(hex(expected), hex(received));
    }

    @Test
    void largeUpload() throws Exception {
        byte[] content = new byte[LARGE];
        new Random(3).nextBytes(content);
        MessageDigest expected = DigestServer.sha256();
        expected.update(content);
        HttpRequest post = request("/digest")
                .POST(HttpRequest.BodyPublishers.ofByteArray(content))
                .build();
        assertEquals(
                hex(expected),
                client.send(post, HttpResponse.BodyHandlers.ofString()).body());
    }

    @Test
    void twoHundredRequestsAtOnce() throws Exception {
        List<CompletableFuture<HttpResponse<String>>> replies = new ArrayList<>();
        for (int n = 0; n < 200; n++) {
            HttpRequest post = request("/digest")
                    .POST(HttpRequest.BodyPublishers.ofString("request " + n))
                    .build();
            replies.add(client.sendAsync(post, HttpResponse.BodyHandlers.ofString()));
        }
        for (int n = 0; n < 200; n++) {
            MessageDigest expected = DigestServer.sha256();
            expected.update(("request " + n).getBytes(java.nio.charset.StandardCharsets.UTF_8));
            String got =
                    replies.get(n).get(DEADLINE.toSeconds(), TimeUnit.SECONDS).body();
            assertEquals(hex(expected), got);
        }
    }

    private static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    private HttpRequest.Builder request(String path) {
        URI uri = URI.create("http://localhost:" + server.publicPort() + path);
        return HttpRequest.newBuilder(uri).timeout(DEADLINE);
    }
}
