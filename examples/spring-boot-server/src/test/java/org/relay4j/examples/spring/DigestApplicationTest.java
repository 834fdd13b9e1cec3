package org.relay4j.examples.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
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
import org.relay4j.api.Tunnel;
import org.relay4j.server.RelayServer;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

class DigestApplicationTest {
    private static final int LARGE = 100 << 20; // bytes
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private RelayServer relay;
    private ConfigurableApplicationContext application;
    private int publicPort;

    @BeforeEach
    void start() throws IOException {
        relay = RelayServer.start(0);
        application = SpringApplication.run(
                DigestApplication.class, "--relay.host=localhost", "--relay.port=" + relay.port());
        publicPort = application.getBean(Tunnel.class).publicAddress().getPort();
    }

    @AfterEach
    void stop() {
        application.close();
        relay.close();
    }

    @Test
    void largeDownload() throws Exception {
        HttpResponse<InputStream> reply =
                client.send(request("/random/" + LARGE).build(), HttpResponse.BodyHandlers.ofInputStream());
        assertEquals(200, reply.statusCode());
        MessageDigest received = DigestApplication.sha256();
        long length;
        try (InputStream in = new DigestInputStream(reply.body(), received)) {
            length = in.transferTo(OutputStream.nullOutputStream());
        }
        assertEquals(LARGE, length);
        MessageDigest expected = DigestApplication.sha256();
        DigestApplication.writeRandom(LARGE, new DigestOutputStream(OutputStream.nullOutputStream(), expected));
        assertEquals(hex(expected), hex(received));
    }

    @Test
    void largeUpload() throws Exception {
        byte[] content = new byte[LARGE];
        new Random(3).nextBytes(content);
        HttpRequest post = request("/digest")
                .POST(HttpRequest.BodyPublishers.ofByteArray(content))
                .build();
        assertEquals(
                digest(content),
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
            String got =
                    replies.get(n).get(DEADLINE.toSeconds(), TimeUnit.SECONDS).body();
            assertEquals(digest(("request " + n).getBytes(StandardCharsets.UTF_8)), got);
        }
    }

    /** By hand: the JDK's client reads no reply over HTTP/1.1 before it has sent the whole request. */
    @Test
    void replyIsReadWhileTheRequestIsBeingSent() throws Exception {
        try (Socket visitor = new Socket(InetAddress.getLoopbackAddress(), publicPort)) {
            visitor.setSoTimeout((int) DEADLINE.toMillis());
            OutputStream out = visitor.getOutputStream();
            InputStream in = new BufferedInputStream(visitor.getInputStream());
            String head = String.join(
                    "\r\n",
                    "POST /echo HTTP/1.1",
                    "Host: localhost",
                    "Connection: close",
                    "Content-Type: application/octet-stream",
                    "Transfer-Encoding: chunked",
                    "",
                    "");
            out.write(head.getBytes(StandardCharsets.US_ASCII));
            for (int n = 0; n < 100; n++) {
                // A letter that the text before has not, so that each piece is waited for.
                String piece = "piece " + n + (char) ('A' + n % 26);
                out.write((Integer.toHexString(piece.length()) + "\r\n" + piece + "\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
                String reply = readUntil(in, piece);
                if (n == 0) assertTrue(reply.startsWith("HTTP/1.1 200"), reply);
            }
            out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertTrue(new String(in.readAllBytes(), StandardCharsets.US_ASCII).endsWith("0\r\n\r\n"));
        }
    }

    @Test
    void healthShowsTheTunnel() throws Exception {
        HttpResponse<String> reply =
                client.send(request("/actuator/health").build(), HttpResponse.BodyHandlers.ofString());
        assertEquals(200, reply.statusCode());
        String tunnel = reply.body().replaceAll("(?s).*\"relay\":(\\{.*?}.*?}).*", "$1");
        assertTrue(tunnel.contains("\"status\":\"UP\""), reply::body);
        assertTrue(tunnel.contains("\"publicAddress\":\"localhost:" + publicPort + "\""), reply::body);
        assertTrue(tunnel.contains("\"server\":\"localhost:" + relay.port() + "\""), reply::body);
    }

    private static String readUntil(InputStream in, String end) throws IOException {
        StringBuilder text = new StringBuilder();
        while (text.indexOf(end) < 0) {
            int next = in.read();
            if (next < 0) throw new IOException("the reply ended after " + text);
            text.append((char) next);
        }
        return text.toString();
    }

    private static String digest(byte[] content) {
        MessageDigest digest = DigestApplication.sha256();
        digest.update(content);
        return hex(digest);
    }

    private static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://localhost:" + publicPort + path))
                .timeout(DEADLINE);
    }
}
