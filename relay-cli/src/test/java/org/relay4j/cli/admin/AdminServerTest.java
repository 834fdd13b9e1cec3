package org.relay4j.cli.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Await;
import org.relay4j.testing.Logged;

/** The admin address, as any program that can connect sees it. */
class AdminServerTest {
    private static final String SECRET = "0123456789abcdef";
    private static final InetSocketAddress ANY = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private final Drained process = new Drained();
    private AdminServer admin;

    @AfterEach
    void stop() {
        if (admin != null) admin.close();
    }

    @Test
    void healthAndReadiness() throws IOException {
        open(null);
        assertEquals(200, get("/healthz").status());
        assertAnswer(503, "starting", get("/readyz"));
        assertEquals(503, get("/api/tunnels").status());
        Source source = serve();
        assertAnswer(200, "ok", get("/healthz"));
        assertAnswer(200, "ready", get("/readyz"));
        process.draining = true;
        assertAnswer(503, "draining", get("/readyz"));
        assertAnswer(200, "ok", get("/healthz"));
        assertTrue(get("/api/tunnels").body().contains("draining true"));
        source.alive = false;
        assertAnswer(503, "not responding", get("/healthz"));
    }

    @Test
    void metricsAreInTheFormatThatIsAskedFor() throws IOException {
        open(null);
        assertEquals(200, get("/metrics").status()); // also before the start
        serve();
        Answer text = get("/metrics");
        assertEquals("text/plain; version=0.0.4; charset=utf-8", text.header("content-type"));
        assertTrue(text.body().contains("\n# TYPE relay_test gauge\nrelay_test 1.0\n"), text.body());
        assertTrue(text.body().contains("\nrelay_draining 0.0\n"), text.body());
        request("GET", "/metrics", "Host: evil.example");
        Answer open =
                request("GET", "/metrics", "Host: localhost", "Accept: application/openmetrics-text;version=1.0.0");
        assertEquals("application/openmetrics-text; version=1.0.0; charset=utf-8", open.header("content-type"));
        assertTrue(open.body().endsWith("\n# EOF\n"), open.body());
        assertTrue(open.body().contains("\nrelay_admin_refusals_total{reason=\"host\"} 1.0\n"), open.body());
    }

    @Test
    void unknownPathsAndMethodsAreRefused() throws IOException {
        open(null);
        serve();
        for (String path : List.of("/nothing", "/healthz/", "/healthz/..", "//healthz", "/api", "/%2e%2e/etc/passwd")) {
            assertEquals(404, get(path).status(), path);
        }
        for (String method : List.of("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "X")) {
            Answer answer = request(method, "/healthz", "Host: localhost");
            assertEquals(405, answer.status(), method);
            assertEquals("GET, HEAD", answer.header("allow"));
        }
        assertEquals(405, get("/api/drain").status());
        assertEquals(400, request("GET", "/%", "Host: localhost").status());
    }

    @Test
    void headHasNoBody() throws IOException {
        open(null);
        serve();
        Answer answer = request("HEAD", "/healthz", "Host: localhost");
        assertEquals(200, answer.status());
        assertEquals("3", answer.header("content-length"));
        assertEquals("", answer.body());
    }

    @Test
    void everyAnswerHasTheSecurityHeaders() throws IOException {
        open(AdminToken.of(SECRET));
        serve();
        for (Answer answer : List.of(get("/healthz"), get("/api/tunnels"), get("/nothing"))) {
            assertEquals("nosniff", answer.header("x-content-type-options"));
            assertEquals("no-store", answer.header("cache-control"));
            assertTrue(answer.header("content-security-policy").startsWith("default-src 'none';"));
        }
    }

    @Test
    void withoutATokenOnlyTheLoopbackHostsAreServed() throws IOException {
        open(null);
        serve();
        for (String host : List.of("localhost", "LOCALHOST:7001", "127.0.0.1:7001", "127.9.9.9", "[::1]:7001")) {
            assertEquals(200, request("GET", "/api/tunnels", "Host: " + host).status(), host);
        }
        try (Logged log = Logged.below("org.relay4j.cli")) {
            for (String host : List.of("evil.example", "localhost.evil.example:7001", "192.0.2.1", "", "127.0.0.1.x")) {
                assertEquals(
                        403, request("GET", "/api/tunnels", "Host: " + host).status(), host);
            }
            assertEquals(403, request("GET", "/healthz", "X: y").status());
            assertEquals(
                    403,
                    request("GET", "/healthz", "Host: localhost", "Host: evil.example")
                            .status());
            assertEquals(1, log.lines("WARN").size(), log.lines("WARN")::toString); // one a second
        }
    }

    @Test
    void withATokenEverythingButTheProbesNeedsIt() throws IOException {
        open(AdminToken.of(SECRET));
        serve();
        assertEquals(200, request("GET", "/healthz", "Host: relay.example.com").status());
        assertEquals(200, get("/readyz").status());
        Answer answer = get("/api/tunnels");
        assertEquals(401, answer.status());
        assertEquals("Bearer realm=\"relay\"", answer.header("www-authenticate"));
        assertFalse(answer.body().contains("draining"), answer.body());
        assertEquals(
                200,
                request("GET", "/api/tunnels", "Host: relay.example.com", "Authorization: Bearer " + SECRET)
                        .status());
    }

    @Test
    void wrongTokensAreLimited() throws IOException {
        open(AdminToken.of(SECRET));
        serve();
        try (Logged log = Logged.below("org.relay4j.cli")) {
            for (int n = 0; n < Attempts.BURST; n++) {
                assertEquals(
                        401,
                        request("GET", "/api/tunnels", "Authorization: Bearer wrong" + n)
                                .status());
            }
            Answer answer = request("GET", "/api/tunnels", "Authorization: Bearer another");
            assertEquals(429, answer.status());
            assertEquals(
                    200,
                    request("GET", "/api/tunnels", "Authorization: Bearer " + SECRET)
                            .status(),
                    "nobody is locked out");
            assertFalse(answer.header("retry-after").isEmpty());
            assertEquals(200, get("/healthz").status());
            log.await("request from 127.0.0.1 refused, wrong token");
            assertFalse(log.lines("WARN").toString().contains("wrong1"), "a token is in the log");
        }
    }

    @Test
    void drainNeedsAToken() throws IOException {
        open(null);
        serve();
        assertEquals(403, request("POST", "/api/drain", "Host: localhost").status());
        stop();
        open(AdminToken.of(SECRET));
        assertEquals(401, request("POST", "/api/drain", "Host: localhost").status());
        assertEquals(0, process.drains);
        Answer answer = request("POST", "/api/drain", "Authorization: Bearer " + SECRET, "Content-Length: 0");
        assertEquals(202, answer.status());
        assertEquals(1, process.drains);
    }

    @Test
    void failureCostsOnlyItsRequest() throws IOException {
        open(null);
        Source source = serve();
        source.failing = true;
        try (Logged log = Logged.below("org.relay4j.cli")) {
            Answer answer = get("/api/tunnels");
            assertEquals(500, answer.status());
            assertFalse(answer.body().contains("on purpose"), answer.body());
            log.await("unexpected failure");
        }
        source.failing = false;
        assertEquals(200, get("/api/tunnels").status());
    }

    @Test
    void otherAddressesNeedAToken() {
        InetSocketAddress all = new InetSocketAddress("0.0.0.0", 0);
        assertThrows(IllegalArgumentException.class, () -> AdminServer.open(all, null, process));
    }

    @Test
    void portInUseIsABindException() throws IOException {
        open(null);
        assertThrows(BindException.class, () -> AdminServer.open(admin.address(), null, process));
    }

    private void open(AdminToken token) throws IOException {
        admin = AdminServer.open(ANY, token, process);
    }

    private Source serve() {
        Source source = new Source();
        admin.serve(source);
        return source;
    }

    private Answer get(String path) throws IOException {
        return request("GET", path, "Host: localhost");
    }

    private Answer request(String method, String path, String... headers) throws IOException {
        try (Socket socket =
                new Socket(admin.address().getAddress(), admin.address().getPort())) {
            socket.setSoTimeout((int) Await.DEADLINE.toMillis());
            String request = method + " " + path + " HTTP/1.1\r\n" + String.join("\r\n", headers)
                    + "\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new Answer(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    private static void assertAnswer(int status, String line, Answer answer) {
        assertEquals(status, answer.status());
        assertEquals(line + "\n", answer.body());
    }

    private record Answer(String text) {
        int status() {
            return Integer.parseInt(text.split(" ", 3)[1]);
        }

        String header(String name) {
            for (String line :
                    text.substring(0, text.indexOf("\r\n\r\n")).lines().toList()) {
                if (line.toLowerCase(Locale.ROOT).startsWith(name + ": ")) return line.substring(name.length() + 2);
            }
            return "";
        }

        String body() {
            return text.substring(text.indexOf("\r\n\r\n") + 4);
        }
    }

    private static final class Drained implements AdminProcess {
        volatile boolean draining;
        volatile int drains;

        @Override
        public boolean isDraining() {
            return draining;
        }

        @Override
        public void drain() {
            drains = 1;
        }
    }

    private static final class Source implements AdminSource {
        volatile boolean alive = true;
        volatile boolean failing;

        @Override
        public boolean isAlive() {
            return alive;
        }

        @Override
        public String tunnels(boolean draining) {
            if (failing) throw new IllegalStateException("on purpose");
            return "draining " + draining;
        }

        @Override
        public void collect(Families into) {
            if (failing) throw new IllegalStateException("on purpose");
            into.gauge("relay_test", "A test.", 1);
        }
    }
}
