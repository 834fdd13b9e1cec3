package org.relay4j.server;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.api.recording.Recorder;
import org.relay4j.server.peer.PeerBridge;
import org.relay4j.server.peer.PeerDecision;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A visitor of another node that a connection of this one carries. On the loop of the connection. */
final class PeerGuest implements PeerBridge.Owner {
    private static final Logger log = LoggerFactory.getLogger(PeerGuest.class);

    private final TunnelConnection connection;
    private final ServerTunnel tunnel;
    private final VisitorQueue queue;
    private final InetSocketAddress address;
    private final @Nullable String id; // in logs
    private Loop.@Nullable Timer idleTimer; // while connected, if its idle time is limited
    private long seen; // bytes in both directions at the last check of the idle time

    PeerGuest(TunnelConnection connection, VisitorQueue queue, InetSocketAddress address, @Nullable String id) {
        this.connection = connection;
        this.queue = queue;
        this.address = address;
        this.id = id;
        tunnel = connection.tunnel();
    }

    /** Returns the decision to join it to the connection. */
    PeerDecision join(ProxyHeader from) {
        byte[] header = tunnel.visitorAddresses()
                ? new ProxyHeader(from.source(), from.destination(), false, queue.name(), id).encodeV2()
                : null;
        return PeerDecision.join(connection.visitors().takeFromPeer(), header, this);
    }

    @Override
    public void joined(PeerBridge bridge) {
        MuxStream stream = bridge.clientStream();
        if (stream == null) return;
        long limit = tunnel.server().options().idleTimeout().toNanos();
        if (limit > 0) idleTimer = connection.loop().schedule(limit, () -> checkIdleTime(bridge, limit));
        if (tunnel.announcements().areHeard()) tunnel.announcements().accepted(shown(stream));
        log.debug("{}: visitor {} connected, through another node", tunnel, this);
    }

    /** A visitor without a byte between two checks has been idle for the limit at least, and for twice as long at most. */
    private void checkIdleTime(PeerBridge bridge, long limit) {
        MuxStream stream = bridge.clientStream();
        if (stream == null) return;
        long now = stream.bytesSent() + stream.bytesReceived();
        if (now != seen) {
            seen = now;
            idleTimer = connection.loop().schedule(limit, () -> checkIdleTime(bridge, limit));
            return;
        }
        idleTimer = null;
        bridge.abandon(tunnel.reporter().idle(address, limit));
    }

    @Override
    public void ended(PeerBridge bridge, @Nullable Throwable failure) {
        if (idleTimer != null) idleTimer.cancel();
        queue.left(address);
        connection.visitors().left();
        MuxStream stream = bridge.clientStream();
        if (stream == null) return; // it was never joined
        long now = System.nanoTime();
        Recorder.visitor(tunnel, stream.id(), stream.age(now), stream.bytesSent(), stream.bytesReceived(), failure);
        if (tunnel.announcements().areHeard()) tunnel.announcements().closed(shown(stream), failure);
        log.debug(
                "{}: visitor {} of another node {}",
                tunnel,
                this,
                failure == null ? "has disconnected" : "was reset: " + failure.getMessage());
    }

    private ServedVisitor shown(MuxStream stream) {
        return ServedVisitor.of(address, id, stream);
    }

    @Override
    public String toString() {
        String text = Sockets.text(address);
        return id == null ? text : text + " (" + id + ")";
    }
}
