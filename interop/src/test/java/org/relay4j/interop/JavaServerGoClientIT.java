package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.yamux.SessionOptions;

/** Our relay server, and a relay client on hashicorp/yamux that serves its visitors itself. */
@ParameterizedClass
@EnumSource
@Tag("peers")
class JavaServerGoClientIT extends Scenarios {
    private final Windows windows;
    private RelayServer server;
    private PeerProcess client;
    private int publicPort;

    JavaServerGoClientIT(Windows windows) {
        this.windows = windows;
    }

    private void start(SessionOptions options, String... flags) throws Exception {
        server = keep(JavaServer.start(options));
        client = keep(PeerProcess.go("relayclient", windows.flags(flags), "127.0.0.1:" + server.port()));
        publicPort = client.number("public port ");
    }

    @Override
    Socket connect() throws Exception {
        if (server == null) start(windows.options().build());
        return Visitor.connect(publicPort);
    }

    private void expectTunnelGone() throws Exception {
        Await.until("no tunnel is left", () -> server.tunnelCount() == 0 && server.visitorCount() == 0);
        awaitClosed(publicPort);
    }

    @Test
    void resetByTheVisitorIsAnErrorInGo() throws Exception {
        servedVisitor().reset();
        client.await("stream 1: connection reset");
        servedVisitor();
    }

    @Test
    void deathOfTheGoProcessIsAReset() throws Exception {
        Visitor idle = servedVisitor();
        Visitor cut = visitor();
        cut.request('K');
        cut.expectReset(new Xorshift(Visitor.CUT_SEED));
        idle.expectReset(new Xorshift(1));
        assertEquals(9, client.awaitExit());
        expectTunnelGone();
    }

    @Test
    void endOfTheGoSessionIsAReset() throws Exception {
        Visitor idle = servedVisitor();
        Visitor cut = visitor();
        cut.request('C');
        cut.expectReset(new Xorshift(Visitor.CUT_SEED));
        idle.expectReset(new Xorshift(1));
        client.await("session cut by this side");
        expectTunnelGone();
    }

    /** hashicorp/yamux has no call for a reset; this is as close as it gets: FIN, and RST when its close timeout is over. */
    @Test
    void closeTimeoutOfGoResetsTheVisitor() throws Exception {
        start(windows.options().build(), "-close-timeout", "100ms");
        Visitor visitor = visitor();
        visitor.request('R', (byte) 1);
        visitor.expectEnd();
        assertThrows(SocketException.class, () -> {
            while (true) visitor.send(new Xorshift(1), Visitor.MIB);
        });
        servedVisitor();
    }

    @Test
    void aFullBacklogInGoResetsOneVisitor() throws Exception {
        start(windows.options().build(), "-accept-limit", "1", "-backlog", "1");
        Visitor served = servedVisitor();
        visitor(); // fills the backlog
        expectTurnedAway(publicPort);
        served.request('x');
        served.expect((byte) 'x');
        assertEquals(1, server.tunnelCount());
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no signals")
    void frozenGoProcessIsDetectedByKeepAlive() throws Exception {
        start(windows.options().keepAliveTimeout(Duration.ofMillis(500)).build());
        Visitor visitor = servedVisitor();
        client.signal("STOP");
        visitor.expectReset(new Xorshift(1));
        expectTunnelGone();
    }

    @Test
    void goAwayFromGoClosesThePublicPortAndKeepsTheVisitors() throws Exception {
        Visitor before = servedVisitor();
        Visitor visitor = visitor();
        visitor.request('A', (byte) 1);
        visitor.expect((byte) 1);
        awaitClosed(publicPort);
        before.send(new Xorshift(5), Visitor.MIB / 8);
        before.expect(new Xorshift(5), Visitor.MIB / 8);
        before.end();
        before.expectEnd();
        visitor.end();
        visitor.expectEnd();
    }

    @Test
    void streamThatGoOpensIsRefusedAndNothingElseHappens() throws Exception {
        Visitor visitor = visitor();
        visitor.request('O');
        visitor.end();
        assertEquals("connection reset", visitor.rest());
        servedVisitor();
    }

    @Test
    void closingTheServerIsAnErrorInGo() throws Exception {
        Visitor downloading = visitor();
        Xorshift expected = new Xorshift(7);
        downloading.requestGenerated(ENDLESS, 7);
        downloading.expect(expected, Visitor.MIB);
        Visitor uploading = visitor();
        uploading.request('S');
        uploading.send(new Xorshift(7), Visitor.MIB / 8);
        Visitor idle = servedVisitor();
        server.close();
        client.await("stream 1" + ERROR_IN_WRITE);
        client.await("stream 3: connection reset");
        client.await("stream 5" + ERROR_IN_WRITE);
        client.await("session ended: ");
        assertEquals(1, client.awaitExit());
        uploading.expectReset(new Xorshift(1));
        idle.expectReset(new Xorshift(1));
        downloading.expectReset(expected);
    }
}
