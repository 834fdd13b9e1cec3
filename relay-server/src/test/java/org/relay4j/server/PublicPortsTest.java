package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.yamux.io.Listener;
import org.relay4j.yamux.io.LoopGroup;

@ExtendWith(LeakCheck.class)
class PublicPortsTest {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    /** Nobody connects here. */
    private static final Listener.Owner OWNER = new Listener.Owner() {
        @Override
        public boolean canAccept() {
            return false;
        }

        @Override
        public void accepted(SocketChannel channel) {}
    };

    private final List<Listener> open = new ArrayList<>();
    private LoopGroup loops;

    @BeforeEach
    void start() throws IOException {
        loops = new LoopGroup("relay-test", 1, true);
    }

    @AfterEach
    void stop() {
        open.forEach(Listener::close);
        loops.close();
    }

    @Test
    void withoutARangeAnyFreePortIsGiven() throws IOException {
        PublicPorts ports = new PublicPorts(
                RelayServerOptions.builder().publicBindAddress(LOOPBACK).build());
        Set<Integer> given = new HashSet<>();
        for (int i = 0; i < 20; i++) given.add(open(ports).address().getPort());
        assertEquals(20, given.size());
        assertEquals(LOOPBACK, open.get(0).address().getAddress());
    }

    @Test
    void portsOfTheRangeAreGivenInTurn() throws IOException {
        int lowest = FixedPort.range(3);
        PublicPorts ports = ports(lowest, 3);
        assertEquals(List.of(lowest, lowest + 1, lowest + 2), List.of(port(ports), port(ports), port(ports)));
    }

    @Test
    void exhaustedRangeIsNamed() throws IOException {
        int lowest = FixedPort.range(2);
        PublicPorts ports = ports(lowest, 2);
        open(ports);
        Listener second = open(ports);
        for (int i = 0; i < 3; i++) {
            BindException failure = assertThrows(BindException.class, () -> open(ports));
            assertEquals("no port of " + lowest + " to " + (lowest + 1) + " is free", failure.getMessage());
        }
        release(ports, second);
        assertEquals(lowest + 1, port(ports));
        assertThrows(BindException.class, () -> open(ports));
    }

    @Test
    void portOfAnotherProgramIsPassedOver() throws IOException {
        int lowest = FixedPort.range(3);
        try (ServerSocket other = new ServerSocket(lowest + 1, 1, LOOPBACK)) {
            PublicPorts ports = ports(lowest, 3);
            assertEquals(List.of(lowest, lowest + 2), List.of(port(ports), port(ports)));
            assertThrows(BindException.class, () -> open(ports));
            assertTrue(other.isBound());
        }
    }

    @Test
    void portOfAnotherProgramIsGivenOnceItIsFree() throws IOException {
        int lowest = FixedPort.free();
        PublicPorts ports = ports(lowest, 1);
        try (ServerSocket other = new ServerSocket(lowest, 1, LOOPBACK)) {
            assertThrows(BindException.class, () -> open(ports), other::toString);
        }
        assertEquals(lowest, port(ports));
    }

    @Test
    void portThatBecameFreeIsReusedLast() throws IOException {
        int lowest = FixedPort.range(4);
        PublicPorts ports = ports(lowest, 4);
        Listener first = open(ports);
        release(ports, first);
        for (int i = 1; i < 4; i++) assertEquals(lowest + i, port(ports));
        assertEquals(lowest, port(ports));
    }

    @Test
    void portsAreReusedInTheOrderInWhichTheyBecameFree() throws IOException {
        int lowest = FixedPort.range(3);
        PublicPorts ports = ports(lowest, 3);
        Listener one = open(ports);
        Listener two = open(ports);
        Listener three = open(ports);
        release(ports, three);
        release(ports, one);
        release(ports, two);
        assertEquals(List.of(lowest + 2, lowest, lowest + 1), List.of(port(ports), port(ports), port(ports)));
    }

    @Test
    void reasonIsNamedWhenItIsNotThatThePortsAreGiven() throws IOException {
        InetAddress nowhere = InetAddress.getByName("192.0.2.1"); // of no machine: set aside for documentation
        PublicPorts ports = new PublicPorts(RelayServerOptions.builder()
                .publicBindAddress(nowhere)
                .publicPorts(20_000, 20_001)
                .build());
        BindException failure = assertThrows(BindException.class, () -> open(ports));
        String message = String.valueOf(failure.getMessage());
        assertTrue(message.startsWith("no port of 20000 to 20001 is free: Cannot assign requested address"), message);
    }

    @Test
    void noMoreThanSixtyFourPortsAreTriedForOneClient() throws IOException {
        int lowest = FixedPort.range(PublicPorts.MOST_BINDS + 2);
        List<ServerSocket> others = new ArrayList<>();
        try {
            for (int i = 0; i < PublicPorts.MOST_BINDS; i++) {
                others.add(new ServerSocket(lowest + i, 1, LOOPBACK));
            }
            PublicPorts ports = ports(lowest, PublicPorts.MOST_BINDS + 2);
            BindException failure = assertThrows(BindException.class, () -> open(ports));
            String message = String.valueOf(failure.getMessage());
            assertTrue(message.startsWith("the first 64 unused ports of " + lowest + " to "), message);
            assertTrue(message.endsWith("; try again to use other ports"), message);
            assertEquals(lowest + PublicPorts.MOST_BINDS, port(ports)); // the next client is offered the next ones
        } finally {
            for (ServerSocket other : others) other.close();
        }
    }

    @Test
    void portThatWasChosenIsNotGivenInTurnUntilItIsFree() throws IOException {
        int lowest = FixedPort.range(3);
        PublicPorts ports = ports(lowest, 3);
        Listener chosen = ports.open(lowest + 1, address -> Listener.open(loops.next(), address, OWNER));
        open.add(chosen);
        assertEquals(List.of(lowest, lowest + 2), List.of(port(ports), port(ports)));
        assertThrows(BindException.class, () -> open(ports));
        release(ports, chosen);
        assertEquals(lowest + 1, port(ports));
    }

    private int port(PublicPorts ports) throws IOException {
        return open(ports).address().getPort();
    }

    private Listener open(PublicPorts ports) throws IOException {
        Listener listener = ports.open(address -> Listener.open(loops.next(), address, OWNER));
        open.add(listener);
        return listener;
    }

    private void release(PublicPorts ports, Listener listener) {
        listener.close();
        open.remove(listener);
        ports.release(listener.address().getPort());
    }

    private static PublicPorts ports(int lowest, int count) {
        return new PublicPorts(RelayServerOptions.builder()
                .publicBindAddress(LOOPBACK)
                .publicPorts(lowest, lowest + count - 1)
                .build());
    }
}
