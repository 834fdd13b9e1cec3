package org.relay4j.client;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.Random;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.SelfSigned;
import org.relay4j.testing.Visitor;

/** TLS between a visitor and the program that accepts it, through a relay server that has no key. */
@ExtendWith(LeakCheck.EachTest.class)
class TlsServerSocketTest {
    private RelayServer relay;
    private RelayAcceptor acceptor;
    private TlsServerSocket server;

    @BeforeEach
    void start() throws IOException {
        relay = Local.server();
        acceptor = RelayClient.connect("localhost", relay.port());
        server = TlsServerSocket.over(acceptor, SelfSigned.context());
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        relay.close();
    }

    private SSLSocket visit() throws IOException {
        Socket plain = Visitor.connect(acceptor.getLocalPort());
        SSLSocket tls = (SSLSocket) SelfSigned.context().getSocketFactory().createSocket(plain, "localhost", 0, true);
        SSLParameters parameters = tls.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS"); // verifies the name in the certificate
        tls.setSSLParameters(parameters);
        return tls;
    }

    private Call<Void> echo() {
        return Call.run(() -> {
            try (Socket accepted = server.accept()) {
                FakeServer.echo(accepted);
            }
        });
    }

    @Test
    void handshakesAndCarriesBytesBothWays() throws Exception {
        byte[] content = new byte[1 << 20];
        new Random(11).nextBytes(content);
        Call<Void> echo = echo();
        try (SSLSocket visitor = visit()) {
            visitor.startHandshake();
            assertEquals("CN=localhost", visitor.getSession().getPeerPrincipal().getName());
            Call<Void> sending = Call.run(() -> {
                visitor.getOutputStream().write(content);
                visitor.shutdownOutput();
            });
            assertArrayEquals(content, visitor.getInputStream().readAllBytes());
            sending.result();
        }
        echo.result();
    }

    @Test
    void acceptDoesNotWaitForTheHandshake() throws Exception {
        try (Socket silent = Visitor.connect(acceptor.getLocalPort());
                Socket first = server.accept();
                SSLSocket visitor = visit()) {
            Call<Void> echo = echo();
            visitor.getOutputStream().write("hello".getBytes(US_ASCII));
            Visitor.expect(visitor, "hello");
            visitor.shutdownOutput();
            echo.result();
            first.setSoTimeout(1);
            assertThrows(
                    SocketTimeoutException.class, () -> first.getInputStream().read());
            assertFalse(silent.isClosed());
        }
    }

    @Test
    void visitorThatSpeaksNoTlsFailsAlone() throws Exception {
        try (Socket wrong = Visitor.connect(acceptor.getLocalPort());
                Socket accepted = server.accept()) {
            Visitor.send(wrong, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertThrows(SSLException.class, () -> accepted.getInputStream().read());
        }
        Call<Void> echo = echo();
        try (SSLSocket visitor = visit()) {
            visitor.getOutputStream().write("x".getBytes(US_ASCII));
            Visitor.expect(visitor, "x");
        }
        echo.result();
    }

    @Test
    void replyThatWasCutOffIsNoCleanEnd() throws Exception {
        Call<Void> half = Call.run(() -> {
            SSLSocket accepted = (SSLSocket) server.accept();
            accepted.getOutputStream().write("half a rep".getBytes(US_ASCII));
            relay.close(); // the relay server has no key: it cannot make the end look like one
        });
        try (SSLSocket visitor = visit()) {
            assertThrows(IOException.class, () -> visitor.getInputStream().readAllBytes());
        }
        half.result();
    }

    @Test
    void settingsReachTheAcceptedSockets() throws Exception {
        server.setEnabledProtocols(new String[] {"TLSv1.2"});
        server.setNeedClientAuth(true);
        assertArrayEquals(new String[] {"TLSv1.2"}, server.getEnabledProtocols());
        assertTrue(server.getNeedClientAuth());
        assertFalse(server.getUseClientMode());
        Call<String> peer = Call.of(() -> {
            try (SSLSocket accepted = (SSLSocket) server.accept()) {
                accepted.startHandshake();
                return accepted.getSession().getProtocol() + " "
                        + accepted.getSession().getPeerPrincipal().getName();
            }
        });
        try (SSLSocket visitor = visit()) {
            visitor.startHandshake();
            assertEquals("TLSv1.2 CN=localhost", peer.result());
        }
        server.setEnabledProtocols(new String[] {"TLSv1.3"});
        Call<Void> refused = Call.run(() -> {
            try (SSLSocket accepted = (SSLSocket) server.accept()) {
                accepted.startHandshake();
            }
        });
        try (SSLSocket visitor = visit()) {
            visitor.setEnabledProtocols(new String[] {"TLSv1.2"});
            assertThrows(SSLHandshakeException.class, visitor::startHandshake);
        }
        refused.failure(SSLHandshakeException.class);
        assertThrows(IllegalArgumentException.class, () -> server.setEnabledProtocols(new String[] {"SSLv1"}));
        assertThrows(IllegalArgumentException.class, () -> server.setEnabledCipherSuites(new String[] {"NONE"}));
        assertArrayEquals(new String[] {"TLSv1.3"}, server.getEnabledProtocols());
    }

    @Tag("slow")
    @Test
    void isTheOtherServerSocketInEverythingElse() throws Exception {
        assertEquals(acceptor.getLocalSocketAddress(), server.getLocalSocketAddress());
        assertEquals(acceptor.getLocalPort(), server.getLocalPort());
        assertEquals(acceptor.getInetAddress(), server.getInetAddress());
        assertTrue(server.isBound());
        server.bind(new InetSocketAddress(8443), 50); // ignored, as there
        server.setSoTimeout(1);
        assertEquals(1, acceptor.getSoTimeout());
        assertThrows(SocketTimeoutException.class, server::accept);
        server.setSoTimeout(0);
        Call<Socket> accept = Call.of(server::accept).awaitBlocked();
        server.close();
        accept.failure(SocketException.class);
        assertTrue(acceptor.isClosed());
        assertTrue(server.isClosed());
        assertThrows(SocketException.class, server::accept);
        assertThrows(NullPointerException.class, () -> TlsServerSocket.over(null, SelfSigned.context()));
        assertThrows(NullPointerException.class, () -> TlsServerSocket.over(acceptor, null));
    }

    @Test
    void acceptorWithoutTlsDoesNotStayOpenWhereNobodyKnowsOfIt() throws Exception {
        SSLContext unready = SSLContext.getInstance("TLS");
        assertThrows(IllegalStateException.class, () -> TlsServerSocket.over(acceptor, unready));
        assertTrue(acceptor.isClosed());
    }

    /** What a server does that has its own idea of TLS: the factory of the JDK on top of an accepted socket. */
    @Test
    void socketFactoryOfTheJdkLayersOnAnAcceptedSocket() throws Exception {
        Call<String> served = Call.of(() -> {
            Socket plain = acceptor.accept();
            try (SSLSocket tls =
                    (SSLSocket) SelfSigned.context().getSocketFactory().createSocket(plain, null, true)) {
                tls.setUseClientMode(false);
                String got = new String(tls.getInputStream().readNBytes(5), US_ASCII);
                tls.getOutputStream().write("bye".getBytes(US_ASCII));
                return got + (plain.isClosed() ? " closed" : "");
            }
        });
        try (SSLSocket visitor = visit()) {
            visitor.getOutputStream().write("hello".getBytes(US_ASCII));
            Visitor.expect(visitor, "bye");
            Visitor.expectEnd(visitor);
        }
        assertEquals("hello", served.result());
        Await.until(
                "it was closed with its TLS socket", () -> acceptor.statistics().openVisitors() == 0);
    }
}
