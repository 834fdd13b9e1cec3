package org.relay4j.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.api.Endpoint;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.control.Ed25519;
import org.relay4j.server.ClientLimits;
import org.relay4j.server.NamedClient;
import org.relay4j.server.RelayServer;
import org.relay4j.server.ServerTls;
import org.relay4j.testing.Await;
import org.relay4j.testing.SelfSigned;

/** Two services with host names on one tunnel; the client and its visitors, which are curl, use the same port of the server. */
@Tag("peers")
class HostNamesIT {
    private static final String ONE = "one.example.com";
    private static final String TWO = "two.example.com";

    @TempDir
    private Path folder;

    private HttpServer one;
    private HttpServer two;
    private RelayServer server;
    private RelayClientOptions options;

    @BeforeEach
    void start() throws Exception {
        one = web("one");
        two = web("two");
        KeyPair alice = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        TestKeys keys = TestKeys.make(folder, "localhost");
        NamedClient known = NamedClient.ofKey(
                Ed25519.encode(alice.getPublic()),
                ClientLimits.builder().host("*.example.com").build());
        server = RelayServer.start(Local.options()
                .port(0)
                .httpsPort(0)
                .tls(ServerTls.ofKeyStore(keys.file(), TestKeys.PASSWORD))
                .policy(name -> CompletableFuture.completedFuture(Optional.of(known)))
                .requireName(true)
                .build());
        options = RelayClientOptions.builder()
                .tls(ClientTls.pinned(keys.fingerprint()))
                .identity(ClientIdentity.ofKey("alice", Ed25519.encode(alice.getPrivate())))
                .build();
    }

    @AfterEach
    void stop() {
        server.close();
        one.stop(0);
        two.stop(0);
    }

    /** A web server with TLS of its own. */
    private static HttpServer web(String answer) throws IOException {
        HttpsServer web = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        web.setHttpsConfigurator(new HttpsConfigurator(SelfSigned.context()));
        web.createContext("/", exchange -> {
            byte[] body = (answer + " " + exchange.getRequestHeaders().getFirst("Host")).getBytes(UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        web.start();
        return web;
    }

    private int port() {
        InetSocketAddress address = server.httpsAddress();
        if (address == null) throw new AssertionError("no HTTPS port");
        return address.getPort();
    }

    private String curl(String name) throws Exception {
        Path output = Files.createTempFile(folder, "curl", ".txt");
        Process process = new ProcessBuilder(
                        "curl",
                        "--silent",
                        "--show-error",
                        "--insecure",
                        "--noproxy",
                        "*",
                        "--resolve",
                        name + ":" + port() + ":127.0.0.1",
                        "https://" + name + ":" + port() + "/")
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertTrue(process.waitFor(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS), "curl still runs");
        } finally {
            process.destroyForcibly();
        }
        return Files.readString(output);
    }

    @Test
    void oneTunnelOnePort() throws Exception {
        try (RelayTunnel tunnel = RelayClient.open("localhost", port(), options)) {
            RelayForwarder first = tunnel.forward(Endpoint.host(ONE), one.getAddress());
            RelayForwarder second = tunnel.forward(Endpoint.host(TWO), two.getAddress());
            assertEquals(ONE, first.publicAddress().getHostString());
            assertEquals(port(), first.publicAddress().getPort());
            assertEquals("one " + ONE + ":" + port(), curl(ONE));
            assertEquals("two " + TWO + ":" + port(), curl(TWO));
            second.close();
            String closed = curl(TWO);
            assertTrue(closed.contains("unrecognized name"), closed);
            assertEquals("one " + ONE + ":" + port(), curl(ONE));
            Endpoint foreign = Endpoint.host("example.org");
            assertThrows(RelayRefusedException.class, () -> tunnel.forward(foreign, one.getAddress()));
        }
    }
}
