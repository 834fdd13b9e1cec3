package org.relay4j.client.conformance;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.Visitor;

/** The server socket itself. */
class ListenerTest extends Conformance {
    @Test
    void isBoundFromTheStart() {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        int port = listener.getLocalPort();
        assertTrue(listener.isBound());
        assertFalse(listener.isClosed());
        assertTrue(port > 0);
        assertEquals(loopback, listener.getInetAddress());
        assertEquals(new InetSocketAddress(loopback, port), listener.getLocalSocketAddress());
        assertNull(listener.getChannel());
    }

    @Test
    void knowsItsAddressAfterClose() throws IOException {
        InetSocketAddress address = (InetSocketAddress) listener.getLocalSocketAddress();
        listener.close();
        assertTrue(listener.isClosed());
        assertTrue(listener.isBound());
        assertEquals(address, listener.getLocalSocketAddress());
        assertEquals(address.getAddress(), listener.getInetAddress());
        assertEquals(address.getPort(), listener.getLocalPort());
    }

    @Test
    void isBoundOnce() throws IOException {
        SocketException failure = null;
        try {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            listener.bind(null, 10);
        } catch (SocketException e) {
            failure = e;
        }
        assertEquals(differs(Difference.BIND), failure == null);
        Pair pair = connect();
        Visitor.send(pair.visitor(), "x");
        Visitor.expect(pair.accepted(), "x");
        listener.close();
        assertThrows(SocketException.class, () -> listener.bind(null));
    }

    // ---- accepting

    @Test
    void acceptWaitsForAVisitor() throws IOException {
        Call<Socket> accepting = call(this::accept).awaitBlocked();
        Socket visitor = visit();
        Visitor.send(visitor, "hello");
        Visitor.expect(accepting.result(), "hello");
    }

    @Test
    void visitorsWaitToBeAccepted() throws IOException {
        for (int i = 0; i < 5; i++) Visitor.send(visit(), "visitor " + i);
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < 5; i++) {
            seen.add(new String(accept().getInputStream().readNBytes(9), US_ASCII));
        }
        assertEquals(Set.of("visitor 0", "visitor 1", "visitor 2", "visitor 3", "visitor 4"), seen);
    }

    @Test
    void severalThreadsMayAccept() throws IOException {
        List<Call<Socket>> accepting = new ArrayList<>();
        for (int i = 0; i < 3; i++) accepting.add(call(listener::accept));
        for (int i = 0; i < 3; i++) visit();
        for (Call<Socket> call : accepting) call.result().close();
    }

    @Test
    void acceptTimesOutAndWorksLater() throws IOException {
        listener.setSoTimeout(1);
        assertEquals(1, listener.getSoTimeout());
        for (int i = 0; i < 3; i++) {
            SocketTimeoutException failure = assertThrows(SocketTimeoutException.class, listener::accept);
            assertEquals("Accept timed out", failure.getMessage());
        }
        assertFalse(listener.isClosed());
        listener.setSoTimeout((int) Await.DEADLINE.toMillis());
        Pair pair = connect();
        assertEquals(0, pair.accepted().getSoTimeout());
        Visitor.send(pair.accepted(), "late");
        Visitor.expect(pair.visitor(), "late");
    }

    @Test
    void visitorMayComeWhileATimeoutRuns() throws IOException {
        listener.setSoTimeout((int) Await.DEADLINE.toMillis());
        Call<Socket> accepting = call(this::accept).awaitBlocked();
        Visitor.send(visit(), "in time");
        Visitor.expect(accepting.result(), "in time");
    }

    @Test
    void visitorMayLeaveBeforeItIsAccepted() throws IOException {
        Socket visitor = visit();
        Visitor.send(visitor, "goodbye");
        visitor.close();
        assertEquals("goodbye", new String(accept().getInputStream().readAllBytes(), US_ASCII));
    }

    @Test
    void visitorThatLeftWithAResetDoesNotDisturbTheNext() throws IOException {
        Visitor.reset(visit());
        Visitor.send(visit(), "2");
        assertEquals('2', firstByteOfAnybody()); // the first one may or may not be accepted
    }

    private int firstByteOfAnybody() throws IOException {
        while (true) {
            try {
                return accept().getInputStream().read();
            } catch (SocketException e) {
                assertEquals("Connection reset", e.getMessage());
            }
        }
    }

    @Test
    void timeoutOfZeroIsForever() throws IOException {
        assertEquals(0, listener.getSoTimeout());
        listener.setSoTimeout(5);
        listener.setSoTimeout(0);
        Call<Socket> accepting = call(this::accept).awaitBlocked();
        visit();
        accepting.result();
        assertThrows(IllegalArgumentException.class, () -> listener.setSoTimeout(-1));
    }

    @Test
    void timeoutIsThatOfTheTimeOfTheCall() throws IOException {
        Call<Socket> accepting = call(this::accept).awaitBlocked();
        listener.setSoTimeout(1);
        assertThrows(SocketTimeoutException.class, listener::accept);
        assertFalse(accepting.isDone());
        visit();
        accepting.result();
    }

    // ---- closing

    @Test
    void closeWakesAllWhoAccept() throws IOException {
        List<Call<Socket>> accepting = new ArrayList<>();
        for (int i = 0; i < 3; i++) accepting.add(call(listener::accept));
        accepting.get(0).awaitBlocked();
        listener.close();
        for (Call<Socket> call : accepting) call.failure(SocketException.class);
    }

    @Test
    void closeWakesAcceptThatHasATimeout() throws IOException {
        listener.setSoTimeout((int) Await.DEADLINE.toMillis());
        Call<Socket> accepting = call(listener::accept).awaitBlocked();
        listener.close();
        assertEquals("Socket closed", accepting.failure(SocketException.class).getMessage());
    }

    @Test
    void closedOneRefusesEverything() throws IOException {
        listener.close();
        listener.close();
        assertEquals(
                "Socket is closed",
                assertThrows(SocketException.class, listener::accept).getMessage());
        assertThrows(SocketException.class, () -> listener.setSoTimeout(1));
        assertThrows(SocketException.class, listener::getSoTimeout);
        assertThrows(SocketException.class, () -> listener.setReuseAddress(true));
        assertThrows(SocketException.class, listener::getReuseAddress);
        assertThrows(SocketException.class, () -> listener.setReceiveBufferSize(4096));
        assertThrows(SocketException.class, listener::getReceiveBufferSize);
        assertThrows(SocketException.class, () -> listener.getOption(StandardSocketOptions.SO_RCVBUF));
        assertThrows(SocketException.class, () -> listener.setOption(StandardSocketOptions.SO_RCVBUF, 4096));
    }

    @Test
    void acceptedSocketsOutliveIt() throws IOException {
        Pair pair = connect();
        listener.close();
        Visitor.awaitRefused(listener.getLocalPort());
        Visitor.send(pair.visitor(), "still");
        Visitor.expect(pair.accepted(), "still");
        Visitor.send(pair.accepted(), "here");
        Visitor.expect(pair.visitor(), "here");
    }

    @Test
    void visitorsThatNobodyAcceptedAreReset() throws IOException {
        Socket visitor = visit();
        listener.close();
        Visitor.expectReset(visitor);
    }

    @Test
    void leavesATryWithResources() throws IOException {
        try (ServerSocket closing = listener) {
            assertFalse(closing.isClosed());
        }
        assertTrue(listener.isClosed());
    }

    @Test
    void theWayToItMayBreak() throws IOException {
        Call<Socket> accepting = call(this::accept).awaitBlocked();
        endpoint.breakTheWay();
        if (differs(Difference.LOSS)) {
            accepting.failure(SocketException.class);
            assertFalse(listener.isClosed());
            assertThrows(SocketException.class, listener::accept);
        } else {
            accepting.awaitBlocked();
            visit();
            accepting.result();
        }
    }

    // ---- options

    @Test
    void optionsAreTakenAndAnswered() throws IOException {
        for (boolean on : new boolean[] {true, false}) {
            listener.setReuseAddress(on);
            assertEquals(on, listener.getReuseAddress());
            assertEquals(on, listener.getOption(StandardSocketOptions.SO_REUSEADDR));
        }
        listener.setReceiveBufferSize(60_000);
        assertTrue(listener.getReceiveBufferSize() >= 60_000);
        listener.setOption(StandardSocketOptions.SO_RCVBUF, 70_000);
        assertTrue(listener.getReceiveBufferSize() >= 70_000);
        listener.setPerformancePreferences(0, 1, 2);
        connect();
    }

    @Test
    void badOptionsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> listener.setReceiveBufferSize(0));
        assertThrows(IllegalArgumentException.class, () -> listener.setOption(StandardSocketOptions.SO_RCVBUF, -1));
        assertThrows(NullPointerException.class, () -> listener.setOption(null, 1));
        assertThrows(NullPointerException.class, () -> listener.getOption(null));
        assertThrows(UnsupportedOperationException.class, () -> listener.getOption(StandardSocketOptions.TCP_NODELAY));
        assertThrows(
                UnsupportedOperationException.class, () -> listener.setOption(StandardSocketOptions.TCP_NODELAY, true));
    }

    @Test
    void allSupportedOptionsHaveValues() throws IOException {
        Set<?> supported = listener.supportedOptions();
        assertTrue(supported.containsAll(Set.of(
                StandardSocketOptions.SO_RCVBUF,
                StandardSocketOptions.SO_REUSEADDR,
                StandardSocketOptions.SO_REUSEPORT)));
        assertThrows(UnsupportedOperationException.class, supported::clear);
        for (SocketOption<?> option : listener.supportedOptions()) listener.getOption(option);
    }
}
