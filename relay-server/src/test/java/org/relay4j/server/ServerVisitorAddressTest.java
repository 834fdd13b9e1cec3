package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.ping;
import static org.relay4j.testing.WireFrame.window;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;

/** What the server does with the addresses of visitors: it tells the client, and counts those of each. */
@ExtendWith(LeakCheck.EachTest.class)
class ServerVisitorAddressTest {
    @Test
    void streamBeginsWithTheAddressOfItsVisitor() throws IOException {
        try (RelayServer server = start();
                AskingClient client =
                        AskingClient.connect(server, "visitor-address").establish();
                Socket visitor = Visitor.connect(client.port())) {
            assertTrue(client.line().has("visitor-address"));
            expectHeader(client, 1, visitor); // without a byte of the visitor
            Visitor.send(visitor, "request");
            assertEquals("request", text(client, 1, 7));
        }
    }

    /** Two visitors, and one of another server. */
    @Test
    void identifiersDifferAndAreInTheLog() throws IOException {
        Set<String> ids = new HashSet<>();
        try (RelayServer server = start();
                RelayServer another = start();
                Logged log = Logged.below("org.relay4j.server")) {
            for (RelayServer each : List.of(server, another)) {
                try (AskingClient client =
                                AskingClient.connect(each, "visitor-address").establish();
                        Socket first = Visitor.connect(client.port())) {
                    ids.add(client.header(1).uniqueId());
                    try (Socket second = Visitor.connect(client.port())) {
                        String id = client.header(3).uniqueId();
                        ids.add(id);
                        log.await("visitor 127.0.0.1:" + second.getLocalPort() + " (" + id + ") connected");
                    }
                    assertTrue(first.isConnected());
                }
            }
        }
        assertEquals(4, ids.size());
    }

    @Test
    void clientThatDoesNotAskGetsNoHeader() throws IOException {
        try (RelayServer server = start();
                AskingClient client = AskingClient.connect(server, "").establish();
                Socket visitor = Visitor.connect(client.port())) {
            assertFalse(client.line().has("visitor-address"));
            Visitor.send(visitor, "request");
            client.yamux().expect(window(1, SYN, 0));
            assertEquals("request", text(client, 1, 7));
        }
    }

    @Test
    void visitorThatHasWaitedKeepsItsAddress() throws IOException {
        try (RelayServer server = start()) {
            AskingClient lost =
                    AskingClient.connect(server, "visitor-address resume").establish();
            int port = lost.port();
            String lease = lost.lease();
            try (Logged log = Logged.below("org.relay4j.server")) {
                lost.die();
                log.await(": held");
            }
            try (Socket visitor = Visitor.connect(port);
                    AskingClient client = AskingClient.connect(server, "visitor-address resume=" + lease)) {
                client.yamux().expect(ping(SYN, 1));
                expectHeader(client, 1, visitor);
            }
        }
    }

    @Test
    void visitorsOfAnAddressAreBounded() throws IOException {
        try (RelayServer server = start();
                Logged log = Logged.below("org.relay4j.server");
                AskingClient client = named(server, limits -> limits.maxVisitorsPerAddress(1))) {
            try (Socket first = Visitor.connect(client.port());
                    Socket second = Visitor.connect(client.port())) {
                client.yamux().expect(window(1, SYN, 0));
                Visitor.expectReset(second);
                String line = log.await("of its address");
                assertTrue(line.contains(" refused, 1 of its address are connected (1 refused so far)"), line);
                assertEquals(1, server.statistics().refusals().get(Refusal.VISITORS_OF_ADDRESS));
                client.yamux().send(window(1, ACK, 0), window(1, RST, 0));
                Visitor.expectReset(first);
            }
            Await.until("the first has left", () -> server.visitorCount() == 0);
            try (Socket third = Visitor.connect(client.port())) {
                assertTrue(third.isConnected());
                client.yamux().expect(window(3, SYN, 0));
            }
        }
    }

    @Test
    void visitorsOfASecondAreBounded() throws IOException {
        List<Socket> visitors = new ArrayList<>();
        try (RelayServer server = start();
                Logged log = Logged.below("org.relay4j.server");
                AskingClient client = named(server, limits -> limits.visitorsPerSecond(1))) {
            Await.until("a visitor is refused", () -> {
                visitors.add(Visitor.connect(client.port()));
                return server.statistics().refusals().get(Refusal.VISITOR_RATE) > 0;
            });
            String line = log.await("in a second");
            assertTrue(line.contains(" refused, more came than 1 in a second ("), line);
        } finally {
            for (Socket visitor : visitors) visitor.close();
        }
    }

    private static AskingClient named(RelayServer server, UnaryOperator<ClientLimits.Builder> limits)
            throws IOException {
        ClientLimits built = limits.apply(ClientLimits.builder()).build();
        return AskingClient.connect(server, "", "alice", built).establish();
    }

    private static void expectHeader(AskingClient client, int id, Socket visitor) throws IOException {
        ProxyHeader header = client.header(id);
        assertEquals(visitor.getLocalSocketAddress(), header.source());
        assertEquals(visitor.getRemoteSocketAddress(), header.destination());
        assertEquals("tcp/" + client.port(), header.endpoint());
        assertTrue(String.valueOf(header.uniqueId()).matches("[0-9a-f]{12}-[0-9a-f]+"), header::toString);
    }

    private static String text(AskingClient client, int id, int length) throws IOException {
        return new String(client.yamux().expectData(id, length), StandardCharsets.US_ASCII);
    }

    private static RelayServer start() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return RelayServer.start(RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .extended(true)
                .build());
    }
}
