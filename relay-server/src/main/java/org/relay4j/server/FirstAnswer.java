package org.relay4j.server;

import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.Multiplexer;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopDriver;

/**
 * Waits for the first answer on a connection, which shows that the client speaks yamux. Until then the client is pending, and a newer
 * one may displace it. On the loop of the connection, unless a method says otherwise.
 */
final class FirstAnswer {
    private final TunnelConnection connection;
    private final RelayServer server;
    private final Admission.Ticket ticket;
    private final LoopDriver driver;
    private boolean arrived;
    private Loop.@Nullable Timer timer; // until it has arrived

    FirstAnswer(TunnelConnection connection, Admission.Ticket ticket, LoopDriver driver) {
        this.connection = connection;
        this.ticket = ticket;
        this.driver = driver;
        server = connection.tunnel().server();
    }

    /** Pings the client, once the session has started. */
    void ask() {
        driver.ping(); // the answer, or anything else from the client, shows that it speaks yamux
        ticket.onDrop(this::drop);
    }

    /** Starts to limit the time. */
    void begin() {
        timer = driver.loop().schedule(server.options().handshakeTimeout().toNanos(), this::late);
    }

    private void late() {
        timer = null;
        if (arrived || connection.hasEnded()) return;
        if (connection.ask(Multiplexer::hasReceived)) {
            arrive();
            return;
        }
        ClientRequest request = connection.request();
        server.security().client(SecurityEvent.HANDSHAKE_TIMEOUT, request.client(), request.name());
        driver.fail(new Cause(
                Cause.Kind.TIMEOUT,
                "the client has not answered for "
                        + server.options().handshakeTimeout().toMillis() + " ms, does it speak yamux?"));
    }

    /** Drops this pending client, which was displaced by another. From any thread; does not block. */
    private void drop() {
        driver.loop().execute(() -> {
            if (connection.hasEnded()) return;
            server.refused(
                    Refusal.PENDING,
                    connection.request().client(),
                    "{}: client {} dropped before it had answered: newer clients have connected, and {} at once ({} of one"
                            + " address) may be pending",
                    connection.tunnel(),
                    connection,
                    server.options().maxPending(),
                    server.options().maxPendingPerAddress());
            driver.fail(new Cause(Cause.Kind.CONNECTION_LOST, "the client was dropped before it had answered"));
        });
    }

    /** Returns whether it has arrived. */
    boolean hasArrived() {
        return arrived;
    }

    /** The client has answered. */
    void arrive() {
        if (!ticket.established()) return; // it was dropped, and is about to end
        arrived = true;
        stop();
        connection.established();
    }

    /** Waits no longer. */
    void stop() {
        if (timer != null) timer.cancel();
        timer = null;
    }

    /** The connection has ended. On the tunnel's loop. */
    void leave() {
        ticket.leave();
    }
}
