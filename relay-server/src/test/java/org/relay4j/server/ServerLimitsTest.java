package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.SessionOptions;

/** What the server answers when there is too much of something: section 6 of the protocol. */
@ExtendWith(LeakCheck.class)
class ServerLimitsTest {
    @Test
    void oneTunnelTooManyIsRefusedAndTheNextIsTaken() throws IOException {
        try (RelayServer server = start(local().maxTunnels(2));
                Logged log = Logged.below("org.relay4j.server");
                RawClient one = RawClient.establish(server)) {
            try (RawClient two = RawClient.establish(server)) {
                assertRefused(server, "limit-reached", "the server has reached its limit of 2 tunnels");
                assertTrue(log.await("refused").startsWith("WARN relay server: client 127.0.0.1 refused"));
                two.yamux().expectNothing();
            }
            awaitTaken(server);
            one.yamux().expectNothing();
        }
    }

    @Test
    void oneTunnelTooManyOfAnAddressIsRefused() throws IOException {
        try (RelayServer server = start(local().maxTunnelsPerAddress(1))) {
            try (RawClient one = RawClient.establish(server)) {
                assertRefused(server, "limit-reached", "your address has reached its limit of 1 tunnels");
                one.yamux().expectNothing();
            }
            awaitTaken(server);
        }
    }

    @Test
    void oneSilentClientTooManyTakesThePlaceOfTheOldest() throws IOException {
        List<RawClient> silent = new ArrayList<>();
        try (RelayServer server = start(local().maxPendingPerAddress(8));
                Logged log = Logged.below("org.relay4j.server")) {
            RawClient established = RawClient.establish(server);
            silent.add(established);
            established.yamux().expectNothing(); // so the server has got its answer
            for (int i = 0; i < 8; i++) silent.add(RawClient.connect(server));
            RawClient newcomer = RawClient.connect(server);
            silent.add(newcomer);
            silent.get(1).yamux().expect(WireFrame.ping(SYN, 1));
            silent.get(1).yamux().expectGone();
            String line = log.await("dropped before it had answered");
            assertTrue(line.startsWith("WARN tunnel 2 "), line);
            assertTrue(line.contains("256 at once (8 of one address)"), line);
            newcomer.answerPing();
            newcomer.yamux().expectNothing();
            established.yamux().expectNothing();
            Await.until("one has left", () -> server.tunnelCount() == 9);
            for (RawClient client : silent) client.close(); // the server would wait for them
        } finally {
            for (RawClient client : silent) client.close();
        }
    }

    @Test
    void warningsThatStrangersCauseAreFew() throws IOException {
        try (RelayServer server = start(local().maxTunnels(1));
                Logged log = Logged.below("org.relay4j.server");
                RawClient one = RawClient.establish(server)) {
            long start = System.nanoTime();
            for (int i = 0; i < 20; i++) RawClient.connect(server).close();
            long warnings = log.lines("WARN").size();
            long seconds = (System.nanoTime() - start) / 1_000_000_000; // and no less than the warnings took
            assertTrue(warnings >= 1 && warnings <= seconds + 2, log.lines()::toString);
            one.yamux().expectNothing();
        }
    }

    @Test
    void clientForWhichThereIsNoPortIsRefused() throws IOException {
        int port = FixedPort.free();
        try (RelayServer server = start(local().publicPorts(port, port));
                Logged log = Logged.below("org.relay4j.server")) {
            try (RawClient one = RawClient.establish(server)) {
                assertEquals(port, one.port());
                assertRefused(server, "no-port-free", "no port of " + port + " to " + port + " is free");
                String line = log.await("no public port");
                assertTrue(line.startsWith("WARN ") && line.contains("no port of " + port), line);
                one.yamux().expectNothing();
                assertEquals(1, server.tunnelCount());
            }
            awaitTaken(server);
        }
    }

    @Test
    void visitorTooManyOfATunnelIsResetAndCounted() throws IOException {
        try (RelayServer server = start(local().maxVisitorsPerTunnel(1));
                Logged log = Logged.below("org.relay4j.server");
                RawClient client = RawClient.establish(server);
                RawClient other = RawClient.establish(server)) {
            try (Socket one = client.visit()) {
                client.yamux().expect(WireFrame.window(1, SYN, 0));
                try (Socket two = client.visit()) {
                    Visitor.expectReset(two);
                }
                String line = log.await("visitor refused");
                assertTrue(line.startsWith("WARN ") && line.contains("1 of 1 here"), line);
                assertTrue(line.endsWith("(1 refused so far)"), line);
                try (Socket elsewhere = other.visit()) {
                    other.yamux().expect(WireFrame.window(1, SYN, 0));
                    assertTrue(elsewhere.isConnected());
                }
                client.yamux().send(WireFrame.data(1, "fine"));
                Visitor.expect(one, "fine");
                Visitor.reset(one);
            }
            client.yamux().expect(WireFrame.window(1, WireFrame.RST, 0));
            try (Socket three = client.visit()) {
                client.yamux().expect(WireFrame.window(3, SYN, 0));
                assertTrue(three.isConnected());
            }
        }
    }

    @Test
    void visitorTooManyInAllIsReset() throws IOException {
        try (RelayServer server = start(local().maxVisitors(2));
                RawClient one = RawClient.establish(server);
                RawClient two = RawClient.establish(server);
                Socket first = one.visit();
                Socket second = two.visit()) {
            one.yamux().expect(WireFrame.window(1, SYN, 0));
            two.yamux().expect(WireFrame.window(1, SYN, 0));
            assertEquals(2, server.visitorCount());
            for (RawClient client : List.of(one, two)) {
                try (Socket third = client.visit()) {
                    Visitor.expectReset(third);
                }
                client.yamux().expectNothing();
            }
            assertEquals(2, server.visitorCount());
            Visitor.reset(first);
            one.yamux().expect(WireFrame.window(1, WireFrame.RST, 0));
            try (Socket third = two.visit()) {
                two.yamux().expect(WireFrame.window(3, SYN, 0));
                assertTrue(third.isConnected() && second.isConnected());
            }
        }
    }

    @Test
    void visitorsWaitWhileTheClientHasNotAnsweredToThoseBefore() throws IOException {
        SessionOptions session = SessionOptions.builder().maxUnacknowledged(2).build();
        try (RelayServer server = start(local().session(session));
                RawClient client = RawClient.establish(server);
                Socket one = client.visit();
                Socket two = client.visit();
                Socket three = client.visit()) {
            Visitor.send(three, "patience");
            client.yamux().expect(WireFrame.window(1, SYN, 0), WireFrame.window(3, SYN, 0));
            client.yamux().expectNothing();
            assertEquals(2, server.visitorCount());
            client.yamux().send(WireFrame.window(3, ACK, 0));
            client.yamux().expect(WireFrame.window(5, SYN, 0), WireFrame.data(5, "patience"));
            assertEquals(3, server.visitorCount());
            assertTrue(one.isConnected() && two.isConnected());
        }
    }

    @Test
    void visitorThatWaitsWhenTheTunnelEndsIsReset() throws IOException {
        SessionOptions session = SessionOptions.builder().maxUnacknowledged(1).build();
        try (RelayServer server = start(local().session(session));
                RawClient client = RawClient.establish(server);
                Socket one = client.visit();
                Socket waiting = client.visit()) {
            client.yamux().expect(WireFrame.window(1, SYN, 0));
            client.leave();
            Visitor.expectReset(one);
            Visitor.expectReset(waiting);
        }
    }

    private static void assertRefused(RelayServer server, String code, String detail) throws IOException {
        try (RawClient client = RawClient.connect(server)) {
            assertEquals("ERR " + code + " " + detail, client.line());
            client.assertClosed();
        }
    }

    /** The end of a tunnel is noticed some time after its client has left. */
    private static void awaitTaken(RelayServer server) {
        Await.until("a client is taken", () -> {
            try (RawClient client = RawClient.connect(server)) {
                return !client.line().startsWith("ERR");
            }
        });
    }

    private static RelayServerOptions.Builder local() {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return RelayServerOptions.builder().bindAddress(loopback).publicBindAddress(loopback);
    }

    private static RelayServer start(RelayServerOptions.Builder options) throws IOException {
        return RelayServer.start(options.build());
    }
}
