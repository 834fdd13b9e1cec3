package org.relay4j.server;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.TlsWire;

/**
 * The TLS handshake of a visitor whose TLS ends at this server. On the loop of its port, except for what the engine computes. The
 * {@link NamedVisitor} limits its time and counts it as pending.
 */
final class VisitorTls implements Loop.Handler {
    /*
     * The engine is created and computes on the few threads of the gate for visitors, where their addresses take turns.
     * Meanwhile the connection is not selected.
     */
    private final NamedVisitor visitor;
    private final Workers engines;
    private final ServerTls tls;
    private final SocketChannel channel;
    private final InetAddress site; // takes turns with others
    private final ByteBuffer read; // the ClientHello, and perhaps more
    private @Nullable SelectionKey key; // once begun
    private @Nullable TlsWire wire; // once there is an engine
    private @Nullable Runnable work; // for the threads of the gate, the last one
    private boolean over;

    /** @param read what the visitor has sent so far */
    VisitorTls(NamedVisitor visitor, Workers engines, ServerTls tls, InetAddress site, ByteBuffer read) {
        this.visitor = visitor;
        this.engines = engines;
        this.tls = tls;
        this.site = site;
        this.read = read;
        channel = visitor.channel();
    }

    /** Starts the handshake. The channel may be registered with the loop. */
    void begin() throws IOException {
        key = visitor.loop().register(channel, 0, this);
        hire(() -> {
            try {
                SSLEngine engine = tls.visitorEngine();
                later(() -> {
                    wire = new TlsWire(channel, engine, read);
                    step();
                });
            } catch (IOException | RuntimeException e) {
                later(() -> visitor.insecure("the TLS engine cannot be created: " + e));
            }
        });
    }

    @Override
    public void ready(SelectionKey ready) {
        if (over) ready.interestOps(0);
        else step();
    }

    private void step() {
        TlsWire secure = wire;
        if (secure == null) return;
        try {
            switch (secure.handshake()) {
                case DONE -> {
                    interest(0);
                    over = true;
                    visitor.secured(secure);
                }
                case READ -> interest(SelectionKey.OP_READ);
                case WRITE -> interest(SelectionKey.OP_WRITE);
                case TASK -> compute(secure.task());
            }
        } catch (SSLException e) {
            visitor.insecure("TLS handshake failed: " + e.getMessage());
        } catch (IOException e) {
            visitor.left(e);
        }
    }

    private void compute(Runnable task) {
        hire(() -> {
            task.run(); // the next step throws its failure
            later(this::step);
        });
    }

    private void hire(Runnable task) {
        interest(0);
        work = task;
        if (!engines.run(site, task)) visitor.insecure("too many TLS handshakes at once");
    }

    private void interest(int operations) {
        if (key != null) key.interestOps(operations);
    }

    private void later(Runnable step) {
        visitor.loop().execute(() -> {
            if (!over) step.run();
        });
    }

    @Override
    public void abandon(Throwable cause) {
        if (!over) visitor.abandon(cause);
    }

    /** Ends a handshake that is not complete. The socket was closed. */
    void close() {
        if (over) return;
        over = true;
        if (work != null) engines.forget(site, work);
        if (wire != null) wire.close();
    }
}
