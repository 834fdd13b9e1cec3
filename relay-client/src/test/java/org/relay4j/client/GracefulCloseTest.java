package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.api.Tunnel;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;

/** A tunnel that ends when its visitors have finished, or when their time is over. */
@ExtendWith(LeakCheck.EachTest.class)
class GracefulCloseTest {
    private final Recorder recorder = new Recorder();
    private RelayServer server;
    private FakeServer service;

    /** What carries the visitors to an echo. */
    enum Kind {
        ACCEPTOR {
            @Override
            Tunnel open(GracefulCloseTest test) throws IOException {
                RelayAcceptor acceptor = RelayClient.connect("localhost", test.server.port(), test.options());
                Call.run(() -> {
                    while (true) {
                        Socket accepted = acceptor.accept();
                        Call.run(() -> {
                            try (accepted) {
                                FakeServer.echo(accepted);
                            }
                        });
                    }
                });
                return acceptor;
            }
        },
        FORWARDER {
            @Override
            Tunnel open(GracefulCloseTest test) throws IOException {
                InetSocketAddress local = new InetSocketAddress(InetAddress.getLoopbackAddress(), test.service.port());
                return RelayClient.forward("localhost", test.server.port(), local, test.options());
            }
        };

        abstract Tunnel open(GracefulCloseTest test) throws IOException;
    }

    @BeforeEach
    void start() throws IOException {
        server = Local.server();
        service = FakeServer.echoing();
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        service.close();
    }

    private RelayClientOptions options() {
        return Local.hasty(recorder).build();
    }

    @ParameterizedTest
    @EnumSource
    void visitorsMayFinishAndNewOnesAreRefused(Kind kind) throws IOException {
        Tunnel tunnel = kind.open(this);
        int port = tunnel.publicAddress().getPort();
        try (Socket visitor = Visitor.connect(port)) {
            assertEcho(visitor);
            Call<Boolean> closing = Call.of(() -> tunnel.close(Duration.ofSeconds(60)));
            Visitor.awaitRefused(port);
            assertEcho(visitor);
            assertFalse(closing.isDone());
            assertTrue(tunnel.isOpen());
            visitor.shutdownOutput();
            Visitor.expectEnd(visitor);
            assertTrue(closing.result());
            assertFalse(tunnel.isOpen());
        }
        recorder.awaitClose(1);
        Await.until("the server has no tunnel", () -> server.tunnelCount() == 0);
    }

    @ParameterizedTest
    @EnumSource
    void whoHasNotFinishedInTimeIsReset(Kind kind) throws IOException {
        Tunnel tunnel = kind.open(this);
        try (Socket visitor = Visitor.connect(tunnel.publicAddress().getPort())) {
            assertEcho(visitor);
            assertFalse(tunnel.close(Duration.ofMillis(50)));
            Visitor.expectReset(visitor);
        }
        recorder.awaitClose(1);
    }

    @ParameterizedTest
    @EnumSource
    void withoutVisitorsItEndsAtOnce(Kind kind) throws IOException {
        Tunnel tunnel = kind.open(this);
        assertTrue(tunnel.close(Duration.ofHours(1)));
        assertFalse(tunnel.isOpen());
        recorder.awaitClose(1);
        assertTrue(tunnel.close(Duration.ofHours(1)), "the second time it has ended");
        assertEquals(2, recorder.events().size());
    }

    @ParameterizedTest
    @EnumSource
    void interruptEndsThePatience(Kind kind) throws IOException {
        Tunnel tunnel = kind.open(this);
        try (Socket visitor = Visitor.connect(tunnel.publicAddress().getPort())) {
            assertEcho(visitor);
            Call<Boolean> closing = Call.of(() -> tunnel.close(Duration.ofHours(1)));
            Visitor.awaitRefused(tunnel.publicAddress().getPort());
            closing.interrupt();
            assertFalse(closing.result());
            assertTrue(closing.endedInterrupted());
            Visitor.expectReset(visitor);
        }
        recorder.awaitClose(1);
    }

    private static void assertEcho(Socket visitor) throws IOException {
        Visitor.send(visitor, "ping");
        Visitor.expect(visitor, "ping");
    }
}
