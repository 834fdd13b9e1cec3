package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Call;

/** Our relay server, and a forwarder on hashicorp/yamux in front of a local service. */
@ParameterizedClass
@EnumSource
@Tag("peers")
class JavaServerGoForwarderIT extends Scenarios {
    private final Windows windows;
    private RelayServer server;
    private BehaviourServer service;
    private PeerProcess forwarder;
    private int publicPort;

    JavaServerGoForwarderIT(Windows windows) {
        this.windows = windows;
    }

    @Override
    Socket connect() throws Exception {
        if (server == null) start();
        return Visitor.connect(publicPort);
    }

    private void start() throws Exception {
        ServerSocket listener = BehaviourServer.listen();
        service = keep(BehaviourServer.on(listener));
        server = keep(JavaServer.start(windows.options().build()));
        String local = "127.0.0.1:" + listener.getLocalPort();
        forwarder = keep(PeerProcess.go("forwarder", windows.flags(), "127.0.0.1:" + server.port(), local));
        publicPort = forwarder.number("public port ");
    }

    @Test
    void resetByTheVisitorReachesTheService() throws Exception {
        servedVisitor().reset();
        assertInstanceOf(SocketException.class, service.awaitFailure());
        servedVisitor();
    }

    @Test
    void endOfTheForwarderIsAReset() throws Exception {
        assertResetBy(() -> forwarder.terminate());
    }

    @Test
    void deathOfTheForwarderIsAReset() throws Exception {
        assertResetBy(() -> forwarder.close());
    }

    private void assertResetBy(Call.Action end) throws Exception {
        Visitor visitor = visitor();
        Xorshift expected = new Xorshift(7);
        visitor.requestGenerated(ENDLESS, 7);
        visitor.expect(expected, Visitor.MIB);
        end.run();
        visitor.expectReset(expected);
        awaitClosed(publicPort);
        assertEquals(0, server.tunnelCount());
    }

    @Test
    void closingTheServerResetsBothEnds() throws Exception {
        Visitor visitor = servedVisitor();
        server.close();
        visitor.expectReset(new Xorshift(1));
        assertInstanceOf(SocketException.class, service.awaitFailure());
        assertEquals(1, forwarder.awaitExit());
    }
}
