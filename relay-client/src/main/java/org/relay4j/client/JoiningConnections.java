package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;
import org.relay4j.yamux.SessionStatistics;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes further connections for a tunnel that is up. */
final class JoiningConnections implements Companions.Joining {
    private static final Logger log = LoggerFactory.getLogger(JoiningConnections.class);

    private final TunnelLifecycle tunnel;
    private final Connector connector;
    private final TunnelEvents events;

    JoiningConnections(TunnelLifecycle tunnel, Connector connector, TunnelEvents events) {
        this.tunnel = tunnel;
        this.connector = connector;
        this.events = events;
    }

    @Override
    public TunnelConnection join(int instead, Entrance.Way way) throws IOException {
        List<InetSocketAddress> occupied = tunnel.connections().all().stream()
                .sorted(Comparator.comparing(
                        tunnel.connections()::isMoving)) // a server that shuts down is the last choice
                .map(TunnelConnection::serverAddress)
                .toList();
        TunnelConnection next = connector.connect(() -> tunnel.entrance().join(instead, way, occupied), events);
        if (!tunnel.connections().join(next)) {
            next.abandon();
            throw new SocketException("the tunnel was lost");
        }
        if (tunnel.isClosing()) tunnel.endLate(next); // the thread that closed it may have missed this connection
        log.info("tunnel {}: another connection", tunnel.name(next));
        Supplier<SessionStatistics> numbers = next::statistics;
        events.joined(numbers);
        tunnel.awaitEndOf(next, numbers, System.nanoTime());
        return next;
    }

    @Override
    public boolean stays(TunnelConnection leaving) {
        return tunnel.connections().stays(leaving);
    }
}
