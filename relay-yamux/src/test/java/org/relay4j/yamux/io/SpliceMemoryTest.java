package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.goAway;
import static org.relay4j.testing.WireFrame.window;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.Transport;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.Stream;
import org.relay4j.yamux.core.BufferSource;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.Chunk;

/** Visitors that ask for a reply and never read it, and what that costs others. */
@Tag("slow")
class SpliceMemoryTest {
    private static final int WINDOW = 256 * 1024; // bytes

    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (int n = open.size() - 1; n >= 0; n--) open.get(n).close();
    }

    /** A session of a server, its client as a script, and the visitors. */
    private final class Tunnel {
        final SplicedSession session;
        final ScriptedPeer peer;
        private int nextId = 1;

        Tunnel(SessionOptions.Builder options, BufferSource memory) throws Exception {
            List<SocketChannel> ends = Transport.sockets();
            session = SplicedSession.forVisitors(ends.get(0), options.build(), memory);
            open.add(session);
            peer = new ScriptedPeer(ends.get(1));
            open.add(peer);
        }

        int newId() {
            nextId += 2;
            return nextId - 2;
        }

        /** A visitor whose kernel takes little, so that bytes for it have to wait. */
        Socket visitor(int id) throws IOException {
            Socket visitor = new Socket();
            open.add(visitor);
            visitor.setReceiveBufferSize(4096);
            visitor.setSoTimeout((int) Await.DEADLINE.toMillis());
            visitor.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), session.port()));
            peer.expect(window(id, SYN, 0));
            peer.send(window(id, ACK, 0));
            return visitor;
        }

        /** One that sends FIN and does not read; the stream has ended, and a whole window waits. */
        Socket hoarder() throws IOException {
            int id = newId();
            Socket visitor = visitor(id);
            visitor.shutdownOutput();
            peer.expect(window(id, FIN, 0));
            long sent = 0;
            for (long credit = WINDOW; credit > 0; credit += peer.skipAll(id)) {
                int length = (int) Math.min(credit, 64 * 1024);
                peer.send(data(id, new byte[length]));
                credit -= length;
                sent += length;
            }
            assertTrue(sent >= WINDOW);
            peer.send(window(id, FIN, 0));
            peer.skipAll(id);
            return visitor;
        }

        /** A visitor that reads its reply, a whole window, a little at a time, gets all of it. */
        void serveSlowly() throws Exception {
            int id = newId();
            Socket visitor = visitor(id);
            peer.send(data(id, new byte[WINDOW]), window(id, FIN, 0));
            byte[] some = new byte[512];
            int got = 0;
            for (int length; (length = visitor.getInputStream().read(some)) > 0; ) got += length;
            assertEquals(WINDOW, got);
            visitor.shutdownOutput();
            while (!peer.next().equals(window(id, FIN, 0))) {}
        }
    }

    private static SessionOptions.Builder options() {
        return SessionOptions.builder().maxReceiveWindow(0);
    }

    @Test
    void visitorThatNeverReadsIsResetInTimeAndItsMemoryComesBack() throws Exception {
        Tunnel tunnel = new Tunnel(options().deliveryTimeout(Duration.ofMillis(200)), BufferPool.shared());
        Socket one = tunnel.hoarder();
        Socket other = tunnel.hoarder();
        Await.until("all memory is back", () -> BufferPool.shared().inUse() == 0);
        Visitor.expectReset(one);
        Visitor.expectReset(other);
        assertNull(tunnel.session.driver.mux().ended());
    }

    @Test
    void slowVisitorOfTheSameTunnelIsServedAndThoseThatNeverReadGiveWay() throws Exception {
        Tunnel tunnel = new Tunnel(options().receiveBudget(2 * WINDOW), BufferPool.shared());
        for (int n = 0; n < 6; n++) tunnel.hoarder();
        tunnel.serveSlowly();
        List<String> ends = tunnel.session.ends;
        assertEquals("clean", ends.get(ends.size() - 1));
        for (String end : ends.subList(0, ends.size() - 1)) {
            assertEquals("the limit on unread data was exceeded", end);
        }
        assertTrue(ends.size() >= 5, ends::toString);
    }

    @Test
    void slowVisitorOfAnotherTunnelIsServed() throws Exception {
        BufferPool pool = new BufferPool(4 << 20, 0, System::nanoTime, ByteBuffer::allocateDirect);
        Tunnel full = new Tunnel(options(), pool);
        for (int n = 0; n < 20; n++) full.hoarder(); // more than the whole budget of the process
        assertTrue(pool.inUse() >= 1 << 20, "as much as one session may hold");
        Tunnel other = new Tunnel(options(), pool);
        other.serveSlowly();
        assertEquals(List.of("clean"), other.session.ends);
    }

    @Test
    void endOfTheTunnelResetsThoseThatHaveNotRead() throws Exception {
        Tunnel tunnel = new Tunnel(options(), BufferPool.shared());
        Socket idle = tunnel.visitor(tunnel.newId()); // so that it is no orderly end
        Socket hoarder = tunnel.hoarder();
        tunnel.peer.close();
        assertEquals(Cause.Kind.CONNECTION_LOST, tunnel.session.end.get().kind());
        Await.until("all memory is back", () -> BufferPool.shared().inUse() == 0);
        Visitor.expectReset(hoarder);
        Visitor.expectReset(idle);
    }

    @Test
    void orderlyEndOfTheTunnelLetsAVisitorReadToTheEnd() throws Exception {
        Tunnel tunnel = new Tunnel(options(), BufferPool.shared());
        Socket slow = tunnel.hoarder();
        tunnel.peer.send(goAway(0));
        tunnel.peer.close();
        assertEquals(Cause.Kind.CLOSED_BY_PEER, tunnel.session.end.get().kind());
        assertTrue(slow.getInputStream().readAllBytes().length >= WINDOW);
        tunnel.session.awaitEnds("clean");
    }

    @Test
    void visitorThatNeverReadsIsResetInTimeAfterAnOrderlyEnd() throws Exception {
        Tunnel tunnel = new Tunnel(options().deliveryTimeout(Duration.ofMillis(200)), BufferPool.shared());
        Socket hoarder = tunnel.hoarder();
        tunnel.peer.send(goAway(0));
        tunnel.peer.close();
        Await.until("all memory is back", () -> BufferPool.shared().inUse() == 0);
        Visitor.expectReset(hoarder);
    }

    @Test
    void drainOfTheTunnelWaitsForAVisitorThatReadsSlowly() throws Exception {
        Tunnel tunnel = new Tunnel(options(), BufferPool.shared());
        Socket slow = tunnel.hoarder();
        tunnel.session.onLoop(tunnel.session.driver::closeWhenDone);
        tunnel.peer.expectNothing();
        assertTrue(slow.getInputStream().readAllBytes().length >= WINDOW);
        tunnel.peer.expect(goAway(0));
    }

    @Test
    void replyIsStillReadAfterTheEndOfItsSession() throws Exception {
        Stream stream = repliedAndClosed(options());
        assertEquals(1000, stream.getInputStream().readAllBytes().length);
        Await.until("all memory is back", () -> BufferPool.shared().inUse() == 0);
    }

    @Test
    void replyThatAnApplicationNeverReadsIsDroppedInTimeAfterTheEndOfItsSession() throws Exception {
        Stream stream = repliedAndClosed(options().deliveryTimeout(Duration.ofMillis(200)));
        Await.until("all memory is back", () -> BufferPool.shared().inUse() == 0);
        assertThrows(IOException.class, () -> stream.getInputStream().read());
    }

    /** A stream that both sides have ended, with a reply of 1,000 bytes that was not read before its session was closed. */
    private static Stream repliedAndClosed(SessionOptions.Builder options) throws Exception {
        List<SocketChannel> ends = Transport.sockets();
        try (ScriptedPeer peer = new ScriptedPeer(ends.get(1));
                Session session = Session.client(ends.get(0), options.build())) {
            Stream stream = session.open();
            peer.expect(window(1, SYN, 0));
            peer.send(window(1, ACK, 0), data(1, new byte[1000]), window(1, FIN, 0));
            peer.expectNothing();
            stream.shutdownOutput();
            peer.expect(window(1, FIN, 0));
            Call.run(session::close).result();
            return stream;
        }
    }

    // ---- failures

    @Test
    void visitorForWhichThereIsNoMemoryLeavesNothingBehind() throws Exception {
        Scarce scarce = new Scarce();
        Tunnel tunnel = new Tunnel(options(), scarce);
        tunnel.visitor(tunnel.newId());
        tunnel.peer.expectNothing();
        scarce.starving = true;
        try (Socket refused = Visitor.connect(tunnel.session.port())) {
            Visitor.expectReset(refused);
        }
        tunnel.session.awaitEnds("not begun: there is no memory left to open a stream");
        assertEquals(1, tunnel.session.streams());
        scarce.starving = false;
        tunnel.visitor(tunnel.newId());
        assertEquals(2, tunnel.session.streams());
    }

    /** The memory of the process, which is sometimes used up. */
    private static final class Scarce implements BufferSource {
        volatile boolean starving;

        @Override
        public Chunk acquire(int size, long held) {
            return BufferPool.shared().acquire(size, held);
        }

        @Override
        public void release(Chunk chunk) {
            BufferPool.shared().release(chunk);
        }

        @Override
        public Chunk acquireOutput(boolean large) {
            return starving ? null : BufferPool.shared().acquireOutput(large);
        }

        @Override
        public boolean promise(int bytes) {
            return BufferPool.shared().promise(bytes);
        }

        @Override
        public void takeBack(int bytes) {
            BufferPool.shared().takeBack(bytes);
        }
    }
}
