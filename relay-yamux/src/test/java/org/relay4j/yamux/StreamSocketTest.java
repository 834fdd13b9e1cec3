package org.relay4j.yamux;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.SelfSigned;
import org.relay4j.testing.Transport;
import org.relay4j.yamux.io.Threads;

/** A stream's socket does what a TCP socket does: every test runs on one of each. */
class StreamSocketTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    @ParameterizedTest
    @EnumSource
    void isConnectedFromTheBeginningUntilItIsClosed(SocketPair.Kind kind) throws Exception {
        try (SocketPair pair = SocketPair.of(kind)) {
            Socket socket = pair.here;
            assertTrue(socket.isConnected());
            assertTrue(socket.isBound());
            assertFalse(socket.isClosed());
            assertFalse(socket.isInputShutdown());
            assertFalse(socket.isOutputShutdown());
            assertNull(socket.getChannel());
            assertThrows(SocketException.class, () -> socket.connect(new InetSocketAddress("192.0.2.9", 1)));
            assertThrows(SocketException.class, () -> socket.bind(null));
            socket.close();
            socket.close();
            assertTrue(socket.isClosed());
            assertTrue(socket.isConnected());
            assertTrue(socket.isBound());
            assertEquals("Socket is closed", message(socket::getInputStream));
            assertEquals("Socket is closed", message(socket::getOutputStream));
            assertEquals("Socket is closed", message(() -> socket.setTcpNoDelay(true)));
            assertEquals("Socket is closed", message(socket::getSoTimeout));
            assertEquals("Socket is closed", message(socket::shutdownInput));
            assertEquals("Socket is closed", message(socket::shutdownOutput));
        }
    }

    @ParameterizedTest
    @EnumSource
    void addressesAreThoseOfTheConnection(SocketPair.Kind kind) throws Exception {
        try (SocketPair pair = SocketPair.of(kind)) {
            assertEquals(pair.here.getLocalSocketAddress(), pair.there.getRemoteSocketAddress());
            assertEquals(pair.there.getLocalSocketAddress(), pair.here.getRemoteSocketAddress());
            assertEquals(pair.here.getLocalAddress(), pair.there.getInetAddress());
            assertEquals(pair.here.getLocalPort(), pair.there.getPort());
            String text = pair.here.toString();
            assertTrue(text.contains("port=" + pair.here.getPort()), text);
            InetSocketAddress before = (InetSocketAddress) pair.here.getRemoteSocketAddress();
            pair.here.close();
            assertEquals(before, pair.here.getRemoteSocketAddress());
            assertTrue(pair.here.getLocalAddress().isAnyLocalAddress());
        }
    }

    @ParameterizedTest
    @EnumSource
    void bytesPassInBothDirectionsAndEndWithMinusOne(SocketPair.Kind kind) throws Exception {
        try (SocketPair pair = SocketPair.of(kind)) {
            Call<Void> sender = Call.run(() -> {
                Pattern.write(1, 1 << 20, pair.here.getOutputStream());
                pair.here.shutdownOutput();
            });
            InputStream in = pair.there.getInputStream();
            Pattern.check(1, 1 << 20, in);
            assertEquals(-1, in.read());
            assertEquals(-1, in.read(new byte[10]));
            assertEquals(0, in.read(new byte[0]));
            assertEquals(0, in.available());
            sender.result();
            pair.there.getOutputStream().write(0xFE);
            assertEquals(0xFE, pair.here.getInputStream().read());
            pair.there.close();
            assertEquals(-1, pair.here.getInputStream().read());
        }
    }

    @ParameterizedTest
    @EnumSource
    void availableSkipAndTransfer(SocketPair.Kind kind) throws Exception {
        try (SocketPair pair = SocketPair.of(kind)) {
            InputStream in = pair.there.getInputStream();
            assertEquals(0, in.available());
            pair.here.getOutputStream().write("0123456789".getBytes(UTF_8));
            Await.until("it has arrived", () -> in.available() == 10);
            assertEquals(4, in.skip(4));
            assertEquals('4', in.read());
            pair.here.shutdownOutput();
            assertEquals("56789", new String(in.readAllBytes(), UTF_8));
            assertEquals(0, in.skip(5));
            assertFalse(in.markSupported());
        }
    }

    @ParameterizedTest
    @EnumSource
    void resetIsConnectionReset(SocketPair.Kind kind) throws Exception {
        try (SocketPair pair = SocketPair.of(kind)) {
            InputStream in = pair.here.getInputStream();
            Call<Integer> read = Call.of(in::read);
            pair.there.setSoLinger(true, 0);
            pair.there.close();
            assertEquals("Connection reset", read.failure(SocketException.class).getMessage());
            assertEquals("Connection reset", message(in::read));
            Await.until("writes fail too", () -> fails(pair.here.getOutputStream()));
            assertInstanceOf(
                    SocketException.class,
                    assertThrows(
                            IOException.class, () -> pair.here.getOutputStream().write(1)));
            assertFalse(pair.here.isClosed());
        }
    }

    @ParameterizedTest
    @EnumSource
    void closeWithoutLingerIsAnEndAndNoReset(SocketPair.Kind kind) throws Exception {
        try (SocketPair pair = SocketPair.of(kind)) {
            pair.there.setSoLinger(true, 0);
            pair.there.setSoLinger(false, 7);
            pair.there.getOutputStream().write(3);
            pair.there.close();
            assertEquals(3, pair.here.getInputStream().read());
            assertEquals(-1, pair.here.getInputStream().read());
        }
    }

    @ParameterizedTest
    @EnumSource
    void readTimesOutAndCanBeRepeated(SocketPair.Kind kind) throws Exception {
        try (SocketPair pair = SocketPair.of(kind)) {
            pair.here.setSoTimeout(30);
            InputStream in = pair.here.getInputStream();
            for (int i = 0; i < 2; i++) {
                SocketTimeoutException late = assertThrows(SocketTimeoutException.class, in::read);
                assertEquals("Read timed out", late.getMessage());
            }
            pair.here.setSoTimeout(0);
            pair.there.getOutputStream().write(9);
            assertEquals(9, in.read());
            assertThrows(IllegalArgumentException.class, () -> pair.here.setSoTimeout(-1));
        }
    }

    @ParameterizedTest
    @EnumSource
    void closeWakesReaderAndWriter(SocketPair.Kind kind) throws Exception {
        try (SocketPair pair = SocketPair.of(kind)) {
            InputStream in = pair.here.getInputStream();
            OutputStream out = pair.here.getOutputStream();
            Call<Integer> read = Call.of(in::read);
            Call<Void> write = Call.run(() -> {
                while (true) out.write(new byte[1 << 20]);
            });
            if (kind != SocketPair.Kind.TCP) {
                read.awaitBlocked();
                write.awaitBlocked();
            }
            pair.here.close();
            assertEquals("Socket closed", read.failure(SocketException.class).getMessage());
            write.failure(SocketException.class);
            assertEquals("Socket closed", message(in::read));
            assertEquals("Socket closed", message(in::available));
            assertEquals("Socket closed", message(() -> out.write(1)));
        }
    }

    @ParameterizedTest
    @EnumSource
    void closingAStreamOfTheSocketClosesTheSocket(SocketPair.Kind kind) throws Exception {
        try (SocketPair pair = SocketPair.of(kind)) {
            pair.here.getInputStream().close();
            assertTrue(pair.here.isClosed());
            assertEquals(-1, pair.there.getInputStream().read());
            pair.there.getOutputStream().close();
            assertTrue(pair.there.isClosed());
        }
    }

    @ParameterizedTest
    @EnumSource
    void shutInputReadsAsTheEnd(SocketPair.Kind kind) throws Exception {
        try (SocketPair pair = SocketPair.of(kind)) {
            InputStream in = pair.here.getInputStream();
            Call<Integer> read = Call.of(in::read);
            if (kind != SocketPair.Kind.TCP) read.awaitBlocked();
            pair.here.shutdownInput();
            assertEquals(-1, read.result());
            assertEquals(-1, in.read());
            assertEquals(0, in.available());
            assertTrue(pair.here.isInputShutdown());
            assertEquals("Socket input is shutdown", message(pair.here::getInputStream));
            assertEquals("Socket input is already shutdown", message(pair.here::shutdownInput));
            pair.here.getOutputStream().write(4);
            assertEquals(4, pair.there.getInputStream().read());
        }
    }

    @ParameterizedTest
    @EnumSource
    void shutOutputCannotBeWrittenTo(SocketPair.Kind kind) throws Exception {
        try (SocketPair pair = SocketPair.of(kind)) {
            OutputStream out = pair.here.getOutputStream();
            pair.here.shutdownOutput();
            assertEquals(-1, pair.there.getInputStream().read());
            assertTrue(pair.here.isOutputShutdown());
            assertEquals("Socket output is shutdown", message(pair.here::getOutputStream));
            assertEquals("Socket output is already shutdown", message(pair.here::shutdownOutput));
            assertInstanceOf(SocketException.class, assertThrows(IOException.class, () -> out.write(1)));
            pair.there.getOutputStream().write(6);
            assertEquals(6, pair.here.getInputStream().read());
        }
    }

    @ParameterizedTest
    @EnumSource
    void urgentDataIsNotSupportedOrPasses(SocketPair.Kind kind) throws Exception {
        try (SocketPair pair = SocketPair.of(kind)) {
            if (kind == SocketPair.Kind.TCP) pair.here.sendUrgentData(1);
            else assertThrows(SocketException.class, () -> pair.here.sendUrgentData(1));
        }
    }

    @Test
    void lostSessionIsConnectionReset() throws Exception {
        try (Scripted scripted = Scripted.client(Transport.SOCKET)) {
            Socket socket = scripted.open().asSocket();
            Call<Integer> read = Call.of(socket.getInputStream()::read).awaitBlocked();
            scripted.peer().close();
            SocketException failure = read.failure(SocketException.class);
            assertEquals("Connection reset", failure.getMessage());
            assertInstanceOf(SessionException.class, failure.getCause());
            assertEquals(
                    "Connection reset", message(() -> socket.getOutputStream().write(1)));
            socket.close();
        }
    }

    @Test
    void closingTheStreamClosesItsSocketsBytes() throws Exception {
        try (SessionPair pair = SessionPair.over(Transport.SOCKET)) {
            Stream stream = pair.open().here();
            Socket socket = stream.asSocket();
            stream.close();
            assertEquals("Socket closed", message(socket.getInputStream()::read));
            assertEquals("Socket closed", message(() -> socket.getOutputStream().write(1)));
            socket.close();
        }
    }

    @Test
    void interruptedReader() throws Exception {
        try (SocketPair pair = SocketPair.of(SocketPair.Kind.STREAM_ON_LOOP)) {
            InputStream in = pair.here.getInputStream();
            Call<Void> platform = Call.runOnPlatformThread(in::read).awaitBlocked();
            platform.interrupt();
            platform.failure(InterruptedIOException.class);
            assertTrue(platform.endedInterrupted());
            assertFalse(pair.here.isClosed());
            if (!Threads.areVirtual()) return;
            Call<Integer> virtual = Call.of(in::read).awaitBlocked();
            virtual.interrupt(); // java.net.Socket itself closes the socket of a virtual thread
            assertEquals(
                    "Closed by interrupt",
                    virtual.failure(SocketException.class).getMessage());
            assertTrue(pair.here.isClosed());
        }
    }

    @Tag("slow")
    @ParameterizedTest
    @EnumSource
    void carriesTls(SocketPair.Kind kind) throws Exception {
        SSLSocketFactory factory = SelfSigned.context().getSocketFactory();
        try (SocketPair pair = SocketPair.of(kind)) {
            SSLSocket client = (SSLSocket) factory.createSocket(pair.here, "localhost", 1, true);
            SSLSocket server = (SSLSocket) factory.createSocket(pair.there, null, true);
            Call<Void> sender = Call.run(() -> {
                Pattern.write(5, 1 << 20, client.getOutputStream());
                client.close();
            });
            Pattern.check(5, 1 << 20, server.getInputStream());
            assertEquals(-1, server.getInputStream().read());
            server.close();
            sender.result();
            assertTrue(pair.here.isClosed());
            assertTrue(pair.there.isClosed());
        }
    }

    @Test
    void addressesAreUnspecifiedUnlessTheyAreGiven() throws Exception {
        try (SessionPair pair = SessionPair.over(Transport.SOCKET);
                Socket socket = pair.open().here().asSocket()) {
            assertTrue(socket.isConnected());
            assertTrue(socket.getInetAddress().isAnyLocalAddress());
            assertTrue(socket.getLocalAddress().isAnyLocalAddress());
            assertEquals(0, socket.getPort());
            assertEquals(0, socket.getLocalPort());
        }
    }

    private static boolean fails(OutputStream out) {
        try {
            out.write(1);
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    private static String message(Call.Action action) {
        return assertThrows(SocketException.class, action::run).getMessage();
    }
}
