package org.relay4j.examples.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.server.RelayServer;

class FileServerTest {
    private static final int LARGE = 100 << 20; // bytes
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private RelayServer relay;
    private FileServer server;

    @BeforeEach
    void start() throws IOException {
        relay = RelayServer.start(0);
        server = new FileServer("localhost", relay.port(), folder);
    }

    @AfterEach
    void stop() {
        server.close();
        relay.close();
    }

    @Test
    void largeFileComesBackAsItWasSent() throws Exception {
        Path sent = folder.resolve("sent");
        byte[] piece = new byte[1 << 20];
        Random random = new Random(1);
        try (var out = Files.newOutputStream(sent)) {
            for (int written = 0; written < LARGE; written += piece.length) {
                random.nextBytes(piece);
                out.write(piece);
            }
        }
        HttpRequest put =
                request("/stored").PUT(HttpRequest.BodyPublishers.ofFile(sent)).build();
        assertEquals(
                201, client.send(put, HttpResponse.BodyHandlers.discarding()).statusCode());
        HttpResponse<InputStream> got =
                client.send(request("/stored").build(), HttpResponse.BodyHandlers.ofInputStream());
        assertEquals(200, got.statusCode());
        assertArrayEquals(digest(Files.newInputStream(sent)), digest(got.body()));
    }

    @Test
    void twoHundredRequestsAtOnce() throws Exception {
        byte[] content = new byte[100_000];
        new Random(2).nextBytes(content);
        Files.write(folder.resolve("file"), content);
        List<CompletableFuture<HttpResponse<byte[]>>> replies = new ArrayList<>();
        for (int n = 0; n < 200; n++) {
            replies.add(client.sendAsync(request("/file").build(), HttpResponse.BodyHandlers.ofByteArray()));
        }
        for (CompletableFuture<HttpResponse<byte[]>> reply : replies) {
            assertArrayEquals(
                    content,
                    reply.get(DEADLINE.toSeconds(), java.util.concurrent.TimeUnit.SECONDS)
                            .body());
        }
    }

    @Test
    void fileOutsideOfTheFolderIsRefused() throws Exception {
        HttpResponse<Void> reply =
                client.send(request("/%2e%2e/secret").build(), HttpResponse.BodyHandlers.discarding());
        assertEquals(403, reply.statusCode());
        assertEquals(
                404,
                client.send(request("/none").build(), HttpResponse.BodyHandlers.discarding())
                        .statusCode());
    }

    private HttpRequest.Builder request(String path) {
        URI uri = URI.create("http://localhost:" + server.publicPort() + path);
        return HttpRequest.newBuilder(uri).timeout(DEADLINE);
    }

    private static byte[] digest(InputStream in) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        try (InputStream read = new DigestInputStream(in, digest)) {
            read.transferTo(java.io.OutputStream.nullOutputStream());
        }
        return digest.digest();
    }
}
