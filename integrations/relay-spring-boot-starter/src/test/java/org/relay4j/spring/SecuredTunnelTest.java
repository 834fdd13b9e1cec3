package org.relay4j.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.spring.WebApplication.get;
import static org.relay4j.spring.WebApplication.publicPort;

import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.api.Visitor;
import org.relay4j.server.ClientLimits;
import org.relay4j.server.NamedClient;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.server.ServerTls;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.SelfSignedKeys;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

/** Web servers behind a relay server with TLS that knows its clients by name. */
@ExtendWith({LeakCheck.class, OutputCaptureExtension.class})
@Tag("slow")
class SecuredTunnelTest {
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @TempDir
    private Path folder;

    private Path certificate; // of the server
    private Path key; // of the client
    private ServerTls tls;
    private int ownPort; // of the client
    private RelayServer relay;

    @BeforeEach
    void start() throws Exception {
        SelfSignedKeys server = SelfSignedKeys.make(folder.resolve("server.p12"), "localhost", "localhost");
        certificate = server.writeCertificate(folder.resolve("server.pem"));
        tls = ServerTls.ofFiles(certificate, server.writeKey(folder.resolve("server-key.pem")));
        KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        key = Files.createFile(
                folder.resolve("web-1.key"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(key, base64(pair.getPrivate().getEncoded()));
        ownPort = FixedPort.free();
        NamedClient known = NamedClient.ofKey(
                base64(pair.getPublic().getEncoded()),
                ClientLimits.builder()
                        .ports(ownPort, ownPort)
                        .host("app.example.com")
                        .share(true)
                        .build());
        relay = RelayServer.start(RelayServerOptions.builder()
                .bindAddress(InetAddress.getLoopbackAddress())
                .tls(tls)
                .policy(name ->
                        CompletableFuture.completedFuture(name.equals("web-1") ? Optional.of(known) : Optional.empty()))
                .requireName(true)
                .httpPort(FixedPort.free())
                .build());
    }

    @AfterEach
    void stop() {
        relay.close();
    }

    private static String base64(byte[] der) {
        return Base64.getEncoder().encodeToString(der);
    }

    @Test
    void nameKeyAndPortOfThisApplication() throws Exception {
        try (ConfigurableApplicationContext context = WebApplication.run(
                relay.port(),
                "relay.tls.ca=" + certificate,
                "relay.name=web-1",
                "relay.key-file=" + key,
                "relay.public-port=" + ownPort)) {
            assertEquals(ownPort, publicPort(context));
            assertEquals("hello", get(client, ownPort, "/hello").body());
        }
    }

    @Test
    void hostNameOfThisApplication() throws Exception {
        try (ConfigurableApplicationContext context = WebApplication.run(
                relay.port(),
                "relay.tls.ca=" + certificate,
                "relay.name=web-1",
                "relay.key-file=" + key,
                "relay.endpoint=host:app.example.com")) {
            Tunnel tunnel = context.getBean(Tunnel.class);
            assertEquals("app.example.com", tunnel.publicAddress().getHostString());
            try (Socket visitor = new Socket(
                    InetAddress.getLoopbackAddress(), tunnel.publicAddress().getPort())) {
                String request = "GET /hello HTTP/1.1\r\nHost: app.example.com\r\nConnection: close\r\n\r\n";
                visitor.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
                String reply = new String(visitor.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
                assertTrue(reply.contains("\r\n\r\n") && reply.contains("hello"), reply);
            }
            assertEquals(1, tunnel.statistics().visitors());
        }
    }

    @Test
    void applicationsShareAPort() throws Exception {
        String[] properties = {
            "relay.tls.ca=" + certificate,
            "relay.name=web-1",
            "relay.key-file=" + key,
            "relay.endpoint=tcp:" + ownPort,
            "relay.share=true"
        };
        try (ConfigurableApplicationContext two = WebApplication.run(relay.port(), properties)) {
            try (ConfigurableApplicationContext one = WebApplication.run(relay.port(), properties);
                    Socket first = new Socket(InetAddress.getLoopbackAddress(), ownPort);
                    Socket second = new Socket(InetAddress.getLoopbackAddress(), ownPort)) {
                Await.until("each has one visitor", () -> visitors(one) == 1 && visitors(two) == 1);
                assertTrue(first.isConnected() && second.isConnected());
            }
            assertEquals("hello", get(client, ownPort, "/hello").body());
        }
    }

    @Test
    void refusedEndpointIsRetriedWithoutFailFast(CapturedOutput output) throws Exception {
        String[] properties = {
            "relay.tls.ca=" + certificate,
            "relay.name=web-1",
            "relay.key-file=" + key,
            "relay.endpoint=host:app.example.com",
            "relay.fail-fast=false",
            "relay.shortest-backoff=10ms",
            "relay.longest-backoff=100ms"
        };
        ConfigurableApplicationContext two = null;
        try {
            try (ConfigurableApplicationContext one = WebApplication.run(relay.port(), properties)) {
                Await.until("it is open", one.getBean(Tunnel.class)::isOpen);
                two = WebApplication.run(relay.port(), properties);
                Await.until(
                        "the second is refused",
                        () -> output.getAll().contains("is in use by a program of the same name; next attempt in"));
            }
            Await.until("the second is open", two.getBean(Tunnel.class)::isOpen);
        } finally {
            if (two != null) two.close();
        }
    }

    private static long visitors(ConfigurableApplicationContext context) {
        return context.getBean(Tunnel.class).statistics().visitors();
    }

    @Test
    void pinnedCertificateSeveralConnectionsAndLeaseFile() throws Exception {
        Path lease = folder.resolve("lease");
        try (ConfigurableApplicationContext context = WebApplication.run(
                relay.port(),
                "relay.tls.pin=" + tls.fingerprint(),
                "relay.name=web-1",
                "relay.key=" + Files.readString(key),
                "relay.connections=2",
                "relay.lease-file=" + lease)) {
            assertEquals("hello", get(client, publicPort(context), "/hello").body());
            assertTrue(Files.size(lease) > 0);
        }
    }

    /** A listener that keeps the addresses of visitors. */
    static final class Visits implements TunnelListener {
        final BlockingQueue<InetAddress> addresses = new LinkedBlockingQueue<>();

        @Override
        public void visitorAccepted(Tunnel tunnel, Visitor visitor) {
            addresses.add(visitor.address().getAddress());
        }
    }

    @Test
    void listenersLearnTheAddressesOfVisitors() throws Exception {
        try (ConfigurableApplicationContext context = new SpringApplicationBuilder(WebApplication.class, Visits.class)
                .web(WebApplicationType.SERVLET)
                .properties(
                        "relay.host=localhost",
                        "relay.port=" + relay.port(),
                        "relay.tls.ca=" + certificate,
                        "relay.name=web-1",
                        "relay.key-file=" + key,
                        "relay.visitor-addresses=true",
                        "server.port=0")
                .run()) {
            assertEquals("hello", get(client, publicPort(context), "/hello").body());
            InetAddress visitor = context.getBean(Visits.class).addresses.poll(10, TimeUnit.SECONDS);
            assertTrue(visitor != null && visitor.isLoopbackAddress(), () -> "visitor " + visitor);
        }
    }

    // ---- failures of the start

    @Test
    void anotherCertificateThanThePinnedOne(CapturedOutput output) {
        fails(output, "relay.tls.pin=sha256:" + "0".repeat(64), "relay.tls.pin", "another server may have answered");
    }

    @Test
    void noName(CapturedOutput output) {
        fails(output, "relay.tls.ca=" + certificate, "auth-required", "set relay.name and relay.key-file");
    }

    @Test
    void keyOfAnotherClient(CapturedOutput output) throws Exception {
        Files.writeString(
                key,
                base64(KeyPairGenerator.getInstance("Ed25519")
                        .generateKeyPair()
                        .getPrivate()
                        .getEncoded()));
        assertThrows(
                RuntimeException.class,
                () -> WebApplication.run(
                                relay.port(),
                                "relay.tls.ca=" + certificate,
                                "relay.name=web-1",
                                "relay.key-file=" + key)
                        .close());
        says(output, "auth-failed", "knows the client's public key");
    }

    @Test
    void damagedKeyIsNotShown(CapturedOutput output) {
        String damaged = "c2VjcmV0LWtleQ==";
        assertThrows(
                RuntimeException.class,
                () -> WebApplication.run(relay.port(), "relay.name=web-1", "relay.key=" + damaged)
                        .close());
        says(output, "relay.name", "is not an Ed25519 private key");
        assertTrue(!output.getAll().contains(damaged), "the key is shown");
    }

    private void fails(CapturedOutput output, String property, String... texts) {
        assertThrows(
                RuntimeException.class,
                () -> WebApplication.run(relay.port(), property).close());
        says(output, texts);
    }

    private static void says(CapturedOutput output, String... texts) {
        String all = output.getAll();
        assertTrue(all.contains("APPLICATION FAILED TO START"), all);
        for (String text : texts) assertTrue(all.contains(text), () -> text + " in " + all);
    }
}
