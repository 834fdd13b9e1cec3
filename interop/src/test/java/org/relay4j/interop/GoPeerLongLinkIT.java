package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.client.RelayForwarder;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.LinkEmulator;
import org.relay4j.testing.LinkSettings;
import org.relay4j.testing.LongPath;
import org.relay4j.testing.LongPath.Way;
import org.relay4j.testing.LongPathService;
import org.relay4j.yamux.SessionOptions;

/**
 * One end on hashicorp/yamux, whose own window never changes, and an emulated long link of 100 Mbit/s and 100 ms between it
 * and ours: what we receive fills the link, what it receives moves at its window in each round trip, at most.
 */
@ExtendWith(LeakCheck.EachTest.class)
@Tag("peers")
@Tag("slow")
class GoPeerLongLinkIT {
    private static final int RATE = 100; // Mbit/s
    private static final int ROUND_TRIP = 100; // ms
    private static final int ATTEMPTS = 3; // a busy machine

    private static final int FIXED = 256 * 1024; // bytes, hashicorp's default
    private static final int LARGE = 4 << 20; // bytes, more than the link holds

    private LongPathService service;

    @BeforeEach
    void start() throws IOException {
        service = LongPathService.start();
    }

    @AfterEach
    void stop() throws IOException {
        service.close();
    }

    @ParameterizedTest
    @CsvSource({FIXED + ",UP", FIXED + ",DOWN", LARGE + ",UP"})
    void goForwarder(int window, Way way) throws Exception {
        assertRate(window, way == Way.UP, () -> {
            String local = "127.0.0.1:" + service.port();
            try (RelayServer server = JavaServer.start(SessionOptions.defaults());
                    LinkEmulator link = link(server.port());
                    PeerProcess forwarder =
                            PeerProcess.go("forwarder", flags(window), "127.0.0.1:" + link.port(), local)) {
                return rate(forwarder.number("public port "), way);
            }
        });
    }

    @ParameterizedTest
    @CsvSource({FIXED + ",UP", FIXED + ",DOWN", LARGE + ",DOWN"})
    void goServer(int window, Way way) throws Exception {
        assertRate(window, way == Way.DOWN, () -> {
            InetSocketAddress local = new InetSocketAddress(InetAddress.getLoopbackAddress(), service.port());
            RelayClientOptions options =
                    RelayClientOptions.builder().reconnect(false).build();
            try (PeerProcess server = PeerProcess.go("relayserver", flags(window));
                    LinkEmulator link = link(server.number("listening on "));
                    RelayForwarder forwarder = RelayClient.forward("127.0.0.1", link.port(), local, options)) {
                return rate(forwarder.publicAddress().getPort(), way);
            }
        });
    }

    private static LinkEmulator link(int port) throws IOException {
        return LinkEmulator.start(LinkSettings.of(RATE, ROUND_TRIP), port);
    }

    private static List<String> flags(int window) {
        return List.of("-window", String.valueOf(window));
    }

    private double rate(int publicPort, Way way) throws IOException {
        try (LongPath path = new LongPath(publicPort, RATE, ROUND_TRIP, service)) {
            return path.rateOfTransfer(way);
        }
    }

    private interface Attempt {
        double run() throws Exception;
    }

    /** Towards a peer with a small window that is the limit, in all other cases it is the link. */
    private static void assertRate(int window, boolean towardsGo, Attempt attempt) throws Exception {
        double link = RATE * 125_000.0; // bytes per second
        double aWindow = window / (ROUND_TRIP / 1e3); // bytes per second
        boolean limited = towardsGo && aWindow < link;
        double expected = limited ? aWindow : link;
        double least = limited ? 0.45 : 0.9; // hashicorp returns credit at half a window
        double ratio = 0;
        for (int n = 0; n < ATTEMPTS && ratio < least; n++) {
            ratio = attempt.run() / expected;
            System.out.printf(
                    "%s Go with a window of %d KiB: %.2f of %s%n",
                    towardsGo ? "to" : "from", window / 1024, ratio, limited ? "a window in a round trip" : "the link");
        }
        double result = ratio;
        assertTrue(result >= least && result <= 1.1, () -> result + " of the expected rate");
    }
}
