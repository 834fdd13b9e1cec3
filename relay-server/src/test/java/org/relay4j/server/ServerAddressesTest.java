package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.WireFrame;

/** Which addresses clients and visitors may connect from. */
@ExtendWith(LeakCheck.class)
class ServerAddressesTest {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
    private static final String ELSEWHERE = "203.0.113.0/24";

    @Test
    void clientFromElsewhereIsDisconnectedWithoutAWord() throws IOException {
        try (RelayServer server = start(local().allowClients(List.of(ELSEWHERE)));
                Logged log = Logged.below("org.relay4j.server")) {
            assertReset(server.port());
            assertEquals(
                    "WARN relay server: client 127.0.0.1 refused, its address is not allowed",
                    log.await("its address is not allowed"));
            assertEquals(1, server.statistics().refusals().get(Refusal.CLIENT_ADDRESS));
            assertEquals(0, server.statistics().pendingClients());
        }
    }

    @Test
    void deniedClientIsDisconnected() throws IOException {
        try (RelayServer server = start(local().denyClients(List.of("127.0.0.0/8")))) {
            assertReset(server.port());
        }
    }

    @Test
    void allowedClientIsServed() throws IOException {
        try (RelayServer server =
                        start(local().allowClients(List.of("127.0.0.1")).denyClients(List.of(ELSEWHERE)));
                RawClient client = RawClient.establish(server)) {
            client.yamux().expectNothing();
            assertEquals(0, server.statistics().refusals().get(Refusal.CLIENT_ADDRESS));
        }
    }

    @Test
    void visitorFromElsewhereIsReset() throws IOException {
        try (RelayServer server = start(local().allowVisitors(List.of(ELSEWHERE)));
                Logged log = Logged.below("org.relay4j.server");
                RawClient client = RawClient.establish(server)) {
            assertReset(client.port());
            String line = log.await("its address is not allowed");
            assertTrue(line.startsWith("WARN tunnel 1 (port " + client.port() + "): visitor 127.0.0.1:"), line);
            assertEquals(1, server.statistics().refusals().get(Refusal.VISITOR_ADDRESS));
            assertEquals(0, server.visitorCount());
            client.yamux().expectNothing();
        }
    }

    @Test
    void allowedVisitorIsServed() throws IOException {
        try (RelayServer server =
                        start(local().allowVisitors(List.of("127.0.0.0/8")).denyVisitors(List.of(ELSEWHERE)));
                RawClient client = RawClient.establish(server);
                Socket visitor = new Socket(LOOPBACK, client.port())) {
            assertTrue(visitor.isConnected());
            client.yamux().expect(WireFrame.window(1, WireFrame.SYN, 0));
        }
    }

    @Test
    void malformedNetworksAreNamed() {
        String message = assertThrows(
                        IllegalArgumentException.class,
                        () -> local().allowVisitors(List.of("10.0.0.1/8")).build())
                .getMessage();
        assertEquals("\"10.0.0.1/8\" is not a network: it has bits beyond its prefix; write 10.0.0.0/8", message);
        assertThrows(
                IllegalArgumentException.class,
                () -> local().denyClients(List.of("localhost")).build());
    }

    @Test
    void copyOfTheOptionsHasTheNetworks() {
        RelayServerOptions options =
                local().denyClients(List.of("127.0.0.1")).denyVisitors(List.of("127.0.0.1")).build().toBuilder()
                        .port(1)
                        .build();
        assertFalse(options.clientFilter().allows(LOOPBACK));
        assertFalse(options.visitorFilter().allows(LOOPBACK));
        assertTrue(options.toBuilder()
                .denyClients(List.of())
                .build()
                .clientFilter()
                .allows(LOOPBACK));
    }

    private static void assertReset(int port) throws IOException {
        try (Socket socket = new Socket(LOOPBACK, port)) {
            socket.setSoTimeout((int) Await.DEADLINE.toMillis());
            assertThrows(SocketException.class, () -> socket.getInputStream().read());
        }
    }

    private static RelayServerOptions.Builder local() {
        return RelayServerOptions.builder().bindAddress(LOOPBACK).publicBindAddress(LOOPBACK);
    }

    private static RelayServer start(RelayServerOptions.Builder options) throws IOException {
        return RelayServer.start(options.build());
    }
}
