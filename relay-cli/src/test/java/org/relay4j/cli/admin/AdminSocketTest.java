package org.relay4j.cli.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.BindException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.Await;
import org.relay4j.testing.Logged;
import org.relay4j.yamux.io.SocketFile;

/** The admin address on a Unix-domain socket, and what bounds its connections, which is the same for TCP. */
class AdminSocketTest {
    private static final String SECRET = "0123456789abcdef";

    private @TempDir Path folder;
    private final AtomicInteger drains = new AtomicInteger();
    private Path path;
    private AdminServer admin;

    private final AdminProcess process = new AdminProcess() {
        @Override
        public boolean isDraining() {
            return drains.get() > 0;
        }

        @Override
        public void drain() {
            drains.incrementAndGet();
        }
    };

    @AfterEach
    void stop() {
        if (admin != null) admin.close();
    }

    private void open(AdminToken token) throws IOException {
        path = folder.resolve("admin.sock");
        admin = AdminServer.open(path, SocketFile.Access.USUAL, token, process);
    }

    @Test
    void permissionsAreTheToken() throws IOException {
        try (Logged log = Logged.below("org.relay4j.cli")) {
            open(null);
            log.await("admin address: unix:" + path);
        }
        admin.serve(new Source());
        assertStatus(200, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assertStatus(200, "GET /api/tunnels HTTP/1.0\r\n\r\n");
        assertStatus(405, "GET /api/drain HTTP/1.1\r\n\r\n");
        assertEquals(0, drains.get());
        assertStatus(202, "POST /api/drain HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
        assertEquals(1, drains.get());
        assertStatus(503, "GET /readyz HTTP/1.1\r\n\r\n");
    }

    /** A browser reaches the socket through a port that ssh forwards. */
    @Test
    void webPagesOfOthersAreRefused() throws IOException {
        open(null);
        admin.serve(new Source());
        String drain = "POST /api/drain HTTP/1.1\r\nHost: 127.0.0.1:7001\r\n";
        assertStatus(403, drain + "Origin: http://evil.example\r\n\r\n");
        assertStatus(403, drain + "Origin: http://127.0.0.1:7002\r\n\r\n");
        assertStatus(403, drain + "Origin: null\r\n\r\n");
        for (String site : List.of("cross-site", "same-site")) {
            assertStatus(403, drain + "Sec-Fetch-Site: " + site + "\r\n\r\n");
        }
        assertStatus(403, "POST /api/drain HTTP/1.1\r\nOrigin: http://evil.example\r\n\r\n");
        assertStatus(403, "POST /api/drain HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\n\r\n");
        assertStatus(403, "GET /api/tunnels HTTP/1.1\r\nHost: evil.example:7001\r\n\r\n");
        assertStatus(403, "GET /api/tunnels HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n");
        assertEquals(0, drains.get());
        String counted = answer("GET /metrics HTTP/1.1\r\n\r\n");
        assertTrue(counted.contains("relay_admin_refusals_total{reason=\"host\"} 9.0\n"), counted);
        assertStatus(200, "GET / HTTP/1.1\r\nHost: 127.0.0.1:7001\r\nSec-Fetch-Site: cross-site\r\n\r\n"); // a link
        assertStatus(202, drain + "Origin: http://127.0.0.1:7001\r\nSec-Fetch-Site: same-origin\r\n\r\n");
        assertEquals(1, drains.get());
    }

    @Test
    void aTokenThatIsSetIsNeeded() throws IOException {
        open(AdminToken.of(SECRET));
        admin.serve(new Source());
        assertStatus(200, "GET /healthz HTTP/1.1\r\n\r\n");
        assertStatus(401, "GET /api/tunnels HTTP/1.1\r\n\r\n");
        String authorized = "\r\nAuthorization: Bearer " + SECRET + "\r\n\r\n";
        assertStatus(200, "GET /api/tunnels HTTP/1.1" + authorized);
        for (int n = 0; n < Attempts.BURST; n++) {
            assertStatus(401, "GET /api/tunnels HTTP/1.1\r\nAuthorization: Bearer wrong" + n + "\r\n\r\n");
        }
        assertStatus(429, "GET /api/tunnels HTTP/1.1\r\nAuthorization: Bearer another\r\n\r\n");
        assertStatus(202, "POST /api/drain HTTP/1.1" + authorized);
    }

    @Test
    void theFileComesAndGoes() throws IOException {
        open(null);
        assertTrue(Files.exists(path));
        BindException failure =
                assertThrows(BindException.class, () -> AdminServer.open(path, SocketFile.Access.USUAL, null, process));
        assertTrue(failure.getMessage().startsWith("cannot listen on unix:" + path + ": it is in use"));
        admin.close();
        assertFalse(Files.exists(path));
        open(null);
        assertStatus(503, "GET /readyz HTTP/1.1\r\n\r\n");
    }

    @Test
    void malformedRequestsAreAnswered() throws IOException {
        open(null);
        assertStatus(400, "hello\r\n\r\n");
        assertStatus(400, "GET / HTTP/3\n\n");
        assertStatus(400, "GET / HTTP/1.1\r\n" + "X: y\r\n".repeat(Request.MOST_HEADERS + 1) + "\r\n");
        assertStatus(431, "GET / HTTP/1.1\r\nX: " + "y".repeat(AdminConnection.LONGEST_HEAD));
        String longest = "GET /healthz HTTP/1.1\r\nX: ";
        String end = "\r\n\r\n";
        int left = AdminConnection.LONGEST_HEAD - longest.length() - end.length();
        assertStatus(200, longest + "y".repeat(left) + end);
    }

    /** An answer that no socket buffer can hold, to a client that reads it late. */
    @Test
    void longAnswersArriveWhole() throws IOException {
        open(null);
        Source source = new Source();
        source.tunnels = "x".repeat(4 << 20);
        admin.serve(source);
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            send(channel, "GET /api/tunnels HTTP/1.1\r\n\r\n");
            assertStatus(200, "GET /healthz HTTP/1.1\r\n\r\n"); // meanwhile
            String answer = rest(channel);
            assertTrue(answer.endsWith(source.tunnels + "\n"), () -> "an answer of " + answer.length());
        }
    }

    /** A connection without a request is closed at once, and does not use up the time of the answer. */
    @Test
    void answersArriveWholeWhenTheProcessEnds() throws Exception {
        open(null);
        Source source = new Source();
        source.tunnels = "x".repeat(1 << 20);
        admin.serve(source);
        Thread closing = new Thread(admin::close);
        try (SocketChannel idle = SocketChannel.open(UnixDomainSocketAddress.of(path));
                SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            send(idle, "GET /healthz HTTP/1.1\r\n");
            send(channel, "GET /api/tunnels HTTP/1.1\r\n\r\n");
            assertEquals(1, channel.read(ByteBuffer.allocate(1))); // it has begun
            closing.start();
            assertEquals("", rest(idle));
            String answer = rest(channel);
            assertTrue(answer.endsWith(source.tunnels + "\n"), () -> "an answer of " + answer.length());
        }
        closing.join();
    }

    @Test
    @Tag("slow")
    void connectionsAreLimited() throws IOException {
        open(null);
        List<SocketChannel> idle = new ArrayList<>();
        try {
            for (int n = 0; n < AdminPort.MOST_CONNECTIONS; n++) {
                idle.add(SocketChannel.open(UnixDomainSocketAddress.of(path)));
                send(idle.get(n), "GET /healthz HTTP/1.1\r\n");
            }
            try (SocketChannel further = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
                assertEquals("", rest(further));
            }
            send(idle.get(0), "\r\n");
            assertTrue(rest(idle.remove(0)).startsWith("HTTP/1.1 200 OK\r\n"));
            idle.remove(0).close();
            Await.until(
                    "there is room",
                    () -> answer("GET /healthz HTTP/1.1\r\n\r\n").startsWith("HTTP/1.1 200 OK\r\n"));
        } finally {
            for (SocketChannel each : idle) each.close();
        }
    }

    /** Requests whose answers take long occupy the threads; others are closed at once, and the process ends all the same. */
    @Test
    void answersInProgressAreLimited() throws Exception {
        open(null);
        Source source = new Source();
        admin.serve(source);
        source.held = new CountDownLatch(1);
        List<SocketChannel> waiting = new ArrayList<>();
        try {
            for (int n = 0; n < AdminPort.THREADS; n++) {
                SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path));
                waiting.add(channel);
                send(channel, "GET /healthz HTTP/1.1\r\n\r\n");
            }
            Await.until("all are being answered", () -> source.answering.get() == AdminPort.THREADS);
            assertEquals("", answer("GET /readyz HTTP/1.1\r\n\r\n"));
            source.held.countDown();
            for (SocketChannel each : waiting) assertTrue(rest(each).startsWith("HTTP/1.1 200 OK\r\n"));
        } finally {
            source.held.countDown();
            for (SocketChannel each : waiting) each.close();
        }
    }

    private void assertStatus(int status, String request) throws IOException {
        String answer = answer(request);
        assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
        assertTrue(answer.contains("\r\nConnection: close\r\n"), answer);
        assertTrue(answer.contains("\r\nX-Content-Type-Options: nosniff\r\n"), answer);
    }

    private String answer(String request) {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            send(channel, request);
            return rest(channel);
        } catch (IOException e) {
            return ""; // closed before all was sent
        }
    }

    private static void send(SocketChannel channel, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
        while (bytes.hasRemaining()) channel.write(bytes);
    }

    private static String rest(SocketChannel channel) throws IOException {
        return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
    }

    private static final class Source implements AdminSource {
        final AtomicInteger answering = new AtomicInteger();
        volatile CountDownLatch held = new CountDownLatch(0);
        volatile String tunnels = "{}";

        @Override
        public boolean isAlive() throws InterruptedException {
            answering.incrementAndGet();
            held.await();
            return true;
        }

        @Override
        public String tunnels(boolean draining) {
            return tunnels;
        }

        @Override
        public void collect(Families into) {
            into.gauge("relay_test", "A test.", 1);
        }
    }
}
