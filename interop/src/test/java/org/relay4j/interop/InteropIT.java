package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.interop.YamuxPeer.failure;
import static org.relay4j.interop.YamuxPeer.rest;

import java.io.InputStream;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.ClassOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestClassOrder;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionException;
import org.relay4j.yamux.SessionException.Reason;
import org.relay4j.yamux.SessionListener;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.Stream;
import org.relay4j.yamux.StreamResetException;

/**
 * Our session and each {@link Peer}, in both roles. Every method is a row of the table in {@code docs/interop.md}, which the last
 * test compares with what has happened. {@link Deviation} lists the limitations of the peers.
 */
@TestClassOrder(ClassOrderer.OrderAnnotation.class)
@Tag("peers")
class InteropIT {
    /** What {@code yamuxpeer -drive} runs against us. */
    static final List<String> DRIVEN = List.of(
            "empty",
            "echo-sizes",
            "echo-concurrent",
            "open-close",
            "late-reply",
            "peer-closes-first",
            "slow-peer",
            "slow-reader",
            "stalled-reader",
            "ping",
            "idle",
            "no-stream-left");

    /** What we run against a peer's behaviours. */
    static Set<String> scenarios() {
        return InteropMatrix.testsOf(Opens.class);
    }

    /** All peers, or those that {@code -Drelay.interop.peers=RUST,...} names. */
    static java.util.stream.Stream<Arguments> ends() {
        return Peer.chosen().stream()
                .flatMap(peer -> java.util.stream.Stream.of(
                        Arguments.of(peer, YamuxPeer.Kind.SERVER_ON_LOOP),
                        Arguments.of(peer, YamuxPeer.Kind.CLIENT_ON_LOOP)));
    }

    @Nested
    @Order(1)
    @ParameterizedClass(name = "{0}, ours is {1}")
    @MethodSource("org.relay4j.interop.InteropIT#ends")
    @ExtendWith(InteropRecorder.class)
    class Opens extends Scenarios {
        final Peer peer;
        final YamuxPeer.Kind ours;
        private YamuxPeer ends;
        private Duration deadline = Duration.ofMillis(Visitor.DEADLINE);

        Opens(Peer peer, YamuxPeer.Kind ours) {
            this.peer = peer;
            this.ours = ours;
        }

        /** Not long, where a failure is to come. */
        void expectFailure() {
            deadline = Duration.ofSeconds(1);
        }

        @Override
        Socket connect() throws Exception {
            if (ends == null) start(Windows.DEFAULT.options());
            Stream stream = ends.open("", deadline);
            Socket socket = stream.asSocket();
            socket.setSoTimeout((int) deadline.toMillis());
            return socket;
        }

        private Stream open(String request) throws Exception {
            if (ends == null) start(Windows.DEFAULT.options());
            return ends.open(request, deadline);
        }

        private Session start(SessionOptions.Builder options, String... flags) throws Exception {
            ends = keep(YamuxPeer.serving(peer, ours, options.build(), peer.flags(Windows.DEFAULT, flags)));
            return ends.session();
        }

        // ---- much

        /** Without an end, which one of the peers does not notice. */
        @Test
        void everyByteIsEchoed() throws Exception {
            for (int n = 1; n <= 100; n++) {
                Visitor visitor = visitor();
                visitor.request('E', Xorshift.bytes(n, 1_000 * n)); // less than a window, because it is not read yet
                visitor.expect(new Xorshift(n), 1_000L * n);
            }
        }

        @Test
        void manyBytesToThePeer() throws Exception {
            visitor().sinkBulk(new Bulk(peer.bulkNow()));
        }

        @Test
        void manyBytesFromThePeer() throws Exception {
            visitor().generatedBulk(new Bulk(peer.bulkNow()));
        }

        // ---- windows

        @Test
        void largeWindowOfOursIsFilled() throws Exception {
            ends = keep(YamuxPeer.serving(peer, ours, Windows.LIKE_FRP.options().build(), List.of()));
            Stream stream = ends.openEndless(deadline);
            InputStream in = stream.getInputStream();
            long end = System.nanoTime() + deadline.toNanos();
            Await.until(
                    "the window is full, or will never be",
                    () -> in.available() >= Windows.LIKE_FRP.bytes || System.nanoTime() - end > 0);
            assertEquals(Windows.LIKE_FRP.bytes, in.available());
        }

        @Test
        void largeWindowOfThePeerIsFilled() throws Exception {
            ends = keep(YamuxPeer.serving(peer, ours, Windows.DEFAULT.options().build(), peer.flags(Windows.LIKE_FRP)));
            Stream stream = ends.openEndless(deadline);
            stream.getOutputStream().write(new byte[Windows.LIKE_FRP.bytes - 17]); // 17 bytes were the request
        }

        // ---- resets

        @Test
        void moreResetsThanAnyPeerHasStreams() throws Exception {
            for (int n = 0; n < 1_100; n++) servedVisitor().reset();
            for (int n = 0; n < 20; n++) {
                Visitor visitor = visitor();
                visitor.requestGenerated(ENDLESS, n);
                visitor.expect(new Xorshift(n), 100_000);
                visitor.reset();
            }
            servedVisitor();
            Await.until("one stream is left", () -> ends.session().streamCount() == 1);
        }

        @Test
        void resetByThePeerIsNoEnd() throws Exception {
            Stream stream = open("Rx");
            assertThrows(
                    StreamResetException.class, () -> stream.getInputStream().read());
            servedVisitor();
        }

        @Test
        void resetByThePeerStopsAWriter() throws Exception {
            start(Windows.DEFAULT.options(), peer.quickResets());
            Stream stream = open("Rx");
            assertThrows(StreamResetException.class, () -> {
                for (int n = 0; n < 16; n++) stream.getOutputStream().write(new byte[Visitor.MIB]);
            });
            servedVisitor();
        }

        // ---- keep-alive

        @Test
        void oneHundredPings() throws Exception {
            Session session = start(Windows.DEFAULT.options());
            for (int n = 0; n < 100; n++) session.ping();
            servedVisitor();
        }

        @Test
        @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no signals")
        void frozenPeerIsDetectedByKeepAlive() throws Exception {
            start(Windows.DEFAULT.options().keepAliveTimeout(Duration.ofMillis(500)));
            Stream stream = open("Ex");
            assertEquals('x', stream.getInputStream().read());
            ends.process().signal("STOP");
            assertEquals(Reason.TIMEOUT, failure(stream).reason());
        }

        // ---- ends of the session

        @Test
        void goAwayOfThePeerLetsStreamsEnd() throws Exception {
            CountDownLatch told = new CountDownLatch(1);
            SessionListener listener = new SessionListener() {
                @Override
                public void goAway(Session session) {
                    told.countDown();
                }
            };
            Session session = start(Windows.DEFAULT.options().listener(listener));
            Stream before = open("Ex");
            Stream stream = open("Ay");
            assertEquals('y', stream.getInputStream().read());
            assertTrue(told.await(deadline.toMillis(), TimeUnit.MILLISECONDS));
            SessionException refused = assertThrows(SessionException.class, session::open);
            assertEquals(Reason.NO_MORE_STREAMS, refused.reason());
            assertEquals("x", rest(before));
            assertEquals("", rest(stream));
            assertTrue(session.isOpen());
        }

        @Test
        void gracefulCloseLetsStreamsEnd() throws Exception {
            Session session = start(Windows.DEFAULT.options());
            Stream before = open("Ex");
            session.closeWhenDone();
            assertEquals("x", rest(before));
            assertTrue(session.awaitEnd(deadline));
            assertEquals(Reason.CLOSED_LOCALLY, session.ended().reason());
        }

        @Test
        void streamThatThePeerOpensBesideOurs() throws Exception {
            BehaviourServer.on(start(Windows.DEFAULT.options()));
            assertEquals("ok", rest(open("O")));
        }

        @Test
        void streamThatWeRefuseHarmsNoOther() throws Exception {
            Session session = start(Windows.DEFAULT.options());
            Stream asks = open("");
            Stream before = open("Ex");
            session.goAway();
            asks.getOutputStream().write('O');
            assertNotEquals("ok", rest(asks));
            assertEquals("x", rest(before));
        }

        @Test
        void endOfThePeersSessionIsNoEndOfAStream() throws Exception {
            Stream idle = open("E");
            failure(open("C"));
            failure(idle);
            assertTrue(ends.process().isAlive());
        }

        @Test
        void deathOfThePeerIsNoEndOfAStream() throws Exception {
            Stream idle = open("E");
            failure(open("K"));
            failure(idle);
            assertEquals(9, ends.process().awaitExit());
        }
    }

    @Nested
    @Order(2)
    @ParameterizedClass(name = "{0}, ours is {1}")
    @MethodSource("org.relay4j.interop.InteropIT#ends")
    @ExtendWith(LeakCheck.EachTest.class)
    class IsDriven {
        private final Peer peer;
        private final YamuxPeer.Kind ours;

        IsDriven(Peer peer, YamuxPeer.Kind ours) {
            this.peer = peer;
            this.ours = ours;
        }

        @Test
        void thePeerOpensTheStreams() throws Exception {
            SessionOptions options = peer.drivesOver().options().build();
            try (YamuxPeer ends =
                    YamuxPeer.driving(peer, ours, options, peer.flags(Windows.DEFAULT, "-idle", "500ms"))) {
                BehaviourServer.on(ends.session());
                ends.process().awaitExit();
                assertAll(DRIVEN.stream().map(scenario -> () -> {
                    String line = line(ends.process(), scenario);
                    InteropMatrix.record(peer, ours, scenario, line.equals("ok " + scenario) ? null : line);
                }));
                assertTrue(ends.session().awaitEnd(Duration.ofMillis(Visitor.DEADLINE)));
            }
        }

        private String line(PeerProcess process, String scenario) {
            return process.lines().stream()
                    .filter(line -> line.matches("(ok|FAIL|unsupported) " + scenario + "( .*)?"))
                    .findAny()
                    .orElseGet(() -> "no word of it; " + process);
        }
    }

    @Nested
    @Order(3)
    class Document {
        @Test
        void tableIsWhatHasHappened() throws Exception {
            InteropMatrix.compareWithDocument();
        }
    }
}
