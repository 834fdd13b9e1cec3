package org.relay4j.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.Wire;

/** The connection of a client that has no tunnel yet: its socket, TLS once that is complete, and one deadline at a time. On its loop. */
final class PendingConnection {
    private final Loop loop;
    private final SocketChannel channel;
    private Wire wire; // replaced by TLS
    private @Nullable SelectionKey key; // once registered
    private @Nullable LingeringClose closing; // of a client that was refused
    private Loop.@Nullable Timer timer;

    /** @param wire the connection before TLS */
    PendingConnection(Loop loop, Wire wire) {
        this.loop = loop;
        this.wire = wire;
        channel = wire.channel();
    }

    Wire wire() {
        return wire;
    }

    /** The TLS handshake is complete, or has failed. */
    void secure(Wire encrypted) {
        wire = encrypted;
    }

    // ---- events

    /** Has the loop call a handler, see {@link #await}. */
    void register(Loop.Handler handler) throws IOException {
        key = loop.register(channel, 0, handler);
    }

    boolean isRegistered() {
        return key != null;
    }

    /** Waits for these operations of {@link SelectionKey} only. */
    void await(int operations) {
        SelectionKey registered = key;
        if (registered != null && registered.isValid()) registered.interestOps(operations);
    }

    /** Calls {@code late} after some time, unless another deadline replaces it. */
    void within(long nanos, Runnable late) {
        stopTimer();
        timer = loop.schedule(nanos, late);
    }

    void stopTimer() {
        if (timer != null) timer.cancel();
        timer = null;
    }

    // ---- lines

    /** Sends a line, perhaps with TLS only at the next {@link #awaitInput} or {@link #linger}. */
    void send(byte[] line) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(line);
        wire.write(bytes);
        if (bytes.hasRemaining()) throw new IOException("the line does not fit into the socket buffer");
    }

    /** Sends what is left of the last line, and waits for input. */
    void awaitInput() throws IOException {
        await(wire.flush() ? SelectionKey.OP_READ : SelectionKey.OP_READ | SelectionKey.OP_WRITE);
    }

    // ---- the end

    /** Ends our direction, and waits for the client to end its own. Returns true when it has. To be called for each event. */
    boolean linger() throws IOException {
        if (closing == null) closing = new LingeringClose(wire);
        int operations = closing.step();
        await(operations);
        return operations == 0;
    }

    /** Closes the connection. */
    void close(boolean reset) {
        stopTimer();
        if (reset) Sockets.reset(channel);
        wire.close();
    }
}
