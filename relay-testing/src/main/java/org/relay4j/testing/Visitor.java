package org.relay4j.testing;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;

/** Operations of tests on the sockets of visitors to a public port. */
public final class Visitor {
    private Visitor() {}

    /** Connects; the read timeout is {@link Await#DEADLINE}. */
    public static Socket connect(int port) throws IOException {
        Socket socket = new Socket();
        socket.setTcpNoDelay(true);
        socket.setSoTimeout((int) Await.DEADLINE.toMillis());
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        return socket;
    }

    public static void send(Socket visitor, String text) throws IOException {
        visitor.getOutputStream().write(text.getBytes(US_ASCII));
    }

    /** Expects this text next. */
    public static void expect(Socket visitor, String text) throws IOException {
        assertEquals(text, new String(visitor.getInputStream().readNBytes(text.length()), US_ASCII));
    }

    /** Expects a clean end. */
    public static void expectEnd(Socket visitor) throws IOException {
        assertEquals(-1, visitor.getInputStream().read());
    }

    /** Expects a reset, after any data. */
    public static void expectReset(Socket visitor) {
        SocketException failure = assertThrows(
                SocketException.class,
                () -> visitor.getInputStream().transferTo(java.io.OutputStream.nullOutputStream()));
        assertEquals("Connection reset", failure.getMessage());
    }

    /** Disconnects with a TCP reset. */
    public static void reset(Socket visitor) throws IOException {
        visitor.setSoLinger(true, 0);
        visitor.close();
    }

    /** Waits until connections to the port are refused. */
    public static void awaitRefused(int port) {
        Await.until("port " + port + " is closed", () -> isRefused(port));
    }

    private static boolean isRefused(int port) throws IOException {
        try (Socket socket = connect(port)) {
            return socket.isClosed();
        } catch (ConnectException e) {
            return true;
        } catch (SocketException e) {
            return false; // connected just before the port was closed
        }
    }
}
