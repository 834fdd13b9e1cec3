package org.relay4j.benchmarks.splice;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SpliceTest {
    private static final int TIMEOUT_MILLIS = 10_000;

    private final ServerSocket target = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    private final Splice splice =
            new Splice(0, new InetSocketAddress(InetAddress.getLoopbackAddress(), target.getLocalPort()));
    private final Thread loop = new Thread(this::runLoop);

    SpliceTest() throws IOException {}

    @BeforeEach
    void start() {
        loop.start();
    }

    @AfterEach
    void stop() throws IOException, InterruptedException {
        splice.close();
        loop.join(TIMEOUT_MILLIS);
        target.close();
    }

    @Test
    void carriesTheEndOfEitherDirectionWhileTheOtherGoesOn() throws IOException {
        try (Socket near = visit();
                Socket far = accept()) {
            far.getOutputStream().write("early".getBytes(US_ASCII));
            far.shutdownOutput();
            assertEquals("early", new String(near.getInputStream().readAllBytes(), US_ASCII));
            near.getOutputStream().write("late".getBytes(US_ASCII));
            near.shutdownOutput();
            assertEquals("late", new String(far.getInputStream().readAllBytes(), US_ASCII));
        }
    }

    @Test
    void losesNothingWhenTheReaderIsLate() throws IOException {
        byte[] data = new byte[16 << 20];
        new Random(1).nextBytes(data);
        try (Socket near = visit();
                Socket far = accept()) {
            CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> sendAll(near, data));
            byte[] first = far.getInputStream().readNBytes(1);
            assertEquals(data[0], first[0]);
            byte[] rest = far.getInputStream().readAllBytes();
            writing.join();
            assertEquals(data.length - 1, rest.length);
            assertArrayEquals(Arrays.copyOfRange(data, 1, data.length), rest);
        }
    }

    @Test
    void carriesAReset() throws IOException {
        try (Socket near = visit()) {
            try (Socket far = accept()) {
                far.setSoLinger(true, 0);
            }
            assertThrows(SocketException.class, () -> near.getInputStream().read());
        }
    }

    @Test
    void resetsAVisitorWhenTheTargetRefuses() throws IOException {
        target.close();
        assertThrows(SocketException.class, () -> {
            try (Socket near = visit()) {
                near.getInputStream().read();
            }
        });
    }

    private void runLoop() {
        try {
            splice.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Socket visit() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), splice.port());
        socket.setSoTimeout(TIMEOUT_MILLIS);
        return socket;
    }

    private Socket accept() throws IOException {
        target.setSoTimeout(TIMEOUT_MILLIS);
        Socket socket = target.accept();
        socket.setSoTimeout(TIMEOUT_MILLIS);
        return socket;
    }

    private static void sendAll(Socket socket, byte[] data) {
        try {
            OutputStream out = socket.getOutputStream();
            out.write(data);
            socket.shutdownOutput();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
