package org.relay4j.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.Wire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A tunnel that was given to a client that has not been told so: its public port is bound and accepts nothing yet. On the
 * loop on which it was claimed.
 */
final class TunnelGrant {
    private static final Logger log = LoggerFactory.getLogger(TunnelGrant.class);

    private final RelayServer server;
    private final ServerTunnel tunnel;
    private final InetSocketAddress client;
    private final Admission.Ticket ticket;

    TunnelGrant(RelayServer server, ServerTunnel tunnel, InetSocketAddress client, Admission.Ticket ticket) {
        this.server = server;
        this.tunnel = tunnel;
        this.client = client;
        this.ticket = ticket;
    }

    /** The public port, for the port line. */
    int port() {
        return tunnel.port().number();
    }

    /**
     * Starts the session over a connection whose client has been told what it got, and takes the ticket over. If that fails,
     * everything is given back, and the connection is reset.
     */
    void start(Wire wire) {
        boolean started = false;
        try {
            tunnel.start(new TunnelConnection(server, tunnel, client, ticket, wire));
            started = true;
        } catch (IOException e) {
            log.debug("{}: {} has left: {}", tunnel, Sockets.text(client), e.toString());
        } catch (RuntimeException | Error e) {
            String host = client.getAddress().getHostAddress();
            server.failed(client, "relay server: unexpected failure, client {} was reset", host, e);
        } finally {
            if (!started) {
                tunnel.letGo();
                ticket.leave();
                Sockets.reset(wire.channel());
                wire.close();
            }
        }
    }

    /** Gives everything back but the ticket: the client has left before it was told. */
    void abandon() {
        log.debug("{}: {} has left", tunnel, Sockets.text(client));
        tunnel.letGo();
    }
}
