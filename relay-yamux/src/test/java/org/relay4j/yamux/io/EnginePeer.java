package org.relay4j.yamux.io;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import org.relay4j.testing.SelfSigned;

/** The other end of a {@link TlsWire}: an engine whose records a test can split, alter and drop. One thread drives both ends. */
final class EnginePeer implements AutoCloseable {
    private static final int ROOM = 1 << 18; // bytes
    private static final long LIMIT = 20_000; // ms

    final SSLEngine engine;
    private final SocketChannel socket; // blocking
    private final ByteBuffer received = ByteBuffer.allocate(ROOM).limit(0);

    EnginePeer(SocketChannel socket, boolean client, String protocol) {
        this.socket = socket;
        engine = engine(client, protocol);
    }

    static SSLEngine engine(boolean client, String protocol) {
        SSLEngine engine = SelfSigned.context().createSSLEngine();
        engine.setUseClientMode(client);
        engine.setEnabledProtocols(new String[] {protocol});
        return engine;
    }

    SocketChannel socket() {
        return socket;
    }

    /** Waits until a wire may read, or fails. */
    static void awaitInput(TlsWire wire) throws IOException {
        if (!wire.hasInput()) await(wire, SelectionKey.OP_READ);
    }

    /** Waits until the socket of a wire takes bytes, or fails. */
    static void awaitOutput(TlsWire wire) throws IOException {
        await(wire, SelectionKey.OP_WRITE);
    }

    private static void await(TlsWire wire, int operation) throws IOException {
        try (Selector selector = Selector.open()) {
            wire.channel().register(selector, operation);
            if (selector.select(LIMIT) == 0) throw new AssertionError("nothing has happened at " + wire);
        }
    }

    /** Continues the handshake of a wire, including the tasks of its engine. */
    static TlsWire.Handshake step(TlsWire wire) throws IOException {
        TlsWire.Handshake next = wire.handshake();
        while (next == TlsWire.Handshake.TASK) {
            wire.task().run();
            next = wire.handshake();
        }
        return next;
    }

    /** Shakes hands with a wire, which gets its input in pieces of this size. */
    void handshake(TlsWire wire, int piece) throws IOException {
        engine.beginHandshake();
        while (true) {
            boolean done = step(wire) == TlsWire.Handshake.DONE;
            switch (engine.getHandshakeStatus()) {
                case NEED_TASK -> engine.getDelegatedTask().run();
                case NEED_WRAP -> {
                    byte[] records = records(new byte[0]);
                    for (int at = 0; at < records.length; at += piece) {
                        send(Arrays.copyOfRange(records, at, Math.min(records.length, at + piece)));
                        if (done) continue; // tickets, which belong to a read
                        awaitInput(wire);
                        done = step(wire) == TlsWire.Handshake.DONE;
                    }
                }
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> receive();
                default -> {
                    if (done) return;
                }
            }
        }
    }

    /** Encrypts data, and whatever else the engine has to send. */
    byte[] records(byte[] data) throws IOException {
        ByteBuffer from = ByteBuffer.wrap(data);
        ByteBuffer to = ByteBuffer.allocate(2 * data.length + ROOM);
        while (true) {
            SSLEngineResult result = engine.wrap(from, to);
            if (from.hasRemaining() && result.bytesProduced() > 0) continue;
            if (engine.getHandshakeStatus() != HandshakeStatus.NEED_WRAP || result.bytesProduced() == 0) break;
        }
        return Arrays.copyOf(to.array(), to.position());
    }

    void send(byte[] bytes) throws IOException {
        ByteBuffer from = ByteBuffer.wrap(bytes);
        while (from.hasRemaining()) socket.write(from);
    }

    /**
     * Reads from the socket once, unless a record is complete, and decrypts what is complete. May return nothing. Fails at a
     * close_notify, without what came before it.
     */
    byte[] receive() throws IOException {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        receive(data);
        return data.toByteArray();
    }

    private void receive(ByteArrayOutputStream data) throws IOException {
        boolean waited = false;
        while (true) {
            ByteBuffer to = ByteBuffer.allocate(1 << 15);
            SSLEngineResult result = engine.unwrap(received, to);
            data.write(to.array(), 0, to.position());
            if (result.getStatus() == SSLEngineResult.Status.CLOSED) throw new EOFException("close_notify");
            if (result.bytesConsumed() > 0) {
                waited = true;
                if (engine.getHandshakeStatus() == HandshakeStatus.NEED_TASK) break;
            } else {
                if (waited || result.getStatus() != SSLEngineResult.Status.BUFFER_UNDERFLOW) break;
                received.compact();
                if (socket.read(received) < 0) throw new EOFException("cut");
                received.flip();
                waited = true;
            }
        }
    }

    /** Waits for close_notify, and returns the data before it. */
    byte[] receiveAll() throws IOException {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        try {
            while (true) receive(data);
        } catch (EOFException e) {
            if (!"close_notify".equals(e.getMessage())) throw e;
        }
        return data.toByteArray();
    }

    /** Fails as if what arrives next had been altered on the way. */
    void receiveAltered() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(ROOM);
        socket.read(bytes);
        bytes.put(bytes.position() - 1, (byte) ~bytes.get(bytes.position() - 1));
        received.compact().put(bytes.flip()).flip();
        receive();
    }

    /** Waits for an amount of data. */
    byte[] receive(int length) throws IOException {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        while (data.size() < length) data.write(receive());
        return data.toByteArray();
    }

    void shutdownOutput() throws IOException {
        socket.shutdownOutput();
    }

    /** Ends the connection, without close_notify. */
    @Override
    public void close() throws IOException {
        socket.close();
    }
}
