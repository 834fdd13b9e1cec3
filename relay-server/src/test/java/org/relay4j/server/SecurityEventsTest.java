package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;

/** Each security event, as a server logs it when a client or visitor causes it. */
@ExtendWith(LeakCheck.EachTest.class)
class SecurityEventsTest {
    private static final String HERE = " address=127.0.0.1 peer=";

    private static RelayServerOptions.Builder base() {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return RelayServerOptions.builder().bindAddress(loopback).publicBindAddress(loopback);
    }

    private static RelayServer start(RelayServerOptions.Builder options) throws IOException {
        return RelayServer.start(options.build());
    }

    private static Logged log() {
        return Logged.below("org.relay4j.security");
    }

    @Test
    void identity() throws Exception {
        KeyPair alice = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        NamedClient known = new NamedClient(Set.of(alice.getPublic()), false, ClientLimits.defaults());
        TunnelPolicy policy =
                name -> CompletableFuture.completedFuture(name.equals("alice") ? Optional.of(known) : Optional.empty());
        try (Logged log = log();
                RelayServer server = start(base().requireName(true).policy(policy))) {
            try (LineClient client = LineClient.plain(server)) {
                client.line();
                assertTrue(client.ask("RELAY/1").startsWith("ERR auth-required"));
            }
            try (LineClient client = LineClient.plain(server)) {
                client.line();
                String answer = client.ask("RELAY/1 name=x\"address=1.2.3.4 binding=none proof=x");
                assertTrue(answer.startsWith("ERR auth-failed"), answer);
            }
            try (LineClient client = LineClient.plain(server)) {
                String binding = "0".repeat(64);
                String answer = client.prove(client.line(), "RELAY/1", "alice", binding, alice.getPrivate());
                assertTrue(answer.startsWith("ERR tls-mismatch"), answer);
            }
            assertEquals(
                    Set.of(
                            "INFO event=auth-required" + HERE + "client",
                            "INFO event=auth-failed" + HERE + "client name=\"x\\u0022address\\u003d1.2.3.4\"",
                            "INFO event=tls-mismatch" + HERE + "client name=\"alice\""),
                    Set.copyOf(log.lines()));
        }
    }

    @Test
    void tls(@TempDir Path folder) throws Exception {
        Keys keys = Keys.make(folder, "server");
        try (Logged log = log();
                RelayServer server = start(base().tls(keys.server()));
                LineClient plain = LineClient.plain(server)) {
            plain.say("GET / HTTP/1.1\r\n\r\n");
            assertEquals("INFO event=tls-failed" + HERE + "client", log.await("event="));
        }
        try (Logged log = log();
                RelayServer server = start(base().tls(keys.server()).handshakeTimeout(Duration.ofMillis(100)));
                LineClient silent = LineClient.plain(server)) {
            assertEquals(21, silent.socket.getInputStream().read()); // an alert
            assertEquals("INFO event=handshake-timeout" + HERE + "client", log.await("event="));
        }
    }

    /** A client that gives way because of the limit of the whole server has done nothing. */
    @Test
    void limitOfPendingClientsOfOneAddress() throws IOException {
        try (Logged log = log();
                RelayServer server = start(base().extended(true).maxPendingPerAddress(1));
                LineClient first = LineClient.plain(server)) {
            first.line();
            try (LineClient second = LineClient.plain(server)) {
                second.line();
                assertEquals("INFO event=limit-reached" + HERE + "client", log.await("event="));
            }
        }
        try (Logged log = log();
                RelayServer server = start(base().extended(true).maxPending(1));
                LineClient first = LineClient.plain(server)) {
            first.line();
            try (LineClient second = LineClient.plain(server)) {
                second.line();
                Await.until(
                        "the first has given way",
                        () -> server.statistics().refusals().get(Refusal.PENDING) == 1);
                assertEquals(List.of(), log.lines());
            }
        }
    }

    @Test
    void requestsAndFrames() throws IOException {
        try (Logged log = log();
                RelayServer server = start(base().extended(true))) {
            try (LineClient client = LineClient.plain(server)) {
                client.line();
                assertTrue(client.ask("GET / HTTP/1.1").startsWith("ERR bad-request"));
                log.await("INFO event=bad-request" + HERE + "client");
            }
            try (LineClient client = LineClient.plain(server)) {
                client.line();
                client.ask("RELAY/1");
                client.say("not a frame of yamux");
                log.await("INFO event=protocol-violation" + HERE + "client");
            }
        }
    }

    @Test
    void aSilentClient() throws IOException {
        try (Logged log = log();
                RelayServer server = start(base().handshakeTimeout(Duration.ofMillis(100)));
                RawClient client = RawClient.connect(server)) {
            log.await("INFO event=handshake-timeout" + HERE + "client");
            assertTrue(client.port() > 0);
        }
    }

    @Test
    void networksAndLimits() throws IOException {
        try (Logged log = log();
                RelayServer denying = start(base().denyClients(List.of("127.0.0.0/8")));
                Socket client = new Socket(denying.address().getAddress(), denying.port())) {
            log.await("INFO event=not-allowed" + HERE + "client");
            assertTrue(client.isConnected());
        }
        try (Logged log = log();
                RelayServer server =
                        start(base().denyVisitors(List.of("127.0.0.0/8")).maxTunnelsPerAddress(1));
                RawClient client = RawClient.establish(server)) {
            try (Socket visitor = new Socket(InetAddress.getLoopbackAddress(), client.port())) {
                log.await("INFO event=not-allowed" + HERE + "visitor");
                assertTrue(visitor.isConnected());
            }
            try (RawClient second = RawClient.connect(server)) {
                assertTrue(second.line().startsWith("ERR limit-reached"), second.line());
                log.await("INFO event=limit-reached" + HERE + "client");
            }
        }
    }

    @Test
    void theServersOwnStateIsNoEvent() throws IOException {
        try (Logged log = log();
                RelayServer server = start(base().maxTunnels(1));
                RawClient client = RawClient.establish(server)) {
            try (RawClient second = RawClient.connect(server)) {
                assertTrue(second.line().startsWith("ERR limit-reached"), second.line());
            }
            assertEquals(1, server.statistics().refusals().get(Refusal.TUNNELS));
            assertTrue(client.port() > 0);
            assertEquals(0, log.lines().size(), () -> log.lines().toString());
        }
    }
}
