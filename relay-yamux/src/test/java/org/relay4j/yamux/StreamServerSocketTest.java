package org.relay4j.yamux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Transport;

/** A session as a server socket. */
class StreamServerSocketTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    @ParameterizedTest
    @EnumSource
    void acceptsStreamsAsSockets(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport);
                ServerSocket server = pair.server().asServerSocket()) {
            assertTrue(server.isBound());
            server.bind(new InetSocketAddress(8080), 50); // as servers do with what they are given
            Stream stream = pair.client().open();
            stream.getOutputStream().write(1);
            try (Socket socket = server.accept()) {
                assertTrue(socket.isConnected());
                assertEquals(1, socket.getInputStream().read());
                socket.getOutputStream().write(2);
            }
            assertEquals(2, stream.getInputStream().read());
            assertEquals(-1, stream.getInputStream().read());
        }
    }

    @ParameterizedTest
    @EnumSource
    void timesOutAndIsWokenByClose(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            ServerSocket server = pair.server().asServerSocket();
            server.setSoTimeout(1);
            assertThrows(SocketTimeoutException.class, server::accept);
            server.setSoTimeout(0);
            Call<Socket> accept = Call.of(server::accept).awaitBlocked();
            server.close();
            assertEquals("Socket closed", accept.failure(SocketException.class).getMessage());
            assertEquals(
                    "Socket is closed",
                    assertThrows(SocketException.class, server::accept).getMessage());
            assertThrows(SocketException.class, () -> server.bind(null));
        }
    }

    @ParameterizedTest
    @EnumSource
    void closingLeavesAcceptedStreamsAloneAndEndsTheSessionWithTheLast(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            ServerSocket server = pair.server().asServerSocket();
            Stream stream = pair.client().open();
            Socket socket = server.accept();
            server.close();
            socket.getOutputStream().write(3);
            assertEquals(3, stream.getInputStream().read());
            assertTrue(pair.server().isOpen());
            socket.close();
            stream.close();
            assertTrue(pair.server().awaitEnd(Await.DEADLINE));
        }
    }

    @ParameterizedTest
    @EnumSource
    void lossOfTheSessionIsAnError(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport);
                ServerSocket server = pair.server().asServerSocket()) {
            Call<Socket> accept = Call.of(server::accept).awaitBlocked();
            pair.client().close();
            SocketException failure = accept.failure(SocketException.class);
            assertTrue(failure.getMessage().startsWith("the session has ended"), failure.getMessage());
            assertEquals(SessionException.class, failure.getCause().getClass());
            assertFalse(server.isClosed());
            assertTrue(pair.server().awaitEnd(Await.DEADLINE));
        }
    }
}
