package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.Session;

/** Options that change while the server runs. */
@ExtendWith(LeakCheck.class)
class ServerUpdateTest {
    @Test
    void aHigherLimitOfTunnelsAdmitsMoreAndALowerOneKeepsThem() throws IOException {
        try (RelayServer server = start(options().maxTunnels(1));
                RawClient one = RawClient.establish(server)) {
            refused(server, "ERR limit-reached the server has reached its limit of 1 tunnels");
            server.update(server.options().toBuilder().maxTunnels(2).build());
            try (RawClient two = RawClient.establish(server)) {
                refused(server, "ERR limit-reached the server has reached its limit of 2 tunnels");
                server.update(server.options().toBuilder()
                        .maxTunnels(9)
                        .maxTunnelsPerAddress(1)
                        .build());
                refused(server, "ERR limit-reached your address has reached its limit of 1 tunnels");
                one.yamux().expectNothing();
                two.yamux().expectNothing();
            }
            assertEquals(9, server.options().maxTunnels());
        }
    }

    @Test
    void limitsAndNetworksOfVisitorsApplyToOpenTunnels() throws Exception {
        try (RelayServer server = start(options());
                RawClient client = RawClient.connect(server);
                Session session = client.session();
                Socket first = client.visit()) {
            session.accept();
            server.update(server.options().toBuilder().maxVisitorsPerTunnel(1).build());
            resets(client);
            server.update(server.options().toBuilder()
                    .maxVisitorsPerTunnel(2)
                    .maxVisitors(1)
                    .build());
            resets(client);
            server.update(server.options().toBuilder()
                    .maxVisitors(2)
                    .denyVisitors(List.of("127.0.0.0/8"))
                    .build());
            resets(client);
            server.update(server.options().toBuilder().denyVisitors(List.of()).build());
            try (Socket second = client.visit()) {
                session.accept();
                assertTrue(second.isConnected());
            }
            assertTrue(first.isConnected());
        }
    }

    @Test
    void networksOfClientsApplyToNewOnes() throws IOException {
        try (RelayServer server = start(options());
                RawClient before = RawClient.establish(server)) {
            server.update(server.options().toBuilder()
                    .denyClients(List.of("127.0.0.0/8"))
                    .build());
            assertThrows(IOException.class, () -> RawClient.connect(server).close());
            before.yamux().expectNothing();
        }
    }

    @Test
    void anotherCertificateIsUsedForNewConnections(@TempDir Path folder) throws Exception {
        Keys one = Keys.make(folder, "one");
        Keys two = Keys.make(folder, "two");
        try (RelayServer server = start(options().tls(one.server()));
                Logged log = Logged.below("org.relay4j.server")) {
            server.update(server.options().toBuilder().tls(two.server()).build());
            assertEquals(
                    "INFO relay server: new certificate in use, sha256:" + two.binding(), log.await("certificate"));
            try (LineClient client = LineClient.secure(server, Keys.trusting())) {
                SSLSocket socket = (SSLSocket) client.socket;
                assertEquals(two.certificate(), socket.getSession().getPeerCertificates()[0]);
            }
        }
    }

    /** All or nothing: the limit, which could change, stays too. */
    @Test
    void optionsThatCannotChangeAreNamedAndNothingChanges(@TempDir Path folder) throws IOException {
        try (RelayServer server = start(options())) {
            RelayServerOptions before = server.options();
            InetAddress other = InetAddress.getByName("127.0.0.2");
            String message = failure(
                    server,
                    before.toBuilder()
                            .maxTunnels(5)
                            .bindAddress(other)
                            .publicBindAddress(null)
                            .publicPorts(2_000, 2_010)
                            .httpsPort(443)
                            .httpPort(80)
                            .loops(before.loops() + 1)
                            .stickyPorts(true)
                            .trustedProxies(List.of("10.0.0.0/8"))
                            .extended(true)
                            .stateFile(folder.resolve("state"))
                            .policy(TunnelPolicy.nobody())
                            .requireName(true)
                            .listener(new RelayServerListener() {})
                            .build());
            String[] names = {
                "bindAddress and port (from ",
                "publicBindAddress (from ",
                "publicPorts (from any to 2000-2010)",
                "httpsPort (from null to 443)",
                "httpPort (from null to 80)",
                "loops (from ",
                "stickyPorts (from false to true)",
                "trustedProxies (from [] to [10.0.0.0/8])",
                "extended (from false to true)",
                "stateFile (from null to ",
                "policy (from null to ",
                "requireName (from false to true)",
                "listener (from null to "
            };
            for (String name : names) assertTrue(message.contains(name), message);
            assertTrue(message.startsWith("these options cannot change while the server runs: "), message);
            Keys keys = Keys.make(folder, "one");
            String tls = failure(server, before.toBuilder().tls(keys.server()).build());
            assertTrue(tls.contains("tls (from off to on)"), tls);
            assertSame(before, server.options());
        }
    }

    @Test
    void timesChange() throws IOException {
        try (RelayServer server = start(options())) {
            server.update(server.options().toBuilder()
                    .handshakeTimeout(Duration.ofMillis(50))
                    .lease(Duration.ofSeconds(5))
                    .idleTimeout(Duration.ofMillis(50))
                    .build());
            try (RawClient silent = RawClient.connect(server)) {
                silent.answerPing();
                try (Socket visitor = silent.visit()) {
                    silent.yamux().next(); // the visitor's stream
                    Visitor.expectReset(visitor);
                }
            }
        }
    }

    private static String failure(RelayServer server, RelayServerOptions options) {
        return assertThrows(IllegalArgumentException.class, () -> server.update(options))
                .getMessage();
    }

    private static void resets(RawClient client) throws IOException {
        try (Socket visitor = client.visit()) {
            Visitor.expectReset(visitor);
        }
    }

    private static void refused(RelayServer server, String line) throws IOException {
        try (RawClient client = RawClient.connect(server)) {
            assertEquals(line, client.line());
        }
    }

    private static RelayServerOptions.Builder options() {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return RelayServerOptions.builder().bindAddress(loopback).publicBindAddress(loopback);
    }

    private static RelayServer start(RelayServerOptions.Builder options) throws IOException {
        return RelayServer.start(options.build());
    }
}
