package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.client.RelayForwarder;
import org.relay4j.testing.Await;
import org.relay4j.yamux.SessionOptions;

/** A relay server on hashicorp/yamux, and our forwarder in front of a local service. */
@ParameterizedClass
@EnumSource
@Tag("peers")
class GoServerJavaForwarderIT extends Scenarios {
    private final Windows windows;
    private PeerProcess server;
    private ServerSocket listener;
    private BehaviourServer service;
    private RelayForwarder forwarder;

    GoServerJavaForwarderIT(Windows windows) {
        this.windows = windows;
    }

    @Override
    Socket connect() throws Exception {
        if (server == null) start(windows.options().build());
        return Visitor.connect(publicPort());
    }

    private void start(SessionOptions options) throws Exception {
        listener = BehaviourServer.listen();
        service = keep(BehaviourServer.on(listener));
        server = keep(PeerProcess.go("relayserver", windows.flags()));
        RelayClientOptions client =
                RelayClientOptions.builder().session(options).reconnect(false).build();
        InetSocketAddress local = (InetSocketAddress) listener.getLocalSocketAddress();
        forwarder = keep(RelayClient.forward("127.0.0.1", server.number("listening on "), local, client));
    }

    private int publicPort() {
        return forwarder.publicAddress().getPort();
    }

    private Visitor downloading(Xorshift expected) throws Exception {
        Visitor visitor = visitor();
        visitor.requestGenerated(ENDLESS, 7);
        visitor.expect(expected, Visitor.MIB);
        return visitor;
    }

    @Test
    void resetByTheServiceReachesTheVisitor() throws Exception {
        Visitor visitor = visitor();
        visitor.request('R', (byte) 1);
        visitor.expectReset(new Xorshift(1));
        servedVisitor();
    }

    @Test
    void replyThatTheServiceBreaksOffIsAReset() throws Exception {
        Visitor visitor = visitor();
        visitor.request('C');
        visitor.expectReset(new Xorshift(Visitor.CUT_SEED));
        servedVisitor();
    }

    @Test
    void visitorIsResetWhenTheServiceRefuses() throws Exception {
        Visitor before = servedVisitor();
        listener.close();
        awaitClosed(listener.getLocalPort()); // a thread that waits in accept may take one more
        expectTurnedAway(publicPort());
        before.request('x');
        before.expect((byte) 'x');
    }

    @Test
    void deathOfTheGoServerIsAResetForTheService() throws Exception {
        downloading(new Xorshift(7));
        server.close();
        assertInstanceOf(SocketException.class, service.awaitFailure());
        forwarder.awaitEnd();
        assertNotNull(forwarder.endCause());
        assertFalse(forwarder.isOpen());
    }

    @Test
    void endOfTheGoServerIsAResetForBothEnds() throws Exception {
        Xorshift expected = new Xorshift(7);
        Visitor visitor = downloading(expected);
        server.terminate();
        visitor.expectReset(expected);
        assertEquals(0, server.awaitExit());
        assertInstanceOf(SocketException.class, service.awaitFailure());
        forwarder.awaitEnd();
        assertNotNull(forwarder.endCause());
    }

    @Test
    void closingTheForwarderIsAResetForBothEnds() throws Exception {
        Xorshift expected = new Xorshift(7);
        Visitor downloading = downloading(expected);
        Visitor idle = servedVisitor();
        forwarder.close();
        assertNull(forwarder.endCause());
        downloading.expectReset(expected);
        idle.expectReset(new Xorshift(1));
        assertInstanceOf(SocketException.class, service.awaitFailure());
        assertInstanceOf(SocketException.class, service.awaitFailure());
        awaitClosed(publicPort());
        assertTrue(server.isAlive());
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no signals")
    void frozenGoServerIsDetectedByKeepAlive() throws Exception {
        start(windows.options().keepAliveTimeout(Duration.ofMillis(500)).build());
        servedVisitor();
        server.signal("STOP");
        assertInstanceOf(SocketException.class, service.awaitFailure());
        forwarder.awaitEnd();
        String why = String.valueOf(forwarder.endCause());
        assertTrue(why.contains("silent"), why);
    }

    @Test
    void forwarderComesBackToARestartedServer() throws Exception {
        server = PeerProcess.go("relayserver", windows.flags());
        int port = server.number("listening on ");
        listener = BehaviourServer.listen();
        service = keep(BehaviourServer.on(listener));
        RelayClientOptions client = RelayClientOptions.builder()
                .session(windows.options().build())
                .backoff(Duration.ofMillis(20), Duration.ofMillis(100))
                .build();
        InetSocketAddress local = (InetSocketAddress) listener.getLocalSocketAddress();
        forwarder = keep(RelayClient.forward("127.0.0.1", port, local, client));
        servedVisitor();
        server.close();
        Await.until("the loss was noticed", () -> !forwarder.isOpen());
        server = keep(PeerProcess.go("relayserver", windows.flags("-listen", "127.0.0.1:" + port)));
        assertEquals(port, server.number("listening on "));
        Await.until("the tunnel is up again", forwarder::isOpen);
        servedVisitor();
    }
}
