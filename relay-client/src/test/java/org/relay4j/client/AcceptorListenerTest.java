package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyBoolean;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.ArgumentMatchers.isNull;
import static org.mockito.Mockito.doThrow;
import static org.mockito.Mockito.inOrder;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.timeout;
import static org.mockito.Mockito.verify;

import java.io.IOException;
import java.net.Socket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mockito.InOrder;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.api.TunnelLostException;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.SessionException;

/** The events of an acceptor for its listener. */
@ExtendWith(LeakCheck.class)
class AcceptorListenerTest {
    private RelayServer server;

    @BeforeEach
    void start() throws IOException {
        server = Local.server();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void isToldThatItIsUpAndThatItWasClosed() throws IOException {
        TunnelListener listener = mock();
        RelayAcceptor acceptor = connect(listener);
        verify(listener).up(acceptor);
        acceptor.close();
        verify(listener, timeout(Await.DEADLINE.toMillis())).down(acceptor, null, false);
        InOrder order = inOrder(listener);
        order.verify(listener).up(acceptor);
        order.verify(listener).down(acceptor, null, false);
        order.verifyNoMoreInteractions();
    }

    @Test
    void isDownWhenTheLastVisitorHasLeft() throws IOException {
        Recorder recorder = new Recorder();
        RelayAcceptor acceptor = connect(recorder);
        try (Socket visitor = Visitor.connect(acceptor.getLocalPort());
                Socket accepted = acceptor.accept()) {
            acceptor.close();
            Visitor.send(visitor, "x");
            Visitor.expect(accepted, "x");
            assertEquals(1, recorder.events().size());
        }
        recorder.awaitClose(1);
        assertSame(acceptor, recorder.await(1).tunnel());
    }

    @Test
    void isToldWhyTheTunnelWasLost() throws IOException {
        Recorder recorder = new Recorder();
        RelayClientOptions options = Local.hasty(recorder).reconnect(false).build();
        try (RelayAcceptor acceptor = RelayClient.connect("localhost", server.port(), options)) {
            server.close();
            Throwable cause = recorder.awaitLoss(1, false);
            assertEquals(TunnelLostException.class, cause.getClass());
            assertEquals(SessionException.class, cause.getCause().getClass());
            assertFalse(acceptor.isOpen());
        }
        assertEquals(2, recorder.events().size(), recorder.events()::toString);
    }

    @Test
    void mayCloseTheAcceptorFromWithin() throws IOException {
        Recorder recorder = new Recorder();
        RelayAcceptor acceptor = connect(new TunnelListener() {
            @Override
            public void up(Tunnel tunnel) {
                recorder.up(tunnel);
                assertTrue(tunnel.isOpen());
                closeQuietly(tunnel);
            }

            @Override
            public void down(Tunnel tunnel, Throwable cause, boolean willRetry) {
                recorder.down(tunnel, cause, willRetry);
                closeQuietly(tunnel);
            }
        });
        recorder.awaitUp(0);
        recorder.awaitClose(1);
        assertTrue(acceptor.isClosed());
    }

    private static void closeQuietly(Tunnel tunnel) {
        try {
            tunnel.close();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @ValueSource(classes = {IllegalStateException.class, AssertionError.class})
    void failureOfTheListenerIsLoggedAndChangesNothing(Class<? extends Throwable> failure) throws IOException {
        TunnelListener listener = mock();
        doThrow(failure).when(listener).up(any());
        doThrow(failure).when(listener).down(any(), any(), anyBoolean());
        try (Logged log = Logged.below("org.relay4j.client")) {
            RelayAcceptor acceptor = connect(listener);
            try (Socket visitor = Visitor.connect(acceptor.getLocalPort());
                    Socket accepted = acceptor.accept()) {
                Visitor.send(visitor, "x");
                Visitor.expect(accepted, "x");
            }
            acceptor.close();
            verify(listener, timeout(Await.DEADLINE.toMillis())).down(eq(acceptor), isNull(), eq(false));
            Await.until("both failures are logged", () -> log.lines("ERROR").size() == 2);
            assertTrue(log.lines("ERROR").get(0).contains("listener"), log.lines()::toString);
        }
    }

    @Test
    void isNotToldOfATunnelThatNeverWas() throws IOException {
        TunnelListener listener = mock();
        int port = server.port();
        server.close();
        RelayClientOptions options = Local.hasty(listener).build();
        assertThrows(RelayUnreachableException.class, () -> RelayClient.connect("localhost", port, options));
        verify(listener, never()).up(any());
        verify(listener, never()).down(any(), any(), anyBoolean());
    }

    private RelayAcceptor connect(TunnelListener listener) throws IOException {
        return RelayClient.connect(
                "localhost", server.port(), Local.hasty(listener).build());
    }
}
