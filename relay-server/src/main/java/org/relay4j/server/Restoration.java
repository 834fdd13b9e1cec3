package org.relay4j.server;

import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;

/** The return of one tunnel that another process had: the last one of this server, or another node of the cluster. */
final class Restoration {
    private Restoration() {}

    /** Returns why a tunnel does not get one of its endpoints back; null if it does. */
    static @Nullable String refusal(RelayServer server, ClientLimits limits, Endpoint endpoint) {
        int number = endpoint.number();
        boolean isPort = endpoint.kind() == Endpoint.Kind.TCP;
        if (isPort && number == server.options().controlAddress().getPort()) return "it is the control port now";
        boolean any = isPort && limits.ports().isEmpty();
        boolean allowed = any ? server.publicPorts().mayAssign(number) : limits.allows(endpoint);
        return allowed ? null : "its client may no longer have it";
    }

    /**
     * Makes the tunnel. {@link ServerTunnel#awaitClient} must follow on its loop.
     *
     * @param endpoints with the port that its client asked for at first, if it still has that
     * @param place its place among the tunnels, which it has from now on
     */
    static ServerTunnel of(
            RelayServer server, KeptTunnel kept, ClientLimits limits, Endpoints endpoints, Places.Place place) {
        Admission admission = server.admission();
        long time = server.options().lease().toNanos();
        Lease lease = Lease.kept(server.random(), time, kept.id(), kept.leases());
        Tenure tenure = new Tenure(admission, lease, place);
        ServerTunnel tunnel =
                new ServerTunnel(server, ClientRequest.of(kept, limits), admission.nextNumber(), endpoints, tenure);
        tunnel.enter();
        return tunnel;
    }
}
