package org.relay4j.server;

import java.io.IOException;
import java.net.SocketTimeoutException;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.server.cluster.Route;
import org.relay4j.server.peer.PeerOutcome;
import org.relay4j.server.peer.PeerVisitor;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.Splice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A visitor that was offered to another node, until it is taken, and then until its end. */
final class OfferedVisitor implements PeerOutcome {
    private static final Logger log = LoggerFactory.getLogger(OfferedVisitor.class);

    private final RoutedVisitors visitors;
    private final RoutedVisitor visitor;
    private final Route route;
    private final Cluster cluster;
    private @Nullable IdleTimer idleTimer; // while connected, if its idle time is limited

    OfferedVisitor(RoutedVisitors visitors, RoutedVisitor visitor, Route route) {
        this.visitors = visitors;
        this.visitor = visitor;
        this.route = route;
        cluster = visitors.cluster();
    }

    /** Offers it. On the loop of the endpoint. */
    void offer() {
        Arrival arrival = visitor.arrival();
        try {
            if (!arrival.wasRead()) Sockets.configure(arrival.channel()); // else it was configured before
            PeerVisitor offered = new PeerVisitor(visitors.loop(), arrival.wire(), header(arrival), arrival.read());
            cluster.links().open(offered, route, visitors.endpoint(), this);
        } catch (IOException e) {
            gone(e);
        }
    }

    private ProxyHeader header(Arrival arrival) throws IOException {
        return new ProxyHeader(arrival.address(), arrival.destination(), false, null, visitor.id(cluster.server()));
    }

    @Override
    public void accepted(Splice splice, LoopDriver driver) {
        long idleTimeout = cluster.server().options().idleTimeout().toNanos();
        if (idleTimeout > 0) {
            // The node with the tunnel has a limit of its own, which it may not keep.
            idleTimer = IdleTimer.start(splice, driver, idleTimeout, () -> reset(splice, IdleTimer.why(idleTimeout)));
        }
        cluster.counts().forwarded(route.node());
        log.debug("relay server: visitor {} of {} goes to node {}", this, visitors.endpoint(), route.node());
        visitors.loop().execute(visitors::settled);
    }

    private void reset(Splice splice, String why) {
        cluster.server()
                .refused(
                        Refusal.IDLE,
                        visitor.arrival().address(),
                        "relay server: visitor {} of {}, which goes to node {}, reset: {}",
                        this,
                        visitors.endpoint(),
                        route.node(),
                        why);
        splice.abandon(new SocketTimeoutException(why));
    }

    @Override
    public void tryElsewhere(String why) {
        cluster.counts().retried();
        log.debug(
                "relay server: visitor {} of {} not taken by node {}: {}",
                this,
                visitors.endpoint(),
                route.node(),
                why);
        visitors.returned(visitor);
    }

    @Override
    public void refused(String why) {
        log.debug(
                "relay server: visitor {} of {} refused by node {}: {}", this, visitors.endpoint(), route.node(), why);
        visitors.dropped(visitor);
    }

    @Override
    public void gone(IOException failure) {
        log.debug("relay server: visitor {} of {} has disconnected: {}", this, visitors.endpoint(), failure.toString());
        visitors.dropped(visitor);
    }

    @Override
    public void ended(Splice splice, @Nullable Throwable failure) {
        if (idleTimer != null) idleTimer.cancel();
        cluster.server().admission().leaveVisitor();
        cluster.counts().forwardedEnded();
    }

    @Override
    public String toString() {
        return Sockets.text(visitor.arrival().address());
    }
}
