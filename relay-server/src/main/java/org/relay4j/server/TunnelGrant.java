package org.relay4j.server;

import java.io.IOException;
import org.relay4j.api.control.ControlLine;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.Wire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection of a tunnel that was granted to a client before the client is notified: the public port is bound. On the loop of
 * the claim.
 */
final class TunnelGrant {
    private static final Logger log = LoggerFactory.getLogger(TunnelGrant.class);

    private final ServerTunnel tunnel;
    private final Claim claim;
    private final int connection;
    private final Loop loop; // that is to serve the connection
    private final ControlLine line; // may contain a secret

    TunnelGrant(ServerTunnel tunnel, Claim claim, int connection, Loop loop, ControlLine line) {
        this.tunnel = tunnel;
        this.claim = claim;
        this.connection = connection;
        this.loop = loop;
        this.line = line;
    }

    /** Returns the public port, for the port line. */
    int port() {
        return tunnel.port();
    }

    /** Returns the line with the grant for an extended client. It may contain a lease, and must not be logged. */
    ControlLine line() {
        return line;
    }

    /**
     * Starts the session over a connection whose client was notified, and takes over the ticket. The connection moves to another
     * loop if that one serves it. If this fails, everything is released and the connection is reset.
     */
    void start(Wire wire) {
        if (loop != claim.loop()) claim.loop().deregister(wire.channel());
        tunnel.loop().runOrExecute(() -> startHere(wire));
    }

    /** On the tunnel's loop. */
    private void startHere(Wire wire) {
        ClientRequest request = claim.request();
        boolean started = false;
        TunnelConnection made = null;
        try {
            made = new TunnelConnection(tunnel, claim, connection, loop, wire);
            tunnel.start(made, request);
            started = true;
        } catch (IOException e) {
            log.debug("{}: {} has disconnected: {}", tunnel, request, e.toString());
        } catch (RuntimeException | Error e) {
            String host = Sockets.host(request.client());
            tunnel.server().failed(request.client(), "relay server: unexpected failure, client {} was reset", host, e);
        } finally {
            if (!started) {
                if (made != null) made.letGo();
                tunnel.failed(made);
                claim.ticket().leave();
                Sockets.reset(wire.channel());
                wire.close();
            }
        }
    }

    /** Abandons the grant, and takes back its lease, because nothing of it was sent to the client. */
    void withdraw() {
        tunnel.loop().runOrExecute(() -> tunnel.grants().withdraw(this));
        abandon();
    }

    /** Releases everything except the connection and the ticket, because the client disconnected before it was notified. */
    void abandon() {
        log.debug("{}: {} has disconnected", tunnel, claim.request());
        tunnel.loop().runOrExecute(() -> tunnel.failed(null));
    }
}
