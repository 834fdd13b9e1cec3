package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.yamux.io.Loop;

/** What is left of strangers that connect to the control port and leave: no timer, and few lines in the log. */
@ExtendWith(LeakCheck.EachTest.class)
class ServerStrangersTest {
    private static final int STRANGERS = 10_000;

    @Tag("slow")
    @Test
    void strangersThatConnectAndLeaveLeaveNothing() throws Exception {
        try (RelayServer server = start();
                Logged log = Logged.below("org.relay4j")) {
            for (int i = 0; i < STRANGERS; i++) connectAndLeave(server.address());
            Await.until(
                    "all have left",
                    () -> server.tunnelCount() == 0 && server.admission().pending() == 0);
            assertEquals(List.of(), log.lines("INFO"));
            assertEquals(List.of(), log.lines("ERROR"));
            List<String> warnings = log.lines("WARN");
            assertTrue(warnings.size() < 200, warnings::toString); // some were displaced by later ones
            int timers = timers(server);
            assertTrue(timers <= 2 * 64 + 1, timers + " timers");
        }
    }

    @Test
    void clientThatIsEstablishedIsLogged() throws IOException {
        try (RelayServer server = start();
                Logged log = Logged.below("org.relay4j")) {
            RawClient client = RawClient.establish(server);
            assertTrue(log.await(": up, client 127.0.0.1").startsWith("INFO tunnel 1 (port "));
            client.close();
            assertTrue(log.await(": down, ").startsWith("INFO tunnel 1 (port "));
        }
    }

    @Test
    void establishedClientsThatComeAndGoAreLoggedUpToALimit() throws IOException {
        int clients = 300;
        try (RelayServer server = start();
                Logged log = Logged.below("org.relay4j")) {
            for (int i = 0; i < clients; i++) RawClient.establish(server).close();
            Await.until("all have left", () -> server.tunnelCount() == 0);
            int up = count(log, ": up, ");
            assertTrue(up >= 100 && up < clients, up + " lines");
            int down = count(log, "INFO tunnel ") - up;
            assertTrue(down >= 100 && down < clients, down + " lines");
        }
    }

    private static int count(Logged log, String text) {
        return (int)
                log.lines("INFO").stream().filter(line -> line.contains(text)).count();
    }

    private static void connectAndLeave(InetSocketAddress server) throws IOException {
        try (SocketChannel channel = SocketChannel.open(server)) {
            channel.setOption(StandardSocketOptions.SO_LINGER, 0); // by a reset, else its port would be used up
        }
    }

    private static int timers(RelayServer server) throws Exception {
        Loop loop = server.loops().next();
        CompletableFuture<Integer> timers = new CompletableFuture<>();
        loop.execute(() -> timers.complete(loop.timerCount()));
        return timers.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
    }

    private static RelayServer start() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return RelayServer.start(RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .loops(1)
                .build());
    }
}
