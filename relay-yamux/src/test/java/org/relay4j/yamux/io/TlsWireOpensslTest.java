package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.testing.Call;
import org.relay4j.testing.SelfSigned;

/** TlsWire with OpenSSL on the other end, in both roles. */
@Tag("peers")
class TlsWireOpensslTest {
    private static final String V13 = "TLSv1.3";
    private static final String V12 = "TLSv1.2";

    @TempDir
    Path folder;

    private Process openssl;
    private TlsWire wire;
    private long inUse; // bytes of the pool

    @BeforeEach
    void countMemory() {
        inUse = BufferPool.shared().inUse();
    }

    @AfterEach
    void close() {
        wire.close();
        openssl.destroyForcibly();
        assertEquals(inUse, BufferPool.shared().inUse());
    }

    private static String option(String protocol) {
        return protocol.equals(V13) ? "-tls1_3" : "-tls1_2";
    }

    private void start(String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(words));
        openssl = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private void shakeHands(SocketChannel socket, boolean client, String protocol) throws IOException {
        socket.configureBlocking(false);
        wire = new TlsWire(socket, EnginePeer.engine(client, protocol));
        while (EnginePeer.step(wire) != TlsWire.Handshake.DONE) EnginePeer.awaitInput(wire);
        assertEquals(protocol, wire.engine().getSession().getProtocol());
    }

    private int read(ByteBuffer to) throws IOException {
        int length = 0;
        while (length == 0) {
            EnginePeer.awaitInput(wire);
            length = wire.read(to);
        }
        return length;
    }

    private void write(ByteBuffer from) throws IOException {
        wire.write(from);
        while (from.hasRemaining() || !wire.flush()) {
            EnginePeer.awaitOutput(wire);
            wire.write(from);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {V13, V12})
    void opensslAsTheClientGetsBackWhatItSends(String protocol) throws Exception {
        byte[] data = new byte[1_000_000];
        new Random(1).nextBytes(data);
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            int port = listener.socket().getLocalPort();
            start("s_client", "-connect", "127.0.0.1:" + port, option(protocol), "-quiet");
            shakeHands(listener.accept(), false, protocol);
        }
        Call<Void> sender = Call.run(() -> {
            OutputStream out = openssl.getOutputStream();
            out.write(data);
            out.flush(); // -quiet does not end the connection with its standard input
        });
        Call<byte[]> receiver = Call.of(() -> openssl.getInputStream().readNBytes(data.length));
        ByteBuffer buffer = ByteBuffer.allocateDirect(260 * 1024);
        for (int echoed = 0; echoed < data.length; ) {
            echoed += read(buffer.clear());
            write(buffer.flip());
        }
        sender.result();
        assertArrayEquals(data, receiver.result());
    }

    @ParameterizedTest
    @ValueSource(strings = {V13, V12})
    void opensslAsTheServerAnswersEachLine(String protocol) throws Exception {
        Path certificate = folder.resolve("certificate.pem");
        Path key = folder.resolve("key.pem");
        SelfSigned.writePem(certificate, key);
        start(
                "s_server",
                "-accept",
                "127.0.0.1:0",
                option(protocol),
                "-cert",
                certificate.toString(),
                "-key",
                key.toString(),
                "-rev");
        String line;
        do line = openssl.inputReader().readLine();
        while (!line.startsWith("ACCEPT ")); // ACCEPT 127.0.0.1:40001
        int port = Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
        shakeHands(SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)), true, protocol);
        for (int i = 0; i < 100; i++) {
            String text = "line " + i + " of the client";
            write(ByteBuffer.wrap((text + "\n").getBytes(StandardCharsets.US_ASCII)));
            ByteBuffer to = ByteBuffer.allocate(text.length() + 1);
            while (to.hasRemaining()) assertTrue(read(to) > 0);
            String answer = new String(to.array(), StandardCharsets.US_ASCII);
            assertEquals(new StringBuilder(text).reverse() + "\n", answer);
        }
    }
}
