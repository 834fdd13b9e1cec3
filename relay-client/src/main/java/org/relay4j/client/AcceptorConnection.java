package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.AcceptQueue;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionException;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.StreamObserver;

/** One connection of an acceptor to a relay server. */
final class AcceptorConnection implements StreamObserver {
    private final ControlConnection connection;
    private final AcceptorTunnel tunnel;
    private final Session session;
    private final long since = System.nanoTime();
    private final CountDownLatch announced = new CountDownLatch(1);

    /** Starts the session, whose visitors come to {@code queue}. The tunnel is told when it has ended, once it was announced. */
    AcceptorConnection(
            ControlConnection connection, AcceptorTunnel tunnel, RelayClientOptions options, AcceptQueue queue)
            throws IOException {
        this.connection = connection;
        this.tunnel = tunnel;
        boolean started = false;
        try {
            session = Session.server(
                    connection.channel(),
                    options.session().toBuilder()
                            .listener(this)
                            .acceptQueue(queue)
                            .resetRate(0) // it is visitors who come and go, not the server
                            .build());
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
        tunnel.ended(this, cause);
    }

    // ---- with the session lock held

    @Override
    public void accepted(MuxStream stream) {
        tunnel.events().visitorAccepted(stream);
    }

    @Override
    public void gone(MuxStream stream, @Nullable Cause cause) {
        tunnel.events()
                .visitorClosed(stream, () -> cause == null ? null : new IOException(cause.message(), cause.error()));
    }

    @Override
    public void measured(long roundTrip) {
        tunnel.events().roundTrip(roundTrip);
    }
}
