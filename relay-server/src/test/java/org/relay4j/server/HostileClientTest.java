package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.goAway;
import static org.relay4j.testing.WireFrame.ping;
import static org.relay4j.testing.WireFrame.window;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.Stream;
import org.relay4j.yamux.io.BufferPool;

/** Two clients of one server on one loop: the visitors of one are served whatever the other sends, and nothing is leaked. */
@ExtendWith(LeakCheck.EachTest.class)
class HostileClientTest {
    private static final String WASTEFUL = "more than 20000 wasteful frames, or 1000 a second; the last one was ";
    private static final String STREAMS = "more than 1000 useless streams, or 100 a second; the last one was ";

    /** The output of both tunnels, and a window for each of the two visitors. Unit: bytes. */
    private static final long MEMORY = 2 * 520 * 1024 + 2 * (256 + 64) * 1024;

    /** What is sent again and again; stream 1 is that of a visitor. */
    enum Attack {
        PINGS(n -> ping(SYN, n), WASTEFUL + "a ping"),
        PONGS(n -> ping(ACK, n), WASTEFUL + "an unsolicited answer to a ping"),
        EMPTY_DATA(n -> data(1, ""), WASTEFUL + "an empty Data frame"),
        EMPTY_UPDATES(n -> window(1, 0, 0), WASTEFUL + "an empty window update"),
        REPEATED_ACKS(n -> window(1, ACK, 0), WASTEFUL + "an empty window update"),
        CREDIT_BYTE_BY_BYTE(n -> window(1, 0, 1), WASTEFUL + "credit of a few bytes, or beyond the sent data"),
        DEAD_IDS(n -> data(1001 + 2 * n, "hello?"), WASTEFUL + "a frame for an unknown stream"),
        GO_AWAYS(n -> goAway(0), WASTEFUL + "a repeated GoAway"),
        SYNS(n -> window(2 + 2 * n, SYN, 0), STREAMS + "a refused stream"),
        SYNS_WITH_DATA(n -> data(2 + 2 * n, SYN, new byte[100]), STREAMS + "a refused stream"),
        SYNS_AND_RESETS(n -> window(2 + n / 2 * 2, n % 2 == 0 ? SYN : RST, 0), STREAMS + "a refused stream"),
        SYNS_WITH_RESET(n -> window(2 + 2 * n, SYN | RST, 0), STREAMS + "a reset stream"),
        OVERFLOW(n -> window(1, 0, -1), "the window of stream 1 would grow beyond 2^32-1"),
        OVERRUN(n -> data(1, new byte[262_145]), "stream 1 carries 262145 bytes, and its window has 262144"),
        OVERRUN_WITH_SYN(
                n -> data(2, SYN, new byte[262_145]), "opened with 262145 bytes, more than the initial window"),
        FOUR_GIBIBYTES(n -> WireFrame.of(0, 0, 1, -1, new byte[9]), "stream 1 carries 4294967295 bytes"),
        WRONG_PARITY(n -> window(3 + 2 * n, SYN, 0), "with an id of this end: both ends are clients"),
        ID_ZERO(n -> window(0, FIN, 0), "a stream frame for id 0"),
        UNKNOWN_TYPE(n -> WireFrame.of(4, 0, 0, 0, new byte[0]), "frame of unknown type 4"),
        UNKNOWN_VERSION(n -> WireFrame.hex("010200010000000000000000"), "frame of version 1, only version 0 exists");

        @SuppressWarnings("ImmutableEnumChecker") // none of the functions has a state
        private final IntFunction<WireFrame> frame;

        private final String reason;

        Attack(IntFunction<WireFrame> frame, String reason) {
            this.frame = frame;
            this.reason = reason;
        }

        byte[] frames(int from, int count) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            for (int n = from; n < from + count; n++)
                all.writeBytes(frame.apply(n).bytes());
            return all.toByteArray();
        }
    }

    private final SessionOptions session = SessionOptions.builder()
            .wastefulFrameLimit(20_000, 1_000)
            .streamResetLimit(1_000, 100)
            .keepAliveInterval(Duration.ofSeconds(1))
            .keepAliveTimeout(Duration.ofSeconds(2))
            .writeStallTimeout(Duration.ofSeconds(3))
            .build();
    private final Logged log = Logged.below("org.relay4j.server");
    private RelayServer server;
    private Neighbour neighbour;
    private RawClient hostile;
    private Socket visitor;

    @BeforeEach
    void start() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        server = RelayServer.start(RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .loops(1)
                .session(session)
                .build());
        neighbour = new Neighbour(server);
        hostile = RawClient.establish(server);
        visitor = hostile.visit();
        hostile.yamux().expect(window(1, SYN, 0));
        hostile.yamux().send(window(1, ACK, 0));
    }

    @AfterEach
    void stop() throws IOException {
        visitor.close();
        hostile.close();
        neighbour.close();
        server.close();
        log.close();
        Await.until("all memory has come back", () -> BufferPool.shared().inUse() == 0);
    }

    @ParameterizedTest
    @EnumSource
    void oneWhoGoesTooFarIsToldWhyAndTheOtherGoesOn(Attack attack) throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        int block = attack.frames(0, 1).length > 1_000 ? 1 : 500;
        Call<Integer> flood = Call.of(() -> flood(attack, block, over));
        if (attack == Attack.CREDIT_BYTE_BY_BYTE) fill();
        int answers = 0;
        long most = 0;
        for (WireFrame frame = hostile.yamux().next();
                !frame.equals(goAway(1));
                frame = hostile.yamux().next()) {
            if (!frame.isData()) answers++;
            most = Math.max(most, BufferPool.shared().inUse());
        }
        long held = most;
        assertTrue(held <= MEMORY, () -> held + " bytes were in use at once");
        over.set(true);
        hostile.yamux().expectGone();
        int sent = flood.result();
        int made = answers;
        // The first question of the server, those of its keep-alive, and for each frame of the flood no more than one.
        assertTrue(made <= sent + 100, () -> made + " frames in answer to " + sent);
        String line = log.await(": down, the peer violated the yamux protocol: ");
        assertTrue(line.startsWith("WARN ") && line.contains(attack.reason), line);
        assertEquals(1, log.lines("WARN").size(), log.lines("WARN")::toString);
        Visitor.expectReset(visitor);
        assertOnlyTheNeighbourIsLeft();
    }

    /** Sends until it is stopped or the server has closed. Returns the number of frames. */
    private int flood(Attack attack, int block, AtomicBoolean over) {
        int sent = 0;
        try {
            while (!over.get() && sent < 10_000_000) {
                hostile.yamux().send(attack.frames(sent, block), Integer.MAX_VALUE);
                sent += block;
            }
        } catch (IOException e) {
            // The server has closed.
        }
        return sent;
    }

    /** The visitor sends more than a window, so that there is always something to be sent for a byte of credit. */
    private void fill() throws IOException {
        visitor.getOutputStream().write(new byte[262_144 + 50_000]);
    }

    private void assertOnlyTheNeighbourIsLeft() throws Exception {
        Await.until("the tunnel is gone", () -> server.tunnelCount() == 1 && server.visitorCount() == 1);
        neighbour.assertServed();
    }

    @Tag("slow")
    @Test
    void oneWhoStopsInTheMiddleOfAFrameIsGivenUp() throws Exception {
        hostile.yamux().send(WireFrame.of(0, 0, 1, 200_000, new byte[77]));
        assertEquals(77, visitor.getInputStream().readNBytes(77).length);
        String line = log.await(": down, ");
        assertTrue(line.startsWith("WARN ") && line.contains("did not answer a ping"), line);
        Visitor.expectReset(visitor);
        assertOnlyTheNeighbourIsLeft();
    }

    @Tag("slow")
    @Test
    void oneWhoDoesNotReadIsGivenUp() throws Exception {
        hostile.yamux().send(window(1, 0, 64 << 20));
        Call<Void> upload = untilItFails(() -> visitor.getOutputStream().write(new byte[65_536]));
        // It continues to send, without an effect.
        hostile.yamux().send(WireFrame.of(0, 0, 999, -1, new byte[0]));
        Call<Void> lives = untilItFails(() -> hostile.yamux().send(new byte[1_000], 1_000));
        String line = log.await(": down, ");
        assertTrue(line.startsWith("WARN ") && line.contains("has read no data"), line);
        upload.result();
        lives.result();
        assertOnlyTheNeighbourIsLeft();
    }

    @Test
    void oneWhoGivesNoCreditHoldsUpItsOwnVisitorOnly() throws Exception {
        Call<Void> upload = untilItFails(() -> visitor.getOutputStream().write(new byte[65_536]));
        hostile.yamux().expectData(1, 262_144);
        for (int n = 0; n < 5; n++) {
            neighbour.assertServed();
            // What comes before the pong is the server's own question, at most.
            assertEquals(0, hostile.yamux().skipAll(1));
        }
        assertTrue(!upload.isDone());
        assertEquals(2, server.tunnelCount());
        visitor.close();
        upload.result();
    }

    private static Call<Void> untilItFails(Call.Action action) {
        return Call.run(() -> {
            try {
                while (true) action.run();
            } catch (IOException e) {
                // The other end, or the test, has closed.
            }
        });
    }

    @Test
    void oneWhoSendsByteByByteIsServed() throws Exception {
        byte[] frames = Attack.PINGS.frames(0, 200);
        for (int n = 0; n < 5; n++) {
            hostile.yamux().send(frames, 1);
            neighbour.assertServed();
        }
        int answers = 0;
        while (answers < 1_000) {
            WireFrame frame = hostile.yamux().next();
            if (frame.equals(ping(ACK, answers % 200))) answers++;
            else assertEquals(ping(SYN, frame.length()), frame);
        }
        assertEquals(2, server.tunnelCount());
    }

    /** A client whose visitor sends a word and wants it back, again and again. */
    private static final class Neighbour implements AutoCloseable {
        private final Session session;
        private final Socket visitor;
        private final Call<Void> service;
        private final Call<Void> visits;
        private final AtomicInteger rounds = new AtomicInteger();
        private volatile boolean over;

        Neighbour(RelayServer server) throws IOException {
            RawClient client = RawClient.connect(server);
            session = client.session();
            service = Call.run(() -> {
                Stream stream = session.accept();
                stream.getInputStream().transferTo(stream.getOutputStream());
                stream.shutdownOutput();
            });
            visitor = client.visit();
            visits = Call.run(() -> {
                while (!over) {
                    String word = "round " + rounds.get();
                    Visitor.send(visitor, word);
                    Visitor.expect(visitor, word);
                    rounds.incrementAndGet();
                }
            });
            assertServed();
        }

        /** The visitor is served now. */
        void assertServed() {
            int before = rounds.get();
            Await.until("the neighbour's visitor is served", () -> rounds.get() > before + 2 || visits.isDone());
            if (visits.isDone()) visits.result();
        }

        @Override
        public void close() throws IOException {
            over = true;
            visits.result();
            visitor.shutdownOutput();
            service.result();
            Visitor.expectEnd(visitor);
            visitor.close();
            session.close();
        }
    }
}
