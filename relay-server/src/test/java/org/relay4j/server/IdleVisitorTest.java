package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.Stream;

/** Visitors without a byte in either direction. */
@ExtendWith(LeakCheck.EachTest.class)
class IdleVisitorTest {
    @Test
    void idleVisitorIsResetAndCounted() throws IOException {
        try (RelayServer server = start(Duration.ofMillis(100));
                Logged log = Logged.below("org.relay4j.server");
                LineClient client = LineClient.plain(server)) {
            int port = Integer.parseInt(client.line());
            try (Session session = client.session();
                    Socket visitor = Visitor.connect(port)) {
                Visitor.send(visitor, "x");
                Stream stream = session.accept();
                assertEquals('x', stream.getInputStream().read());
                Visitor.expectReset(visitor);
                assertThrows(IOException.class, () -> stream.getInputStream().read());
                String line = log.await("no byte in either direction for 100 ms");
                assertTrue(line.startsWith("INFO tunnel 1 (port " + port + "): visitor 127.0.0.1:"), line);
                assertEquals(1, server.statistics().refusals().get(Refusal.IDLE));
                assertEquals(0, server.visitorCount());
            }
        }
    }

    /** One that only sends and one that only receives stay as long as they do, and a third is reset meanwhile. */
    @Test
    void eitherDirectionCounts() throws IOException {
        try (RelayServer server = start(Duration.ofSeconds(1));
                LineClient client = LineClient.plain(server)) {
            int port = Integer.parseInt(client.line());
            try (Session session = client.session();
                    Socket sends = Visitor.connect(port);
                    Stream fromSender = session.accept();
                    Socket receives = Visitor.connect(port);
                    Stream toReceiver = session.accept();
                    Socket silent = Visitor.connect(port)) {
                while (server.statistics().refusals().get(Refusal.IDLE) == 0) {
                    Visitor.send(sends, "a");
                    assertEquals('a', fromSender.getInputStream().read());
                    toReceiver.getOutputStream().write('b');
                    Visitor.expect(receives, "b");
                }
                Visitor.expectReset(silent);
                Visitor.send(sends, "c");
                assertEquals('c', fromSender.getInputStream().read());
                toReceiver.getOutputStream().write('d');
                Visitor.expect(receives, "d");
                assertEquals(1, server.statistics().refusals().get(Refusal.IDLE));
            }
        }
    }

    @Test
    void theTimeIsBounded() {
        RelayServerOptions.Builder options = RelayServerOptions.builder();
        assertEquals(Duration.ZERO, options.build().idleTimeout());
        for (Duration time : new Duration[] {Duration.ofNanos(-1), Duration.ofDays(366)}) {
            String message = assertThrows(
                            IllegalArgumentException.class,
                            () -> options.idleTimeout(time).build())
                    .getMessage();
            assertTrue(message.startsWith("idleTimeout is "), message);
        }
    }

    private static RelayServer start(Duration idleTimeout) throws IOException {
        return RelayServer.start(RelayServerOptions.builder()
                .bindAddress(InetAddress.getLoopbackAddress())
                .publicBindAddress(InetAddress.getLoopbackAddress())
                .idleTimeout(idleTimeout)
                .build());
    }
}
