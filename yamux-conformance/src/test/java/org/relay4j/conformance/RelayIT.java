package org.relay4j.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.relay4j.testing.LeakCheck;
import org.relay4j.yamux.SessionOptions;

/** Relay's own yamux passes every case: in both roles, on an event loop and on threads. */
@Tag("slow")
class RelayIT {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck();

    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    @ParameterizedTest
    @CsvSource({"SERVER,true", "SERVER,false", "CLIENT,true", "CLIENT,false"})
    void passesAll(Role role, boolean loop) throws IOException {
        // Large enough for a frame of more than 1 MiB, which is a case.
        SessionOptions options = SessionOptions.builder().receiveWindow(2 << 20).build();
        try (RelayEndpoint endpoint = new RelayEndpoint(role, loop, options);
                Runner runner =
                        new Runner(new Endpoint.Listening("127.0.0.1", endpoint.port()), endpoint.kit(), TIMEOUT)) {
            expect(runner, List.of());
        }
    }

    @ParameterizedTest
    @CsvSource({"SERVER,true", "CLIENT,false"})
    void passesAllWithDefaults(Role role, boolean loop) throws IOException {
        try (RelayEndpoint endpoint = new RelayEndpoint(role, loop, SessionOptions.defaults());
                Runner runner =
                        new Runner(new Endpoint.Listening("127.0.0.1", endpoint.port()), endpoint.kit(), TIMEOUT)) {
            expect(runner, List.of("credit/frame-above-1-mib n/a"));
        }
    }

    @Test
    void connectsToTheKit() throws IOException {
        ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        try (RelayEndpoint endpoint = new RelayEndpoint(Role.CLIENT, true, SessionOptions.defaults());
                Endpoint dialling = new Endpoint.Dialling(listener);
                Runner runner = new Runner(dialling, Role.SERVER, TIMEOUT)) {
            for (Case one : Suite.matching("open/*")) {
                endpoint.serve(SocketChannel.open(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), listener.getLocalPort())));
                Result result = runner.run(one);
                assertEquals(Verdict.PASS, result.verdict(), () -> one.id() + ": " + result.seen());
            }
        }
    }

    private static void expect(Runner runner, List<String> expected) {
        StringBuilder seen = new StringBuilder();
        List<String> other = new ArrayList<>();
        for (Case one : Suite.all()) {
            Result result = runner.run(one);
            if (result.verdict() == Verdict.PASS) continue;
            other.add(one.id() + " " + result.verdict());
            seen.append('\n').append(one.id()).append(": ").append(result.seen());
        }
        assertEquals(expected, other, seen::toString);
    }
}
