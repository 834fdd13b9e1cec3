package org.relay4j.cli.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.relay4j.api.json.JsonReader;
import org.relay4j.client.ClientIdentity;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.client.RelayForwarder;
import org.relay4j.server.ClientLimits;
import org.relay4j.server.NamedClient;
import org.relay4j.server.OpenTunnel;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;

/** The JSON of a server whose tunnels are in all states. */
class ServerSourceTest {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    private static RelayServerOptions.Builder options() {
        return RelayServerOptions.builder().bindAddress(LOOPBACK).publicBindAddress(LOOPBACK);
    }

    private static Map<?, ?> answer(RelayServer server) {
        return (Map<?, ?>) JsonReader.read(new ServerSource(server).tunnels(false));
    }

    private static Object total(RelayServer server, String name) {
        return ((Map<?, ?>) answer(server).get("totals")).get(name);
    }

    /** A tunnel that closes has a state, but does not count as open: it no longer counts towards the limit. */
    @Test
    void tunnelThatClosesIsNotOpen() throws Exception {
        try (ServerSocket service = new ServerSocket(0, 50, LOOPBACK);
                RelayServer server = RelayServer.start(options().build());
                RelayForwarder stays = forward(server, service, RelayClientOptions.defaults());
                RelayForwarder closes = forward(server, service, RelayClientOptions.defaults())) {
            Call<Void> closing;
            try (Socket visitor = new Socket(LOOPBACK, closes.publicAddress().getPort());
                    Socket served = service.accept()) {
                assertEquals(true, visitor.isConnected() && served.isConnected());
                Await.until(
                        "both clients have answered", () -> server.statistics().openTunnels() == 2);
                assertEquals(2L, total(server, "openTunnels"));
                assertEquals(0L, total(server, "closingTunnels"));
                closing = Call.run(() -> closes.close(Duration.ofMinutes(1)));
                Await.until(
                        "the server knows",
                        () -> server.openTunnels().stream().anyMatch(each -> each.state() == OpenTunnel.State.CLOSING));
                assertEquals(1L, total(server, "openTunnels"));
                assertEquals(1L, total(server, "closingTunnels"));
                assertEquals(2, ((List<?>) answer(server).get("tunnels")).size());
            }
            closing.result();
            Await.until("one is left", () -> server.openTunnels().size() == 1);
            assertEquals(1L, total(server, "openTunnels"));
            assertEquals(0L, total(server, "closingTunnels"));
            assertEquals(true, stays.isOpen());
        }
    }

    @Test
    void eachNameHasItsTotals() throws Exception {
        KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        NamedClient known = NamedClient.ofKey(
                Base64.getEncoder().encodeToString(pair.getPublic().getEncoded()), ClientLimits.defaults());
        try (ServerSocket service = new ServerSocket(0, 50, LOOPBACK);
                RelayServer server = RelayServer.start(options()
                        .extended(true)
                        .policy(name -> CompletableFuture.completedFuture(Optional.of(known)))
                        .build())) {
            RelayClientOptions named = RelayClientOptions.builder()
                    .identity(ClientIdentity.ofKey(
                            "web",
                            Base64.getEncoder().encodeToString(pair.getPrivate().getEncoded())))
                    .build();
            try (RelayForwarder first = forward(server, service, named);
                    RelayForwarder second = forward(server, service, named);
                    RelayForwarder nameless = forward(server, service, RelayClientOptions.defaults())) {
                Await.until("all are up", () -> total(server, "openTunnels").equals(3L));
                List<?> clients = (List<?>) answer(server).get("clients");
                assertEquals(1, clients.size(), clients::toString);
                Map<?, ?> web = (Map<?, ?>) clients.get(0);
                assertEquals("web", web.get("name"));
                assertEquals(2L, web.get("openTunnels"));
                assertEquals(3L, total(server, "openTunnels"));
                assertEquals(true, first.isOpen() && second.isOpen() && nameless.isOpen());
            }
        }
    }

    private static RelayForwarder forward(RelayServer server, ServerSocket service, RelayClientOptions options)
            throws Exception {
        InetSocketAddress local = new InetSocketAddress(LOOPBACK, service.getLocalPort());
        return RelayClient.forward(LOOPBACK.getHostAddress(), server.port(), local, options);
    }
}
