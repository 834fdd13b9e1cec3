package org.relay4j.server;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Locale;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.tls.RelayTls;
import org.relay4j.yamux.io.TlsWire;

/** The TLS part of a handshake. On the loop, except for what the engine computes. */
final class SecureOpening {
    /*
     * A client that sends nothing costs no engine, because it is created when the first bytes arrive. It is created and runs on the
     * few threads of the gate, where the addresses of clients take turns. While it runs, the connection is not selected. A
     * connection that ends takes its work out of the queue, so the queue is never longer than the number of clients that may be pending.
     */

    /** TLS 1.2 record with the fatal alert handshake_failure: which tells a plain client that this port speaks TLS. */
    private static final byte[] ALERT = {21, 3, 3, 0, 2, 2, 40};

    private static final String BUSY = "too many TLS handshakes at once; it may try again";

    private final Gate gate;
    private final ServerTls tls;
    private final SocketChannel channel;
    private final InetAddress site; // of the client, which takes turns with others
    private final @Nullable ByteBuffer read; // before this object existed
    private final Handshake handshake;
    private @Nullable TlsWire wire; // once the client has sent something
    private @Nullable Runnable work; // for the threads of the gate, the last one

    SecureOpening(Gate gate, ServerTls tls, Newcomer client, Handshake handshake) {
        this.gate = gate;
        this.tls = tls;
        channel = client.channel();
        site = client.site();
        read = client.read();
        this.handshake = handshake;
    }

    /** Continues. Called whenever the socket is ready or the engine has finished a task. */
    void step() throws IOException {
        TlsWire secure = wire;
        if (secure == null) {
            makeEngine();
            return;
        }
        try {
            switch (secure.handshake()) {
                case DONE -> handshake.secured(secure, PeerIdentity.of(secure.engine()));
                case READ -> handshake.interest(SelectionKey.OP_READ);
                case WRITE -> handshake.interest(SelectionKey.OP_WRITE);
                case TASK -> compute(secure.task());
            }
        } catch (SSLException e) {
            handshake.insecure(secure, reason(e));
        }
    }

    private void makeEngine() {
        hire(() -> {
            try {
                SSLEngine engine = tls.engine();
                handshake.later(() -> {
                    wire = read == null ? new TlsWire(channel, engine) : new TlsWire(channel, engine, read);
                    step();
                });
            } catch (IOException | RuntimeException e) {
                handshake.later(() -> {
                    throw new IllegalStateException("cannot make a TLS engine", e);
                });
            }
        });
    }

    private void compute(Runnable task) {
        hire(() -> {
            task.run(); // the next step throws its failure
            handshake.later(this::step);
        });
    }

    private void hire(Runnable task) {
        handshake.interest(0);
        work = task;
        if (!gate.engines().run(site, task)) handshake.turnAway(BUSY);
    }

    /** Sends an alert to a client that has sent nothing and is probably a plain one. */
    void answerUnheard() {
        if (wire != null) return;
        try {
            channel.write(ByteBuffer.wrap(ALERT));
        } catch (IOException e) {
            // It has disconnected.
        }
    }

    void close() {
        if (work != null) gate.engines().forget(site, work);
        if (wire != null) wire.close();
    }

    /** Returns the failure and the remedy. */
    private static String reason(SSLException failure) {
        String message = String.valueOf(failure.getMessage());
        String lower = message.toLowerCase(Locale.ROOT);
        String remedy = "";
        if (lower.contains("unrecognized ssl message") || lower.contains("plaintext")) {
            remedy = "; the client must be started with TLS";
        } else if (lower.contains("certificate_unknown")
                || lower.contains("unknown_ca")
                || lower.contains("bad_certificate")) {
            remedy = "; the client must trust this server's certificate, or pin it";
        } else if (lower.contains("application layer protocol")) {
            remedy = "; a client must offer the protocol " + RelayTls.ALPN + ", or none";
        }
        return "TLS handshake failed: " + message + remedy;
    }
}
