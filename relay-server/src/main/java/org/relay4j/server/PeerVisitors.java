package org.relay4j.server;

import java.net.InetSocketAddress;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.server.peer.PeerCode;
import org.relay4j.server.peer.PeerDecision;
import org.relay4j.server.peer.PeerRequest;
import org.relay4j.server.peer.PeerTarget;

/**
 * The visitors that other nodes of the cluster pass to tunnels of this one. They can name an endpoint, and nothing else. On the loop of
 * the tunnel.
 */
final class PeerVisitors implements PeerTarget {
    private final Cluster cluster;

    PeerVisitors(Cluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public PeerDecision visit(PeerRequest request) {
        // No node has visitors without an address: lists that only deny would let them pass.
        InetSocketAddress from = request.visitor().source();
        if (from == null) return PeerDecision.refuse(PeerCode.LIMIT);
        Endpoint endpoint = request.endpoint();
        ServerTunnel tunnel = cluster.local(endpoint);
        if (tunnel == null || tunnel.loop() != request.loop()) return PeerDecision.refuse(PeerCode.NOT_HERE);
        PublicEndpoint open = tunnel.endpoints().find(endpoint);
        VisitorQueue queue = open == null ? null : open.queue();
        TunnelClaims claims = tunnel.entry().claims();
        if (queue == null || claims == null) return PeerDecision.refuse(PeerCode.NOT_HERE);
        PeerCode refusal = check(tunnel, claims, request);
        if (refusal != null) return PeerDecision.refuse(refusal);
        TunnelConnection connection = queue.chooseForPeer();
        if (connection == null) return PeerDecision.refuse(PeerCode.NOT_HERE);
        ProxyHeader header = request.visitor();
        if (!queue.admits(from)) return PeerDecision.refuse(PeerCode.LIMIT);
        cluster.counts().received(request.node());
        return new PeerGuest(connection, queue, from, header.uniqueId()).join(header);
    }

    @Override
    public void ask(PeerRequest request, String owner, Consumer<PeerCode> answer) {
        ServerTunnel tunnel = cluster.local(request.endpoint());
        TunnelClaims claims = tunnel == null ? null : tunnel.entry().claims();
        if (tunnel == null || claims == null || tunnel.loop() != request.loop() || !owner.equals(tunnel.owner())) {
            answer.accept(PeerCode.NOT_HERE);
        } else if (claims.epoch(request.endpoint()) != request.epoch()) {
            answer.accept(PeerCode.SUPERSEDED);
        } else {
            Takeover takeover = Takeover.byOther(tunnel, request.endpoint());
            takeover.begin(
                    isFree -> answer.accept(isFree && takeover.isPossible() ? PeerCode.SILENT : PeerCode.ANSWERS));
        }
    }

    private @Nullable PeerCode check(ServerTunnel tunnel, TunnelClaims claims, PeerRequest request) {
        long epoch = claims.epoch(request.endpoint()); // 0: this node does not have it any more
        if (epoch == 0 || epoch != request.epoch()) return PeerCode.SUPERSEDED;
        if (tunnel.lifecycle().isLeaving()) return PeerCode.DRAINING;
        return claims.mayServe(request.endpoint()) ? null : PeerCode.NOT_HERE;
    }
}
