package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;

/** A server that is restarted again and again under load, as everything that reports and asks meets in that moment. */
@ExtendWith(LeakCheck.EachTest.class)
@Tag("slow")
class RestartStormTest {
    private static final int RESTARTS = 40;
    private static final int THREADS = 4; // that visit, and that accept
    private static final long PAUSE = 1_000_000; // ns; without one, virtual threads would keep all others waiting

    private final AtomicInteger ups = new AtomicInteger();
    private final AtomicInteger served = new AtomicInteger();

    @Test
    void acceptorSurvivesTheRestartsOfItsServer() throws Exception {
        int controlPort = FixedPort.free();
        int publicPort = FixedPort.free();
        // The public port is the same each time, so visitors come as soon as it is bound.
        RelayServerOptions same = Local.options()
                .port(controlPort)
                .publicPorts(publicPort, publicPort)
                .build();
        RelayServer server = RelayServer.start(same);
        TunnelListener asking = new TunnelListener() {
            @Override
            public void up(Tunnel tunnel) {
                if (tunnel.publicAddress().getPort() > 0 && tunnel.toString() != null) ups.incrementAndGet();
            }
        };
        List<Call<Void>> calls = new ArrayList<>();
        RelayAcceptor acceptor = RelayClient.connect(
                "localhost", controlPort, Local.hasty(asking).build());
        try {
            for (int i = 0; i < THREADS; i++) {
                calls.add(Call.run(() -> accept(acceptor)));
                calls.add(Call.run(() -> visit(acceptor)));
            }
            for (int restart = 1; restart <= RESTARTS; restart++) {
                int before = served.get();
                Await.until("visitors are served", () -> served.get() > before + THREADS);
                server.close();
                server = RelayServer.start(same);
                int expected = restart + 1;
                Await.until(() -> ups.get() + " of " + expected + " times up", () -> ups.get() >= expected);
            }
            assertEquals(RESTARTS, acceptor.statistics().reconnects());
        } finally {
            acceptor.close();
            server.close();
        }
        calls.forEach(Call::result);
    }

    private void accept(RelayAcceptor acceptor) {
        while (!acceptor.isClosed()) {
            try (Socket accepted = acceptor.accept()) {
                FakeServer.echo(accepted);
                served.incrementAndGet();
            } catch (IOException e) {
                LockSupport.parkNanos(PAUSE); // cut off by a restart
            }
        }
    }

    private void visit(RelayAcceptor acceptor) {
        while (!acceptor.isClosed()) {
            try (Socket visitor = Visitor.connect(acceptor.getLocalPort())) {
                Visitor.send(visitor, "x");
                visitor.shutdownOutput();
                visitor.getInputStream().readAllBytes();
            } catch (IOException | AssertionError e) {
                LockSupport.parkNanos(PAUSE); // cut off by a restart
            }
        }
    }
}
