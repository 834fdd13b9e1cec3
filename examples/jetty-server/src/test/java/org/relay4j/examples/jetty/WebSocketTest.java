package org.relay4j.examples.jetty;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.relay4j.api.Endpoint;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.client.RelayTunnel;
import org.relay4j.server.ClientLimits;
import org.relay4j.server.NamedClient;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.server.TunnelPolicy;
import org.relay4j.testing.Sha256;

/** WebSockets through the public port. */
class WebSocketTest {
    private static final int LARGE = 100 << 20; // bytes
    private static final int PIECE = 64 * 1024; // bytes
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private final HttpClient client = HttpClient.newHttpClient();
    private RelayServer relay;
    private JettyServer server;

    @BeforeEach
    void start() throws Exception {
        relay = RelayServer.start(0);
        server = new JettyServer("localhost", relay.port());
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
        relay.close();
    }

    @Test
    void webSocketReturnsTextAndBinary() throws Exception {
        Messages messages = new Messages();
        WebSocket socket = connect(messages);
        socket.sendText("hello", true).get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
        assertEquals("hello", messages.next(5));
        socket.sendBinary(ByteBuffer.wrap("bytes".getBytes(StandardCharsets.US_ASCII)), true)
                .get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
        assertEquals("bytes", messages.next(5));
        socket.sendClose(WebSocket.NORMAL_CLOSURE, "done").get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
        assertEquals(WebSocket.NORMAL_CLOSURE, messages.closed.get(DEADLINE.toSeconds(), TimeUnit.SECONDS));
    }

    /** Sends on while replies arrive: 100 MiB in each direction at the same time. */
    @Test
    void webSocketCarriesMuchBothWaysAtOnce() throws Exception {
        Messages messages = new Messages();
        WebSocket socket = connect(messages);
        MessageDigest expected = Sha256.digest();
        Random random = new Random(8);
        byte[] piece = new byte[PIECE];
        for (int left = LARGE; left > 0; left -= PIECE) {
            random.nextBytes(piece);
            expected.update(piece);
            socket.sendBinary(ByteBuffer.wrap(piece), true).get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
        }
        assertEquals(Sha256.hex(expected.digest()), messages.digestOf(LARGE));
        socket.abort();
    }

    @Test
    void twoHundredWebSocketsAtOnce() throws Exception {
        List<Messages> all = new ArrayList<>();
        List<WebSocket> sockets = new ArrayList<>();
        for (int n = 0; n < 200; n++) {
            Messages messages = new Messages();
            all.add(messages);
            sockets.add(connect(messages));
        }
        for (int n = 100; n < 300; n++) {
            sockets.get(n - 100).sendText("socket " + n, true).get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
        }
        for (int n = 100; n < 300; n++)
            assertEquals("socket " + n, all.get(n - 100).next(10));
        for (WebSocket socket : sockets) socket.abort();
    }

    /** Visitors ask for the name at the HTTP port, where the relay server has several. This one can be resolved on any machine. */
    @Test
    void webSocketBehindAHostName() throws Exception {
        RelayServerOptions options = RelayServerOptions.builder()
                .bindAddress(InetAddress.getLoopbackAddress())
                .publicBindAddress(InetAddress.getLoopbackAddress())
                .extended(true)
                .httpPort(0)
                .policy(new Everybody(ClientLimits.builder().host("localhost").build()))
                .build();
        try (RelayServer names = RelayServer.start(options);
                RelayTunnel tunnel = RelayClient.open("localhost", names.port(), RelayClientOptions.defaults());
                JettyServer named = new JettyServer(tunnel.acceptor(Endpoint.host("localhost")))) {
            int port = names.httpAddress().getPort();
            assertEquals(port, named.publicPort());
            Messages messages = new Messages();
            WebSocket socket = connect(messages, port);
            socket.sendText("hello", true).get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
            assertEquals("hello", messages.next(5));
            socket.sendClose(WebSocket.NORMAL_CLOSURE, "done").get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
            assertEquals(WebSocket.NORMAL_CLOSURE, messages.closed.get(DEADLINE.toSeconds(), TimeUnit.SECONDS));
        }
    }

    /** Clients without a name may have a host name. */
    private record Everybody(ClientLimits nameless) implements TunnelPolicy {
        @Override
        public CompletionStage<Optional<NamedClient>> find(String name) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
    }

    private WebSocket connect(Messages messages) throws Exception {
        return connect(messages, server.publicPort());
    }

    private WebSocket connect(Messages messages, int port) throws Exception {
        URI uri = URI.create("ws://localhost:" + port + "/socket");
        return client.newWebSocketBuilder().buildAsync(uri, messages).get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
    }

    /** The bytes received from a WebSocket, as one sequence. */
    private static final class Messages implements WebSocket.Listener {
        final CompletableFuture<Integer> closed = new CompletableFuture<>();
        private final BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean last) {
            received.add(text.toString().getBytes(StandardCharsets.US_ASCII));
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onBinary(WebSocket socket, ByteBuffer bytes, boolean last) {
            byte[] part = new byte[bytes.remaining()];
            bytes.get(part);
            received.add(part);
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
            closed.complete(status);
            return null;
        }

        String next(int length) throws InterruptedException {
            StringBuilder text = new StringBuilder();
            while (text.length() < length) text.append(new String(take(), StandardCharsets.US_ASCII));
            return text.toString();
        }

        String digestOf(int length) throws InterruptedException {
            MessageDigest digest = Sha256.digest();
            for (int got = 0; got < length; ) {
                byte[] part = take();
                got += part.length;
                digest.update(part);
            }
            return Sha256.hex(digest.digest());
        }

        private byte[] take() throws InterruptedException {
            byte[] part = received.poll(DEADLINE.toSeconds(), TimeUnit.SECONDS);
            if (part == null) throw new AssertionError("nothing more has come");
            return part;
        }
    }
}
