package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.api.RelayException;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.control.Ed25519;
import org.relay4j.server.ClientLimits;
import org.relay4j.server.NamedClient;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.server.ServerTls;
import org.relay4j.server.TunnelPolicy;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;

/** Tunnels through TLS with names, between a real client and a real server. */
@ExtendWith(LeakCheck.EachTest.class)
class SecuredTunnelTest {
    @TempDir
    static Path folder;

    private static TestKeys keys;
    private static KeyPair alice;

    private FakeServer service;
    private RelayServer server;

    @BeforeAll
    static void makeKeys() throws Exception {
        keys = TestKeys.make(folder, "localhost");
        alice = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    }

    @BeforeEach
    void start() throws Exception {
        service = FakeServer.echoing();
        server = RelayServer.start(options().requireName(true).build());
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        service.close();
    }

    private static RelayServerOptions.Builder options() throws Exception {
        TunnelPolicy policy = new TunnelPolicy() {
            @Override
            public CompletionStage<Optional<NamedClient>> find(String name) {
                NamedClient known = NamedClient.ofKey(Ed25519.encode(alice.getPublic()), ClientLimits.defaults());
                return CompletableFuture.completedFuture(Optional.of(known).filter(any -> name.equals("alice")));
            }
        };
        return Local.options()
                .port(0)
                .tls(ServerTls.ofKeyStore(keys.file(), TestKeys.PASSWORD))
                .policy(policy);
    }

    private static RelayClientOptions.Builder client() throws Exception {
        return RelayClientOptions.builder()
                .tls(ClientTls.pinned(keys.fingerprint()))
                .identity(ClientIdentity.ofKey("alice", Ed25519.encode(alice.getPrivate())));
    }

    private static void assertEcho(int port) throws IOException {
        try (Socket visitor = Visitor.connect(port)) {
            Visitor.send(visitor, "through TLS");
            visitor.shutdownOutput();
            Visitor.expect(visitor, "through TLS");
            Visitor.expectEnd(visitor);
        }
    }

    @Test
    void forwarder() throws Exception {
        InetSocketAddress local = InetSocketAddress.createUnresolved("localhost", service.port());
        RelayClientOptions trusting =
                client().tls(ClientTls.trusting(keys.pem())).build();
        try (RelayForwarder forwarder = RelayClient.forward("localhost", server.port(), local, trusting)) {
            for (int i = 0; i < 3; i++) assertEcho(forwarder.publicAddress().getPort());
        }
    }

    @Test
    void acceptor() throws Exception {
        try (RelayAcceptor acceptor = RelayClient.connect("localhost", server.port(), client().build())) {
            Call<Void> serving = Call.run(() -> {
                try (Socket socket = acceptor.accept()) {
                    FakeServer.echo(socket);
                }
            });
            assertEcho(acceptor.getLocalPort());
            serving.result();
        }
    }

    @Test
    void clientWithoutANameIsRefused() throws Exception {
        RelayClientOptions nameless = client().identity(null).build();
        assertEquals("auth-required", refusal(nameless));
    }

    @Test
    void wrongKeyAndUnknownNameAreRefusedAlike() throws Exception {
        String other = Ed25519.encode(
                KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPrivate());
        assertEquals(
                "auth-failed",
                refusal(client().identity(ClientIdentity.ofKey("alice", other)).build()));
        assertEquals(
                "auth-failed",
                refusal(client().identity(ClientIdentity.ofKey("bob", other)).build()));
    }

    private String refusal(RelayClientOptions options) {
        return assertThrows(RelayRefusedException.class, () -> RelayClient.connect("localhost", server.port(), options))
                .code();
    }

    @Test
    void nameIsNotNeededWhereItIsNotRequired() throws Exception {
        try (RelayServer open = RelayServer.start(options().build());
                RelayAcceptor acceptor = RelayClient.connect(
                        "localhost", open.port(), client().identity(null).build())) {
            assertTrue(acceptor.isOpen());
        }
    }

    @Test
    void eachSideSaysThatTheOtherDoesOrDoesNotSpeakTls() throws Exception {
        RelayServerOptions impatient =
                options().handshakeTimeout(Duration.ofMillis(200)).build();
        try (RelayServer encrypted = RelayServer.start(impatient);
                RelayServer plain = Local.server()) {
            RelayException failure =
                    assertThrows(RelayException.class, () -> RelayClient.connect("localhost", encrypted.port()));
            assertTrue(failure.getMessage().contains("set the option tls"), failure.getMessage());
            RelayProtocolException other = assertThrows(
                    RelayProtocolException.class,
                    () -> RelayClient.connect("localhost", plain.port(), client().build()));
            assertTrue(other.getMessage().contains("does not speak TLS"), other.getMessage());
        }
    }
}
