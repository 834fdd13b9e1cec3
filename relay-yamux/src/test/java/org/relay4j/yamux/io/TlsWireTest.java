package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.testing.SelfSigned;

/** TLS over real sockets, both ends driven by one thread. */
class TlsWireTest {
    private static final long SEED = 20_261_128;

    private final Random random = new Random(SEED);
    private Selector selector;
    private SocketChannel clientSocket;
    private SocketChannel serverSocket;
    private long inUse; // bytes of the pool

    @BeforeEach
    void connect() throws IOException {
        inUse = BufferPool.shared().inUse();
        selector = Selector.open();
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            clientSocket = SocketChannel.open();
            clientSocket.setOption(StandardSocketOptions.SO_SNDBUF, 32 * 1024);
            clientSocket.connect(listener.getLocalAddress());
            serverSocket = listener.accept();
        }
        clientSocket.configureBlocking(false);
        serverSocket.configureBlocking(false);
    }

    @AfterEach
    void close() throws IOException {
        clientSocket.close();
        serverSocket.close();
        selector.close();
    }

    private static SSLEngine engine(SSLContext context, boolean client, String protocol) {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(client);
        if (!protocol.isEmpty()) engine.setEnabledProtocols(new String[] {protocol});
        return engine;
    }

    private TlsWire client(String protocol) {
        return new TlsWire(clientSocket, engine(SelfSigned.context(), true, protocol));
    }

    private TlsWire server(String protocol) {
        return new TlsWire(serverSocket, engine(SelfSigned.context(), false, protocol));
    }

    /** Waits until a socket is readable, or writable too; the limit of the test is the limit of the wait. */
    private void await(boolean writable) throws IOException {
        for (SocketChannel socket : new SocketChannel[] {clientSocket, serverSocket}) {
            if (!socket.isOpen()) continue;
            socket.register(selector, writable ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
        }
        selector.select();
        selector.selectedKeys().clear();
    }

    private static TlsWire.Handshake step(TlsWire wire) throws IOException {
        TlsWire.Handshake next = wire.handshake();
        while (next == TlsWire.Handshake.TASK) {
            wire.task().run();
            next = wire.handshake();
        }
        return next;
    }

    private void shakeHands(TlsWire client, TlsWire server) throws IOException {
        while (true) {
            TlsWire.Handshake one = step(client);
            TlsWire.Handshake other = step(server);
            if (one == TlsWire.Handshake.DONE && other == TlsWire.Handshake.DONE) return;
            await(one == TlsWire.Handshake.WRITE || other == TlsWire.Handshake.WRITE);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
    void bytesPassInBothDirections(String protocol) throws IOException {
        TlsWire client = client(protocol);
        TlsWire server = server(protocol);
        shakeHands(client, server);
        assertEquals(protocol, server.engine().getSession().getProtocol());
        Flow up = new Flow(client, server);
        Flow down = new Flow(server, client);
        while (!up.done() || !down.done()) {
            boolean movedUp = up.move();
            boolean movedDown = down.move();
            if (!movedUp && !movedDown) await(up.sending() || down.sending());
        }
        assertArrayEquals(up.sent, up.received);
        assertArrayEquals(down.sent, down.received);
        client.close();
        server.close();
        assertEquals(inUse, BufferPool.shared().inUse());
    }

    /** A few megabytes from one wire to the other, in pieces of chance size. */
    private final class Flow {
        private final TlsWire from;
        private final TlsWire to;
        final byte[] sent = new byte[3_000_000];
        final byte[] received = new byte[sent.length];
        private int out;
        private int in;

        Flow(TlsWire from, TlsWire to) {
            this.from = from;
            this.to = to;
            random.nextBytes(sent);
        }

        boolean sending() throws IOException {
            return out < sent.length || !from.flush();
        }

        boolean done() throws IOException {
            return in == received.length && !sending();
        }

        boolean move() throws IOException {
            ByteBuffer piece = ByteBuffer.wrap(sent, out, Math.min(sent.length - out, 1 + random.nextInt(200_000)));
            int taken = from.write(piece);
            assertEquals(piece.position() - out, taken);
            out += taken;
            int length = 0;
            do {
                int most = Math.min(received.length - in, 1 + random.nextInt(random.nextBoolean() ? 50 : 200_000));
                if (most == 0) break;
                length = to.read(ByteBuffer.wrap(received, in, most));
                assertTrue(length >= 0, "end of input");
                in += length;
            } while (length > 0 && to.hasInput());
            return taken + length > 0;
        }
    }

    @Test
    void whatIsDecryptedAndNotReadIsAnnounced() throws IOException {
        TlsWire client = client("");
        TlsWire server = server("");
        shakeHands(client, server);
        client.write(ByteBuffer.wrap("4532\nand a frame".getBytes(StandardCharsets.US_ASCII)));
        while (server.read(ByteBuffer.allocate(1)) == 0) await(false);
        assertTrue(server.hasInput()); // though the socket has nothing more, and the selector would never say so
        ByteBuffer rest = ByteBuffer.allocate(100);
        server.read(rest);
        assertEquals("532\nand a frame", new String(rest.array(), 0, rest.position(), StandardCharsets.US_ASCII));
        assertFalse(server.hasInput());
        client.close();
        server.close();
    }

    @Test
    void anIdleWireHoldsNoMemory() throws IOException {
        TlsWire client = client("");
        TlsWire server = server("");
        shakeHands(client, server);
        client.write(ByteBuffer.allocate(100_000));
        ByteBuffer all = ByteBuffer.allocate(100_000);
        while (all.hasRemaining()) {
            client.flush();
            if (server.read(all) == 0) await(!client.flush());
        }
        server.read(ByteBuffer.allocate(100)); // session tickets may follow
        client.read(ByteBuffer.allocate(100));
        assertEquals(inUse, BufferPool.shared().inUse());
        client.close();
        server.close();
    }

    @Test
    void shuttingDownTheOutputEndsTheOthersInput() throws IOException {
        TlsWire client = client("");
        TlsWire server = server("");
        shakeHands(client, server);
        client.write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
        while (!client.shutdownOutput()) await(true);
        ByteBuffer in = ByteBuffer.allocate(100);
        int length = server.read(in);
        while (length == 0) {
            await(false);
            length = server.read(in);
        }
        assertEquals(3, length);
        while (length != -1) length = server.read(in);
        server.close();
        while (client.discard(ByteBuffer.allocate(100)) >= 0) await(false);
        client.close();
    }

    @Test
    void anUntrustedCertificateFailsOnBothSides() throws Exception {
        SSLContext trustsNobodyElse = SSLContext.getInstance("TLS");
        trustsNobodyElse.init(null, null, null); // the authorities of the JDK
        TlsWire client = new TlsWire(clientSocket, engine(trustsNobodyElse, true, ""));
        TlsWire server = server("");
        assertInstanceOf(SSLException.class, assertThrows(IOException.class, () -> shakeHands(client, server)));
        client.close();
        // The alert says why, instead of a connection that merely ends.
        IOException told = assertThrows(IOException.class, () -> {
            while (step(server) != TlsWire.Handshake.DONE) await(false);
            while (server.read(ByteBuffer.allocate(1)) >= 0) await(false); // in TLS 1.3 the server may be done before
        });
        assertTrue(told.getMessage().contains("certificate_unknown"), told::getMessage);
        server.close();
    }

    @Test
    void aPeerThatSpeaksNoTlsIsToldAndRefused() throws IOException {
        TlsWire server = server("");
        clientSocket.write(ByteBuffer.wrap("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
        assertThrows(SSLException.class, () -> {
            while (step(server) != TlsWire.Handshake.DONE) await(false);
        });
        server.close();
        assertEquals(inUse, BufferPool.shared().inUse());
    }

    @Test
    void aPeerThatLeavesDuringTheHandshakeIsAnEnd() throws IOException {
        TlsWire server = server("");
        step(server);
        clientSocket.close();
        assertThrows(EOFException.class, () -> {
            while (step(server) != TlsWire.Handshake.DONE) await(false);
        });
        server.close();
    }
}
