package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.BindException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;

/** Base clients from an address of this machine that is not loopback, on a server that gives the ports of a range in turn. */
@ExtendWith(LeakCheck.EachTest.class)
class StickyClientTest {
    private @Nullable RelayServer server;

    @AfterEach
    void stop() {
        if (server != null) server.close();
    }

    private RelayServer start(boolean sticky) throws IOException {
        int lowest = FixedPort.range(4);
        RelayServerOptions.Builder options =
                RelayServerOptions.builder().publicPorts(lowest, lowest + 3).stickyPorts(sticky);
        server = RelayServer.start(options.build());
        return server;
    }

    /** An address that clients of this machine have, but that does not come from a loopback interface. */
    private static InetAddress local() throws IOException {
        InetAddress found = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress())
                .findFirst()
                .orElse(InetAddress.getLoopbackAddress());
        assumeTrue(!found.isLoopbackAddress(), "this machine has only loopback addresses");
        return found;
    }

    private static RawClient client(RelayServer of, InetAddress address) throws IOException {
        RawClient client = RawClient.connect(new InetSocketAddress(address, of.port()));
        client.answerPing();
        Await.until("it is up", () -> of.statistics().openTunnels() == 1);
        return client;
    }

    /** The port of a tunnel that is open for a moment. */
    private static int visit(RelayServer of, InetAddress address) throws IOException {
        int port;
        try (RawClient client = client(of, address)) {
            port = client.port();
        }
        Await.until("it is down", () -> of.tunnelCount() == 0);
        return port;
    }

    @Test
    void clientThatReconnectsGetsItsPortAgain() throws IOException {
        RelayServer started = start(true);
        int port = visit(started, local());
        for (int i = 0; i < 3; i++) assertEquals(port, visit(started, local()));
        try (ServerSocket other = new ServerSocket()) { // it is in use, so the client gets another one
            // The kernel has the port until the selector of its loop has forgotten it.
            Await.until("it is free", () -> {
                try {
                    other.bind(new InetSocketAddress(port));
                    return true;
                } catch (BindException e) {
                    return false;
                }
            });
            assertNotEquals(port, visit(started, local()));
        }
    }

    @Test
    void clientGetsAnyPortWithoutTheOption() throws IOException {
        RelayServer started = start(false);
        assertNotEquals(visit(started, local()), visit(started, local()));
    }

    @Test
    void loopbackIsShared() throws IOException {
        RelayServer started = start(true);
        InetAddress loopback = InetAddress.getLoopbackAddress();
        assertNotEquals(visit(started, loopback), visit(started, loopback));
    }
}
