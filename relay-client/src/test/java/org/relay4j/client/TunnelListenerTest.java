package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.api.TunnelLostException;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;

/** The events and totals of the visitors of an acceptor or a forwarder. */
@ExtendWith(LeakCheck.EachTest.class)
class TunnelListenerTest {
    private final Story story = new Story();
    private RelayServer server;
    private FakeServer service;

    /** What carries the visitors to an echo. */
    enum Kind {
        ACCEPTOR {
            @Override
            Tunnel open(TunnelListenerTest test, TunnelListener listener) throws IOException {
                RelayAcceptor acceptor = RelayClient.connect(
                        "localhost", test.server.port(), Local.hasty(listener).build());
                Call.run(() -> {
                    while (true) {
                        Socket accepted = acceptor.accept();
                        Call.run(() -> {
                            try (accepted) {
                                FakeServer.echo(accepted);
                            }
                        });
                    }
                });
                return acceptor;
            }
        },
        FORWARDER {
            @Override
            Tunnel open(TunnelListenerTest test, TunnelListener listener) throws IOException {
                InetSocketAddress local = new InetSocketAddress(InetAddress.getLoopbackAddress(), test.service.port());
                return RelayClient.forward(
                        "localhost",
                        test.server.port(),
                        local,
                        Local.hasty(listener).build());
            }
        };

        abstract Tunnel open(TunnelListenerTest test, TunnelListener listener) throws IOException;
    }

    /** One call of a listener. */
    private record Event(
            String what,
            org.relay4j.api.@Nullable Visitor visitor,
            @Nullable Throwable cause) {
        @Override
        public String toString() {
            return what;
        }
    }

    /** Records its events. */
    private static class Story implements TunnelListener {
        final List<Event> events = new CopyOnWriteArrayList<>();
        final AtomicInteger roundTrips = new AtomicInteger();

        @Override
        public void roundTrip(Tunnel tunnel, Duration roundTrip) {
            roundTrips.incrementAndGet();
        }

        @Override
        public void up(Tunnel tunnel) {
            events.add(new Event("up", null, null));
        }

        @Override
        public void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {
            events.add(new Event("down", null, cause));
        }

        @Override
        public void publicAddressChanged(Tunnel tunnel, InetSocketAddress before) {
            events.add(new Event("moved from " + before.getPort(), null, null));
        }

        @Override
        public void visitorAccepted(Tunnel tunnel, org.relay4j.api.Visitor visitor) {
            events.add(new Event("accepted", visitor, null));
        }

        @Override
        public void visitorClosed(Tunnel tunnel, org.relay4j.api.Visitor visitor, @Nullable Throwable cause) {
            events.add(new Event("closed", visitor, cause));
        }

        Event await(String what, int times) {
            Await.until(
                    () -> what + " " + times + " times in " + events,
                    () -> all(what).size() == times);
            return all(what).get(times - 1);
        }

        private List<Event> all(String what) {
            return events.stream().filter(event -> event.what().equals(what)).toList();
        }
    }

    @BeforeEach
    void start() throws IOException {
        server = Local.server();
        service = FakeServer.echoing();
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        service.close();
    }

    private static Socket echoed(Tunnel tunnel, String text) throws IOException {
        Socket visitor = Visitor.connect(tunnel.publicAddress().getPort());
        Visitor.send(visitor, text);
        Visitor.expect(visitor, text);
        return visitor;
    }

    @ParameterizedTest
    @EnumSource
    void visitorsAreToldAndCounted(Kind kind) throws IOException {
        try (Tunnel tunnel = kind.open(this, story)) {
            try (Socket visitor = echoed(tunnel, "hello")) {
                Event accepted = story.await("accepted", 1);
                assertEquals(0, accepted.visitor().bytesOut());
                TunnelStatistics now = tunnel.statistics();
                assertEquals(1, now.visitors());
                assertEquals(1, now.openVisitors());
                assertEquals(5, now.bytesIn());
                assertEquals(5, now.bytesOut());
                visitor.shutdownOutput();
                Visitor.expectEnd(visitor);
            }
            Event closed = story.await("closed", 1);
            assertNull(closed.cause());
            assertEquals(
                    story.await("accepted", 1).visitor().number(),
                    closed.visitor().number());
            assertEquals(5, closed.visitor().bytesIn());
            assertEquals(5, closed.visitor().bytesOut());
            assertTrue(closed.visitor().connected().toNanos() > 0);
            assertEquals(0, tunnel.statistics().openVisitors());
            assertEquals(1, tunnel.statistics().visitors());
        }
        story.await("down", 1);
        assertEquals("[up, accepted, closed, down]", story.events.toString());
    }

    @ParameterizedTest
    @EnumSource
    void visitorThatWasCutOffHasACause(Kind kind) throws IOException {
        try (Tunnel tunnel = kind.open(this, story)) {
            Visitor.reset(echoed(tunnel, "x"));
            assertNotNull(story.await("closed", 1).cause());
        }
    }

    @ParameterizedTest
    @EnumSource
    void visitorsOfALostTunnelAreClosedBeforeItIsDown(Kind kind) throws IOException {
        try (Tunnel tunnel = kind.open(this, story)) {
            int port = server.port();
            int before = tunnel.publicAddress().getPort();
            try (Socket visitor = echoed(tunnel, "x")) {
                server.close();
                Event down = story.await("down", 1);
                assertEquals(TunnelLostException.class, down.cause().getClass());
                assertEquals("[up, accepted, closed, down]", story.events.toString());
                assertNotNull(story.await("closed", 1).cause());
                Visitor.expectReset(visitor);
            }
            server = Local.server(port);
            story.await("up", 2);
            if (tunnel.publicAddress().getPort() != before) {
                assertEquals("moved from " + before, story.events.get(4).what());
            }
            echoed(tunnel, "xyz").close();
            story.await("closed", 2);
            TunnelStatistics all = tunnel.statistics();
            assertEquals(2, all.visitors());
            assertEquals(0, all.openVisitors());
            assertEquals(4, all.bytesIn());
            assertEquals(1, all.reconnects());
        }
    }

    @ParameterizedTest
    @EnumSource
    void otherPublicAddressIsToldBeforeUp(Kind kind) throws IOException {
        try (Tunnel tunnel = kind.open(this, story)) {
            int port = server.port();
            int before = tunnel.publicAddress().getPort();
            server.close();
            story.await("down", 1);
            try (RelayServer moved = RelayServer.start(Local.options()
                    .port(port)
                    .publicPorts(before == 20_000 ? 20_001 : 20_000, before == 20_000 ? 20_099 : 20_098)
                    .build())) {
                story.await("up", 2);
                assertEquals("[up, down, moved from " + before + ", up]", story.events.toString());
                assertEquals(1, moved.tunnelCount());
            }
        }
    }

    @Test
    void endInAnOrderlyWayIsToldApartFromABrokenConnection() throws IOException {
        try (Tunnel tunnel = Kind.ACCEPTOR.open(this, story)) {
            server.close(); // no visitor is connected
            TunnelLostException cause =
                    (TunnelLostException) story.await("down", 1).cause();
            assertTrue(cause.isClean(), cause::toString);
            assertEquals(0, tunnel.statistics().visitors());
        }
    }

    /** An acceptor measures nothing of its own accord while its windows do not grow. */
    @ParameterizedTest
    @EnumSource
    void roundTripIsKnownSoonAfterItIsAskedFor(Kind kind) throws IOException {
        try (Tunnel tunnel = kind.open(this, story)) {
            Await.until("it is known", () -> tunnel.statistics().roundTrip() != null);
        }
    }

    @Test
    void roundTripIsTold() throws IOException {
        CountDownLatch measured = new CountDownLatch(1);
        TunnelListener listener = new TunnelListener() {
            @Override
            public void roundTrip(Tunnel tunnel, Duration roundTrip) {
                if (roundTrip.toNanos() > 0) measured.countDown();
            }
        };
        try (Tunnel tunnel = Kind.FORWARDER.open(this, listener)) {
            Await.until("a round trip was reported", measured);
            assertTrue(tunnel.statistics().roundTrip().toNanos() > 0);
        }
    }

    /** A listener that blocks at its first visitor. */
    private static Story stuckUntil(CountDownLatch goesOn) {
        return new Story() {
            @Override
            public void visitorAccepted(Tunnel tunnel, org.relay4j.api.Visitor visitor) {
                Await.until("it continues", goesOn);
                super.visitorAccepted(tunnel, visitor);
            }
        };
    }

    /** A listener that blocks costs neither a visitor its connection nor this program its memory. */
    @Tag("slow")
    @ParameterizedTest
    @EnumSource
    void slowListenerIsNotWaitedForAndNotToldEverything(Kind kind) throws IOException {
        CountDownLatch stuck = new CountDownLatch(1);
        Story slow = stuckUntil(stuck);
        try (Tunnel tunnel = kind.open(this, slow)) {
            int visitors = TunnelEvents.MOST_WAITING / 2 + 50;
            for (int n = 0; n < visitors; n++) echoed(tunnel, "x").close();
            Await.until("all have left", () -> tunnel.statistics().openVisitors() == 0);
            assertEquals(visitors, tunnel.statistics().visitors());
            long dropped = tunnel.statistics().droppedEvents();
            assertTrue(dropped > 0 && dropped <= 2L * visitors - TunnelEvents.MOST_WAITING + 1, () -> dropped + "");
            stuck.countDown();
            Await.until(
                    () -> "the rest was reported: " + slow.events.size(),
                    () -> slow.events.size()
                                    - 1
                                    + slow.roundTrips.get()
                                    + tunnel.statistics().droppedEvents()
                            >= 2L * visitors);
        }
    }

    /** While the listener is stuck the tunnel comes back, and takes visitors. */
    @ParameterizedTest
    @EnumSource
    void reconnectDoesNotWaitForASlowListener(Kind kind) throws IOException {
        CountDownLatch stuck = new CountDownLatch(1);
        Story slow = stuckUntil(stuck);
        try (Tunnel tunnel = kind.open(this, slow)) {
            int port = server.port();
            echoed(tunnel, "x").close();
            server.close();
            server = Local.server(port);
            Await.until("it is back", () -> tunnel.statistics().reconnects() == 1);
            echoed(tunnel, "x").close();
            Await.until("both have left", () -> tunnel.statistics().openVisitors() == 0);
            assertEquals("[up]", slow.events.toString());
            stuck.countDown();
            slow.await("closed", 2);
            List<String> told = slow.events.stream()
                    .map(Event::what)
                    .filter(what -> !what.startsWith("moved"))
                    .toList();
            assertEquals(List.of("up", "accepted", "closed", "down", "up", "accepted", "closed"), told);
        }
    }

    @ParameterizedTest
    @EnumSource
    void listenerMayCloseTheTunnelWhenAVisitorComes(Kind kind) throws IOException {
        CountDownLatch closed = new CountDownLatch(1);
        TunnelListener listener = new TunnelListener() {
            @Override
            public void visitorAccepted(Tunnel tunnel, org.relay4j.api.Visitor visitor) {
                try {
                    tunnel.close();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            }

            @Override
            public void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {
                closed.countDown();
            }
        };
        try (Tunnel tunnel = kind.open(this, listener);
                Socket visitor = Visitor.connect(tunnel.publicAddress().getPort())) {
            try {
                Visitor.send(visitor, "x");
                visitor.shutdownOutput(); // an acceptor that is closed keeps its visitors until they end
            } catch (SocketException e) {
                // A forwarder that is closed resets its visitors, perhaps before this one has sent its byte.
            }
            Await.until("it is closed", closed);
        }
    }
}
