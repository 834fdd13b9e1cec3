package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A visitor of an {@link EchoService}. */
final class Echo {
    static final int TIMEOUT = 20_000; // ms

    private Echo() {}

    /** Sends random bytes, then FIN; the same bytes and FIN must come back. */
    static void through(int port, int size) throws Exception {
        byte[] sent = new byte[size];
        new Random(size).nextBytes(sent);
        try (Socket visitor = visitor(port)) {
            CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> {
                try {
                    visitor.getOutputStream().write(sent);
                    visitor.shutdownOutput();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            assertArrayEquals(sent, visitor.getInputStream().readAllBytes());
            writing.get(TIMEOUT, TimeUnit.MILLISECONDS);
        }
    }

    static Socket visitor(int port) throws IOException {
        return visitor(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    static Socket visitor(InetSocketAddress address) throws IOException {
        Socket visitor = new Socket();
        visitor.connect(address, TIMEOUT);
        visitor.setSoTimeout(TIMEOUT);
        return visitor;
    }

    /** Sends a text that {@link #expect} waits for. The visitor stays connected. */
    static void send(Socket visitor, String text) throws IOException {
        visitor.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Waits until exactly this text has come back. */
    static void expect(Socket visitor, String text) throws IOException {
        byte[] back = visitor.getInputStream().readNBytes(text.length());
        assertEquals(text, new String(back, StandardCharsets.US_ASCII));
    }
}
