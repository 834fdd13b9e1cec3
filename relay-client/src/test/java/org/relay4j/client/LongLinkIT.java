package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.LinkEmulator;
import org.relay4j.testing.LinkSettings;
import org.relay4j.testing.LongPath;
import org.relay4j.testing.LongPath.Way;
import org.relay4j.testing.LongPathService;
import org.relay4j.yamux.SessionOptions;

/**
 * The whole way over an emulated long link, which lies between client and server, against plain TCP over the same link right
 * before. Rates in Mbit/s, round trips in milliseconds. {@code -Drelay.longlink=all} runs all cases, of which the usual
 * ones are those that a busy machine can carry.
 */
@ExtendWith(LeakCheck.EachTest.class)
@Tag("slow")
class LongLinkIT {
    /** What a machine does at the same time costs a single measurement more than what is measured here. */
    private static final int ATTEMPTS = 5;

    private static final int INITIAL = 256 * 1024; // bytes
    private static final int LARGEST = 64 << 20; // bytes; 200 ms at 1 Gbit/s hold 25 MB

    private record Link(int rate, int roundTrip) {
        LinkEmulator to(int port) throws IOException {
            return LinkEmulator.start(LinkSettings.of(rate, roundTrip), port);
        }

        LongPath path(int port, LongPathService service) {
            return new LongPath(port, rate, roundTrip, service);
        }

        @Override
        public String toString() {
            return rate + " Mbit/s, " + roundTrip + " ms";
        }
    }

    private record Result(double plain, double rate, double idle, double beside) {
        boolean isGood() {
            return rate >= 0.9 * plain && beside <= 1.3 * idle;
        }

        @Override
        public String toString() {
            return String.format(
                    "plain TCP %.1f MB/s, ratio %.2f; echo idle %.1f ms, beside the transfer %.2f times as long",
                    plain / 1e6, rate / plain, idle / 1e6, beside / idle);
        }
    }

    private LongPathService service;

    @BeforeEach
    void start() throws IOException {
        service = LongPathService.start();
    }

    @AfterEach
    void stop() throws IOException {
        service.close();
    }

    static Stream<Arguments> cases() {
        boolean all = "all".equals(System.getProperty("relay.longlink"));
        return Stream.of(100, 1000)
                .flatMap(rate -> Stream.of(50, 100, 200)
                        .flatMap(roundTrip -> Stream.of(Way.values())
                                .filter(way -> all || isUsual(rate, roundTrip, way))
                                .map(way -> Arguments.of(rate, roundTrip, way))));
    }

    private static boolean isUsual(int rate, int roundTrip, Way way) {
        if (rate > 100) return roundTrip == 50 && way == Way.DOWN;
        return roundTrip == 50 || (roundTrip == 100) == (way == Way.UP);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void oneVisitorGetsWhatPlainTcpGetsAndAnEchoBesideItHardlyWaits(int rate, int roundTrip, Way way) throws Exception {
        Link link = new Link(rate, roundTrip);
        assertGood(() -> {
            double plain = plain(link, way);
            try (RelayServer server = server(options(LARGEST));
                    LinkEmulator emulator = link.to(server.port());
                    RelayForwarder forwarder = forward(emulator.port(), options(LARGEST))) {
                return measure(plain, link, way, forwarder.publicAddress().getPort());
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    void applicationThatAcceptsGetsTheSame(Way way) throws Exception {
        Link link = new Link(100, 50);
        assertGood(() -> {
            double plain = plain(link, way);
            SessionOptions options = SessionOptions.defaults();
            RelayClientOptions client = RelayClientOptions.builder()
                    .session(options)
                    .reconnect(false)
                    .build();
            try (RelayServer server = server(options);
                    LinkEmulator emulator = link.to(server.port());
                    RelayAcceptor acceptor = RelayClient.connect("localhost", emulator.port(), client)) {
                return serving(acceptor, () -> measure(plain, link, way, acceptor.getLocalPort()));
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    void windowThatDoesNotGrowMovesOnceInARoundTrip(Way way) throws Exception {
        double windows = windowsInARoundTrip(way);
        for (int n = 1; n < ATTEMPTS && windows < 0.75; n++) windows = windowsInARoundTrip(way);
        assertEquals(1, windows, 0.25);
    }

    private double windowsInARoundTrip(Way way) throws IOException {
        Link link = new Link(100, 100);
        try (RelayServer server = server(options(0));
                LinkEmulator emulator = link.to(server.port());
                RelayForwarder forwarder = forward(emulator.port(), options(0));
                LongPath path = link.path(forwarder.publicAddress().getPort(), service)) {
            double idle = path.medianEcho(9);
            double windows = path.rateOfTransfer(way) * idle / 1e9 / INITIAL;
            System.out.printf("window that does not grow, %s: %.2f windows in a round trip%n", way, windows);
            return windows;
        }
    }

    private double plain(Link link, Way way) throws IOException {
        try (LinkEmulator emulator = link.to(service.port());
                LongPath path = link.path(emulator.port(), service)) {
            return path.rateOfTransfer(way);
        }
    }

    private Result measure(double plain, Link link, Way way, int publicPort) throws IOException {
        try (LongPath path = link.path(publicPort, service)) {
            double idle = path.medianEcho(9);
            double rate = path.rateOfTransfer(way);
            Result result = new Result(plain, rate, idle, path.medianEcho(20));
            System.out.println(link + " " + way + ": " + result);
            return result;
        }
    }

    private Result serving(RelayAcceptor acceptor, Attempt attempt) throws Exception {
        Call<Void> accepting = Call.run(() -> {
            while (true) {
                Socket visitor = acceptor.accept();
                Call.run(() -> {
                    try (visitor) {
                        service.serve(visitor);
                    }
                });
            }
        });
        Result result = attempt.run();
        acceptor.close();
        accepting.failure(SocketException.class);
        return result;
    }

    private static RelayServer server(SessionOptions options) throws IOException {
        return RelayServer.start(Local.options().session(options).build());
    }

    private RelayForwarder forward(int port, SessionOptions options) throws IOException {
        InetSocketAddress local = new InetSocketAddress(InetAddress.getLoopbackAddress(), service.port());
        RelayClientOptions client =
                RelayClientOptions.builder().session(options).reconnect(false).build();
        return RelayClient.forward("localhost", port, local, client);
    }

    private static SessionOptions options(int largestWindow) {
        return SessionOptions.builder().maxReceiveWindow(largestWindow).build();
    }

    private interface Attempt {
        Result run() throws Exception;
    }

    private static void assertGood(Attempt attempt) throws Exception {
        Result result = attempt.run();
        for (int n = 1; n < ATTEMPTS && !result.isGood(); n++) {
            System.out.println("once more, because of " + result);
            result = attempt.run();
        }
        assertTrue(result.isGood(), result::toString);
    }
}
