package org.relay4j.yamux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.channels.SocketChannel;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.SelfSigned;
import org.relay4j.testing.Transport;
import org.relay4j.testing.WireFrame;

/** Sessions over TLS on the loop. */
class SessionTlsTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    private static SSLEngine engine(SSLContext context, boolean client, String protocol) {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(client);
        engine.setEnabledProtocols(new String[] {protocol});
        return engine;
    }

    private record Sockets(SocketChannel ours, SocketChannel theirs) {
        static Sockets connect() throws IOException {
            List<SocketChannel> ends = Transport.sockets();
            return new Sockets(ends.get(0), ends.get(1));
        }
    }

    private static SessionPair pair(String protocol, SessionOptions options, Sockets sockets) throws Exception {
        Call<Session> server = Call.of(() -> Session.server(
                sockets.theirs(), engine(SelfSigned.context(), false, protocol), Await.DEADLINE, options));
        Session client =
                Session.client(sockets.ours(), engine(SelfSigned.context(), true, protocol), Await.DEADLINE, options);
        return new SessionPair(client, server.result(), new Transport.Ends(sockets.ours(), sockets.theirs()));
    }

    private static byte[] digest(Stream stream) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        byte[] piece = new byte[100_000];
        for (int n; (n = stream.getInputStream().read(piece)) >= 0; ) digest.update(piece, 0, n);
        return digest.digest();
    }

    private static byte[] send(Stream stream, int length) throws Exception {
        byte[] bytes = Pattern.bytes(length, length);
        stream.getOutputStream().write(bytes);
        stream.shutdownOutput();
        return MessageDigest.getInstance("SHA-256").digest(bytes);
    }

    @Tag("slow")
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
    void manyMegabytesPassInBothDirectionsAtOnce(String protocol) throws Exception {
        try (SessionPair sessions = pair(protocol, SessionOptions.defaults(), Sockets.connect())) {
            SessionPair.StreamPair one = sessions.open();
            SessionPair.StreamPair other = sessions.open();
            Call<byte[]> up = Call.of(() -> send(one.here(), 12_000_000));
            Call<byte[]> down = Call.of(() -> send(one.there(), 11_000_000));
            Call<byte[]> second = Call.of(() -> send(other.there(), 3_000_001));
            Call<byte[]> upArrived = Call.of(() -> digest(one.there()));
            Call<byte[]> downArrived = Call.of(() -> digest(one.here()));
            assertArrayEquals(digest(other.here()), second.result());
            assertArrayEquals(up.result(), upArrived.result());
            assertArrayEquals(down.result(), downArrived.result());
        }
    }

    @Test
    void closeDeliversWhatWasWrittenAndEndsCleanly() throws Exception {
        try (SessionPair sessions = pair("TLSv1.3", SessionOptions.defaults(), Sockets.connect())) {
            SessionPair.StreamPair stream = sessions.open();
            byte[] sent = Pattern.bytes(1, 200_000);
            stream.here().getOutputStream().write(sent);
            stream.here().shutdownOutput();
            sessions.client().close();
            assertArrayEquals(sent, stream.there().getInputStream().readAllBytes());
            assertTrue(sessions.server().awaitEnd(Await.DEADLINE));
            SessionException end = sessions.server().ended();
            assertNotNull(end);
            assertTrue(end.isClean(), end::toString);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
    void aConnectionThatIsCutWithoutCloseNotifyIsLost(String protocol) throws Exception {
        Sockets sockets = Sockets.connect();
        try (SessionPair sessions = pair(protocol, SessionOptions.defaults(), sockets)) {
            assertTrue(sessions.server().ping().toNanos() > 0);
            sockets.ours().shutdownOutput(); // as somebody on the path could do it
            assertTrue(sessions.server().awaitEnd(Await.DEADLINE));
            SessionException end = sessions.server().ended();
            assertNotNull(end);
            assertEquals(SessionException.Reason.CONNECTION_LOST, end.reason(), end::toString);
            assertFalse(end.isClean());
        }
    }

    @Test
    void aPeerThatReadsNothingIsLost() throws Exception {
        Sockets sockets = Sockets.connect();
        SessionOptions options = SessionOptions.builder()
                .keepAliveInterval(Duration.ZERO)
                .writeStallTimeout(Duration.ofMillis(300))
                .build();
        Call<Session> server = Call.of(() -> Session.server(
                sockets.theirs(), engine(SelfSigned.context(), false, "TLSv1.3"), Await.DEADLINE, options));
        try (SSLSocket peer = (SSLSocket) SelfSigned.context()
                .getSocketFactory()
                .createSocket(sockets.ours().socket(), "localhost", 1, true)) {
            peer.startHandshake();
            try (Session session = server.result()) {
                // A window that the session can fill; then the peer reads nothing.
                Stream stream = session.open();
                peer.getOutputStream()
                        .write(WireFrame.window(stream.id(), WireFrame.ACK, 64 << 20)
                                .bytes());
                peer.getOutputStream().flush();
                Call<Void> write = Call.run(() -> stream.getOutputStream().write(new byte[32 << 20]));
                SessionException failure = write.failure(SessionException.class);
                assertTrue(String.valueOf(failure.getMessage()).contains("has read no data"), failure::toString);
                assertTrue(session.awaitEnd(Await.DEADLINE));
            }
        }
    }

    @Test
    void anUntrustedCertificateIsRefusedAndTheSocketClosed() throws Exception {
        Sockets sockets = Sockets.connect();
        SSLContext trustsNobodyElse = SSLContext.getInstance("TLS");
        trustsNobodyElse.init(null, null, null);
        // The server may be done before the client's alert arrives.
        Call<Boolean> clean = Call.of(() -> {
            try (Session server = Session.server(
                    sockets.theirs(),
                    engine(SelfSigned.context(), false, "TLSv1.3"),
                    Await.DEADLINE,
                    SessionOptions.defaults())) {
                assertTrue(server.awaitEnd(Await.DEADLINE));
                SessionException end = server.ended();
                return end != null && end.isClean();
            } catch (SSLException e) {
                return false;
            }
        });
        assertThrows(
                SSLException.class,
                () -> Session.client(
                        sockets.ours(),
                        engine(trustsNobodyElse, true, "TLSv1.3"),
                        Await.DEADLINE,
                        SessionOptions.defaults()));
        assertFalse(sockets.ours().isOpen());
        assertFalse(clean.result());
    }

    @Test
    void aPeerThatDoesNotAnswerTheHandshakeTimesOut() throws Exception {
        Sockets sockets = Sockets.connect();
        SSLEngine engine = engine(SelfSigned.context(), true, "TLSv1.3");
        assertThrows(
                SocketTimeoutException.class,
                () -> Session.client(sockets.ours(), engine, Duration.ofMillis(50), SessionOptions.defaults()));
        assertFalse(sockets.ours().isOpen());
        sockets.theirs().close();
    }

    @Test
    void theHandshakeCanBeInterrupted() throws Exception {
        Sockets sockets = Sockets.connect();
        Call<Boolean> call = Call.of(() -> {
            SSLEngine engine = engine(SelfSigned.context(), true, "TLSv1.3");
            assertThrows(
                    InterruptedIOException.class,
                    () -> Session.client(sockets.ours(), engine, Await.DEADLINE, SessionOptions.defaults()));
            return Thread.currentThread().isInterrupted();
        });
        call.interrupt();
        assertTrue(call.result());
        assertFalse(sockets.ours().isOpen());
        sockets.theirs().close();
    }

    @Test
    void aSocketThatIsNotConnectedIsRefused() throws Exception {
        SocketChannel channel = SocketChannel.open();
        SSLEngine engine = engine(SelfSigned.context(), true, "TLSv1.3");
        IOException failure = assertThrows(
                IOException.class, () -> Session.client(channel, engine, Await.DEADLINE, SessionOptions.defaults()));
        assertInstanceOf(java.net.SocketException.class, failure);
        assertFalse(channel.isOpen());
    }
}
