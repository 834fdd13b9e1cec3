package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.SessionOptions;

/** How the server notices that a visitor or client has vanished, and that it leaves an idle one alone. */
@ExtendWith(LeakCheck.EachTest.class)
class ServerKeepAliveTest {
    private static final int KEEP_ALIVE = 2; // which timer of a connection runs, as proc(5) numbers them
    private static final int TICKS_PER_SECOND = 100; // in /proc, on every Linux

    @Test
    @EnabledOnOs(OS.LINUX)
    void kernelAsksVisitorsAndClientsAfterAMinute() throws IOException {
        try (RelayServer server = start(SessionOptions.defaults());
                RawClient client = RawClient.establish(server);
                Socket visitor = client.visit()) {
            client.yamux().expect(WireFrame.window(1, SYN, 0));
            awaitKeepAlive(client.port(), visitor.getLocalPort());
            awaitKeepAlive(server.port(), 0);
        }
    }

    /** The timer is that of keep-alive once everything that was sent has been acknowledged. */
    private static void awaitKeepAlive(int localPort, int remotePort) {
        Await.until("the timer of keep-alive runs", () -> {
            List<String> found = connections(localPort, remotePort);
            assertEquals(1, found.size(), found::toString);
            String[] timer = found.get(0).split(":", -1);
            long ticks = Long.parseLong(timer[1], 16);
            return Integer.parseInt(timer[0], 16) == KEEP_ALIVE && ticks > 0 && ticks <= 60 * TICKS_PER_SECOND;
        });
    }

    /** The column "tr:tm->when" of the established connections between two ports; 0 is any remote port. */
    private static List<String> connections(int localPort, int remotePort) throws IOException {
        List<String> found = new ArrayList<>();
        for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            for (String line : Files.readAllLines(Path.of(table))) {
                String[] columns = line.trim().split(" +", -1);
                if (!columns[1].endsWith(String.format(":%04X", localPort)) || !columns[3].equals("01")) continue;
                if (remotePort == 0 || columns[2].endsWith(String.format(":%04X", remotePort))) found.add(columns[5]);
            }
        }
        return found;
    }

    @Test
    void halfClosedVisitorIsResetWhenItIsIdleOnlyIfThatIsWanted() throws IOException {
        SessionOptions session = SessionOptions.builder()
                .halfCloseTimeout(Duration.ofMillis(200))
                .build();
        try (RelayServer server = start(session);
                RawClient client = RawClient.establish(server);
                Socket visitor = client.visit()) {
            client.yamux().expect(WireFrame.window(1, SYN, 0));
            visitor.shutdownOutput();
            client.yamux().expect(WireFrame.window(1, FIN, 0), WireFrame.window(1, RST, 0));
            Visitor.expectReset(visitor);
            assertEquals(1, server.tunnelCount());
        }
    }

    private static RelayServer start(SessionOptions session) throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return RelayServer.start(RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .session(session)
                .build());
    }
}
