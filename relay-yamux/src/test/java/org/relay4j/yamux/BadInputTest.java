package org.relay4j.yamux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.SocketException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Transport;

/** Null, closed and double use of sessions and streams. */
class BadInputTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    @Test
    void channelThatCannotCarryASession() throws IOException {
        assertThrows(NullPointerException.class, () -> Session.client(null));
        assertThrows(NullPointerException.class, () -> Session.server(null));
        SocketChannel closed = SocketChannel.open();
        closed.close();
        assertThrows(ClosedChannelException.class, () -> Session.client(closed));
        try (SocketChannel unconnected = SocketChannel.open()) {
            assertThrows(SocketException.class, () -> Session.server(unconnected));
        }
    }

    @ParameterizedTest
    @EnumSource
    void argumentsAreNamed(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            assertNamed("timeout", () -> pair.server().accept(null));
            assertNegative(() -> pair.server().accept(Duration.ofMillis(-1)));
            Stream stream = pair.open().here();
            assertNamed("timeout", () -> stream.setReadTimeout(null));
            assertNamed("executor", () -> stream.channel(null));
            assertNegative(() -> stream.setReadTimeout(Duration.ofNanos(-1)));
            assertNegative(() -> stream.setWriteTimeout(Duration.ofNanos(-1)));
            assertThrows(
                    IndexOutOfBoundsException.class,
                    () -> stream.getInputStream().read(new byte[4], 2, 3));
            assertThrows(
                    IndexOutOfBoundsException.class,
                    () -> stream.getOutputStream().write(new byte[4], -1, 3));
            assertThrows(
                    NullPointerException.class, () -> stream.getInputStream().read(null));
            assertThrows(
                    NullPointerException.class, () -> stream.getOutputStream().write(null));
            assertTrue(stream.isOpen(), "a call that was refused has done nothing");
        }
    }

    @ParameterizedTest
    @EnumSource
    void closedStreamStaysClosed(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            Stream stream = pair.open().here();
            stream.close();
            stream.close();
            stream.shutdownInput();
            stream.shutdownOutput();
            stream.reset();
            assertFalse(stream.isOpen());
            assertThrows(StreamException.class, () -> stream.getInputStream().read());
            assertThrows(StreamException.class, () -> stream.getInputStream().available());
            assertThrows(StreamException.class, () -> stream.getOutputStream().write(1));
            assertEquals(0, stream.bytesOut());
        }
    }

    @ParameterizedTest
    @EnumSource
    void endedSessionSaysWhy(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            Session session = pair.client();
            session.close();
            session.close();
            session.goAway();
            session.closeWhenDone();
            assertTrue(session.awaitEnd(Await.DEADLINE));
            assertTrue(session.awaitEnd(Duration.ZERO));
            assertEquals(
                    SessionException.Reason.CLOSED_LOCALLY,
                    assertThrows(SessionException.class, session::open).reason());
            assertEquals(
                    SessionException.Reason.CLOSED_LOCALLY,
                    assertThrows(SessionException.class, session::accept).reason());
            assertThrows(SessionException.class, session::ping);
            assertNotNull(session.statistics());
            assertEquals(0, session.streamCount());
        }
    }

    private static void assertNamed(String argument, org.junit.jupiter.api.function.Executable call) {
        String message = assertThrows(NullPointerException.class, call).getMessage();
        assertTrue(message != null && message.contains(argument), message);
    }

    private static void assertNegative(org.junit.jupiter.api.function.Executable call) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(message.startsWith("timeout is negative: PT-"), message);
    }
}
