package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.LeakCheck;

/** What must work between any two ends, whichever of them is Go; a subclass is one pairing. */
@ExtendWith(LeakCheck.EachTest.class)
abstract class Scenarios {
    /** More bytes than a test ever reads. */
    static final long ENDLESS = 1L << 40;

    /** How a Go stream that may be writing reports the end of the session; one that only reads reports a reset. */
    static final String ERROR_IN_WRITE = ": (connection reset|session shutdown)";

    private static final int CONCURRENT = 200;
    private static final int AT_ONCE = 1_000; // hashicorp's accept backlog is 256

    private static final int IDLE = 500; // ms, ten times the interval of both ends' pings

    private final Deque<AutoCloseable> toClose = new ArrayDeque<>();
    private Random random;

    /** A new connection to a service that offers the behaviours; starts whatever is not there yet. */
    abstract Socket connect() throws Exception;

    @BeforeEach
    void seed() {
        long seed = Long.getLong("relay.test.seed", System.nanoTime());
        System.out.println("seed: -Drelay.test.seed=" + seed);
        random = new Random(seed);
    }

    @AfterEach
    void closeAll() throws Exception {
        while (!toClose.isEmpty()) toClose.pop().close();
    }

    /** Has {@code resource} closed after the test, the last one first. */
    final <T extends AutoCloseable> T keep(T resource) {
        toClose.push(resource);
        return resource;
    }

    final Visitor visitor() throws Exception {
        return keep(new Visitor(connect()));
    }

    /** A visitor whose first bytes have been echoed. */
    final Visitor servedVisitor() throws Exception {
        Visitor visitor = visitor();
        visitor.request('E', (byte) 1);
        visitor.expect((byte) 1);
        return visitor;
    }

    /** Connects, and is reset before anything arrives. */
    static void expectTurnedAway(int port) throws IOException {
        try (Visitor visitor = new Visitor(Visitor.connect(port))) {
            assertEquals(0, visitor.expectReset(new Xorshift(1)));
        } catch (ConnectException e) {
            throw e; // that is no reset
        } catch (SocketException e) {
            assertEquals("Connection reset by peer", e.getMessage()); // before connect has returned
        }
    }

    /** Waits until connections to a port are refused. */
    static void awaitClosed(int port) {
        org.relay4j.testing.Visitor.awaitRefused(port);
    }

    final long anySeed() {
        return random.nextLong();
    }

    @Test
    void noByteInEitherDirection() throws Exception {
        openAndEnd();
    }

    private void openAndEnd() throws Exception {
        try (Visitor visitor = new Visitor(connect())) {
            visitor.end();
            visitor.expectEnd();
        }
    }

    @Test
    void echoOfRandomSizes() throws Exception {
        List<Integer> sizes = new ArrayList<>(List.of(0, 1, 11, 12, 13, 4_095, 4_096, 65_536));
        sizes.addAll(List.of(256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 16 * Visitor.MIB));
        for (int n = 0; n < 6; n++) sizes.add(random.nextInt(16 * Visitor.MIB + 1));
        for (int size : sizes) {
            try (Visitor visitor = new Visitor(connect())) {
                visitor.echo(size, anySeed());
            }
        }
    }

    @Test
    void twoHundredEchoesAtOnce() throws Exception {
        connect().close(); // starts the ends before many threads ask for that
        List<Future<Void>> echoes = new ArrayList<>();
        for (int n = 0; n < CONCURRENT; n++) {
            int size = random.nextInt(Visitor.MIB / 2);
            long seed = anySeed();
            echoes.add(Visitor.beside(() -> {
                try (Visitor visitor = new Visitor(connect())) {
                    visitor.echo(size, seed);
                }
                return null;
            }));
        }
        for (Future<Void> echo : echoes) Visitor.join(echo);
    }

    /** More streams than the backlog of the other end: opening must wait for it, and no stream may be refused. */
    @Test
    void aThousandConnectionsAtOnce() throws Exception {
        List<Visitor> visitors = new ArrayList<>();
        for (int n = 0; n < AT_ONCE; n++) {
            Visitor visitor = visitor();
            visitor.request('E', ByteBuffer.allocate(4).putInt(n).array());
            visitors.add(visitor);
        }
        for (int n = 0; n < AT_ONCE; n++)
            visitors.get(n).expect(ByteBuffer.allocate(4).putInt(n).array());
        for (Visitor visitor : visitors) visitor.end();
        for (Visitor visitor : visitors) visitor.expectEnd();
    }

    @Test
    void endedBeforeAnyAnswer() throws Exception {
        for (int n = 0; n < 500; n++) openAndEnd();
    }

    @Test
    void lateReplyAfterTheVisitorsEnd() throws Exception {
        for (int size : new int[] {0, 1, 100_000, 3 * Visitor.MIB + 7}) {
            try (Visitor visitor = new Visitor(connect())) {
                visitor.sink(size, anySeed());
            }
        }
    }

    @Test
    void visitorContinuesAfterTheServicesEnd() throws Exception {
        for (int size : new int[] {0, 1, 100_000, 5 * Visitor.MIB + 3}) {
            try (Visitor visitor = new Visitor(connect())) {
                visitor.generated(size, anySeed(), Visitor.MIB);
            }
        }
    }

    /** Both directions have ended, and most of the reply is still in a kernel's buffers. */
    @Test
    void replyReadAfterBothEnds() throws Exception {
        long seed = anySeed();
        Visitor visitor = visitor();
        visitor.requestGenerated(Visitor.MIB, seed);
        visitor.end();
        for (int n = 0; n < 5; n++) openAndEnd();
        visitor.expect(new Xorshift(seed), Visitor.MIB);
        visitor.expectEnd();
    }

    @Test
    void slowService() throws Exception {
        int size = Visitor.MIB + 1;
        try (Visitor visitor = new Visitor(connect())) {
            visitor.request('L', Xorshift.bytes(anySeed(), size));
            visitor.end();
            visitor.expect(ByteBuffer.allocate(8).putLong(size).array());
            visitor.expectEnd();
        }
    }

    /** The reader pauses for the duration of another conversation, so that the sender exhausts the window. */
    @Test
    void slowReader() throws Exception {
        int size = 16 * Visitor.MIB;
        long seed = anySeed();
        Visitor slow = visitor();
        slow.requestGenerated(size, seed);
        Xorshift expected = new Xorshift(seed);
        for (int read = 0; read < size; read += Visitor.MIB) {
            try (Visitor other = new Visitor(connect())) {
                other.echo(Visitor.MIB / 4, anySeed());
            }
            slow.expect(expected, Visitor.MIB);
        }
        slow.expectEnd();
        assertEquals(0, slow.socket.getInputStream().available());
    }

    @Test
    void idleTunnelIsKeptAlive() throws Exception {
        Visitor visitor = servedVisitor();
        visitor.socket.setSoTimeout(IDLE);
        assertThrows(SocketTimeoutException.class, visitor::expectEnd);
        visitor.request('x');
        visitor.expect((byte) 'x');
    }
}
