package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.testing.Await;
import org.relay4j.yamux.SessionOptions;

/** A relay server on hashicorp/yamux, and a Java program that accepts its visitors as sockets. */
@ParameterizedClass
@EnumSource
@Tag("peers")
class GoServerJavaAcceptorIT extends Scenarios {
    private final Windows windows;
    private PeerProcess server;
    private RelayAcceptor acceptor;
    private BehaviourServer service;

    GoServerJavaAcceptorIT(Windows windows) {
        this.windows = windows;
    }

    @Override
    Socket connect() throws Exception {
        if (server == null) {
            start(windows.options().build());
            service = keep(BehaviourServer.on(acceptor));
        }
        return Visitor.connect(acceptor.getLocalPort());
    }

    private void start(SessionOptions options) throws Exception {
        server = keep(PeerProcess.go("relayserver", windows.flags()));
        RelayClientOptions client =
                RelayClientOptions.builder().session(options).reconnect(false).build();
        acceptor = keep(RelayClient.connect("127.0.0.1", server.number("listening on "), client));
    }

    @Test
    void resetByTheProgramReachesTheVisitor() throws Exception {
        Visitor visitor = visitor();
        visitor.request('R', (byte) 1);
        visitor.expectReset(new Xorshift(1));
        servedVisitor();
    }

    @Test
    void replyThatTheProgramBreaksOffIsAReset() throws Exception {
        Visitor visitor = visitor();
        visitor.request('C');
        visitor.expectReset(new Xorshift(Visitor.CUT_SEED));
        servedVisitor();
    }

    @Test
    void deathOfTheGoServerFailsTheSocketsAndAccept() throws Exception {
        servedVisitor();
        server.close();
        List<IOException> failures = List.of(service.awaitFailure(), service.awaitFailure());
        for (IOException failure : failures) assertInstanceOf(SocketException.class, failure);
        assertTrue(failures.stream().anyMatch(failure -> failure.getMessage().contains("tunnel was lost")));
        assertTrue(failures.stream().anyMatch(failure -> failure.getMessage().equals("Connection reset")));
        assertFalse(acceptor.isOpen());
    }

    @Test
    void endOfTheGoServerFailsTheSockets() throws Exception {
        Visitor visitor = servedVisitor();
        server.terminate();
        visitor.expectReset(new Xorshift(1));
        assertInstanceOf(SocketException.class, service.awaitFailure());
        assertInstanceOf(SocketException.class, service.awaitFailure());
    }

    /** The GoAway that goes with the close makes Go refuse visitors; the tunnel ends with the last one. */
    @Test
    void closingTheAcceptorKeepsItsVisitors() throws Exception {
        Visitor visitor = servedVisitor();
        acceptor.close();
        Await.until("new visitors are reset", () -> {
            expectTurnedAway(acceptor.getLocalPort());
            return server.lines().stream().anyMatch(line -> line.contains("remote end is not accepting connections"));
        });
        assertTrue(acceptor.isOpen());
        visitor.send(new Xorshift(3), Visitor.MIB / 8);
        visitor.expect(new Xorshift(3), Visitor.MIB / 8);
        // Go may take the end of the stream for a cut, because the end of the session follows at once.
        visitor.end();
        Await.until("the tunnel is closed", () -> !acceptor.isOpen());
        awaitClosed(acceptor.getLocalPort());
    }

    /** Which one is reset is for the threads of the Go server to settle. */
    @Test
    void oneVisitorBeyondTheBacklogIsReset() throws Exception {
        start(windows.options().backlog(10).build());
        List<Future<Boolean>> served = new ArrayList<>();
        for (byte n = 0; n < 11; n++) served.add(isServed(n));
        Await.until("one was reset", () -> served.stream().anyMatch(Future::isDone));
        service = keep(BehaviourServer.on(acceptor));
        int count = 0;
        for (Future<Boolean> each : served) count += Visitor.join(each) ? 1 : 0;
        assertEquals(10, count);
    }

    private Future<Boolean> isServed(byte number) throws IOException {
        Visitor visitor;
        try {
            visitor = keep(new Visitor(Visitor.connect(acceptor.getLocalPort())));
            visitor.request('E', number);
        } catch (SocketException e) {
            return CompletableFuture.completedFuture(false); // the reset may arrive while the visitor connects
        }
        return Visitor.beside(() -> {
            try {
                visitor.expect(number);
                return true;
            } catch (SocketException e) {
                return false;
            }
        });
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no signals")
    void frozenGoServerIsDetectedByKeepAlive() throws Exception {
        start(windows.options().keepAliveTimeout(Duration.ofMillis(500)).build());
        keep(new Visitor(Visitor.connect(acceptor.getLocalPort()))).request('E', (byte) 1);
        Socket accepted = acceptor.accept();
        assertEquals('E', accepted.getInputStream().read());
        assertEquals(1, accepted.getInputStream().read());
        server.signal("STOP");
        assertThrows(SocketException.class, () -> accepted.getInputStream().read());
        assertThrows(SocketException.class, acceptor::accept);
    }
}
