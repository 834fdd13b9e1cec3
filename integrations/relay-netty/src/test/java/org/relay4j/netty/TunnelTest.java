package org.relay4j.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;

/** The server channel when its tunnel is lost, re-established or closed. */
@ExtendWith(LeakCheck.EachTest.class)
class TunnelTest {
    @Test
    void tunnelThatComesBackIsNotNoticed() throws Exception {
        RelayClientOptions client = RelayClientOptions.builder()
                .backoff(Duration.ofMillis(1), Duration.ofMillis(20))
                .build();
        try (Relayed relayed = new Relayed(Loops.NIO, client, Echo::new, options -> {})) {
            int port = relayed.relay.port();
            relayed.relay.close();
            Await.until("the tunnel is lost", () -> !relayed.acceptor.isOpen());
            try (RelayServer next =
                    RelayServer.start(RelayServerOptions.builder().port(port).build())) {
                Await.until("the tunnel is back", relayed.acceptor::isOpen);
                assertEquals(port, next.port());
                assertTrue(relayed.server.isActive());
                assertEquals(relayed.acceptor.publicAddress(), relayed.server.localAddress());
                try (Socket visitor = relayed.visit()) {
                    Visitor.send(visitor, "hello again");
                    Visitor.expect(visitor, "hello again");
                }
                assertTrue(relayed.serverFailures.isEmpty());
                relayed.server.close().sync();
            }
        }
    }

    @Test
    void tunnelThatDoesNotComeBackClosesTheServerChannel() throws Exception {
        RelayClientOptions client =
                RelayClientOptions.builder().reconnect(false).build();
        try (Relayed relayed = new Relayed(Loops.NIO, client, Echo::new, options -> {})) {
            relayed.relay.close();
            assertTrue(relayed.server.closeFuture().await(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS));
            Throwable failure = relayed.serverFailures.poll(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
            assertEquals(SocketException.class, failure.getClass());
            assertTrue(failure.getMessage().startsWith("the tunnel was lost"), failure.getMessage());
            assertTrue(relayed.acceptor.isClosed());
        }
    }

    @Test
    void acceptorThatIsClosedClosesTheServerChannel() throws Exception {
        try (Relayed relayed = Relayed.with(Echo::new)) {
            relayed.acceptor.close();
            assertTrue(relayed.server.closeFuture().await(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS));
            assertFalse(relayed.server.isActive());
            assertTrue(relayed.serverFailures.isEmpty());
        }
    }

    @Test
    void visitorsStayWhenTheServerChannelIsClosed() throws Exception {
        try (Relayed relayed = Relayed.with(Echo::new);
                Socket visitor = relayed.visit()) {
            RelayChannel channel = relayed.accepted();
            int port = relayed.acceptor.publicAddress().getPort();
            relayed.server.close().sync();
            Visitor.awaitRefused(port);
            Visitor.send(visitor, "still here");
            Visitor.expect(visitor, "still here");
            channel.close().sync();
            Visitor.expectEnd(visitor);
        }
    }

    @Test
    void timeoutOfTheAcceptorMeansNothing() throws Exception {
        try (Relayed relayed = Relayed.with(Echo::new)) {
            relayed.acceptor.setSoTimeout(1);
            for (int n = 0; n < 5; n++) {
                try (Socket visitor = relayed.visit()) {
                    Visitor.send(visitor, "x");
                    Visitor.expect(visitor, "x");
                }
            }
            assertTrue(relayed.serverFailures.isEmpty());
        }
    }
}
