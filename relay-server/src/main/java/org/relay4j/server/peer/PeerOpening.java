package org.relay4j.server.peer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.TlsWire;

/**
 * A connection between two nodes before its session: TCP, then TLS and one line in each direction within 5 s. On one loop, except
 * for what the TLS engine computes.
 */
final class PeerOpening implements Loop.Handler {
    /** What an end does after TLS. Called on the loop. */
    interface Steps {
        /** TLS is complete, and the other end has the certificate of this node. */
        void secured(PeerName peer) throws IOException;

        /** The line of the other end is complete. */
        void received(PeerLine line) throws IOException;

        /** The connection has failed, and was closed. Called at most once, and not after {@link #take}. */
        void failed(String why);
    }

    /** Unit: nanoseconds. */
    static final long TIMEOUT = TimeUnit.SECONDS.toNanos(5);

    /**
     * The time until a node that is dialled must have accepted the connection. The next attempt comes soon; TCP would double the time
     * between its own. Unit: nanoseconds.
     */
    private static final long CONNECT_TIMEOUT = TimeUnit.MILLISECONDS.toNanos(1_500);

    private final PeerTls tls;
    private final PeerTasks tasks;
    private final Loop loop;
    private final SocketChannel channel;
    private final Steps steps;
    private final PeerLine line = new PeerLine();
    private @Nullable SelectionKey key;
    private @Nullable TlsWire wire; // once TLS has begun
    private boolean secured;
    private volatile boolean over; // written on the loop
    private Loop.@Nullable Timer deadline;

    private PeerOpening(PeerTls tls, PeerTasks tasks, Loop loop, SocketChannel channel, Steps steps) {
        this.tls = tls;
        this.tasks = tasks;
        this.loop = loop;
        this.channel = channel;
        this.steps = steps;
    }

    /** Starts with a connection that was accepted, once a byte has arrived. The caller keeps it if this fails. */
    static PeerOpening accept(PeerTls tls, PeerTasks tasks, Loop loop, SocketChannel channel, Steps steps)
            throws IOException {
        Sockets.configure(channel);
        PeerOpening opening = new PeerOpening(tls, tasks, loop, channel, steps);
        opening.key = loop.register(channel, SelectionKey.OP_READ, opening);
        opening.limit(TIMEOUT);
        return opening;
    }

    /** Starts to connect. The caller keeps the channel if this fails. */
    static PeerOpening dial(PeerTls tls, PeerTasks tasks, Loop loop, SocketChannel channel, Steps steps)
            throws IOException {
        PeerOpening opening = new PeerOpening(tls, tasks, loop, channel, steps);
        opening.key = loop.register(channel, SelectionKey.OP_CONNECT, opening);
        opening.limit(CONNECT_TIMEOUT);
        return opening;
    }

    private void limit(long nanos) {
        if (deadline != null) deadline.cancel();
        deadline = loop.schedule(nanos, () -> fail("no link within " + nanos / 1_000_000 + " ms"));
    }

    // ---- events

    @Override
    public void ready(SelectionKey ready) {
        safely(() -> {
            if (ready.isConnectable()) connected();
            else if (secured) read();
            else if (wire != null) secure();
            else makeEngine(false);
        });
    }

    @Override
    public void abandon(Throwable cause) {
        fail(String.valueOf(cause.getMessage()));
    }

    private interface Step {
        void run() throws IOException;
    }

    private void safely(Step step) {
        if (over) return;
        try {
            step.run();
        } catch (SSLException e) {
            fail("TLS failed: " + e.getMessage() + "; both nodes need a certificate of the cluster's authority");
        } catch (IOException e) {
            fail(e.getMessage() == null ? e.toString() : e.getMessage());
        } catch (RuntimeException e) {
            fail("internal error: " + e);
            throw e;
        }
    }

    private void interest(int operations) {
        SelectionKey registered = key;
        if (registered != null && registered.isValid()) registered.interestOps(operations);
    }

    private void connected() throws IOException {
        if (!channel.finishConnect()) return;
        limit(TIMEOUT);
        makeEngine(true);
    }

    // ---- TLS

    private void makeEngine(boolean dials) throws IOException {
        interest(0);
        compute(() -> {
            try {
                SSLEngine engine = tls.engine(dials);
                later(() -> {
                    wire = new TlsWire(channel, engine);
                    secure();
                });
            } catch (IOException | RuntimeException e) {
                later(() -> {
                    throw new IOException(e.getMessage(), e);
                });
            }
        });
    }

    private void secure() throws IOException {
        TlsWire secure = wire;
        if (secure == null) return;
        switch (secure.handshake()) {
            case DONE -> {
                secured = true;
                interest(SelectionKey.OP_READ);
                steps.secured(PeerTls.peer(secure.engine()));
                if (!over) read();
            }
            case READ -> interest(SelectionKey.OP_READ);
            case WRITE -> interest(SelectionKey.OP_WRITE);
            case TASK -> {
                Runnable task = secure.task();
                interest(0);
                compute(() -> {
                    task.run(); // the next step throws its failure
                    later(this::secure);
                });
            }
        }
    }

    private void compute(Runnable task) throws IOException {
        if (!tasks.run(() -> !over, task)) throw new IOException("too many TLS handshakes at once");
    }

    private void later(Step step) {
        loop.execute(() -> safely(step));
    }

    // ---- lines

    /** Sends a line, which fits into the buffer of a new socket. */
    void send(byte[] text) throws IOException {
        TlsWire secure = wire;
        ByteBuffer bytes = ByteBuffer.wrap(text);
        if (secure == null) throw new IllegalStateException("TLS is not complete");
        secure.write(bytes);
        if (bytes.hasRemaining() || !secure.flush()) throw new IOException("the buffer of the socket is full");
    }

    private void read() throws IOException {
        TlsWire secure = wire;
        if (secure != null && line.read(secure)) steps.received(line);
    }

    // ---- the end

    /** Returns the connection for its session. This object is no longer used. */
    TlsWire take() {
        TlsWire secure = wire;
        if (secure == null || !secured || over) throw new IllegalStateException("the connection is not secured");
        end();
        interest(0);
        return secure;
    }

    /** Sends the reason to the other end, and closes the connection. */
    void refuse(String why) {
        if (over) return;
        try {
            send(PeerLine.refusal(why));
            if (wire != null) wire.shutdownOutput();
        } catch (IOException e) {
            // it has left
        }
        fail(why);
    }

    /** Closes the connection. */
    void fail(String why) {
        if (over) return;
        end();
        if (wire != null) wire.close();
        else Sockets.close(channel);
        steps.failed(why);
    }

    private void end() {
        over = true;
        if (deadline != null) deadline.cancel();
    }

    @Override
    public String toString() {
        return "link with " + Sockets.peer(channel);
    }
}
