package org.relay4j.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each transport carries a session, whose end finds every byte at the other side. */
class SessionPairTest {
    private static final int MESSAGES = 200;

    @ParameterizedTest
    @ValueSource(strings = {"mem", "tcp", "tls"})
    void everyMessageArrives(String transport) throws Exception {
        SessionPair sessions = new SessionPair();
        sessions.transport = transport;
        sessions.connect();
        OneWay small = sessions.oneWay(32, 32);
        OneWay large = sessions.oneWay(70_000, 4096);
        for (int i = 0; i < MESSAGES; i++) {
            small.send();
            large.send();
        }
        assertFalse(sessions.client.ping().isNegative());
        sessions.close();
        assertFalse(sessions.client.isOpen());
        assertFalse(sessions.server.isOpen());
    }

    @ParameterizedTest
    @ValueSource(strings = {"mem", "tcp", "tls"})
    void theAcceptorEndsWithTheSessions(String transport) throws Exception {
        SessionPair sessions = new SessionPair();
        sessions.transport = transport;
        sessions.connect();
        sessions.acceptAndClose();
        for (int i = 0; i < MESSAGES; i++) sessions.client.open().close();
        sessions.close();
        assertFalse(sessions.client.isOpen());
    }

    @Test
    void aPipeHandsOverWithoutBuffer() throws Exception {
        Transport.Ends ends = Transport.MEM.connect();
        ByteBuffer sent = ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5});
        CompletableFuture<Integer> written = CompletableFuture.supplyAsync(() -> write(ends.client(), sent));
        ByteBuffer received = ByteBuffer.allocate(3);
        assertEquals(3, ends.server().read(received));
        assertFalse(written.isDone());
        assertEquals(2, ends.server().read(received.clear()));
        assertEquals(5, written.get(10, TimeUnit.SECONDS));
        assertEquals(5, received.get(1));
    }

    @Test
    void closingAPipeEndsWhoWaits() throws Exception {
        Transport.Ends ends = Transport.MEM.connect();
        CompletableFuture<Integer> written =
                CompletableFuture.supplyAsync(() -> write(ends.client(), ByteBuffer.allocate(1)));
        ends.server().close();
        ExecutionException end =
                Assertions.assertThrows(ExecutionException.class, () -> written.get(10, TimeUnit.SECONDS));
        assertTrue(end.getCause().getCause() instanceof ClosedChannelException, end.toString());
        assertEquals(-1, ends.client().read(ByteBuffer.allocate(1)));
        assertFalse(ends.client().isOpen());
    }

    private static int write(ByteChannel channel, ByteBuffer from) {
        try {
            return channel.write(from);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
