package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.relay4j.interop.DifferentialScript.End;
import org.relay4j.interop.DifferentialScript.Line;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionOptions;

/**
 * The same legal traffic between two sessions of hashicorp/yamux, and with ours in the place of either of them: applications
 * see the same, except for the {@link Difference}s that are declared here. One script alone: {@code -Drelay.seed=<number>}.
 */
@ExtendWith(LeakCheck.EachTest.class)
@Tag("peers")
class DifferentialIT {
    private static final Long ONLY = Long.getLong("relay.seed");

    /** What applications see differently with our session, and why. */
    private enum Difference {
        /** hashicorp/yamux has no call for a reset: it sends FIN, and its peer mistakes truncated data for complete data. */
        RESET_IS_NO_END("reset", false),
        /** hashicorp/yamux sends no frame when a session is closed. Relay resets open streams, and its peer sees that. */
        CLOSING_RESETS("reset", true),
        /** Streams of a hashicorp session that has ended read as if the peer had sent FIN. */
        LOSS_IS_NO_END("session", true);

        private final String ended;
        private final boolean complete;

        Difference(String ended, boolean complete) {
            this.ended = ended;
            this.complete = complete;
        }

        /** The outcome instead of that of hashicorp/yamux. Truncated data need not arrive completely. */
        void check(Outcome reference, Outcome outcome) {
            assertEquals("eof", reference.ended, this::name);
            assertEquals(ended, outcome.ended, this::name);
            assertEquals(reference.wrote, outcome.wrote, this::name);
            if (complete) assertEquals(reference.got + reference.digest, outcome.got + outcome.digest, this::name);
            else assertTrue(outcome.got <= reference.got, this::name);
        }
    }

    /** Who plays which side. */
    private enum Cast {
        BOTH_GO,
        OURS_OPENS,
        OURS_ACCEPTS;

        /** Returns the difference of an outcome from that between two ends of hashicorp/yamux; null if there is none. */
        private Difference difference(Line line, char side) {
            if (this == OURS_OPENS && line.a().end() == End.RESET && side == 'b') return Difference.RESET_IS_NO_END;
            if (line.a().end() != End.OPEN) return null;
            if (this == OURS_OPENS) return side == 'a' ? Difference.LOSS_IS_NO_END : Difference.CLOSING_RESETS;
            return this == OURS_ACCEPTS && side == 'b' ? Difference.LOSS_IS_NO_END : null;
        }
    }

    static LongStream seeds() {
        if (ONLY != null) return LongStream.of(ONLY);
        return LongStream.of(1, 2, 3, ThreadLocalRandom.current().nextLong());
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void applicationsSeeTheSame(long seed) throws Exception {
        DifferentialScript script = DifferentialScript.of(seed);
        boolean client = seed % 2 == 0; // the role of the side that opens the streams
        List<Outcome> reference = play(Cast.BOTH_GO, script, client);
        for (Cast cast : List.of(Cast.OURS_OPENS, Cast.OURS_ACCEPTS)) {
            List<Outcome> outcomes = play(cast, script, client);
            assertEquals(reference.size(), outcomes.size());
            for (int n = 0; n < reference.size(); n++) {
                Line line = script.lines().get(reference.get(n).number);
                try {
                    compare(cast, line, reference.get(n), outcomes.get(n));
                } catch (AssertionError e) {
                    throw new AssertionError(
                            cast + ", stream " + line + ", with -Drelay.seed=" + seed + ": " + e.getMessage(), e);
                }
            }
        }
    }

    private static void compare(Cast cast, Line line, Outcome reference, Outcome outcome) {
        Difference difference = cast.difference(line, outcome.side);
        if (difference == null) assertEquals(reference, outcome);
        else difference.check(reference, outcome);
    }

    private static List<Outcome> play(Cast cast, DifferentialScript script, boolean client) throws Exception {
        String roleOfA = client ? "client" : "server";
        String roleOfB = client ? "server" : "client";
        List<String> lines = new ArrayList<>();
        if (cast == Cast.OURS_ACCEPTS) {
            try (ServerSocketChannel listener = ServerSocketChannel.open()) {
                listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                String address = "127.0.0.1:" + listener.socket().getLocalPort();
                try (DifferentialGo a = DifferentialGo.start('a', roleOfA, script, "-dial", address);
                        Session b = session(listener.accept(), !client)) {
                    Call<List<String>> others = Call.of(a::outcomes);
                    lines.addAll(DifferentialPlayer.playB(b, script));
                    lines.addAll(others.result());
                }
            }
        } else {
            try (DifferentialGo b = DifferentialGo.start('b', roleOfB, script, "-listen", "127.0.0.1:0")) {
                InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), b.port());
                Call<List<String>> others = Call.of(b::outcomes);
                lines.addAll(
                        cast == Cast.OURS_OPENS ? playA(script, address, client) : playA(script, address, roleOfA));
                lines.addAll(others.result());
            }
        }
        return lines.stream()
                .map(Outcome::parse)
                .sorted(Comparator.comparingInt(Outcome::side).thenComparingInt(Outcome::number))
                .toList();
    }

    private static List<String> playA(DifferentialScript script, InetSocketAddress b, boolean client) throws Exception {
        try (Session a = session(SocketChannel.open(b), client)) {
            return DifferentialPlayer.playA(a, script);
        }
    }

    private static List<String> playA(DifferentialScript script, InetSocketAddress b, String role) throws Exception {
        try (DifferentialGo a = DifferentialGo.start('a', role, script, "-dial", "127.0.0.1:" + b.getPort())) {
            return a.outcomes();
        }
    }

    private static Session session(SocketChannel channel, boolean client) throws IOException {
        SessionOptions options = SessionOptions.defaults();
        return client ? Session.client(channel, options) : Session.server(channel, options);
    }

    /**
     * What an application saw of its side of a stream.
     *
     * @param wrote ok, or how writing failed
     * @param got bytes that were read
     * @param digest of these bytes
     * @param ended how reading ended; {@code -} when it was not read to the end
     */
    private record Outcome(char side, int number, String wrote, int got, String digest, String ended) {
        static Outcome parse(String line) {
            String[] words = line.split(" ", 6);
            return new Outcome(
                    words[0].charAt(0),
                    Integer.parseInt(words[1]),
                    words[2],
                    Integer.parseInt(words[3]),
                    words[4],
                    words[5]);
        }
    }
}
