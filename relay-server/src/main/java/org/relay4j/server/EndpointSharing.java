package org.relay4j.server;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which endpoints a tunnel shares with others of the same name, and what becomes of one that it gives up: the next tunnel that shares it
 * has it then. On the loop of all these tunnels.
 */
final class EndpointSharing {
    private final Endpoints endpoints; // of the tunnel
    private final Set<PublicEndpoint> shared = new HashSet<>(0); // other tunnels serve them, or may

    EndpointSharing(Endpoints endpoints) {
        this.endpoints = endpoints;
    }

    /** Returns whether other tunnels serve one of the endpoints, or may. */
    boolean isUsed() {
        return !shared.isEmpty();
    }

    /** Returns whether another tunnel serves one of the endpoints now, or this tunnel serves one of another. */
    boolean isMutual() {
        return endpoints.all().stream()
                .anyMatch(each ->
                        each instanceof SharedEndpoint || !sharersOf(each).isEmpty());
    }

    /** Returns whether other tunnels may serve this one. */
    boolean includes(PublicEndpoint endpoint) {
        return shared.contains(endpoint);
    }

    /** Lets other tunnels serve an endpoint, or no further ones. */
    void set(PublicEndpoint endpoint, boolean share) {
        if (share) shared.add(endpoint);
        else if (sharersOf(endpoint).isEmpty() && !(endpoint instanceof SharedEndpoint)) shared.remove(endpoint);
    }

    /** The tunnel gives an endpoint up. */
    void remove(PublicEndpoint endpoint) {
        shared.remove(endpoint);
    }

    /** Returns the other tunnels that serve the visitors of an endpoint. */
    static List<ServerTunnel> sharersOf(PublicEndpoint endpoint) {
        VisitorQueue visitors = endpoint.queue();
        return visitors == null ? List.of() : visitors.sharers();
    }

    /** Passes an endpoint that the tunnel has given up to the first one that shares it; false if none does. */
    static boolean bequeath(PublicEndpoint endpoint) {
        List<ServerTunnel> sharers = endpoint instanceof SharedEndpoint ? List.of() : sharersOf(endpoint);
        for (ServerTunnel heir : sharers) {
            if (!heir.isOpen()) continue;
            endpoint.moveTo(endpoint.loop());
            heir.endpoints().sharing().inherit(endpoint, heir, sharers);
            return true;
        }
        return false;
    }

    /** The tunnel has an endpoint from now on that it has shared. */
    private void inherit(PublicEndpoint endpoint, ServerTunnel owner, List<ServerTunnel> sharers) {
        if (!(endpoints.find(endpoint.endpoint()) instanceof SharedEndpoint share)) {
            throw new IllegalStateException("not shared");
        }
        endpoints.replace(share, endpoint);
        shared.remove(share);
        shared.add(endpoint);
        endpoint.belongTo(owner);
        VisitorQueue visitors = endpoint.queue();
        if (visitors == null) throw new IllegalStateException("shared without a queue");
        for (ServerTunnel each : sharers) {
            PublicEndpoint others = each == owner ? null : each.endpoints().find(endpoint.endpoint());
            if (others instanceof SharedEndpoint other) visitors.join(each, other.flow());
        }
        visitors.turn(share.flow());
        owner.connections().changed(); // it may be alone now
        owner.server().registry().enter(endpoint.endpoint(), owner);
        owner.entry().update();
        owner.loop().execute(endpoint::resume); // without the lock of a session
    }
}
