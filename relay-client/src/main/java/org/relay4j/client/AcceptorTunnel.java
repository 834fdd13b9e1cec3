package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.CountDownLatch;
import java.util.function.BiConsumer;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionException;
import org.relay4j.yamux.SessionListener;
import org.relay4j.yamux.io.Sockets;

/** One connection of an acceptor to its server. */
final class AcceptorTunnel implements SessionListener {
    private final ControlConnection connection;
    private final Session session;
    private final long since = System.nanoTime();
    private final CountDownLatch announced = new CountDownLatch(1);
    private final BiConsumer<AcceptorTunnel, SessionException> onEnd;

    /**
     * Starts the session.
     *
     * @param onEnd told when it has ended, after {@link #announced}, on a thread that may block
     */
    AcceptorTunnel(
            ControlConnection connection,
            RelayClientOptions options,
            BiConsumer<AcceptorTunnel, SessionException> onEnd)
            throws IOException {
        this.connection = connection;
        this.onEnd = onEnd;
        boolean started = false;
        try {
            session = Session.server(
                    connection.channel(),
                    options.session().toBuilder().listener(this).build());
            started = true;
        } finally {
            if (!started) Sockets.close(connection.channel());
        }
    }

    Session session() {
        return session;
    }

    InetSocketAddress server() {
        return connection.server();
    }

    InetSocketAddress publicAddress() {
        return connection.publicAddress();
    }

    /** Time since the session was started. Unit: nanoseconds. */
    long age() {
        return System.nanoTime() - since;
    }

    /** The owner was told that the tunnel stands: it may hear of its end now. */
    void announced() {
        announced.countDown();
    }

    @Override
    public void ended(Session ended, SessionException cause) {
        try {
            announced.await(); // it may end before its owner has been told that it stands
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        onEnd.accept(this, cause);
    }
}
