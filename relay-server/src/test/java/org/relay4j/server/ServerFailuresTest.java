package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.BrokenLogger;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;

/** An unexpected failure on a loop costs the client or the visitor that it concerns: no port, no count and no listener. */
@ExtendWith(LeakCheck.EachTest.class)
class ServerFailuresTest {
    static List<Throwable> failures() {
        return List.of(new IllegalStateException("on purpose"), new OutOfMemoryError("on purpose"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void failureForAVisitorCostsThatVisitor(Throwable failure) throws IOException {
        try (RelayServer server = start();
                RawClient client = RawClient.establish(server);
                Logged log = Logged.below("org.relay4j")) {
            int failed = 100; // more than are accepted in one pass
            try (BrokenLogger broken = new BrokenLogger("visitor {} connected", failure)) {
                for (int i = 0; i < failed; i++) {
                    try (Socket visitor = client.visit()) {
                        Visitor.expectReset(visitor);
                    }
                    int id = 2 * i + 1;
                    client.yamux().expect(WireFrame.window(id, SYN, 0), WireFrame.window(id, RST, 0));
                }
                assertEquals(failed, broken.thrown());
            }
            Await.until("no visitor is counted", () -> server.visitorCount() == 0);
            try (Socket visitor = client.visit()) {
                client.yamux().expect(WireFrame.window(2 * failed + 1, SYN, 0));
                client.yamux().send(WireFrame.data(2 * failed + 1, "fine"));
                Visitor.expect(visitor, "fine");
            }
            assertTrue(log.lines("ERROR").size() < failed, "limited to one line a second");
            log.await("unexpected failure of listener");
        }
    }

    @ParameterizedTest
    @MethodSource("failures")
    void failureForAClientCostsThatClient(Throwable failure) throws IOException {
        int port = FixedPort.free();
        RelayServerOptions options =
                local().publicPorts(port, port).maxTunnels(1).build();
        try (RelayServer server = RelayServer.start(options);
                Logged log = Logged.below("org.relay4j")) {
            int failed = 100;
            try (BrokenLogger broken = new BrokenLogger(": connected, client", failure)) {
                for (int i = 0; i < failed; i++) {
                    try (Socket client = new Socket(server.address().getAddress(), server.port())) {
                        client.setSoTimeout((int) Await.DEADLINE.toMillis());
                        assertThrows(IOException.class, () -> {
                            while (client.getInputStream().read() >= 0) assertTrue(client.isConnected());
                            throw new AssertionError("closed, and not reset");
                        });
                    }
                }
                assertEquals(failed, broken.thrown());
            }
            assertEquals(0, server.tunnelCount());
            assertEquals(0, server.admission().pending());
            try (RawClient client = RawClient.establish(server)) { // it gets the one port and the one place
                assertEquals(port, client.port());
            }
            assertTrue(log.lines("ERROR").size() < failed, "limited to one line a second");
            String line = log.await("unexpected failure");
            assertTrue(line.endsWith("client 127.0.0.1 was reset"), line);
        }
    }

    @Test
    void clientThatNoLoopCanServeIsResetAndNotCounted() throws IOException {
        RelayServer server = start();
        server.close();
        try (Logged log = Logged.below("org.relay4j");
                ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            try (Socket client = Visitor.connect(listener.socket().getLocalPort())) {
                new ControlPort(server.gate()).accepted(listener.accept());
                Visitor.expectReset(client);
            }
            assertEquals(0, server.admission().pending());
            assertEquals(1, server.statistics().refusals().get(Refusal.FAILURE));
            assertTrue(log.await("cannot be served").startsWith("ERROR relay server: client 127.0.0.1 "));
        }
    }

    private static RelayServer start() throws IOException {
        return RelayServer.start(local().build());
    }

    private static RelayServerOptions.Builder local() {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return RelayServerOptions.builder().bindAddress(loopback).publicBindAddress(loopback);
    }
}
