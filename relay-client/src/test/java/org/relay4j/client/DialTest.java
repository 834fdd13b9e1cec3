package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.Logged;

/** The addresses of a host, tried one after the other without waiting long for any. */
class DialTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    @Test
    void familiesAlternateBeginningWithThatOfTheFirst() throws UnknownHostException {
        assertEquals(
                addresses("1.1.1.1", "::1", "1.1.1.2", "::2", "1.1.1.3"),
                Dial.order(
                        addresses("1.1.1.1", "1.1.1.2", "1.1.1.3", "::1", "::2").toArray(InetAddress[]::new)));
        assertEquals(
                addresses("::1", "1.1.1.1", "::2", "::3"),
                Dial.order(addresses("::1", "::2", "::3", "1.1.1.1").toArray(InetAddress[]::new)));
    }

    @Test
    void addressesKeepTheHostAsTheCallerHasWrittenIt() throws IOException {
        InetSocketAddress literal = Dial.resolve("::1", 7000).get(0);
        assertEquals("::1", literal.getHostString());
        assertEquals(address("::1"), literal.getAddress());
        assertEquals("127.0.0.1", Dial.resolve("127.0.0.1", 7000).get(0).getHostString());
        for (InetSocketAddress each : Dial.resolve("localhost", 7000)) {
            assertEquals("localhost", each.getHostString());
            assertTrue(each.getAddress().isLoopbackAddress());
        }
        try (SocketChannel channel = SocketChannel.open()) {
            Reached reached = Reached.directly(new Dial.Dialed(channel, literal));
            assertEquals("::1", reached.host());
            assertEquals("::1", reached.server().getHostString());
        }
    }

    @Test
    void hostWithVeryManyAddressesIsNotTriedAtAllOfThem() {
        InetAddress[] many =
                IntStream.range(0, 100).mapToObj(n -> address("10.0.0." + n)).toArray(InetAddress[]::new);
        assertEquals(Arrays.asList(many).subList(0, Dial.MOST_ADDRESSES), Dial.order(many));
    }

    @Test
    void addressThatDoesNotAnswerDelaysTheNextOneOnly() throws IOException {
        try (FullBacklog silent = new FullBacklog();
                FakeServer server = FakeServer.start(FakeServer::awaitEnd);
                SocketChannel connected = Dial.connect(
                                List.of(local(silent.port()), local(server.port())), "relay", LONG, false)
                        .channel()) {
            assertEquals(local(server.port()), connected.getRemoteAddress());
            assertFalse(connected.isBlocking());
            assertFalse(connected.isRegistered());
        }
    }

    @Test
    void addressThatRefusesIsFollowedByTheNextOne() throws IOException {
        try (FakeServer server = FakeServer.start(FakeServer::awaitEnd);
                SocketChannel connected = Dial.connect(
                                List.of(local(FixedPort.free()), local(server.port())), "relay", LONG, false)
                        .channel()) {
            assertEquals(local(server.port()), connected.getRemoteAddress());
        }
    }

    @Test
    void timeoutCoversAllAddresses() throws IOException {
        try (FullBacklog one = new FullBacklog();
                FullBacklog other = new FullBacklog()) {
            RelayUnreachableException failure = assertThrows(
                    RelayUnreachableException.class,
                    () -> Dial.connect(
                            List.of(local(one.port()), local(other.port())), "relay:1", Duration.ofMillis(300), false));
            assertEquals("cannot connect to relay:1: no answer within 0.3 s", failure.getMessage());
        }
    }

    @Tag("slow")
    @Test
    void whileVisitorsWaitAnAddressThatDoesNotAnswerIsTriedAgain() throws IOException {
        try (FullBacklog silent = new FullBacklog();
                Logged log = Logged.below("org.relay4j.client")) {
            assertThrows(
                    RelayUnreachableException.class,
                    () -> Dial.connect(List.of(local(silent.port())), "relay:1", Duration.ofSeconds(2), true));
            long connects = connects(log);
            assertTrue(connects > 1 && connects <= 8, "connects: " + connects);
        }
    }

    @Test
    void addressThatRefusesIsTriedOnceEvenIfVisitorsWait() throws IOException {
        int port = FixedPort.free();
        try (Logged log = Logged.below("org.relay4j.client")) {
            assertThrows(
                    RelayUnreachableException.class, () -> Dial.connect(List.of(local(port)), "relay:1", LONG, true));
            assertEquals(1, connects(log));
        }
    }

    @Test
    void lastFailureIsReportedWhenAllRefuse() {
        RelayUnreachableException failure = assertThrows(
                RelayUnreachableException.class,
                () -> Dial.connect(List.of(local(FixedPort.free()), local(FixedPort.free())), "relay:1", LONG, false));
        assertEquals("cannot connect to relay:1: Connection refused", failure.getMessage());
    }

    private static long connects(Logged log) {
        return log.lines().stream()
                .filter(line -> line.contains("connecting to"))
                .count();
    }

    private static InetSocketAddress local(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private static List<InetAddress> addresses(String... texts) throws UnknownHostException {
        return Arrays.stream(texts).map(DialTest::address).toList();
    }

    private static InetAddress address(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }
}
