package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;

/** A tunnel whose stream ids are all used ends, so that its client can begin again with a new one. */
@ExtendWith(LeakCheck.EachTest.class)
class ServerRetirementTest {
    private static final int LAST = -3; // 2^32 - 3, the last odd id that is used

    @Test
    void endsWithItsLastVisitor() throws IOException {
        try (RelayServer server = start(Duration.ofHours(1));
                Logged log = Logged.below("org.relay4j.server");
                RawClient client = RawClient.establish(server)) {
            server.skipStreamIds(LAST);
            try (Socket last = client.visit()) {
                client.yamux().expect(WireFrame.window(LAST, SYN, 0));
                Visitor.awaitRefused(client.port());
                assertTrue(log.await("all stream ids are used").startsWith("INFO tunnel 1 "));
                client.yamux().send(WireFrame.data(LAST, "fine"));
                Visitor.expect(last, "fine");
                assertEquals(1, server.tunnelCount());
                Visitor.reset(last);
            }
            client.yamux().expect(WireFrame.window(LAST, WireFrame.RST, 0), WireFrame.goAway(0));
            client.yamux().expectEnd();
            Await.until("the tunnel is gone", () -> server.tunnelCount() == 0);
        }
    }

    @Test
    void doesNotWaitForAVisitorThatStays() throws IOException {
        try (RelayServer server = start(Duration.ofMillis(50));
                RawClient client = RawClient.establish(server)) {
            server.skipStreamIds(LAST);
            try (Socket last = client.visit()) {
                client.yamux().expect(WireFrame.window(LAST, SYN, 0));
                client.yamux().expect(WireFrame.window(LAST, WireFrame.RST, 0), WireFrame.goAway(0));
                Visitor.expectReset(last);
            }
            client.leave();
            Await.until("the tunnel is gone", () -> server.tunnelCount() == 0);
            try (RawClient next = RawClient.establish(server)) {
                assertTrue(next.port() > 0);
            }
        }
    }

    private static RelayServer start(Duration retireAfter) throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return RelayServer.start(RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .retireAfter(retireAfter)
                .build());
    }
}
