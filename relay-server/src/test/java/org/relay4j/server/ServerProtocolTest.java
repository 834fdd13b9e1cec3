package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;

/** The base protocol, section 1, seen by a client that is a script. */
@ExtendWith(LeakCheck.EachTest.class)
class ServerProtocolTest {
    @Test
    void portLineIsTheNumberAndOneLineFeedThenComesYamux() throws IOException {
        try (RelayServer server = start();
                SocketChannel client = SocketChannel.open(server.address())) {
            byte[] first = readNumberLineAndFrame(client);
            String text = new String(first, StandardCharsets.ISO_8859_1);
            int lineEnd = text.indexOf('\n');
            int port = Integer.parseInt(text.substring(0, lineEnd));
            assertEquals(Integer.toString(port), text.substring(0, lineEnd));
            assertTrue(port > 0 && port < 65_536, text);
            assertEquals(lineEnd + 1 + 12, first.length);
            assertEquals("000200010000000000000001", hex(first, lineEnd + 1));
            assertEquals(1, server.tunnelCount());
            Visitor.connect(port).close();
        }
    }

    private static byte[] readNumberLineAndFrame(SocketChannel client) throws IOException {
        ByteBuffer all = ByteBuffer.allocate(64);
        client.socket().setSoTimeout((int) Await.DEADLINE.toMillis());
        int lineEnd = -1;
        while (lineEnd < 0 || all.position() < lineEnd + 1 + 12) {
            int next = client.socket().getInputStream().read();
            assertTrue(next >= 0, "the server closed the connection");
            all.put((byte) next);
            if (next == '\n' && lineEnd < 0) lineEnd = all.position() - 1;
        }
        return java.util.Arrays.copyOf(all.array(), all.position());
    }

    private static String hex(byte[] bytes, int from) {
        return java.util.HexFormat.of().formatHex(bytes, from, bytes.length);
    }

    @Test
    void serverSaysNothingMoreUntilAVisitorComes() throws IOException {
        try (RelayServer server = start();
                RawClient client = RawClient.establish(server)) {
            client.yamux().expectNothing();
        }
    }

    @Test
    void visitorBecomesAStreamWhoseAcknowledgementIsNotWaitedFor() throws IOException {
        try (RelayServer server = start();
                RawClient client = RawClient.establish(server);
                Socket visitor = client.visit()) {
            client.yamux().expect(WireFrame.window(1, SYN, 0));
            Visitor.send(visitor, "hello");
            client.yamux().expect(WireFrame.data(1, "hello"));
            client.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "welcome"));
            Visitor.expect(visitor, "welcome");
        }
    }

    @Test
    void visitorIsAnnouncedBeforeItHasSaidAnything() throws IOException {
        try (RelayServer server = start();
                RawClient client = RawClient.establish(server);
                Socket visitor = client.visit()) {
            client.yamux().expect(WireFrame.window(1, SYN, 0));
            // A banner, as SSH sends it: the service speaks first. Data acknowledges the stream as well as ACK does.
            client.yamux().send(WireFrame.data(1, "SSH-2.0-x\r\n"));
            Visitor.expect(visitor, "SSH-2.0-x\r\n");
        }
    }

    @Test
    void eachVisitorHasItsOwnOddId() throws IOException {
        try (RelayServer server = start();
                RawClient client = RawClient.establish(server);
                Socket one = client.visit()) {
            client.yamux().expect(WireFrame.window(1, SYN, 0));
            try (Socket two = client.visit()) {
                client.yamux().expect(WireFrame.window(3, SYN, 0));
                client.yamux().send(WireFrame.data(3, "two"), WireFrame.data(1, "one"));
                Visitor.expect(one, "one");
                Visitor.expect(two, "two");
                assertEquals(2, server.visitorCount());
            }
        }
    }

    @Test
    void eachClientHasItsOwnPort() throws IOException {
        try (RelayServer server = start();
                RawClient one = RawClient.establish(server);
                RawClient two = RawClient.establish(server);
                Socket visitor = two.visit()) {
            assertTrue(one.port() != two.port());
            two.yamux().expect(WireFrame.window(1, SYN, 0));
            one.yamux().expectNothing();
            assertEquals(2, server.tunnelCount());
            assertTrue(visitor.isConnected());
        }
    }

    @Test
    void streamOfTheClientIsRefused() throws IOException {
        try (RelayServer server = start();
                RawClient client = RawClient.establish(server)) {
            client.yamux().send(WireFrame.window(2, SYN, 0), WireFrame.data(2, "RELAY/1 resume\n"));
            client.yamux().expect(WireFrame.window(2, RST, 0));
            client.yamux().send(WireFrame.window(4, SYN, 0));
            client.yamux().expect(WireFrame.window(4, RST, 0));
            client.yamux().expectNothing();
        }
    }

    @Test
    void clientThatIsAYamuxClientTooIsToldAndLogged() throws IOException {
        try (RelayServer server = start();
                Logged log = Logged.below("org.relay4j.server");
                RawClient client = RawClient.establish(server)) {
            client.yamux().send(WireFrame.window(1, SYN, 0));
            client.yamux().expect(WireFrame.goAway(1));
            client.yamux().expectEnd();
            client.leave();
            String line = log.await("down, ");
            assertTrue(line.startsWith("WARN ") && line.contains("both ends are clients"), line);
            Visitor.awaitRefused(client.port());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET / HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH_9.6\r\n", "4532\n\n\n\n\n\n\n\n\n\n\n\n"})
    void clientThatSpeaksSomethingElseIsToldAndLogged(String text) throws IOException {
        try (RelayServer server = start();
                Logged log = Logged.below("org.relay4j.server");
                RawClient client = RawClient.connect(server)) {
            client.say(text);
            client.yamux().expect(WireFrame.ping(SYN, 1), WireFrame.goAway(1));
            client.yamux().expectEnd();
            client.leave();
            String line = log.await("down, ");
            assertTrue(line.startsWith("WARN ") && line.contains("violated the yamux protocol"), line);
        }
    }

    @Test
    void clientThatSaysNothingIsLetGo() throws IOException {
        RelayServerOptions options =
                local().handshakeTimeout(Duration.ofMillis(100)).build();
        try (RelayServer server = RelayServer.start(options);
                Logged log = Logged.below("org.relay4j.server");
                RawClient client = RawClient.connect(server)) {
            client.yamux().expect(WireFrame.ping(SYN, 1));
            client.assertClosed();
            assertTrue(log.await("down, ").startsWith("WARN "));
            assertTrue(log.await("down, ").contains("has not answered for 100 ms"));
            Visitor.awaitRefused(client.port());
            Await.until("the tunnel is gone", () -> server.tunnelCount() == 0);
        }
    }

    @Tag("slow")
    @Test
    void anyFrameIsASignOfLife() throws IOException {
        RelayServerOptions options =
                local().handshakeTimeout(Duration.ofSeconds(2)).build(); // the frame must come earlier
        try (RelayServer server = RelayServer.start(options);
                RawClient client = RawClient.connect(server)) {
            client.yamux().send(WireFrame.window(77, 0, 1));
            // Connected later, so its time is over later.
            try (RawClient silent = RawClient.connect(server)) {
                silent.yamux().expect(WireFrame.ping(SYN, 1));
                silent.assertClosed();
            }
            client.yamux().expect(WireFrame.ping(SYN, 1));
            client.yamux().expectNothing();
            assertEquals(1, server.tunnelCount());
        }
    }

    @Test
    void clientThatLeavesIsForgotten() throws IOException {
        try (RelayServer server = start();
                Logged log = Logged.below("org.relay4j.server")) {
            RawClient client = RawClient.establish(server);
            client.leave();
            Await.until("the tunnel is gone", () -> server.tunnelCount() == 0);
            Visitor.awaitRefused(client.port());
            assertTrue(log.await("down, ").startsWith("INFO "), log.lines()::toString);
        }
    }

    @Test
    void clientThatLeavesWithoutReadingIsForgotten() throws IOException {
        try (RelayServer server = start()) {
            for (int i = 0; i < 20; i++) SocketChannel.open(server.address()).close();
            try (RawClient client = RawClient.establish(server)) {
                Await.until("only one tunnel is left", () -> server.tunnelCount() == 1);
                client.yamux().expectNothing();
            }
        }
    }

    @Test
    void goAwayOfTheClientClosesThePublicPortAndVisitorsGoOn() throws IOException {
        try (RelayServer server = start();
                Logged log = Logged.below("org.relay4j.server");
                RawClient client = RawClient.establish(server);
                Socket visitor = client.visit()) {
            client.yamux().expect(WireFrame.window(1, SYN, 0));
            client.yamux().send(WireFrame.goAway(0));
            assertTrue(log.await("accepts no more visitors").startsWith("INFO "));
            Visitor.awaitRefused(client.port());

            Visitor.send(visitor, "still here");
            client.yamux().expect(WireFrame.data(1, "still here"));
            client.yamux().send(WireFrame.data(1, FIN, "so am I".getBytes(StandardCharsets.US_ASCII)));
            Visitor.expect(visitor, "so am I");
            Visitor.expectEnd(visitor);
            visitor.shutdownOutput();
            client.yamux().expect(WireFrame.window(1, FIN, 0));
            assertEquals(1, server.tunnelCount());
        }
    }

    @Test
    void goAwayWithACodeEndsTheTunnel() throws IOException {
        try (RelayServer server = start();
                Logged log = Logged.below("org.relay4j.server");
                RawClient client = RawClient.establish(server);
                Socket visitor = client.visit()) {
            client.yamux().expect(WireFrame.window(1, SYN, 0));
            client.yamux().send(WireFrame.goAway(2));
            Visitor.expectReset(visitor);
            assertTrue(log.await("down, ").contains("code 2"));
            assertEquals(1, log.lines("WARN").size(), log.lines()::toString);
        }
    }

    private static RelayServer start() throws IOException {
        return RelayServer.start(local().build());
    }

    /** One loop, so that what happens first is known. */
    private static RelayServerOptions.Builder local() {
        InetAddress loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0).getAddress();
        return RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .loops(1);
    }
}
