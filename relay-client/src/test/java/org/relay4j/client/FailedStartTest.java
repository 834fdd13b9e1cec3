package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.BrokenLogger;
import org.relay4j.testing.LeakCheck;
import org.relay4j.yamux.AcceptQueue;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.LoopGroup;

/** Tunnels that fail half-way through their start: nothing of them is left, which the {@link LeakCheck} sees. */
@ExtendWith(LeakCheck.EachTest.class)
class FailedStartTest {
    private final IllegalStateException failure = new IllegalStateException("on purpose");

    /** Without a lease, which would have the server hold the tunnel. */
    private final RelayClientOptions options =
            Local.hasty(new Recorder()).reconnect(false).build();

    private RelayServer server;
    private InetSocketAddress control;

    @BeforeEach
    void start() throws IOException {
        server = RelayServer.start(Local.options().extended(true).build());
        control = InetSocketAddress.createUnresolved("localhost", server.port());
    }

    @AfterEach
    void stop() {
        Await.until("the tunnel is gone", () -> server.tunnelCount() == 0);
        server.close();
    }

    private void fails(String line, Executable start) {
        try (BrokenLogger broken = new BrokenLogger(line, failure)) {
            assertEquals(failure, assertThrows(IllegalStateException.class, start));
            assertEquals(1, broken.thrown());
        }
    }

    @Test
    void acceptor() {
        fails("tunnel {}: up", () -> RelayClient.connect("localhost", server.port(), options));
    }

    @Test
    void forwarder() {
        InetSocketAddress local = new InetSocketAddress("localhost", 9);
        fails("tunnel {}: forwards to", () -> RelayClient.forward("localhost", server.port(), local, options));
        fails("tunnel {}: up", () -> RelayClient.forward("localhost", server.port(), local, options));
    }

    @Test
    void tunnelWithSeveralEndpoints() {
        fails("tunnel {}: up", () -> RelayClient.open("localhost", server.port(), options));
    }

    /** It fails when its session has started. */
    private final class Failing implements Service {
        private int asked;

        @Override
        public StreamHandler begin(ServiceConnection on, MuxStream stream, VisitorHeader header) {
            return null;
        }

        @Override
        public AcceptQueue queue() {
            if (asked++ == 0) return null;
            awaitLoops();
            throw failure;
        }

        /** Its loop has registered the socket then. */
        private static void awaitLoops() {
            try {
                LoopGroup loops = LoopGroup.acquireShared();
                try {
                    assertTrue(loops.awaitAnswers(Await.DEADLINE.toNanos()), "the loops do not answer");
                } finally {
                    LoopGroup.releaseShared();
                }
            } catch (IOException | InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Test
    void connectionWhoseServiceFails() {
        Connector connector = Connector.to(new Failing(), options);
        ClientTunnel tunnel = new ClientTunnel(control, options, connector, cause -> {}, null);
        assertEquals(failure, assertThrows(IllegalStateException.class, tunnel::connect));
    }

    @Test
    void connectionWhoseOwnerFails() {
        TunnelOwner owner = new TunnelOwner() {
            @Override
            public void connected() {
                throw failure;
            }

            @Override
            public void over(Throwable cause) {}
        };
        AcceptQueue queue = new AcceptQueue();
        Connector connector = (opening, events) -> ServiceConnection.start(
                opening.open(), events, options, new AcceptService(queue, options, new Visits(events)));
        ClientTunnel tunnel = new ClientTunnel(control, options, connector, owner, null);
        assertEquals(failure, assertThrows(IllegalStateException.class, tunnel::connect));
    }
}
