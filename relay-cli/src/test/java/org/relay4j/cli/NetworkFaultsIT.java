package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.testing.Await;

/**
 * Networks that fail between client and server, as real kernels see it: no visitor is refused, and the port stays the same.
 * FaultFigures prints how long each takes.
 */
@Tag("peers")
@Tag("slow")
class NetworkFaultsIT {
    @TempDir
    private Path folder;

    private NetworkedRelay relay;
    private Networks networks;

    @BeforeEach
    void start() throws Exception {
        relay = new NetworkedRelay();
        networks = relay.networks;
    }

    @AfterEach
    void stop() throws Exception {
        relay.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aShortCutLosesNobody(boolean silent) throws Exception {
        try (ChildProcess forwarder = networks.onClient(forwarder("lease", 1))) {
            int port = RelayPair.publicPort(forwarder.line());
            try (Socket before = relay.visitor(port)) {
                Echo.send(before, "one");
                Echo.expect(before, "one");
                networks.cut(silent);
                try (Socket waiting = relay.visitor(port)) {
                    Echo.send(waiting, "two");
                    Echo.send(before, "three");
                    assertSilence(waiting);
                    networks.mend(silent);
                    Echo.expect(waiting, "two");
                    Echo.expect(before, "three");
                }
            }
            assertEquals(0, forwarder.waitingLines(), forwarder::toString); // the tunnel was not lost
        }
    }

    /** Both connections are dead, and the client knows that before the server does. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void visitorsWaitUntilTheLinkIsBack(boolean silent) throws Exception {
        try (ChildProcess forwarder = networks.onClient(forwarder("lease", 2))) {
            int port = RelayPair.publicPort(forwarder.line());
            forwarder.errorLine("another connection");
            networks.cut(silent);
            forwarder.errorLine(": lost, ");
            try (Socket waiting = relay.visitor(port)) {
                Echo.send(waiting, "hello");
                networks.mend(silent);
                Echo.expect(waiting, "hello");
            }
            assertEquals(port, RelayPair.publicPort(forwarder.line()));
        }
    }

    /** A NAT has forgotten one of two connections: it affects the visitors of that one only. */
    @Test
    void oneOfTwoConnectionsIsSilent() throws Exception {
        try (ChildProcess forwarder = networks.onClient(forwarder("lease", 2))) {
            int port = RelayPair.publicPort(forwarder.line());
            forwarder.errorLine("another connection");
            for (int n = 0; n < 20; n++)
                assertTrue(relay.serves(port)); // meanwhile, the server gives the second one visitors
            try (Socket one = relay.visitor(port);
                    Socket other = relay.visitor(port);
                    Socket third = relay.visitor(port);
                    Socket fourth = relay.visitor(port)) { // in turn, so each connection has some
                List<Socket> visitors = List.of(one, other, third, fourth);
                for (Socket visitor : visitors) {
                    Echo.send(visitor, "before");
                    Echo.expect(visitor, "before");
                }
                relay.silenceOneConnection(forwarder);
                awaitNewcomersServed(port);
                assertFalse(forwarder.errors().contains("was lost"), "noticed only by the keep-alive");
                for (int n = 0; n < 6; n++) assertTrue(relay.serves(port));
                forwarder.errorLine("one of its connections was lost");
                forwarder.errorLine("another connection"); // new connections pass the NAT
                int served = 0;
                for (Socket visitor : visitors) served += served(visitor);
                assertEquals(2, served);
            }
            assertEquals(0, forwarder.waitingLines(), forwarder::toString);
        }
    }

    /** A NAT has forgotten the only connection. The client makes another one long before the keep-alive ends this one. */
    @Test
    void newcomersAreServedWhileTheOnlyConnectionIsSilent() throws Exception {
        try (ChildProcess forwarder = networks.onClient(forwarder("lease", 1))) {
            int port = RelayPair.publicPort(forwarder.line());
            assertTrue(relay.serves(port));
            relay.silenceOneConnection(forwarder);
            forwarder.errorLine("another connection"); // new connections pass the NAT
            awaitNewcomersServed(port);
            assertFalse(forwarder.errors().contains("lost"), "noticed only by the keep-alive");
            assertEquals(0, forwarder.waitingLines(), forwarder::toString);
        }
    }

    /** Nobody has noticed the silence when the visitor comes, and its bytes never arrive over the old connection. */
    @Test
    void visitorOnTheWayToASilentConnectionIsServedByTheNextOne() throws Exception {
        try (ChildProcess forwarder = networks.onClient(forwarder("lease", 1))) {
            int port = RelayPair.publicPort(forwarder.line());
            assertTrue(relay.serves(port));
            relay.silenceOneConnection(forwarder);
            try (Socket early = relay.visitor(port)) {
                Echo.send(early, "hello");
                Echo.expect(early, "hello");
                Echo.send(early, "more");
                Echo.expect(early, "more");
            }
            forwarder.errorLine("another connection");
            assertFalse(forwarder.errors().contains("lost"), "noticed only by the keep-alive");
        }
    }

    /** The server holds the visitor until one of the two connections answers, whichever it is. */
    @Test
    void visitorsWaitWhileTheOnlyConnectionIsSilent() throws Exception {
        try (ChildProcess forwarder = networks.onClient(forwarder("lease", 1))) {
            int port = RelayPair.publicPort(forwarder.line());
            assertTrue(relay.serves(port));
            networks.cut(true);
            forwarder.errorLine("another connection fails");
            try (Socket waiting = relay.visitor(port)) {
                Echo.send(waiting, "hello");
                assertSilence(waiting);
                networks.mend(true);
                Echo.expect(waiting, "hello");
            }
            for (int n = 0; n < 4; n++) assertTrue(relay.serves(port));
            assertEquals(0, forwarder.waitingLines(), forwarder::toString);
        }
    }

    /**
     * A NAT has forgotten the only connection. Neither end gets a packet or an error, so only the keep-alive can tell, and the server
     * has not noticed anything when the client returns.
     */
    @Test
    void theOnlyConnectionIsSilent() throws Exception {
        try (ChildProcess forwarder = relay.alertForwarder()) {
            int port = port(forwarder);
            try (Socket before = relay.visitor(port)) {
                Echo.send(before, "before");
                Echo.expect(before, "before");
                relay.silenceOneConnection(forwarder);
                forwarder.errorLine("down the tunnel was lost: the peer has been silent for");
                assertEquals(port, port(forwarder));
                assertEquals(0, served(before));
            }
            assertTrue(relay.serves(port));
            assertEquals(0, forwarder.waitingLines(), forwarder::toString);
        }
    }

    private static int port(ChildProcess alertForwarder) throws InterruptedException {
        return Integer.parseInt(alertForwarder.line().replace("up ", ""));
    }

    /** The host is gone without a packet, and the server cannot know. Another one takes over with a copy of the lease. */
    @Test
    void anotherHostTakesOverFromOneThatHasDied() throws Exception {
        try (ChildProcess first = networks.onClient(forwarder("lease", 1))) {
            int port = RelayPair.publicPort(first.line());
            networks.cut(false);
            first.kill();
            Files.copy(folder.resolve("lease"), folder.resolve("copy"));
            try (ChildProcess second = networks.elsewhere(forwarder("copy", 1))) {
                assertEquals(port, RelayPair.publicPort(second.line()));
            }
        }
    }

    private String[] forwarder(String lease, int connections) {
        return relay.forwarder(folder.resolve(lease), connections);
    }

    private static void assertSilence(Socket visitor) throws IOException {
        visitor.setSoTimeout(100);
        try {
            assertEquals("nothing", "" + visitor.getInputStream().read());
        } catch (SocketTimeoutException e) {
            visitor.setSoTimeout(Echo.TIMEOUT);
        }
    }

    /** Waits until more newcomers in a row are served than there are connections to choose from. */
    private void awaitNewcomersServed(int port) {
        int[] inARow = {0};
        Await.until("newcomers are served", () -> {
            inARow[0] = relay.serves(port) ? inARow[0] + 1 : 0;
            return inARow[0] == 4;
        });
    }

    /** Returns 1 if the visitor is still served, 0 if it was reset. */
    private static int served(Socket visitor) throws IOException {
        try {
            Echo.send(visitor, "after");
            Echo.expect(visitor, "after");
            return 1;
        } catch (SocketException e) {
            return 0;
        }
    }
}
