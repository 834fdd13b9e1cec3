package org.relay4j.server.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.LinkEmulator;
import org.relay4j.testing.LinkSettings;
import org.relay4j.testing.LockStep;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Visitor;

/** Two nodes on real sockets, without a store: visitors of one, tunnels of the other. */
@Tag("slow")
@ExtendWith(LeakCheck.EachTest.class)
class PeerHopTest {
    @TempDir
    private Path folder;

    private PeerKeys keys;
    private TunnelNode target;
    private EntryNode entry;

    @BeforeEach
    void start() throws IOException {
        keys = new PeerKeys(folder);
        target = new TunnelNode(keys.tls("b"), "run-b");
        entry = new EntryNode(keys.tls("a"));
        entry.links.node(target.info(target.port.address().getPort()));
    }

    @AfterEach
    void stop() {
        entry.close();
        target.close();
    }

    /** Sends to the target, and expects the same back. */
    private static void echo(Socket visitor, String text) throws IOException {
        Visitor.send(visitor, text);
        Visitor.expect(visitor, text);
    }

    @Test
    void aVisitorReachesTheTunnelOfAnotherNode() throws IOException {
        for (int loop = 0; loop < TunnelNode.LOOPS; loop++) {
            entry.to(loop);
            try (Socket visitor = entry.visitor()) {
                echo(visitor, "hello");
                visitor.shutdownOutput();
                Visitor.expectEnd(visitor);
            }
            PeerRequest request = target.requests.get(loop);
            assertEquals("a", request.node());
            assertEquals(TunnelNode.endpoint(loop), request.endpoint());
            assertEquals(42, request.epoch());
            assertEquals("visitor-1", request.visitor().uniqueId());
            InetSocketAddress source = request.visitor().source();
            assertTrue(source != null && source.getAddress().isLoopbackAddress());
        }
        Await.until("both have ended", () -> target.ends.equals(List.of("clean", "clean")));
        Await.until(
                "both ends",
                () -> entry.events.stream().filter("ended clean"::equals).count() == 2);
        assertEquals(2, target.port.links()); // one for each loop
    }

    @Test
    void bothDirectionsAtOnceWithHalfClose() throws Exception {
        try (Socket visitor = entry.visitor()) {
            LockStep step = new LockStep();
            Thread sender = new Thread(() -> {
                try {
                    step.send(visitor.getOutputStream());
                    visitor.shutdownOutput();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            sender.start();
            step.receive(visitor.getInputStream());
            sender.join();
        }
    }

    @Test
    void manyMegabytesArriveUnchanged() throws Exception {
        long length = 4 << 20; // without the compiler of hot code, TLS takes long for more
        try (Socket visitor = entry.visitor()) {
            Thread sender = new Thread(() -> {
                try {
                    Pattern.write(7, length, visitor.getOutputStream());
                    visitor.shutdownOutput();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            sender.start();
            Pattern.check(7, length, visitor.getInputStream());
            Visitor.expectEnd(visitor);
            sender.join();
        }
    }

    @Test
    void bytesThatWereReadBeforeGoFirst() throws IOException {
        entry.read = "first ".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        try (Socket visitor = entry.visitor()) {
            Visitor.send(visitor, "then");
            Visitor.expect(visitor, "first then");
        }
    }

    @Test
    void aRefusedVisitorComesBackUnread() throws IOException {
        entry.answers = true;
        for (PeerCode code : List.of(PeerCode.NOT_HERE, PeerCode.DRAINING, PeerCode.SUPERSEDED)) {
            entry.events.clear();
            target.refusals.put(entry.endpoint, code);
            try (Socket visitor = entry.visitor()) {
                Visitor.send(visitor, "unread");
                entry.await("elsewhere: link to node b at 127.0.0.1:");
                entry.await(code.text());
                Visitor.expect(visitor, "unread");
            }
        }
        target.refusals.put(entry.endpoint, PeerCode.LIMIT);
        try (Socket visitor = entry.visitor()) {
            entry.await("refused: link to node b");
            Visitor.expectReset(visitor);
        }
        assertFalse(entry.events.contains("accepted"));
    }

    @Test
    void aResetGoesThroughBothHops() throws IOException {
        Socket visitor = entry.visitor();
        echo(visitor, "hello");
        Visitor.reset(visitor);
        Await.until("the client's stream is reset", () -> target.ends.size() == 1 && !target.ends.contains("clean"));
        Await.until("no stream", () -> target.clients.get(0).streamCount() == 0);

        try (Socket second = entry.visitor()) {
            echo(second, "hello");
            target.clients.get(0).close();
            Visitor.expectReset(second);
        }
    }

    @Test
    void aSlowVisitorHoldsItsSenderBackThroughBothHops() throws Exception {
        try (Socket visitor = entry.visitor()) {
            visitor.setSoTimeout(0);
            Thread sender = new Thread(() -> {
                try {
                    Pattern.write(3, 64 << 20, visitor.getOutputStream());
                    visitor.shutdownOutput();
                } catch (IOException e) {
                    // the visitor is reset at the end
                }
            });
            sender.start();
            Thread.State state = awaitStill(sender);
            assertTrue(state != Thread.State.TERMINATED, "64 MiB were taken, and none was read");
            assertTrue(LeakCheck.inUse() < 16 << 20, "in memory: " + LeakCheck.inUse());
            try (Socket other = entry.visitor()) {
                echo(other, "not held back");
            }
            Pattern.check(3, 2 << 20, visitor.getInputStream());
            Visitor.reset(visitor);
            sender.join();
        }
    }

    /** Waits until the memory in use no longer changes, so that everything on the way is full. */
    private static Thread.State awaitStill(Thread sender) {
        long[] last = {-1, System.nanoTime()};
        Await.until("everything is full", () -> {
            long used = LeakCheck.inUse();
            if (used != last[0]) last[1] = System.nanoTime();
            last[0] = used;
            return System.nanoTime() - last[1] > TimeUnit.MILLISECONDS.toNanos(300);
        });
        return sender.getState();
    }

    /** A process that was stopped for some seconds, or waited for a processor, goes on as before. */
    @Test
    void aNodeThatWasSilentKeepsItsVisitorsAndNewOnesAreTriedElsewhere() throws IOException {
        entry.answers = true;
        try (LinkEmulator cable = cable();
                Socket served = entry.visitor()) {
            echo(served, "hello");
            Await.until("it is alive", () -> entry.alive.get() > 2);
            assertTrue(entry.links.isUp("b"));
            cable.cut();
            try (Socket waiting = entry.visitor()) {
                Visitor.send(waiting, "unread");
                entry.await("elsewhere: link to node b");
                Visitor.expect(waiting, "unread");
            }
            Await.until("it is reported", () -> entry.dead.equals(List.of("b")));
            assertFalse(entry.links.isUp("b"));
            long before = entry.alive.get();
            cable.mend();
            echo(served, "and on");
            Await.until("it is alive again", () -> entry.alive.get() > before);
            Await.until("it is dialled again, without a visitor", () -> entry.links.isUp("b"));
            try (Socket visitor = entry.visitor()) {
                echo(visitor, "hello");
            }
        }
    }

    @Test
    void aNodeThatStaysSilentIsDead() throws IOException {
        try (LinkEmulator cable = cable();
                Socket served = entry.visitor()) {
            echo(served, "hello");
            cable.cut();
            long cut = System.nanoTime();
            Visitor.expectReset(served);
            long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - cut);
            assertTrue(took >= 9_000, "dead after " + took + " ms");
        }
    }

    /** The only way to the target from now on. */
    private LinkEmulator cable() throws IOException {
        LinkSettings settings = new LinkSettings(1_000_000_000, 0, 0, 1 << 20, 1);
        LinkEmulator cable = LinkEmulator.start(settings, target.port.address().getPort());
        entry.links.nodeGone("b");
        entry.links.node(target.info(cable.port()));
        return cable;
    }

    @Test
    void aNodeThatGoesResetsItsVisitorsAndOthersAreTriedElsewhere() throws IOException {
        try (Socket served = entry.visitor()) {
            echo(served, "hello");
            target.port.close();
            Visitor.expectReset(served);
        }
        Await.until("the link has ended", () -> !entry.links.isUp("b"));
        try (Socket visitor = entry.visitor()) {
            entry.await("elsewhere: link to node b"); // refused, or still the pause after the failure before
            Visitor.expectReset(visitor);
        }
        assertEquals(List.of(), entry.dead); // it has said so
    }

    @Test
    void aNodeOfAnotherRunIsNotReached() throws IOException {
        entry.links.close();
        try (EntryNode late = new EntryNode(keys.tls("a"))) {
            late.links.node(new org.relay4j.server.cluster.NodeInfo(
                    "b", "run-0", target.port.address(), TunnelNode.LOOPS, "1", false));
            try (Socket visitor = late.visitor()) {
                late.await("it refused the link: the node b has restarted since, the link is for its run run-0");
                Visitor.expectReset(visitor);
            }
        }
    }

    @Test
    void unknownNodesAndLoopsAreTriedElsewhere() throws IOException {
        entry.to(7);
        try (Socket visitor = entry.visitor()) {
            entry.await("elsewhere: node b is not known");
            Visitor.expectReset(visitor);
        }
    }

    @Test
    void aHundredVisitorsAtOnceAreServed() throws IOException {
        List<Socket> visitors = new ArrayList<>();
        try {
            try (Socket first = entry.visitor()) {
                echo(first, "the link is up");
            }
            for (int n = 0; n < 100; n++) visitors.add(entry.visitor());
            for (Socket visitor : visitors) echo(visitor, "all at once");
            assertEquals(101, entry.events.stream().filter("accepted"::equals).count());
            assertEquals(1, target.port.links());
        } finally {
            for (Socket visitor : visitors) visitor.close();
        }
    }
}
