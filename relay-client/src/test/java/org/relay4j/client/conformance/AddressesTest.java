package org.relay4j.client.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import org.junit.jupiter.api.Test;

/** Addresses and states of an accepted socket. */
class AddressesTest extends Conformance {
    private static final InetAddress ANY = new InetSocketAddress(0).getAddress();

    @Test
    void itsOwnAddressIsThatOfTheListener() throws IOException {
        Socket accepted = connect().accepted();
        assertEquals(listener.getLocalPort(), accepted.getLocalPort());
        assertEquals(listener.getInetAddress(), accepted.getLocalAddress());
        assertEquals(listener.getLocalSocketAddress(), accepted.getLocalSocketAddress());
    }

    @Test
    void itsRemoteAddressIsThatOfTheVisitor() throws IOException {
        Pair pair = connect();
        assertEquals(visitorAddress(pair), pair.accepted().getRemoteSocketAddress());
        assertEquals(visitorAddress(pair).getAddress(), pair.accepted().getInetAddress());
        assertEquals(visitorAddress(pair).getPort(), pair.accepted().getPort());
    }

    @Test
    void addressesAfterClose() throws IOException {
        Pair pair = connect();
        Socket accepted = pair.accepted();
        accepted.close();
        assertEquals(listener.getLocalPort(), accepted.getLocalPort());
        assertEquals(ANY, accepted.getLocalAddress());
        assertEquals(new InetSocketAddress(ANY, listener.getLocalPort()), accepted.getLocalSocketAddress());
        assertEquals(visitorAddress(pair), accepted.getRemoteSocketAddress());
        assertEquals(visitorAddress(pair).getAddress(), accepted.getInetAddress());
        assertEquals(visitorAddress(pair).getPort(), accepted.getPort());
    }

    private InetSocketAddress visitorAddress(Pair pair) {
        if (differs(Difference.VISITOR_ADDRESS)) return new InetSocketAddress(ANY, 0);
        return (InetSocketAddress) pair.visitor().getLocalSocketAddress();
    }

    // ---- states

    @Test
    void isConnectedFromTheStart() throws IOException {
        Socket accepted = connect().accepted();
        assertTrue(accepted.isConnected());
        assertTrue(accepted.isBound());
        assertFalse(accepted.isClosed());
        assertFalse(accepted.isInputShutdown());
        assertFalse(accepted.isOutputShutdown());
        assertNull(accepted.getChannel());
    }

    @Test
    void wasConnectedWhenItIsClosed() throws IOException {
        Socket accepted = connect().accepted();
        accepted.close();
        assertTrue(accepted.isClosed());
        assertTrue(accepted.isConnected());
        assertTrue(accepted.isBound());
        assertFalse(accepted.isInputShutdown());
        assertFalse(accepted.isOutputShutdown());
    }

    @Test
    void directionsAreShutOneByOne() throws IOException {
        Socket accepted = connect().accepted();
        accepted.shutdownOutput();
        assertTrue(accepted.isOutputShutdown());
        assertFalse(accepted.isInputShutdown());
        accepted.shutdownInput();
        assertTrue(accepted.isInputShutdown());
        assertFalse(accepted.isClosed());
        accepted.close();
        assertTrue(accepted.isOutputShutdown());
        assertTrue(accepted.isInputShutdown());
    }

    @Test
    void whatTheVisitorDoesChangesNoState() throws IOException {
        Pair pair = connect();
        Socket accepted = pair.accepted();
        pair.visitor().close();
        assertEquals(-1, accepted.getInputStream().read());
        assertTrue(accepted.isConnected());
        assertFalse(accepted.isClosed());
        assertFalse(accepted.isInputShutdown());
        assertFalse(accepted.isOutputShutdown());
    }

    @Test
    void cannotBeBoundOrConnectedAgain() throws IOException {
        Socket accepted = connect().accepted();
        assertThrows(SocketException.class, () -> accepted.bind(null));
        assertThrows(SocketException.class, () -> accepted.connect(listener.getLocalSocketAddress()));
        assertThrows(IllegalArgumentException.class, () -> accepted.connect(null));
        accepted.close();
        assertThrows(SocketException.class, () -> accepted.bind(null));
        assertThrows(SocketException.class, () -> accepted.connect(listener.getLocalSocketAddress()));
    }
}
